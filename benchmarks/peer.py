"""The peer: a plain bot that does the same look-ups and writes through one AsyncSession per update."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from api.messaging.tree import Bold, Lines, Node, T, Words, pack
from api.times import utcnow
from bot.inbound import Inbound
from storage.base import new_pid
from storage.messaging import Chat, Delivery, Dialogue, Incoming, Message
from storage.people import Identity, Person


def make_engine(url: str) -> AsyncEngine:
    """The engine that such a bot would have: aiosqlite with one connection and BEGIN IMMEDIATE, or asyncpg with ten."""
    if not url.startswith("sqlite"):
        return create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), pool_size=10)
    engine = create_async_engine(url.replace("sqlite://", "sqlite+aiosqlite://"), pool_size=1, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class Peer:
    """Handles one update after the other it is given, each in a transaction of its own."""

    def __init__(self, engine: AsyncEngine, platform: str = "paper", account: str = "") -> None:
        self.platform, self.account = platform, account
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

    async def handle(self, event_id: str, native: str, raw: dict[str, Any]) -> None:
        """Remember the event, find out who speaks where, answer, mark it done."""
        inbound = Inbound(**raw)
        async with self.turn(event_id, native, raw) as turn:
            if turn is not None:
                await turn.answer(inbound.sender, lambda person: echo(person.name, inbound.text))

    @asynccontextmanager
    async def turn(self, event_id: str, native: str, raw: dict[str, Any]) -> "AsyncIterator[Turn | None]":
        """A transaction that remembers an event and marks it done; None where it came before."""
        now = utcnow()
        async with self._sessions() as session, session.begin():
            here = select(Chat).where(Chat.platform == self.platform, Chat.native == native)
            chat = (await session.scalars(here)).one()
            seen = self._insert(Incoming).values(
                platform=self.platform, account=self.account, event_id=event_id, chat_id=chat.id, raw=raw,
                state="new", received_at=now,
            )  # fmt: skip
            row = (await session.execute(seen.on_conflict_do_nothing().returning(Incoming.id))).scalar_one_or_none()
            yield Turn(self.platform, session, chat) if row is not None else None
            if row is not None:
                await session.execute(update(Incoming).where(Incoming.id == row).values(state="done", handled_at=now))


@dataclass(frozen=True, slots=True)
class Turn:
    """One message in its chat."""

    platform: str
    session: AsyncSession
    chat: Chat

    async def answer(self, sender: str, say: Callable[[Person], Node]) -> None:
        """Find out who speaks and whether a dialogue is open; write an answer and its delivery."""
        session, chat, now = self.session, self.chat, utcnow()
        who = select(Identity).where(Identity.platform == self.platform, Identity.native == sender)
        identity = (await session.scalars(who)).one()
        person = await session.get_one(Person, identity.person_id)
        await session.scalars(select(Dialogue).where(Dialogue.chat_id == chat.id, Dialogue.identity_id == identity.id))
        message = Message(pid=new_pid(), tree=pack(say(person)), buttons=[], files=[], created_at=now)
        session.add(message)
        await session.flush()
        session.add(
            Delivery(pid=new_pid(), message_id=message.id, chat_id=chat.id, lane=0, not_before=now, created_at=now)
        )
        await session.flush()
        await session.execute(update(Chat).where(Chat.id == chat.id).values(next_at=now))


def echo(name: str, text: str) -> Node:
    """What both sides of the measurement in one process answer."""
    return Lines(Bold(T("What you can say to me")), Words(f"{name} {text}"))
