"""SIGKILL at random moments while somebody talks with the bot on Matrix, in clear and encrypted: nothing of what was
said or answered is lost or doubled."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from api.times import utcnow
from storage.base import new_pid
from storage.engine import Database
from storage.messaging import Chat, Delivery, Incoming
from storage.reminders import Reminder
from tests.faults.site import Site
from tests.support.matrix import Somebody
from tests.support.sealed import a_sealed_client
from tests.support.synapse import Registered, Synapse

KILLS = int(os.environ.get("GONGFANG_TIMES") or 10)
TEACHER = "YX-1004"
PATIENCE = 120.0  # seconds for one answer, killed or not
ASKED, DONE, YES = "我会这样提醒你", "好的", "对，提醒我"

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900 + 30 * KILLS)]
Read = Callable[[], Awaitable[list[dict[str, Any]]]]


class Talk:
    """Somebody's conversation: each step waits for the answer to the one before."""

    def __init__(self, read: Read, say: Callable[[str], Awaitable[Any]]) -> None:
        self._read, self._say = read, say
        self.heard: list[str] = []
        self.tags: list[str] = []

    async def read(self) -> None:
        """Read what the bot said up to now, edits included."""
        self.heard = [said.get("m.new_content", said).get("body", "") for said in await self._read()]

    async def hears(self, *parts: str) -> str:
        """Wait for a message of the bot with all these parts."""
        async with asyncio.timeout(PATIENCE):
            while True:
                with suppress(OSError):
                    await self.read()
                found = next((text for text in self.heard if all(part in text for part in parts)), None)
                if found is not None:
                    return found
                await asyncio.sleep(0.2)

    async def enter(self, code: str) -> None:
        """Become the teacher."""
        await self.hears("绑定码")
        await self._say(code)
        await self.choose(await self.hears("1. ", "同意"), "同意")

    async def choose(self, text: str, label: str) -> None:
        """Answer a question by the number of one of its choices."""
        number = re.search(rf"(\d+)\. [^\n]*{label}", text)
        assert number is not None, text
        await self._say(number[1])

    async def work(self, over: asyncio.Event) -> None:
        """Set reminders until it is over; the last one is finished."""
        while not over.is_set():
            tag = f"备课{len(self.tags)}号"
            await self._say(f"提醒我 明天下午3点 {tag}")
            await self.choose(await self.hears(ASKED, tag, YES), YES)
            await self.hears(DONE, tag)
            self.tags.append(tag)


async def kill_again_and_again(site: Site, talk: Talk, chance: Random) -> None:
    """Kill the service while it works, or while it starts; at the end it runs."""
    for n in range(KILLS):
        if n:
            await site.start()
        before = len(talk.tags)
        with suppress(TimeoutError):
            async with asyncio.timeout(20 if chance.random() > 0.2 else 1):
                while len(talk.tags) == before:
                    await asyncio.sleep(0.01)
        await asyncio.sleep(chance.uniform(0, 1.2))
        await site.end()
        end_reminders(site)
    await site.start()


def end_reminders(site: Site) -> None:
    """Nobody may wait for more than fifty at once: all that there are have rung."""
    database = Database(site.database)
    with database.transaction() as session:
        session.execute(update(Reminder).values(next_at=None, ended_at=utcnow()))
    database.close()


async def take_account(site: Site, talk: Talk, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    """What was said against what is kept, and what was answered against what was heard."""
    await site.is_ready()
    await site.settle(400, later=True)
    await asyncio.sleep(1)
    await talk.read()
    assert await site.end(15) == 0, site.log()
    said = Counter(text for text in talk.heard if any(tag in text for tag in talk.tags))
    doubled = {text: count for text, count in said.items() if count > 1}
    lost = [tag for tag in talk.tags for part in (ASKED, DONE) if not any(part in t and tag in t for t in said)]
    database = Database(site.database)
    try:
        with database.transaction() as session:
            kept = Counter(row.matter for row in session.query(Reminder).filter(Reminder.matter.like("备课%号")))
            matrix = session.query(Chat.id).filter_by(platform="matrix")
            stuck = [row.state for row in session.query(Incoming).filter(Incoming.chat_id.in_(matrix))
                     if row.state != "done"]  # fmt: skip
            unsent = [(row.state, row.error) for row in session.query(Delivery).filter(Delivery.chat_id.in_(matrix))
                      if row.state not in ("sent", "superseded")]  # fmt: skip
    finally:
        database.close()
    with capsys.disabled():
        print(f"\nseed {seed}, starts {site.starts}, kills {KILLS}, rounds {len(talk.tags)}, "
              f"answers {sum(said.values())}, lost {len(lost)}, doubled {len(doubled)}")  # fmt: skip
    assert (lost, doubled, stuck, unsent) == ([], {}, [], [])
    assert kept == Counter(talk.tags) and len(talk.tags) >= KILLS // 2


@asynccontextmanager
async def a_site(folder: Path, synapse: Synapse) -> AsyncIterator[tuple[Site, Registered]]:
    """The service with the sample county and a Matrix account; it runs."""
    bot = synapse.register(f"bot{new_pid()}")
    env = {"GONGFANG_MATRIX__HOMESERVER": synapse.url, "GONGFANG_MATRIX__USER_ID": bot.user_id,
           "GONGFANG_MATRIX__PASSWORD": bot.password}  # fmt: skip
    site = Site(folder, env)
    site.prepare()
    await site.start()
    try:
        await site.is_ready(60)
        yield site, bot
    finally:
        await site.close()


async def talk_and_kill(site: Site, talk: Talk, chance: Random) -> None:
    await talk.enter(site.claim_code(TEACHER))
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(talk.work(over))
        await kill_again_and_again(site, talk, chance)
        over.set()


async def test_killed_ten_times_in_a_clear_room(
    tmp_path: Path, synapse: Synapse, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_site(tmp_path, synapse) as (site, bot):
        li = Somebody(synapse, synapse.register(f"u{new_pid()}"), "林晓岚")
        room = await li.make_room(bot.user_id, direct=True)

        async def read() -> list[dict[str, Any]]:
            events = await li.events(room)
            return [e["content"] for e in events if e["type"] == "m.room.message" and e["sender"] == bot.user_id]

        talk = Talk(read, lambda text: li.say(room, text))
        await talk_and_kill(site, talk, chance)
        await take_account(site, talk, capsys, seed)
        await li.close()


async def test_killed_ten_times_in_an_encrypted_room(
    tmp_path: Path, synapse: Synapse, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys"
    async with a_site(tmp_path, synapse) as (site, bot), a_client(synapse, keys) as sealed:
        room = await sealed.do("make_room", invite=[bot.user_id])

        async def read() -> list[dict[str, Any]]:
            heard = [said for said in await sealed.read(room) if said["sender"] == bot.user_id]
            assert not any(said["type"] == "m.room.encrypted" for said in heard), "something cannot be decrypted"
            return [said["content"] for said in heard if said["type"] == "m.room.message"]

        async def say(text: str) -> None:
            await sealed.do("send", room=room, content={"msgtype": "m.text", "body": text})

        talk = Talk(read, say)
        await talk_and_kill(site, talk, chance)
        await take_account(site, talk, capsys, seed)


def a_client(synapse: Synapse, keys: Path) -> Any:
    """Somebody whose client encrypts."""
    return a_sealed_client(synapse, synapse.register(f"s{new_pid()}"), keys)
