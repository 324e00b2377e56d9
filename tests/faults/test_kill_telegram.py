"""SIGKILL at random moments while teachers write logs on Telegram: nothing lost, each deed once, doubles only where an
answer was never heard, each of which the database has counted."""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from storage.engine import Database
from storage.journals import JournalEntry
from storage.messaging import Chat, Delivery, Incoming, SentEvent
from storage.records import Record
from tests.emulators.telegram import Emulator, Limits, Message, Person, Press, add_person
from tests.faults.site import Site

KILLS = int(os.environ.get("GONGFANG_TIMES") or 10)
WHILE_STARTING = 0.2
PEOPLE = {"YX-1003": "沈雨桐", "YX-1004": "林晓岚", "YX-1005": "周明月"}
PATIENCE, FORGOTTEN = 240.0, 160.0  # seconds
SECRET = "a-secret-of-the-tests"

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900 + 30 * KILLS)]


class Teacher:
    """Somebody with a phone who writes one log after the other."""

    def __init__(self, telegram: Emulator, phone: Person, name: str) -> None:
        self.telegram, self.phone, self.name = telegram, phone, name
        self.bot = telegram.world.bot()
        self.rounds, self.said, self.presses = 0, 0, list[Press]()
        self.logs: list[str] = []
        self.forgotten = 0

    def say(self, text: str) -> None:
        self.phone.say(self.bot, text)
        self.said += 1

    async def hears(self, *parts: str, button: str = "", seconds: float = PATIENCE) -> Message:
        """The newest message with all of these words and this button."""

        def found() -> Message | None:
            return next((m for m in reversed(self.phone.sees(self.bot)) if m.sender is self.bot
                         and all(part in m.text for part in parts)
                         and (not button or any(button in label for label in m.labels))), None)  # fmt: skip

        async with asyncio.timeout(seconds):
            while (message := found()) is None:
                changed = self.telegram.world.changed
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), 1)
        return message

    def press(self, message: Message, label: str) -> None:
        self.presses.append(self.phone.press(message, label))

    async def bind(self, code: str) -> None:
        """By a deep link, as on the slip."""
        self.phone.start(self.bot, code)
        self.said += 1
        self.press(await self.hears("会记录你的哪些信息", button="同意"), "同意")
        await self.hears("欢迎你")

    async def work(self, over: asyncio.Event) -> None:
        while not over.is_set():
            self.rounds += 1
            tag = f"{self.name}第{self.rounds}号"
            self.say(f"日志 {tag}：识字课上孩子们用字卡分组找朋友，课堂很活跃，我学到很多。")
            asked = await self.hears("预览", tag, button="提交")
            while True:
                self.press(asked, "提交")
                # Telegram forgets a press after 150 seconds: then people press again
                with suppress(TimeoutError):
                    await self.hears("已交到", tag, seconds=FORGOTTEN)
                    break
                self.forgotten += 1
            self.logs.append(tag)


@pytest.fixture(params=["polling", "webhook"])
async def telegram(request: pytest.FixtureRequest, site: Site) -> AsyncIterator[Emulator]:
    """The emulator, and the site told of it."""
    async with Emulator(limits=Limits(on=False)) as emulator:
        bot = emulator.world.add_bot(privacy=False)
        site.commands.env |= {
            "GONGFANG_TELEGRAM__TOKEN": bot.token, "GONGFANG_TELEGRAM__API_BASE": emulator.api_base,
            "GONGFANG_TELEGRAM__MODE": request.param, "GONGFANG_TELEGRAM__WEBHOOK_SECRET": SECRET,
        }  # fmt: skip
        yield emulator


def free_port(chance: Random) -> int:
    """A free port that no outgoing connection gets: whoever calls a webhook that is down could take its place."""
    while True:
        number = chance.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return number


