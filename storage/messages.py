"""Queries of what is said: messages, their deliveries, and the way back from a platform's event to what we said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session, aliased, make_transient_to_detached

from storage.base import UtcDateTime, new_pid
from storage.messaging import Chat, Delivery, Message, SentEvent
from storage.outbox import wake_chats
from storage.people import Person
from storage.writing import QUIET_UPDATE, count_changed, table_of, upsert

MESSAGES = table_of(Message)
DELIVERIES = table_of(Delivery)
ADD_MESSAGE = MESSAGES.insert().returning(MESSAGES.c.id)
ADD_DELIVERIES = DELIVERIES.insert()


def add_message(session: Session, **columns: Any) -> Message:
    """Add a message without a unit of work: the busiest insert there is. Its columns are read when asked for."""
    values = {"pid": new_pid(), "poll": None, "edited_at": None, "live_until": None, **columns}
    key = session.execute(ADD_MESSAGE, values).scalar_one()
    message = Message(id=key)
    make_transient_to_detached(message)
    session.add(message)
    return message


def add_to_chats(session: Session, chat_ids: Sequence[int], **columns: Any) -> None:
    """One delivery to each chat."""
    values = {"kind": "send", "state": "ready", "attempts": 0, "pending": False, **columns}
    rows = [{"pid": new_pid(), "chat_id": chat_id, **values} for chat_id in chat_ids]
    if rows:
        session.execute(ADD_DELIVERIES, rows)
        wake_chats(session, chat_ids, columns["not_before"])


def these_people(people: Sequence[int] | Select[Any]) -> Select[Any]:
    """A select of person ids: the one given, or the persons of a list."""
    return people if isinstance(people, Select) else select(Person.id).where(Person.id.in_(people))


def add_to_people(session: Session, people: Select[Any], **columns: Any) -> int:
    """One delivery per person id that `people` selects, by INSERT ... SELECT; returns how many were added.

    A person who already has a delivery under the same `dedupe_key` gets none.
    """
    who = people.subquery()
    values = {"kind": "send", "state": "ready", "attempts": 0, "pending": False, **columns}
    source = select(
        who.c[0],
        random_pid(session),
        *[bindparam(None, value, type_=DELIVERIES.c[name].type) for name, value in values.items()],
    ).where(true())
    rows = upsert(session, Delivery).from_select(["person_id", "pid", *values], source)
    return count_changed(session, rows.on_conflict_do_nothing(index_elements=["person_id", "dedupe_key"]))


def deliveries_of(session: Session, message_id: int, kind: str = "send") -> list[Delivery]:
    """All deliveries of one kind of a message."""
    return list(session.scalars(select(Delivery).where(Delivery.message_id == message_id, Delivery.kind == kind)))


def drop_unsent(session: Session, message_id: int) -> int:
    """What was not sent yet of a message never will be; returns how many deliveries that concerns."""
    waiting = update(Delivery).where(
        Delivery.message_id == message_id, Delivery.state == "ready", Delivery.pending.is_(False)
    )
    return count_changed(session, waiting.values(state="superseded"))


def change_everywhere(
    session: Session, message_id: int, kind: str, now: datetime, edit_at: dict[str, datetime]
) -> None:
    """Edit or delete a message wherever it was sent, or is just being sent; `edit_at`: not before, by kind of chat.

    An edit that waits already will show whatever the message says by then: it is not joined by another.
    """
    waiting = aliased(Delivery)
    edited = exists().where(
        waiting.target_id == Delivery.id, waiting.kind == "edit", waiting.state == "ready", waiting.pending.is_(False)
    )
    at = case((Chat.kind == "room", bound(edit_at["room"])), else_=bound(edit_at["private"]))
    source = (
        select(
            random_pid(session), Delivery.message_id, Delivery.chat_id, Delivery.person_id, Delivery.id, literal(kind),
            Delivery.lane, at, bound(now), literal("ready"), literal(0), false(),
        )
        .join(Chat, Chat.id == Delivery.chat_id)
        .where(Delivery.message_id == message_id, Delivery.kind == "send")
        .where(or_(Delivery.state == "sent", Delivery.pending.is_(True)))
    )  # fmt: skip
    if kind == "edit":
        source = source.where(~edited)
    columns = ["pid", "message_id", "chat_id", "person_id", "target_id", "kind", "lane", "not_before", "created_at"]
    session.execute(DELIVERIES.insert().from_select([*columns, "state", "attempts", "pending"], source))
    due = select(Delivery.chat_id).where(
        Delivery.message_id == message_id, Delivery.kind == kind, Delivery.state == "ready"
    )
    first = select(func.min(Delivery.not_before)).where(Delivery.chat_id == Chat.id, Delivery.state == "ready")
    session.execute(
        update(Chat).where(Chat.id.in_(due)).values(next_at=first.scalar_subquery()), execution_options=QUIET_UPDATE
    )


def message_of_event(session: Session, chat_id: int, native: str) -> Message | None:
    """The message that became a platform event in a chat."""
    query = (
        select(Message)
        .join(Delivery, Delivery.message_id == Message.id)
        .join(SentEvent, SentEvent.delivery_id == Delivery.id)
        .where(SentEvent.chat_id == chat_id, SentEvent.native == native)
    )
    return session.scalars(query).first()


def delivery_of_event(session: Session, chat_id: int, native: str) -> Delivery | None:
    """The delivery that became a platform event in a chat."""
    query = select(Delivery).join(SentEvent, SentEvent.delivery_id == Delivery.id)
    return session.scalars(query.where(SentEvent.chat_id == chat_id, SentEvent.native == native)).first()


def last_event(session: Session, chat_id: int) -> str | None:
    """The platform's id of the last thing that was sent to a chat."""
    newest = select(SentEvent.native).where(SentEvent.chat_id == chat_id).order_by(SentEvent.id.desc()).limit(1)
    return session.scalars(newest).first()


def random_pid(session: Session) -> ColumnElement[str]:
    """A public id made by the database, one per row of an INSERT ... SELECT."""
    if session.get_bind().dialect.name == "sqlite":
        return func.lower(func.hex(func.randomblob(6)))
    # 48 random bits: the digits of a random UUID before its version. It is a secret where it opens a push from a mail.
    return func.substr(func.replace(func.gen_random_uuid().cast(String), "-", ""), 1, 12)


def bound(moment: datetime) -> ColumnElement[datetime]:
    """A moment as a value of our column type (a bare one would be stored with its zone's digits)."""
    return literal(moment, UtcDateTime())
