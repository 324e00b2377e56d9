"""One account sends thousands of messages in a minute: it is told so once, nothing it meant goes without a word, and
whoever else asks is answered as always. On the web, Telegram and Matrix, with the real program."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from statistics import quantiles

import pytest

from storage.base import new_pid
from storage.engine import Database
from storage.messaging import Delivery, Incoming
from tests.emulators.telegram import Emulator, Limits, add_person
from tests.faults.page import BOT, Page
from tests.faults.site import Site
from tests.faults.test_kill_telegram import Teacher
from tests.support.browser import SCRIPT
from tests.support.matrix import Somebody
from tests.support.synapse import Synapse

MESSAGES = int(os.environ.get("GONGFANG_FLOOD") or 1500)  # in as little time as they can be sent
MOST = 60  # of one account a minute, half of them in one go
QUESTIONS, PAUSE = 10, 2.0  # of somebody else: in less than every limit
TOLD, HELP = "你发得太快", "你可以对我说"
# of what an answer takes when nobody floods, and seconds: here the flood itself, its server, the homeserver and other
# tests share two cores with the service. How long answers take is measured in benchmarks/; here nobody is kept waiting
FACTOR, SLACK = 6.0, 1.0
PATIENCE = 240.0
LIMIT = {"GONGFANG_BOT__MOST_A_MINUTE": str(MOST)}

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
Ask = Callable[[], Awaitable[None]]


async def waits_of(ask: Ask) -> list[float]:
    """How long the answers to some questions take, in seconds."""
    waits = []
    for _ in range(QUESTIONS):
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            await ask()
        waits.append(time.monotonic() - began)
        await asyncio.sleep(PAUSE)
    return waits


def p95(waits: list[float]) -> float:
    return quantiles(waits, n=20)[-1]


async def asked_meanwhile(ask: Ask, flood: Awaitable[None]) -> tuple[float, float]:
    """p95 of somebody's answers when nothing else happens, and while a flood lasts."""
    await ask()
    idle = await waits_of(ask)
    flooding = asyncio.ensure_future(flood)
    during = await waits_of(ask)
    await flooding
    return p95(idle), p95(during)


def inbox_of(site: Site, platform: str) -> Counter[str]:
    """What became of everything that came from a platform: states, what was not read, and how much was answered."""
    database = Database(site.database)
    try:
        with database.transaction() as session:
            rows = session.query(Incoming.state, Incoming.reason, Incoming.raw).filter_by(platform=platform).all()
            stuck = session.query(Delivery).filter(Delivery.state.in_(("dead", "ready"))).count()
    finally:
        database.close()
    found = Counter(state for state, _, _ in rows)
    found.update({"aside": sum(not raw for *_, raw in rows), "failed": sum(why is not None for _, why, _ in rows)})
    found["stuck"] = stuck
    return found


@asynccontextmanager
async def a_site(folder: Path, **env: str) -> AsyncIterator[Site]:
    """The service with the sample county; nothing runs yet."""
    site = Site(folder, {**LIMIT, **env})
    site.prepare()
    try:
        yield site
    finally:
        await site.close()


