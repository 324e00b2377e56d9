"""`python -m benchmarks.county_day`: a day of a county, played by the running program, an emulated Telegram with its
limits, a real Synapse, and people on both and on pages. docs/scaling.md keeps a run and says what it means."""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import quote

import httpx2
from sqlalchemy import make_url

from api.runtime import Runtime
from benchmarks.county import fresh_database, open_runtime
from benchmarks.day.diary import Diary
from benchmarks.day.keeping import Found, take_account, weigh
from benchmarks.day.playing import Player
from benchmarks.day.report import report
from benchmarks.day.schedule import DAY, MINUTES
from benchmarks.day.town import COUNTY, MATRIX_ROOMS, Size, Town, bind_matrix_room, meet, name_of, settle
from benchmarks.day.voices import AtPage, InApp, OnPhone, Voice, at_page
from benchmarks.day.watching import Watch, process_of
from tests.emulators.telegram import Emulator
from tests.faults.crew import Crew, a_crew
from tests.support.matrix import Somebody
from tests.support.synapse import SERVER_NAME, Registered, Synapse, running_synapse

ROLES = {"postgres": ("api", "bot", "worker"), "sqlite": ("all",)}
PATIENCE = 180.0  # seconds after the day until nothing waits
AT_ONCE = 8  # people who enter Matrix at the same time


@dataclass
class Day:
    """A day that was played."""

    size: Size
    kind: str
    busy: float
    diary: Diary
    watch: Watch
    found: Found
    weights: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))  # before and after
    silent: list[str] = field(default_factory=list)  # reminders that did not ring

    @property
    def wrong(self) -> list[str]:
        """All that was not as it should be."""
        return [*self.diary.unanswered, *self.found.lost, *[f"no alarm: {tag}" for tag in self.silent]]


async def play(teachers: int = COUNTY, minutes: float = MINUTES, kind: str = "postgres", seed: int = 1,
               busy: float = 1) -> Day:  # fmt: skip
    """Play a day; `kind` of database says how many processes there are, too. `busy`: how many times as much is done."""
    town, diary = Town(Size(teachers)), Diary()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gongfang-day-")))
        url = stack.enter_context(fresh_database(kind))
        synapse = stack.enter_context(running_synapse(lifted=False))
        telegram = await stack.enter_async_context(Emulator())
        bot, matrix = telegram.world.add_bot(privacy=False), synapse.register("gongfang")
        lift_limits(synapse, matrix)
        meet(telegram.world, bot, town)
        runtime = open_runtime(url)
        stack.push_async_callback(runtime.close)
        await runtime.transact(settle, town, str(bot.id), SERVER_NAME)
        crew = await stack.enter_async_context(a_crew(
            folder, url, ROLES[kind], GONGFANG_TELEGRAM__TOKEN=bot.token, GONGFANG_MATRIX__HOMESERVER=synapse.url,
            GONGFANG_TELEGRAM__API_BASE=telegram.api_base, GONGFANG_MATRIX__USER_ID=matrix.user_id,
            GONGFANG_MATRIX__PASSWORD=matrix.password,
        ))  # fmt: skip
        await crew.start()
        await crew.is_ready(300)
        voices: list[Voice] = [
            OnPhone(n, telegram=telegram, phone=phone, group=town.groups[town.workshop_of(n)])
            for n, phone in town.phones.items()
        ]
        voices += await stack.enter_async_context(pages(town, crew.address, Random(seed)))
        voices += await stack.enter_async_context(apps(town, synapse, matrix, runtime))
        await crew.settle()
        before = weigh(url)
        watch = Watch(crew.address, diary, _trees(crew, url, synapse))
        watching = asyncio.create_task(watch.run())
        player = Player(town, telegram, voices, diary, crew.address, seed, busy)
        for phase in DAY:
            print(f"{phase.name} …", flush=True)
            await player.play(phase, minutes / MINUTES)
        diary.phase = "after it"
        await player.wait_for_reminders()
        try:
            await crew.settle(PATIENCE)
        except TimeoutError:
            diary.unanswered.append("something waits that should have been done")
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        watch.final = watch.costs()
        silent = player.silent_reminders()
        ended = await crew.end(15)
        found = take_account(url, town, telegram, diary)
        found.lost += [f"a process ended with {ended}"] if ended else []
        return Day(town.size, kind, busy, diary, watch, found, (before, weigh(url)), silent)


