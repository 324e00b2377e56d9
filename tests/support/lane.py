"""One workshop with a room on the web, a Telegram group and a Matrix room: the real adapters, a real homeserver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from api.communities.tree import ensure_web_room
from api.config import Config
from api.context import Context
from api.registry import FOLLOWERS, GUARDS
from api.runtime import Runtime
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from bot.platforms.matrix.adapter import MatrixPlatform
from bot.platforms.telegram.adapter import TelegramPlatform
from storage.base import new_pid
from storage.blobs import Blobs
from storage.communities import Community, Membership, add_to_tree
from storage.engine import Database
from storage.messaging import Chat
from storage.people import Identity, Person
from storage.rooms import Room
from tests.emulators import telegram as emulated
from tests.emulators.telegram import Emulator, Limits, add_person
from tests.support.browser import Browser, Drawn, WebWorld
from tests.support.matrix import Somebody
from tests.support.synapse import Registered, Synapse
from tests.support.talk import NOW
from tests.support.telegram import no_limits

ROOM = "识字工坊"
LEASE = timedelta(minutes=2)  # what another process held is free then
NAMES = {"web": "王芳", "telegram": "李春华", "matrix": "陈静"}


class LaneWorld(WebWorld):
    """A process with three platforms."""

    def __init__(self, runtime: Runtime, bot: emulated.Bot) -> None:
        super().__init__(runtime)
        self.bot = bot
        self.telegram, self.matrix = TelegramPlatform(runtime, limits=no_limits()), MatrixPlatform(runtime)
        bots = Bots.of(self.web, self.telegram, self.matrix)
        self.handlers = Handlers(runtime, Dispatcher(FEATURES), bots)
        self.deliverers = Deliverers(runtime, bots, GUARDS)
        self.fetchers = Fetchers(runtime, bots, FOLLOWERS)

    async def take_in(self) -> None:
        """Let everything arrive that was said."""
        while self.bot.queue.waiting():
            await asyncio.sleep(0.005)
        for _ in range(50):
            before = self.matrix.connection.cursor
            await self.matrix.syncing.step()
            if self.matrix.connection.cursor == before:
                return

    async def settle(self) -> None:
        """Take in, handle, fetch and deliver."""
        await self.take_in()
        await super().settle()


@dataclass(slots=True)
class Lane:
    """Wang at a browser, Li with a phone, Chen in a Matrix client; `world` is the process that serves them now."""

    database_url: str
    folder: Path
    emulator: Emulator
    bot: emulated.Bot
    synapse: Synapse
    account: Registered
    li: emulated.Person
    chen: Somebody
    world: LaneWorld
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    group: Any = None
    starts: int = 1
    room: str = ""
    workshop: Community | None = None
    wang: Browser | None = None

    async def restart(self) -> None:
        """The process ends, and another one begins."""
        await self.stack.aclose()
        now, self.starts = NOW + self.starts * LEASE, self.starts + 1
        self.world = await self.stack.enter_async_context(
            serving(self.database_url, self.folder, self.emulator, self.bot, self.synapse, self.account, now)
        )
        if self.wang is not None:
            self.wang = await self.world.browser(await self.world.run(_person, NAMES["web"]))

    async def make_host(self, name: str) -> None:
        """Let one of them host the workshop."""

        def make(ctx: Context) -> None:
            ctx.session.query(Membership).filter_by(person_id=_person(ctx, name).id).one().role = "host"

        await self.world.run(make)

    async def posts(self) -> list[Drawn]:
        """What Wang reads."""
        assert self.wang is not None
        return await self.wang.read(ROOM)

    def messages(self) -> list[emulated.Message]:
        """What Li reads."""
        return [message for message in self.li.sees(self.group) if not message.service]

    async def events(self) -> list[dict[str, Any]]:
        """What Chen reads."""
        return await self.chen.shown(self.room)

    async def texts(self) -> dict[str, list[str]]:
        """What each reads of the others, in order."""
        assert self.wang is not None
        return {
            "web": [f"{_author(post)}: {post.text}" for post in await self.posts() if post.side != "mine"],
            "telegram": [one.text for one in self.messages() if one.sender is self.bot],
            "matrix": [one["content"]["body"] for one in await self.events() if one["sender"] == self.account.user_id],
        }


def _author(post: Drawn) -> str:
    return post.html.partition('class="author">')[2].partition("<")[0]


@asynccontextmanager
async def serving(database_url: str, folder: Path, emulator: Emulator, bot: emulated.Bot, synapse: Synapse,
                  account: Registered, now: datetime = NOW) -> AsyncIterator[LaneWorld]:  # fmt: skip
    """The process."""
    config = Config(
        web={"secret": SecretStr("for tests only")},
        telegram={"token": SecretStr(bot.token), "api_base": emulator.api_base},
        matrix={"homeserver": synapse.url, "user_id": account.user_id, "password": SecretStr(account.password)},
    )
    runtime = Runtime(config, Database(database_url), Blobs(f"file:{folder}"), now=lambda: now)
    world = LaneWorld(runtime, bot)
    try:
        await world.telegram.start()
        await world.matrix.start()
        runtime.spawn(world.telegram.receive(), "receive-telegram")
        await world.take_in()
        yield world
    finally:
        runtime.stop()
        await world.matrix.connection.release()
        await world.matrix.close()
        await runtime.close()
        await world.telegram.close()


@asynccontextmanager
async def a_lane(database_url: str, synapse: Synapse, folder: Path) -> AsyncIterator[Lane]:
    """Everybody in their room."""
    account = synapse.register(f"bot{new_pid()}")
    chen = Somebody(synapse, synapse.register(f"u{new_pid()}"), NAMES["matrix"])
    async with Emulator(emulated.World(emulated.Clock(NOW.timestamp())), Limits(on=False)) as emulator:
        bot = emulator.world.add_bot(privacy=False)
        li = add_person(emulator.world, NAMES["telegram"])
        stack = AsyncExitStack()
        world = await stack.enter_async_context(serving(database_url, folder, emulator, bot, synapse, account))
        lane = Lane(database_url, folder, emulator, bot, synapse, account, li, chen, world, stack)
        try:
            await chen.call_myself()
            lane.group = li.create_group(ROOM, bot, kind="supergroup")
            lane.room = await chen.make_room(account.user_id)
            await world.settle()
            await world.settle()
            accounts = {"telegram": str(li.id), "matrix": chen.user_id}
            rooms = {"telegram": str(lane.group.id), "matrix": lane.room}
            lane.workshop = await world.run(_settle_in, accounts, rooms)
            lane.wang = await world.browser(await world.run(_person, NAMES["web"]))
            lane.group.messages.clear()
            yield lane
        finally:
            await lane.stack.aclose()
            await chen.close()


def _settle_in(ctx: Context, accounts: dict[str, str], rooms: dict[str, str]) -> Community:
    """A workshop with its rooms, and its members with their accounts."""
    workshop = Community(pid=new_pid(), kind="workshop", name=ROOM, created_at=ctx.now)
    add_to_tree(ctx.session, workshop, None)
    ensure_web_room(ctx, workshop)
    for platform, native in rooms.items():
        chat = ctx.session.query(Chat).filter_by(platform=platform, native=native).one()
        ctx.session.add(Room(chat_id=chat.id, community_id=workshop.id, created_at=ctx.now))
    for platform, name in NAMES.items():
        person = Person(pid=new_pid(), name=name, created_at=ctx.now, privacy_version=1)
        ctx.session.add(person)
        ctx.session.flush()
        ctx.session.add(Membership(person_id=person.id, community_id=workshop.id, status="active", since=ctx.now))
        if platform in accounts:
            known = ctx.session.query(Identity).filter_by(platform=platform, native=accounts[platform]).first()
            identity = known or Identity(platform=platform, native=accounts[platform], created_at=ctx.now)
            identity.person_id = person.id
            ctx.session.add(identity)
    ctx.session.flush()
    return workshop


def _person(ctx: Context, name: str) -> Person:
    return ctx.session.query(Person).filter_by(name=name).one()
