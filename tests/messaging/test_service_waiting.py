"""What waits, by platform and lane, and since when; who works on it. Counted over what waits, not over what was."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from storage import leasing, stock, waiting
from storage.engine import Database
from storage.inbox import add_incoming, find_or_add_chat, lease_chats
from storage.messages import add_message, add_to_chats, add_to_people, these_people
from storage.messaging import Chat, Delivery, Incoming, Message
from storage.people import Person
from storage.reach import Reach
from storage.waiting import ANYWHERE, Queue, Waiting
from tests.storage.test_plans import planned
from tests.support.talk import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def chat_on(session: Session, platform: str, now: datetime = NOW) -> int:
    return find_or_add_chat(session, platform, "", "c1", "private", "", now, due=True)


def test_what_waits_is_counted_where_it_waits(database: Database) -> None:
    with database.transaction() as session:
        for platform, age in (("paper", 3), ("paper", 2), ("web", 1)):
            chat = chat_on(session, platform)
            add_incoming(session, chat, platform, "", f"{platform}-{age}", {}, NOW - age * HOUR)
        add_incoming(session, chat, "web", "", "over", {}, NOW - 9 * HOUR, "done")
        message = add_message(session, tree="好", buttons=[], files=[], created_at=NOW)
        say = {"message_id": message.id, "created_at": NOW}
        add_to_chats(session, [chat], lane=0, not_before=NOW - 2 * HOUR, **say)
        add_to_chats(session, [chat, chat], lane=0, not_before=NOW - HOUR, **say)
        add_to_chats(session, [chat], lane=1, not_before=NOW + HOUR, **say)
        session.add(Person(id=1, name="李老师", created_at=NOW))
        session.flush()
        add_to_people(session, these_people([1]), lane=2, not_before=NOW - HOUR, **say)
        inbox = sorted(waiting.inbox_waiting(session))
        queued = sorted(waiting.outbox_waiting(session, NOW))
    assert inbox == [Queue("paper", 0, 2, 0, NOW - 3 * HOUR), Queue("web", 0, 1, 0, NOW - HOUR)]
    assert queued == [
        Queue(ANYWHERE, 2, 1, 0, NOW - HOUR), Queue("web", 0, 3, 0, NOW - 2 * HOUR), Queue("web", 1, 0, 1, None),
    ]  # fmt: skip
    assert waiting.total(queued) == Waiting(4, NOW - 2 * HOUR)


def test_who_works_on_it_is_counted_until_leases_end(database: Database) -> None:
    with database.transaction() as session:
        chat = chat_on(session, "paper")
        add_incoming(session, chat, "paper", "", "e1", {}, NOW)
        message = add_message(session, tree="好", buttons=[], files=[], created_at=NOW)
        add_to_chats(session, [chat], lane=0, not_before=NOW, message_id=message.id, created_at=NOW)
        assert waiting.leases_held(session, NOW) == waiting.Leases(0, 0)
        lease_chats(session, Reach(("paper",)), NOW, 9, 30)
        assert waiting.leases_held(session, NOW) == waiting.Leases(1, 0)
        leasing.lease_chats(session, Reach(("paper",)), NOW, 9, 60)
        assert waiting.leases_held(session, NOW) == waiting.Leases(1, 1)
        assert waiting.leases_held(session, NOW + timedelta(seconds=45)) == waiting.Leases(0, 1)
        assert waiting.leases_held(session, NOW + HOUR) == waiting.Leases(0, 0)


def test_counting_looks_at_what_waits_only(database: Database) -> None:
    many = range(1, 5001)
    with database.transaction() as session:
        session.execute(insert(Chat), [
            {"id": n, "pid": f"{n:012}", "platform": "paper", "native": str(n), "kind": "private", "created_at": NOW}
            for n in many
        ])  # fmt: skip
        session.execute(insert(Incoming), [
            {"platform": "paper", "event_id": str(n), "chat_id": n, "raw": {}, "state": "done", "received_at": NOW}
            for n in many
        ])  # fmt: skip
        session.add(Message(id=1, tree="早上好", created_at=NOW))
        session.flush()
        session.execute(insert(Delivery), [
            {"pid": f"{n:012}", "message_id": 1, "chat_id": n, "state": "sent", "created_at": NOW, "not_before": NOW}
            for n in many
        ])  # fmt: skip
        if not database.is_sqlite:  # where it happens by itself
            session.execute(text("ANALYZE"))
    with planned(database, "inbox", "deliveries", "chats") as plans, database.transaction() as session:
        assert waiting.inbox_waiting(session) == waiting.outbox_waiting(session, NOW) == []
        assert waiting.leases_held(session, NOW) == waiting.Leases(0, 0)
        assert waiting.neglected(session, ["paper", "web"], NOW)[0] is None
        assert stock.handled_since(session, NOW - HOUR) == {}
    chats = ("ix_chats_in_next_at", "ix_chats_next_at")
    indexes = (
        "ix_inbox_waiting", "ix_deliveries_ready", "ix_deliveries_unrouted", *chats, *chats, *chats,
        "ix_deliveries_unrouted", "ix_inbox_handled_at",
    )  # fmt: skip
    assert len(plans) == len(indexes), plans
    for plan, index in zip(plans, indexes, strict=True):
        assert f"{index} " in f"{plan} ", plan