@asynccontextmanager
async def pages(town: Town, address: str, chance: Random) -> AsyncIterator[list[AtPage]]:
    """People whose pages are open all day."""
    found = [at_page(n, address, name_of(town.workshop_of(n)), chance) for n in town.cookies]
    for voice in found:
        await voice.open(town.cookies[voice.n])
    listening = [asyncio.create_task(voice.window.listen()) for voice in found]
    try:
        yield found
    finally:
        await _end(listening)
        for voice in found:
            await voice.window.http.aclose()


@asynccontextmanager
async def apps(town: Town, synapse: Synapse, bot: Registered, runtime: Runtime) -> AsyncIterator[list[InApp]]:
    """People on Matrix, each in a private room with the bot; some workshops have a room there."""
    found = [
        InApp(n, client=Somebody(synapse, synapse.register(f"t{n}"), f"老师{n}"), bot=bot.user_id)
        for n in town.size.on("matrix")
    ]
    listening: list[asyncio.Task[None]] = []
    entering = asyncio.Semaphore(AT_ONCE)

    async def enter(voice: InApp) -> None:
        async with entering:
            voice.private = await voice.client.make_room(bot.user_id, direct=True, preset="trusted_private_chat")
            listening.append(asyncio.create_task(voice.listen()))
            await voice.say("帮助")
            await voice.hears("你可以对我说")

    try:
        await asyncio.gather(*[enter(voice) for voice in found])
        shops: dict[int, list[InApp]] = {}
        for voice in found:
            shops.setdefault(town.workshop_of(voice.n), []).append(voice)
        for shop in sorted(shops, key=lambda one: -len(shops[one]))[:MATRIX_ROOMS]:
            await _gather(shops[shop], bot, runtime, town.workshops[shop])
        yield found
    finally:
        await _end(listening)
        for voice in found:
            await voice.client.close()


async def _gather(inside: list[InApp], bot: Registered, runtime: Runtime, workshop: str) -> None:
    """These are in a room of a workshop, with the bot."""
    others = [voice.client.user_id for voice in inside[1:]]
    room = await inside[0].client.make_room(bot.user_id, *others)
    for voice in inside:
        voice.room = room
        if voice is not inside[0]:
            await voice.client.join(room)
    async with asyncio.timeout(60):
        while not await runtime.transact(bind_matrix_room, room, workshop):
            await asyncio.sleep(0.3)


def lift_limits(synapse: Synapse, account: Registered) -> None:
    """What the operator's page asks for: the bot, which speaks for all, is not held to what one person may say."""
    admin = synapse.register("operator", admin=True)
    path = f"{synapse.url}/_synapse/admin/v1/users/{quote(account.user_id)}/override_ratelimit"
    headers = {"Authorization": f"Bearer {admin.token}"}
    httpx2.post(path, json={"messages_per_second": 0, "burst_count": 0}, headers=headers).raise_for_status()


async def _end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _trees(crew: Crew, url: str, synapse: Synapse) -> dict[str, list[int]]:
    trees = {member.role: [member.process.pid] for member in crew.members if member.process is not None}
    trees["Synapse"] = [process_of(synapse.folder, "synapse.app.homeserver")]
    if (host := make_url(url).query.get("host")) is not None:
        trees["PostgreSQL"] = [int((Path(str(host)) / "data" / "postmaster.pid").read_text().split()[0])]
    return trees


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio): how near sending to everybody comes to what Telegram permits."""
    day = asyncio.run(play())
    print(report(day))
    told = day.diary.told
    return [(f"a county's day, {what}", "of 30 a second", told[what].rate / 30) for what in ("push", "notice")]


def main() -> None:
    """Play a day and print what was written down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.county_day", description=__doc__)
    parser.add_argument("--teachers", type=int, default=COUNTY)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long the phases are, beside sending to all")
    parser.add_argument("--database", choices=list(ROLES), default="postgres")
    parser.add_argument("--busy", type=float, default=1, help="how many times as much is done a second as in a county")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    day = asyncio.run(play(given.teachers, given.minutes, given.database, given.seed, given.busy))
    print(report(day))
    if day.wrong:
        raise SystemExit(f"{len(day.wrong)} things went wrong")


if __name__ == "__main__":
    main()
