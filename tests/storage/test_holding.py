"""Locking chats: of two transactions that need the same ones, one waits for the other."""

import asyncio
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.engine import Database
from storage.inbox import hold_in_order
from storage.messaging import Chat, Incoming
from tests.support.databases import Databases

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


async def test_who_added_to_a_chat_may_lock_it_though_others_added_too(databases: Databases) -> None:
    """PostgreSQL keeps the key of what a new row refers to; two that lock the whole row after that deadlock, and are
    told so a second later."""
    with databases.fresh("postgres") as url:
        database, both, begun = Database(url), Barrier(2), list[str]()

        def add_and_hold(name: str) -> Any:
            def job(session: Session) -> None:
                begun.append(name)
                session.add(Incoming(platform="p", account="", event_id=name, chat_id=chat, raw="{}", received_at=NOW))
                session.flush()
                if begun.count(name) == 1:
                    both.wait(20)
                hold_in_order(session, [chat])

            return job

        def open_chat(session: Session) -> int:
            session.add(one := Chat(platform="p", native="1", kind="private", created_at=NOW))
            session.flush()
            return one.id

        chat = await database.run(open_chat)
        await asyncio.gather(database.run(add_and_hold("x")), database.run(add_and_hold("y")))
        assert await database.read(lambda session: session.scalar(select(func.count(Incoming.id)))) == 2
        assert sorted(begun) == ["x", "y"], "one was run again"
        await asyncio.to_thread(database.close)
