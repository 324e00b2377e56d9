"""A county on Telegram: the real adapter against the emulator, with the voices of `talk.py` on phones."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from api.config import Config
from api.context import Context
from api.messaging.tree import Button, Words
from api.registry import FOLLOWERS, GUARDS
from api.runtime import Runtime
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from bot.platforms.telegram.adapter import TelegramPlatform
from bot.platforms.telegram.limits import Limits as OwnLimits
from storage.base import new_pid
from storage.blobs import Blobs
from storage.communities import Community
from storage.engine import Database
from storage.messaging import Chat
from storage.people import Identity, Person
from storage.rooms import Room
from tests.emulators import telegram as emulated
from tests.emulators.telegram import Emulator, Limits, add_person
from tests.support.paper import Paper
from tests.support.talk import NOW, Voice, World

QUIET_SECONDS = 20


class TelegramWorld(World):
    """A county whose people have phones. `bot` is the emulated account, `telegram` the adapter under test."""

    def __init__(self, runtime: Runtime, emulator: Emulator, bot: emulated.Bot, features: Any = FEATURES,
                 limits: OwnLimits | None = None) -> None:  # fmt: skip
        super().__init__(runtime, Paper(), features)
        self.emulator, self.bot = emulator, bot
        commands = [command for feature in features for command in feature.commands]
        self.telegram = TelegramPlatform(runtime, commands, limits)
        bots = Bots.of(self.paper, self.telegram)
        self.handlers = Handlers(runtime, Dispatcher(features), bots)
        self.deliverers = Deliverers(runtime, bots, GUARDS)
        self.fetchers = Fetchers(runtime, bots, FOLLOWERS)
        self.owner = add_person(emulator.world, "群主")

    async def settle(self) -> None:
        """Let what waits at Telegram arrive, then handle, fetch and deliver."""
        async with asyncio.timeout(QUIET_SECONDS):
            while self.bot.queue.waiting():
                await asyncio.sleep(0.005)
        await super().settle()

    def new_voice(self, name: str) -> "TelegramVoice":
        """Somebody with a phone who has pressed START already."""
        return TelegramVoice(self, name)

    def _add_account(self, ctx: Context, voice: Voice, person: Person | None, language: str) -> None:
        chat = Chat(pid=new_pid(), platform="telegram", account=self.telegram.account, native=voice.chat,
                    kind="private", created_at=ctx.now)  # fmt: skip
        ctx.session.add(chat)
        ctx.session.flush()
        identity = Identity(
            pid=new_pid(), platform="telegram", native=voice.native, name=voice.name, chat_id=chat.id,
            person_id=person.id if person else None, language=language, created_at=ctx.now,
            bound_at=ctx.now if person else None, last_spoke_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(identity)
        ctx.session.flush()
        chat.identity_id = identity.id
        if person is not None:
            person.home_chat_id = chat.id

    async def room(self, community: Community) -> str:
        """A bound supergroup."""
        group = self.owner.create_group(community.name, self.bot, kind="supergroup")
        await self.settle()
        await self.run(_bind, self.telegram.account, str(group.id), community)
        return str(group.id)

    def place(self, native: str) -> Any:
        """The emulated chat or topic of one of our places."""
        chat, _, topic = native.partition("/")
        found = self.emulator.world.chats[int(chat)]
        return found.topics[int(topic)] if topic else found


def _bind(ctx: Context, account: str, native: str, community: Community) -> None:
    chat = ctx.session.query(Chat).filter_by(platform="telegram", account=account, native=native).first()
    if chat is None:
        chat = Chat(pid=new_pid(), platform="telegram", account=account, native=native, kind="room",
                    created_at=ctx.now)  # fmt: skip
        ctx.session.add(chat)
        ctx.session.flush()
    ctx.session.add(Room(chat_id=chat.id, community_id=community.id, created_at=ctx.now))


class TelegramVoice(Voice):
    """Somebody's account on Telegram; `phone` is the emulated person."""

    world: TelegramWorld

    def __init__(self, world: TelegramWorld, name: str) -> None:
        super().__init__(world, name, None)
        self.phone = add_person(world.emulator.world, name)
        self.native = self.chat = str(self.phone.id)
        private = world.emulator.world.private(self.phone, world.bot)
        private.started = True
        world.bot.met.add(self.phone.id)
        self._seen: set[tuple[str, int]] = set()

    def where(self, room: str | None) -> Any:
        """The emulated place; whoever speaks in a group joins it first."""
        if room is None:
            return self.world.bot
        place = self.world.place(room)
        chat = getattr(place, "chat", place)
        if not chat.member(self.phone).inside:
            self.world.owner.invite(chat, self.phone)
        return place

    async def say(
        self, text: str, *, room: str | None = None, files: Sequence[dict[str, Any]] = (), **more: Any
    ) -> None:
        where, parts = self.where(room), [self._file(file) for file in files]
        if len(parts) > 1:
            self.phone.send_album(where, [(kind, data, name) for kind, data, name, _ in parts], text)
        elif parts:
            kind, data, name, mime = parts[0]
            self.phone.send(where, kind, data, name, text, mime=mime)
        else:
            self.phone.say(where, text)
        await self.world.settle()
        if len(parts) > 1:
            self.world.pass_time(seconds=2)
            await self.world.settle()

    def _file(self, file: dict[str, Any]) -> tuple[str, bytes, str, str]:
        return file["kind"], self.world.paper.files[file["ref"]["key"]], file["name"], file["mime"]

    def messages(self, room: str | None = None) -> list[emulated.Message]:
        """What the bot said and is still there."""
        shown = self.phone.sees(self.where(room) if room else self.world.bot)
        return [message for message in shown if message.sender is self.world.bot and not message.service]

    def sheets(self, room: str | None = None) -> list[Any]:
        return [Shown(message) for message in self.messages(room)]

    def unread(self, room: str | None = None) -> list[Any]:
        place = room or self.chat
        fresh = [sheet for sheet in self.sheets(room) if (place, int(sheet.native)) not in self._seen]
        self._seen |= {(place, int(sheet.native)) for sheet in fresh}
        return fresh

    async def press(self, label: str, *, room: str | None = None) -> list[str]:
        message, data = next(
            (message, b["callback_data"]) for message in reversed(self.messages(room))
            for row in message.buttons for b in row if label in b["text"] and "callback_data" in b
        )  # fmt: skip
        return await self._press(message, data)

    async def press_action(self, action: str, event: str = "", *, room: str | None = None) -> list[str]:
        if not self.messages(room):  # there must be something to press
            await self.say("/help", room=room)
        messages = self.messages(room)
        message = next((one for one in messages if str(one.id) == event), messages[-1])
        return await self._press(message, action)

    async def _press(self, message: emulated.Message, data: str) -> list[str]:
        pressed = self.phone.press(message, data=data)
        await self.world.settle()
        assert pressed.answer is not None, "the button is still waiting"
        return [pressed.answer["text"]] if pressed.answer["text"] else []


