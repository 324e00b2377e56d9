"""Generated updates from Telegram: each is handled, or dead with a reason; everybody is answered afterwards."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from api.app import create_app
from api.config import Config
from api.registry import FOLLOWERS, GUARDS
from api.runtime import Runtime
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from bot.platforms.telegram.adapter import TelegramPlatform
from bot.platforms.telegram.arriving import next_offset, take_in
from bot.platforms.telegram.reading import KINDS
from bot.platforms.telegram.webhook import PATH, SECRET, webhook_routes
from bot.platforms.web.adapter import WebPlatform
from storage.blobs import Blobs
from storage.engine import Database
from storage.messaging import Chat
from tests.fuzz.county import LONGEST, PEOPLE, ROOMS, Figures, bind, bind_room, check, dead_rows, fill, let_time_pass
from tests.fuzz.phones import Phones
from tests.fuzz.recording import ME, Wire
from tests.fuzz.watching import Watch, watching
from tests.fuzz.words import Vocabulary
from tests.support.clock import tick
from tests.support.databases import Databases
from tests.support.paper import Paper
from tests.support.talk import NOW, World
from tests.support.telegram import no_limits

BATCH = 250
TOKEN, PASSWORD = f"{ME['id']}:{'A' * 35}", "a-secret-of-the-tests"

ODD = frozenset({"spoiled", "again", "nothing"})
ASKER = 8  # of the people: somebody who teaches and is a member
NO_POLL = "a poll that we do not know"  # whoever heard of a poll elsewhere may vote in it

pytestmark = [pytest.mark.slow, pytest.mark.timeout(LONGEST)]


class Town(World):
    """The sample county on Telegram, whose wire ends in this process."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, Paper())
        self.telegram, self.wire = TelegramPlatform(runtime, limits=no_limits()), Wire()
        bots = Bots.of(self.paper, self.telegram, WebPlatform(runtime))
        self.handlers = Handlers(runtime, Dispatcher(FEATURES), bots)
        self.deliverers = Deliverers(runtime, bots, GUARDS)
        self.fetchers = Fetchers(runtime, bots, FOLLOWERS)

    async def start(self) -> None:
        """Open the platform, let it use the wire, and bind accounts and groups."""
        client = await self.telegram._open()
        await client.bot.session.close()
        client.bot.session = self.wire
        await self.telegram.start()
        for n, number in enumerate(PEOPLE, 101):
            await self.run(bind, "telegram", self.telegram.account, str(n), str(n), number)
        for n, name in enumerate(ROOMS, 1):
            await self.run(bind_room, "telegram", self.telegram.account, str(-n), name)


@asynccontextmanager
async def a_town(url: str) -> AsyncIterator[Town]:
    settings = {"token": SecretStr(TOKEN), "mode": "webhook", "webhook_secret": SecretStr(PASSWORD)}
    web = {"secret": SecretStr("for tests only"), "base_url": "https://gongfang.test"}
    config = Config(web=web, telegram=settings, bot={"most_a_minute": 0})
    runtime = Runtime(config, Database(url), Blobs("memory:"), now=lambda: NOW)
    town = Town(runtime)
    try:
        yield town
    finally:
        await town.telegram.close()
        await runtime.close()