async def kill_again_and_again(site: Site, telegram: Emulator, chance: Random) -> None:
    """Most kills come shortly after the bot did something, some while it starts."""
    for n in range(KILLS):
        if n and chance.random() < WHILE_STARTING:
            site.spawn()
            await asyncio.sleep(chance.uniform(0, 10))
        else:
            if n:
                await site.start()
            before = len(telegram.world.accepted)
            with suppress(TimeoutError):
                async with asyncio.timeout(40):
                    while len(telegram.world.accepted) < before + chance.randint(1, 6):
                        await asyncio.sleep(0.005)
            await asyncio.sleep(chance.uniform(0, 0.3))
        await site.end()
    await site.start()


async def test_killed_ten_times(
    site: Site, telegram: Emulator, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    site.address = f"http://127.0.0.1:{free_port(chance)}"
    await asyncio.to_thread(site.prepare)
    codes = {number: await asyncio.to_thread(site.claim_code, number) for number in PEOPLE}
    teachers = [Teacher(telegram, add_person(telegram.world, name), name) for name in PEOPLE.values()]
    await site.start()
    await asyncio.gather(*[t.bind(code) for t, code in zip(teachers, codes.values(), strict=True)])
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for teacher in teachers:
            group.create_task(teacher.work(over))
        await kill_again_and_again(site, telegram, chance)
        over.set()
    await site.is_ready(60)
    await site.settle(400, later=True)
    assert await site.end(15) == 0, site.log()
    lost, doubled, ambiguous, odd = account(site, telegram, teachers)
    with capsys.disabled():
        rounds = [teacher.rounds for teacher in teachers]
        print(f"\nseed {seed}, starts {site.starts}, rounds {rounds}, calls {len(telegram.world.accepted)}")
        print(f"kills {KILLS}, lost {len(lost)}, doubled {doubled} of {ambiguous} ambiguous attempts")
    assert (lost, odd) == ([], [])
    assert doubled <= ambiguous


def account(site: Site, telegram: Emulator, teachers: list[Teacher]) -> tuple[list[Any], int, int, list[Any]]:
    """What is lost; how many messages are shown twice; how many attempts ended unheard; what else is wrong."""
    database, lost, odd = Database(site.database), list[Any](), list[Any]()
    shown = {(str(t.phone.id), str(m.id)) for t in teachers for m in t.phone.sees(t.bot) if m.sender is t.bot}
    there = Chat.platform == "telegram"
    try:
        with database.transaction() as session:
            arrived = select(Incoming.state, func.count()).where(Incoming.platform == "telegram")
            handled = Counter({state: count for state, count in session.execute(arrived.group_by(Incoming.state))})
            forgotten = sum(t.forgotten for t in teachers)
            wanted = sum(t.said + len(t.presses) for t in teachers)
            if handled.keys() != {"done"} or not wanted - forgotten <= handled["done"] <= wanted:
                lost.append(f"inbox {dict(handled)}, wanted {wanted}, of which Telegram forgot up to {forgotten}")
            for tag in [tag for teacher in teachers for tag in teacher.logs]:
                written = (JournalEntry.body.contains(f"{tag}："), JournalEntry.state == "submitted")
                pids = list(session.scalars(select(JournalEntry.pid).where(*written)))
                objects = [f"journal_entry:{pid}" for pid in pids]
                counted = select(func.count()).where(Record.verb == "journal.submitted", Record.object.in_(objects))
                if (len(pids), session.execute(counted).scalar_one()) != (1, 1):
                    (odd if pids else lost).append(tag)
            stuck = (Delivery.kind != "ack", Delivery.state.in_(("ready", "dead", "unreachable")))
            odd += session.execute(
                select(Delivery.id, Delivery.kind, Delivery.state, Delivery.error).join(Chat).where(there, *stuck)
            ).all()
            sent = select(Chat.native, SentEvent.native).join(SentEvent, Chat.id == SentEvent.chat_id)
            known = {(row[0], row[1]) for row in session.execute(sent.where(there))}
            lost += sorted(known - shown)
            unheard = select(func.sum(Delivery.unheard)).join(Chat).where(there, Delivery.kind == "send")
            ambiguous = session.execute(unheard).scalar_one() or 0
    finally:
        database.close()
    return lost, len(shown - known), ambiguous, odd