class Shown:
    """One message of the bot as its reader sees it now: what `paper.Sheet` is on paper."""

    def __init__(self, message: emulated.Message) -> None:
        self.message, self.native = message, str(message.id)

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def buttons(self) -> list[tuple[str, Button]]:
        keys = [key for row in self.message.buttons for key in row]
        return [(k["text"], Button(Words(k["text"]), k.get("callback_data", ""), k.get("url", ""))) for k in keys]

    @property
    def files(self) -> list[str]:
        return [kind for kind in ("photo", "document", "voice", "video", "audio") if kind in self.message.content]

    @property
    def edits(self) -> int:
        return int(bool(self.message.edited))

    @property
    def deleted(self) -> bool:
        return self.message.id not in self.message.chat.messages


def no_limits() -> OwnLimits:
    """Nothing waits: the suites that are not about limits."""
    return OwnLimits(10**6, (10**6, 1.0), (10**6, 1.0))


@asynccontextmanager
async def a_telegram_world(database_url: str, features: Any = FEATURES, limited: bool = False,
                           receiving: bool = True, **section: Any) -> AsyncIterator[TelegramWorld]:  # fmt: skip
    """A world on a fresh database with its own emulator, polling; limits off unless `limited`."""
    async with Emulator(emulated.World(emulated.Clock(NOW.timestamp())), Limits(on=limited)) as emulator:
        bot = emulator.world.add_bot(privacy=False)
        settings = {"token": SecretStr(bot.token), "api_base": emulator.api_base, **section}
        config = Config(web={"secret": SecretStr("for tests only")}, telegram=settings)
        runtime = Runtime(config, Database(database_url), Blobs("memory:"), now=lambda: NOW)
        world = TelegramWorld(runtime, emulator, bot, features, None if limited else no_limits())
        try:
            await world.telegram.start()
            if receiving:
                runtime.spawn(world.telegram.receive(), "receive-telegram")
            yield world
        finally:
            await runtime.close()
            await world.telegram.close()