async def test_on_telegram(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Emulator(limits=Limits(scale=10)) as telegram:
        bot = telegram.world.add_bot(privacy=False)
        async with a_site(tmp_path, GONGFANG_TELEGRAM__TOKEN=bot.token, GONGFANG_TELEGRAM__MODE="polling",
                          GONGFANG_TELEGRAM__API_BASE=telegram.api_base) as site:  # fmt: skip
            codes = [site.claim_code(number) for number in ("YX-1004", "YX-1005")]
            await site.start()
            li, other = [Teacher(telegram, add_person(telegram.world, name), name) for name in ("林晓岚", "周明月")]
            for teacher, code in zip((li, other), codes, strict=True):
                await teacher.bind(code)

            async def ask() -> None:
                said = other.phone.say(bot, "帮助")
                await telegram.world.until(
                    lambda: any(m.sender is bot and m.id > said.id for m in other.phone.sees(bot)[-3:]), PATIENCE
                )

            async def flood() -> None:
                for n in range(MESSAGES):
                    li.phone.say(bot, f"刷屏{n}")
                    if n % 50 == 49:
                        await asyncio.sleep(0.1)

            idle, during = await asked_meanwhile(ask, flood())
            await site.settle(PATIENCE)
            await li.hears(TOLD)
            mine = [m.text for m in li.phone.sees(bot) if m.sender is bot]
            assert await site.end(15) == 0, site.log()
            found = inbox_of(site, "telegram")
    tell(capsys, "telegram", idle, during, found, sum(TOLD in text for text in mine))
    assert found["aside"] > MESSAGES / 2 and not found["new"] and not found["failed"] and not found["stuck"]
    assert sum(TOLD in text for text in mine) == 1
    assert not any(TOLD in m.text for m in other.phone.sees(bot))


async def test_on_matrix(tmp_path: Path, synapse: Synapse, capsys: pytest.CaptureFixture[str]) -> None:
    account = synapse.register(f"bot{new_pid()}")
    async with a_site(tmp_path, GONGFANG_MATRIX__HOMESERVER=synapse.url, GONGFANG_MATRIX__USER_ID=account.user_id,
                      GONGFANG_MATRIX__PASSWORD=account.password) as site:  # fmt: skip
        await site.start()
        await site.is_ready(60)
        people = [Somebody(synapse, synapse.register(f"{name}{new_pid()}"), name) for name in ("li", "zhou")]
        try:
            li, other = people
            rooms = [await one.make_room(account.user_id, direct=True) for one in people]

            async def heard(one: Somebody, room: str) -> list[str]:
                return [said["content"].get("body", "") for said in await one.shown(room, of=account.user_id)]

            async def until_more(one: Somebody, room: str, before: int) -> None:
                async with asyncio.timeout(PATIENCE):
                    while len(await heard(one, room)) <= before:
                        await asyncio.sleep(0.1)

            for one, room in zip(people, rooms, strict=True):
                await until_more(one, room, 0)

            async def ask() -> None:
                before = len(await heard(other, rooms[1]))
                await other.say(rooms[1], "帮助")
                await until_more(other, rooms[1], before)

            async def flood() -> None:
                for begin in range(0, MESSAGES // 5, 10):  # a homeserver takes its time for each
                    await asyncio.gather(*[li.say(rooms[0], f"刷屏{begin + n}") for n in range(10)])

            idle, during = await asked_meanwhile(ask, flood())
            async with asyncio.timeout(PATIENCE):
                while not any(TOLD in text for text in await heard(li, rooms[0])):
                    await asyncio.sleep(0.5)
            await site.settle(PATIENCE)
            told = sum(TOLD in text for text in await heard(li, rooms[0]))
            assert not any(TOLD in text for text in await heard(other, rooms[1]))
        finally:
            for one in people:
                await one.close()
        assert await site.end(15) == 0, site.log()
        found = inbox_of(site, "matrix")
    tell(capsys, "matrix", idle, during, found, told)
    assert found["aside"] > MESSAGES / 5 / 2 and not found["new"] and not found["failed"] and not found["stuck"]
    assert told == 1


async def test_on_the_web(tmp_path: Path, chance: Random, capsys: pytest.CaptureFixture[str]) -> None:
    async with a_site(tmp_path) as site:
        codes = [site.claim_code(number) for number in ("YX-1004", "YX-1005")]
        await site.start()
        li, other = [Page(site.address, name, chance) for name in ("林晓岚", "周明月")]
        async with asyncio.TaskGroup() as group:
            for page, code in zip((li, other), codes, strict=True):
                await page.enter(code)
            listeners = [group.create_task(page.listen()) for page in (li, other)]
            answers: Counter[int] = Counter()
            refusals: list[tuple[str, str, str]] = []  # what is waiting, for how long, and why

            async def ask() -> None:
                post = await _post(other, new_pid(), "帮助")
                assert post.status_code == 200, post.text
                seq = max(one.seq for one in other.posts[other.chats[BOT]].values())
                await other.hears(HELP, after=seq)

            async def flood() -> None:
                for n in range(MESSAGES):
                    client = new_pid()
                    answer = await _post(li, client, f"刷屏{n}")
                    answers[answer.status_code] += 1
                    if answer.status_code == 429:
                        refusals.append((client, answer.headers["retry-after"], answer.json()["detail"]))

            idle, during = await asked_meanwhile(ask, flood())
            client, seconds, why = refusals[-1]
            await asyncio.sleep(int(seconds))  # as the page does
            again = await _post(li, client, "刚才没发出去的")
            assert again.status_code == 200, again.text
            await site.settle(PATIENCE)
            for listener in listeners:
                listener.cancel()
        for page in (li, other):
            await page.http.aclose()
        assert await site.end(15) == 0, site.log()
        found = inbox_of(site, "web")
    tell(capsys, "web", idle, during, found, 0)
    with capsys.disabled():
        print(f"answered {dict(answers)}; refused messages wait in the page for {seconds} s: {why}")
    assert answers.keys() == {200, 429} and "发得太快" in why and 0 < int(seconds) <= 31
    assert not found["new"] and not found["failed"] and not found["stuck"] and not found["aside"]


async def _post(page: Page, client: str, text: str) -> object:
    headers = {**SCRIPT, "X-CSRF-Token": page.csrf, "Accept-Language": "zh-CN"}
    fields = {"client": client, "text": text}
    return await page.http.post(f"/web/chats/{page.chats[BOT]}/messages", data=fields, headers=headers)


def tell(capsys: pytest.CaptureFixture[str], platform: str, idle: float, during: float, found: Counter[str],
         told: int) -> None:  # fmt: skip
    with capsys.disabled():
        print(f"\n{platform}: arrived {found['done']}, of which put aside {found['aside']}, told {told} time(s); "
              f"another's answers p95 {idle:.3f} s idle, {during:.3f} s during; lost {found['new'] + found['dead']}, "
              f"failed {found['failed']}")  # fmt: skip
    assert during <= FACTOR * idle + SLACK
