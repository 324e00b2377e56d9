"""Generated syncs from a homeserver: each is taken in, its events are handled or dead, everybody is answered."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr

from api.config import Config
from api.registry import FOLLOWERS, GUARDS
from api.runtime import Runtime
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from bot.platforms.base import SendError
from bot.platforms.matrix.adapter import MatrixPlatform
from bot.platforms.web.adapter import WebPlatform
from storage.blobs import Blobs
from storage.engine import Database
from tests.fuzz.county import LONGEST, PEOPLE, ROOMS, Figures, bind, bind_room, check, dead_rows, fill, let_time_pass
from tests.fuzz.homeserver import ME, Home
from tests.fuzz.spoiling import spoil
from tests.fuzz.syncs import SERVER, Syncs
from tests.fuzz.watching import Watch, watching
from tests.fuzz.words import Vocabulary
from tests.support.clock import tick
from tests.support.databases import Databases
from tests.support.paper import Paper
from tests.support.talk import NOW, World

BATCH = 200
ASKER = 8  # of the people: somebody who teaches and is a member
# of what is as the specification says: what nobody can decrypt, and votes in polls that nobody knows
BLAMELESS = ("still encrypted", "cannot be decrypted", "its key never came", "a poll that we do not know")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(LONGEST)]


class Town(World):
    """The sample county on Matrix, whose homeserver is in this process."""

    def __init__(self, runtime: Runtime, chance: Random, vocabulary: Vocabulary) -> None:
        super().__init__(runtime, Paper())
        private = {f"!p{n}:{SERVER}": f"@u{n}:{SERVER}" for n in range(len(PEOPLE) + 4)}
        self.syncs = Syncs(chance, vocabulary, private, [f"!r{n}:{SERVER}" for n in range(len(ROOMS) + 2)])
        self.home = self.syncs.home = Home(chance, self.syncs.next, lambda value: spoil(chance, value))
        self.matrix = MatrixPlatform(runtime)
        connection = self.matrix.connection
        connection.home = self.matrix.syncing.timeline.home = self.home
        bots = Bots.of(self.paper, self.matrix, WebPlatform(runtime))
        self.handlers = Handlers(runtime, Dispatcher(FEATURES), bots)
        self.deliverers = Deliverers(runtime, bots, GUARDS)
        self.fetchers = Fetchers(runtime, bots, FOLLOWERS)

    async def start(self) -> None:
        """Sign in, come into the rooms, and bind accounts and rooms."""
        self.home.garbled = False
        await self.matrix.start()
        self.syncs.begin()
        await self.matrix.syncing.step()
        await self.matrix.syncing.step()
        await self.settle()
        account = self.matrix.account
        for number, (room, who) in zip(PEOPLE, self.syncs.private.items(), strict=False):
            await self.run(bind, "matrix", account, who, room, number)
        for name, room in zip(ROOMS, self.syncs.rooms, strict=False):
            await self.run(bind_room, "matrix", account, room, name)
        self.home.garbled = True


@asynccontextmanager
async def a_town(url: str, chance: Random, vocabulary: Vocabulary) -> AsyncIterator[Town]:
    settings = {"homeserver": "http://127.0.0.1:9", "user_id": ME, "access_token": SecretStr("token")}
    # a homeserver's moments stand still here, so that everything would be said within one minute
    config = Config(web={"secret": SecretStr("for tests only")}, matrix=settings, bot={"most_a_minute": 0})
    runtime = Runtime(config, Database(url), Blobs("memory:"), now=lambda: NOW)
    town = Town(runtime, chance, vocabulary)
    try:
        yield town
    finally:
        await town.matrix.close()
        await town.matrix.connection.release()
        await runtime.close()


async def test_events_of_every_kind(
    rounds: list[tuple[int, int]], databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    total, faults = Figures(rounds[0][0]), []
    for seed, number in rounds:
        chance = Random(seed)
        with databases.fresh("sqlite") as url, watching() as watch:
            async with a_town(url, chance, vocabulary := Vocabulary(chance)) as town:
                figures = await play(town, watch, seed, number, vocabulary)
        total.add(figures)
        faults += [f"seed {seed}: {fault}" for fault in watch.faults]
        with capsys.disabled():
            print(f"\nmatrix, {figures}", *watch.faults, sep="\n")
    with capsys.disabled():
        print(f"\nmatrix in all, from {total}")
    assert not faults, f"{len(faults)} faults, the first: {faults[0]}"


async def play(town: Town, watch: Watch, seed: int, number: int, vocabulary: Vocabulary) -> Figures:
    """Let so many events happen, and look what became of them."""
    chance, syncs, figures, began = town.syncs.chance, town.syncs, Figures(seed), time.monotonic()
    await fill(town, vocabulary)
    await town.start()
    for done in range(0, number, BATCH):
        syncs.batch(min(BATCH, number - done))
        await read(town, watch)
        await town.settle()
        for text in town.home.texts:
            vocabulary.learn(text)
        town.pass_time(seconds=40)
        if chance.random() < 0.1:
            await tick(town)
    town.home.garbled = False
    await let_time_pass(town)
    await check(town, watch, figures)
    for event, reason, raw in await town.run(dead_rows):
        if not reason:
            watch.fault(f"{event} is dead without a reason")
        elif event in syncs.good and not reason.startswith(BLAMELESS):
            watch.fault(f"{event} is dead though well-formed: {reason} {raw!r:.1500}")
    for refusal in town.home.refused:
        watch.fault(f"a homeserver would have refused {refusal}")
    await ask_everywhere(town, watch)
    figures.tried = Counter(syncs.tried)
    figures.sent += Counter({f"call {name}": n for name, n in town.home.calls.most_common(12)})
    figures.seconds = time.monotonic() - began
    return figures


async def read(town: Town, watch: Watch) -> None:
    """Read until the sync is taken in; what a homeserver says wrongly meanwhile is asked again."""
    for _ in range(20):
        try:
            await town.matrix.syncing.step()
        except SendError:
            town.syncs.again(town.matrix.connection.cursor)
            continue
        if town.matrix.connection.cursor == f"s{town.syncs.position}":
            return
    watch.fault(f"a sync is never taken in: {town.syncs.asked!r:.3000}")


async def ask_everywhere(town: Town, watch: Watch) -> None:
    """In each chat somebody asks for help and is answered: there, or privately who asked in a room."""
    syncs, rooms = town.syncs, town.matrix.connection.rooms
    (home, asker), join, before = list(syncs.private.items())[ASKER], dict[str, Any](), town.home.said.copy()
    for native in (*syncs.private, *syncs.rooms):
        room = rooms.get(native)
        if room is not None and room.membership == "join" and not room.deserted:
            who, word = (syncs.private[native], "帮助") if room.kind == "private" else (asker, "!help")
            event = syncs._event("m.room.message", who, {"msgtype": "m.text", "body": word})
            join[native] = {"timeline": {"events": [event]}}
    syncs.add({"join": join})
    await read(town, watch)
    await town.settle()
    answered = town.home.said - before
    for native in join:
        if rooms[native].kind == "private" and not answered[native]:
            watch.fault(f"nobody is answered in {native}")
    asked = [native for native in join if rooms[native].kind == "room"]
    told = answered[home] + sum(answered[native] for native in asked)
    # whoever has no private chat here any more is told elsewhere
    if home in join and rooms[home].kind == "private" and told < len(asked):
        watch.fault(f"asked in {len(asked)} rooms, answered {told} times")