async def test_updates_of_every_kind(
    rounds: list[tuple[int, int]], databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    total, faults = Figures(rounds[0][0]), []
    for seed, number in rounds:
        with databases.fresh("sqlite") as url, watching() as watch:
            async with a_town(url) as town:
                figures = await play(town, watch, seed, number)
        total.add(figures)
        faults += [f"seed {seed}: {fault}" for fault in watch.faults]
        with capsys.disabled():
            print(f"\ntelegram, {figures}", *watch.faults, sep="\n")
    with capsys.disabled():
        print(f"\ntelegram in all, from {total}")
    assert not faults, f"{len(faults)} faults, the first: {faults[0]}"


async def play(town: Town, watch: Watch, seed: int, number: int) -> Figures:
    """Send so many updates, and look what became of them."""
    chance, figures, began = Random(seed), Figures(seed), time.monotonic()
    vocabulary = Vocabulary(chance)
    await fill(town, vocabulary)
    await town.start()
    town.wire.administrators = [
        {"status": "creator", "is_anonymous": False, "user": {**ME, "id": n, "is_bot": False}} for n in (101, 105)
    ]
    phones = Phones(chance, vocabulary, town.wire, list(range(101, 101 + len(PEOPLE))), [-1, -2, -3, -4])
    post = webhook(town)
    good, offset = set[str](), None
    for done in range(0, number, BATCH):
        updates = [phones.update() for _ in range(min(BATCH, number - done))]
        figures.tried += Counter(kind for kind, _ in updates)
        good |= {str(one["update_id"]) for kind, one in updates if kind not in ODD and asked_for(one)}
        if chance.random() < 0.1:
            chance.shuffle(updates)
        raw = [json.loads(json.dumps(one)) for _, one in updates]  # as it comes over the wire
        if chance.random() < 0.1:
            for one in raw:
                await post(json.dumps(one).encode())
            await post(chance.choice((b"", b"{", b"\xff\xfe", b"[1]", b'{"update_id": 1e400}', b"[" * 50_000)))
        else:
            offset = next_offset(raw, offset)
            await take_in(town.runtime, town.telegram.account, raw, offset)
        town.wire.blocked = {101 + chance.randrange(20)} if chance.random() < 0.2 else set()
        await town.settle()
        for text in town.wire.texts:
            vocabulary.learn(text)
        town.pass_time(seconds=40)
        if chance.random() < 0.15:
            await tick(town)
    town.wire.blocked = set()
    await let_time_pass(town)
    await check(town, watch, figures)
    for event, reason, raw in await town.run(dead_rows):
        if event.partition(":")[0] in good and reason != NO_POLL:
            watch.fault(f"{event} is dead though well-formed: {reason} {raw!r:.1500}")
        if not reason:
            watch.fault(f"{event} is dead without a reason")
    for refusal in town.wire.refused:
        watch.fault(f"Telegram would have refused {refusal}")
    await ask_everywhere(town, watch, phones)
    figures.sent += Counter({f"call {name}": n for name, n in town.wire.calls.items()})
    figures.seconds = time.monotonic() - began
    return figures


def asked_for(update: dict[str, Any]) -> bool:
    """Whether an update is of a kind that we ask for; votes are somebody's."""
    answer = update.get("poll_answer", {"user": {}})
    return bool(update.keys() & set(KINDS)) and bool(answer.keys() & {"user", "voter_chat"})


def webhook(town: Town) -> Any:
    """Where Telegram calls us; what it sends is taken, whatever it is."""
    app = create_app(town.runtime, [webhook_routes(town.runtime)])
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gongfang.test")

    async def post(body: bytes) -> None:
        answer = await http.post(PATH, content=body, headers={SECRET: PASSWORD})
        assert answer.status_code == 200, f"{answer.status_code} for {body[:500]!r}"

    return post


async def ask_everywhere(town: Town, watch: Watch, phones: Phones) -> None:
    """In each chat somebody asks for help and is answered: there, or privately who asked in a group."""
    here = await town.run(lambda ctx: ctx.session.query(Chat.native, Chat.kind).filter_by(platform="telegram").all())
    chats = [(native, kind) for native, kind in here if native.partition("/")[0].lstrip("-").isdecimal()]
    asker = phones.people[ASKER]
    updates, before = [], town.wire.said.copy()
    for native, kind in chats:
        chat, _, topic = native.partition("/")
        who = asker if kind == "room" else {**asker, "id": int(chat)}
        place = {"id": int(chat), "type": "private" if kind == "private" else "supergroup", "title": "x"}
        thread = {"message_thread_id": int(topic), "is_topic_message": True} if topic else {}
        phones.number += 1
        message = {**phones.written(who, place), "text": "/help" if kind == "room" else "帮助", **thread}
        message.pop("reply_to_message", None)
        updates.append({"update_id": phones.number, "message": message})
    await take_in(town.runtime, town.telegram.account, updates)
    await town.settle()
    answered = town.wire.said - before
    for native, kind in chats:
        if kind == "private" and not answered[int(native)]:
            watch.fault(f"nobody is answered in {native}")
    rooms = [int(native.partition("/")[0]) for native, kind in chats if kind == "room"]
    told = answered[asker["id"]] + sum(answered[room] for room in set(rooms))
    if told < len(rooms):
        watch.fault(f"asked in {len(rooms)} groups, answered {told} times")
