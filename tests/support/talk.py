"""Dialogue tests: `say` / `press` / `expect` through the real inbox, handlers, outbox and deliverers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from pydantic import SecretStr

from api.config import Config
from api.context import Context
from api.messaging.delivering import Guard, Outcome, Work, finish_works
from api.messaging.receiving import Arrival, receive
from api.runtime import Runtime
from api.times import utcnow
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from bot.mirror import Mirrors
from storage.base import new_pid
from storage.blobs import Blobs
from storage.communities import Appointment, Community, Membership
from storage.engine import Database
from storage.messaging import Chat
from storage.people import Identity, Person
from storage.rooms import Room
from tests.support.paper import Paper, Sheet

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")  # a Monday morning in term


def finish_work(ctx: Context, work: Work, outcome: Outcome, guards: Mapping[str, Guard]) -> Work | None:
    """Commit what became of one delivery; returns the chat's next one."""
    return finish_works(ctx, [(work, outcome)], guards)[0]


class World:
    """A small county on paper: real database, real workers, a platform in memory, a clock that is moved by hand."""

    def __init__(self, runtime: Runtime, paper: Paper, features: Sequence[Any] = FEATURES, guards: Any = None) -> None:
        from api.registry import FOLLOWERS, GUARDS

        self.runtime, self.paper = runtime, paper
        bots = Bots.of(paper)
        self.handlers = Handlers(runtime, Dispatcher(features), bots)
        self.deliverers = Deliverers(runtime, bots, GUARDS if guards is None else guards)
        self.fetchers = Fetchers(runtime, bots, FOLLOWERS)
        self.mirrors = Mirrors(runtime, bots)
        self._events = count(1)

    async def run(self, operation: Any, *args: Any, actor: "Voice | Person | None" = None, **named: Any) -> Any:
        """Run an operation as somebody, or as the system."""
        person = actor.person if isinstance(actor, Voice) else actor
        return await self.runtime.transact(
            operation, *args, actor_id=person.id if person else None, system=person is None, **named
        )

    def pass_time(self, **span: float) -> None:
        """Move the clock: pass_time(hours=2)."""
        later = self.runtime.now() + timedelta(**span)
        self.runtime.now = lambda: later

    def set_time(self, moment: datetime) -> None:
        """Put the clock to an aware moment."""
        self.runtime.now = lambda: moment

    async def settle(self) -> None:
        """Handle, fetch and deliver everything that waits. Each makes work for those after it only."""
        await self.handlers.drain()
        await self.fetchers.drain()
        await self.deliverers.drain()

    async def region(self, name: str = "晨光县") -> Community:
        """A county."""
        return await self._community(kind="region", level="county", name=name, parent=None)

    async def school(self, region: Community, name: str) -> Community:
        """A school of a region."""
        return await self._community(kind="school", name=name, parent=region)

    async def workshop(self, parent: Community, name: str, *, policy: str = "approval", **rules: Any) -> Community:
        """A workshop of a region or school."""
        return await self._community(kind="workshop", name=name, parent=parent, policy=policy, rules=rules)

    async def _community(self, parent: Community | None, **columns: Any) -> Community:
        def add(ctx: Context) -> Community:
            community = Community(
                pid=new_pid(), parent_id=parent.id if parent else None, path=new_pid(), created_at=ctx.now, **columns
            )
            ctx.session.add(community)
            ctx.session.flush()
            community.path = f"{parent.path if parent else '/'}{community.id}/"
            ctx.session.flush()
            return community

        return await self.run(add)

    async def teacher(self, name: str, school: Community | None = None, *, bound: bool = True, language: str = "zh_CN",
                      **columns: Any) -> "Voice":  # fmt: skip
        """A person of a school, with an account and a private chat on paper (`bound=False`: an account only)."""

        voice = self.new_voice(name)

        def add(ctx: Context) -> Person | None:
            person = None
            if bound:
                person = Person(
                    pid=new_pid(), name=name, school_id=school.id if school else None,
                    region_id=school.parent_id if school else None, language=language, created_at=ctx.now,
                    privacy_version=1, **columns,
                )  # fmt: skip
                ctx.session.add(person)
                ctx.session.flush()
            self._add_account(ctx, voice, person, language)
            return person

        voice.person = await self.run(add)
        return voice

    def new_voice(self, name: str) -> "Voice":
        """Somebody on this world's platform."""
        return Voice(self, name, None)

    def _add_account(self, ctx: Context, voice: "Voice", person: Person | None, language: str) -> None:
        chat = Chat(pid=new_pid(), platform=self.paper.name, native=voice.chat, kind="private", created_at=ctx.now)
        ctx.session.add(chat)
        ctx.session.flush()
        identity = Identity(
            pid=new_pid(), platform=self.paper.name, native=voice.native, name=voice.name, chat_id=chat.id,
            person_id=person.id if person else None, language=language, created_at=ctx.now,
            bound_at=ctx.now if person else None,
            last_spoke_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(identity)
        ctx.session.flush()
        chat.identity_id = identity.id
        if person is not None:
            person.home_chat_id = chat.id

    async def join(self, voice: "Voice", community: Community, role: str = "member", status: str = "active") -> None:
        """Make somebody a member."""

        def add(ctx: Context) -> None:
            assert voice.person is not None
            row = Membership(
                person_id=voice.person.id, community_id=community.id, role=role, status=status, since=ctx.now
            )
            ctx.session.add(row)

        await self.run(add)

    async def appoint(self, voice: "Voice", community: Community, office: str) -> None:
        """Give somebody an office."""

        def add(ctx: Context) -> None:
            assert voice.person is not None
            ctx.session.add(
                Appointment(pid=new_pid(), person_id=voice.person.id, community_id=community.id, office=office,
                            since=date(2026, 1, 1))
            )  # fmt: skip

        await self.run(add)

    async def room(self, community: Community) -> str:
        """A room on paper that mirrors a community; returns its native id."""

        def add(ctx: Context) -> str:
            chat = Chat(
                pid=new_pid(), platform=self.paper.name, native=f"room-{community.id}", kind="room", created_at=ctx.now
            )
            ctx.session.add(chat)
            ctx.session.flush()
            ctx.session.add(Room(chat_id=chat.id, community_id=community.id, created_at=ctx.now))
            return chat.native

        return await self.run(add)

    async def arrive(self, voice: "Voice", chat: str, kind: str, **inbound: Any) -> None:
        """Something arrives on the platform; handle it and deliver the answers."""
        raw = {"kind": kind, "sender": voice.native, "name": voice.name, **inbound}
        arrival = Arrival(f"e{next(self._events)}", chat, "private" if chat == voice.chat else "room", raw)
        await self.runtime.transact(receive, self.paper.name, "", [arrival])
        await self.settle()


class Voice:
    """Somebody's account on paper."""

    def __init__(self, world: World, name: str, person: Person | None) -> None:
        self.world, self.name, self.person = world, name, person
        self.native = f"u-{new_pid()}"
        self.chat = f"p-{self.native}"
        self._read: dict[str, int] = {}

    @property
    def pid(self) -> str:
        """The public id of the person."""
        assert self.person is not None
        return self.person.pid

    async def say(
        self, text: str, *, room: str | None = None, files: Sequence[dict[str, Any]] = (), **more: Any
    ) -> None:
        """Say something in the private chat, or in a room."""
        await self.world.arrive(self, room or self.chat, "said", text=text, files=list(files), **more)

    async def send_file(self, name: str, data: bytes, kind: str = "document", mime: str = "application/octet-stream",
                        text: str = "", room: str | None = None) -> None:  # fmt: skip
        """Send one file."""
        key = new_pid()
        self.world.paper.files[key] = data
        file = {"kind": kind, "name": name, "mime": mime, "size": len(data), "ref": {"key": key}}
        await self.say(text, files=[file], room=room)

    async def press(self, label: str, *, room: str | None = None) -> list[str]:
        """Press the newest button with this label; returns the toasts that answered."""
        sheet, (_, button) = next(
            (sheet, pair) for sheet in reversed(self.sheets(room)) for pair in sheet.buttons
            if label in pair[0] and not sheet.deleted
        )  # fmt: skip
        return await self.press_action(button.action, sheet.native, room=room)

    async def press_action(self, action: str, event: str = "", *, room: str | None = None) -> list[str]:
        """Press a button by its action, as a hostile client would; returns the toasts."""
        handle = new_pid()
        await self.world.arrive(self, room or self.chat, "pressed", action=action, event=event, handle=handle)
        return self.world.paper.toasts[handle]

    def sheets(self, room: str | None = None) -> list[Sheet]:
        """All messages of ours in the chat, oldest first."""
        return self.world.paper.chats[room or self.chat]

    def unread(self, room: str | None = None) -> list[Sheet]:
        """Messages since the last look; looking reads them."""
        chat = room or self.chat
        sheets = self.sheets(room)[self._read.get(chat, 0) :]
        self._read[chat] = len(self.sheets(room))
        return sheets

    def expect(self, *parts: str, room: str | None = None) -> Sheet:
        """Some unread message contains all `parts`; everything is read then. Returns that message."""
        unread = self.unread(room)
        for sheet in unread:
            if all(part in sheet.text for part in parts):
                return sheet
        raise AssertionError(f"{self.name} expected {parts}, and read: {[sheet.text for sheet in unread]}")

    def expect_nothing(self, room: str | None = None) -> None:
        """No message came since the last look."""
        unread = self.unread(room)
        assert not unread, f"{self.name} expected nothing, and read: {[sheet.text for sheet in unread]}"

    def expect_button(self, label: str, room: str | None = None) -> None:
        """The newest message with buttons has one with this label."""
        labels = next(([label for label, _ in s.buttons] for s in reversed(self.sheets(room)) if s.buttons), [])
        assert any(label in one for one in labels), f"no button {label!r} among {labels}"


@asynccontextmanager
async def a_world(database_url: str, features: Sequence[Any] = FEATURES, **capabilities: Any) -> AsyncIterator[World]:
    """A world on a fresh database, closed at the end. The clock stands at NOW."""
    config = Config(web={"secret": SecretStr("for tests only")})
    runtime = Runtime(config, Database(database_url), Blobs("memory:"), now=lambda: NOW)
    try:
        yield World(runtime, Paper(**capabilities), features)
    finally:
        await runtime.close()


__all__ = ["NOW", "Voice", "World", "a_world", "utcnow"]
