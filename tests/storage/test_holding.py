"""Locking chats: of two transactions that need the same ones, one waits for the other."""

import asyncio
import time
from datetime import UTC, datetime
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.engine import Database
from storage.inbox import hold_in_order
from storage.leasing import hold_chats
from storage.messaging import Chat, Delivery, Incoming, Message
from storage.outbox import release_idle, wake_chats
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


@pytest.mark.parametrize("number", [1, 3])
async def test_a_chat_is_woken_though_it_is_put_to_sleep_in_the_same_moment(databases: Databases, number: int) -> None:
    """A worker that finds nothing more to send does not see yet what somebody else is adding: who adds waits for it,
    or the chat would sleep with something to send."""
    with databases.fresh("postgres") as url:
        database, added, asleep = Database(url), Event(), Event()

        def open_chats(session: Session) -> list[int]:
            chats = [Chat(platform="p", native=str(n), kind="private", created_at=NOW, next_at=NOW)
                     for n in range(number)]  # fmt: skip
            session.add_all(chats)
            session.flush()
            return [chat.id for chat in chats]

        def put_to_sleep(session: Session) -> None:
            hold_chats(session, chats)
            assert added.wait(20)
            release_idle(session, chats, NOW)
            asleep.set()
            time.sleep(0.3)  # until the commit, in which somebody else looks at the chats

        def add_and_wake(session: Session) -> None:
            session.add(message := Message(tree={"t": "words", "words": "早"}, created_at=NOW))
            session.flush()
            what = {"message_id": message.id, "kind": "send", "lane": 2, "not_before": NOW, "created_at": NOW}
            session.add_all([Delivery(chat_id=chat, **what) for chat in chats])
            session.flush()
            added.set()
            assert asleep.wait(20)
            wake_chats(session, chats, NOW)

        chats = await database.run(open_chats)
        await asyncio.gather(database.run(put_to_sleep), database.run(add_and_wake))
        found = await database.read(lambda session: session.scalars(select(Chat.next_at)).all())
        assert found == [NOW] * number
        await asyncio.to_thread(database.close)
