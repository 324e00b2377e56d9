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
    delete,
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
from storage.inbox import hold_in_order
from storage.messaging import LOST, Chat, Delivery, Message, SentEvent
from storage.outbox import wake_chats
from storage.people import Person
from storage.writing import QUIET_UPDATE, count_changed, table_of, upsert

MESSAGES = table_of(Message)
DELIVERIES = table_of(Delivery)
ADD_MESSAGE = MESSAGES.insert().returning(MESSAGES.c.id)
ADD_DELIVERIES = DELIVERIES.insert()


def add_message(session: Session, **columns: Any) -> Message:
    """Add a message without a unit of work: the busiest insert there is. Its columns are read when asked for."""
    values = {"pid": new_pid(), "poll": None, "answers_id": None, "edited_at": None, "live_until": None, **columns}
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


def drop_unsent(session: Session, message_id: int) -> int:
    """What was not sent yet of a message, or of changes of single copies, never will be; returns how many deliveries
    that concerns."""
    sent = aliased(Delivery)
    copies = select(sent.id).where(sent.message_id == message_id, sent.kind == "send")
    waiting = update(Delivery).where(
        or_(Delivery.message_id == message_id, Delivery.target_id.in_(copies)),
        Delivery.state.in_(("ready", *LOST)),
        Delivery.pending.is_(False),
    )
    return count_changed(session, waiting.values(state="superseded"))


def change_everywhere(
    session: Session, message_id: int, kind: str, now: datetime, edit_at: dict[str, datetime], cause: str | None = None
) -> datetime | None:
    """Edit or delete a message wherever any of it was sent, or may be; `edit_at`: not before, by kind of chat.

    An edit that waits already will show whatever the message says by then: it is not joined by another. Returns for
    when the last of these changes is planned.
    """
    waiting = aliased(Delivery)
    edited = exists().where(
        waiting.target_id == Delivery.id, waiting.kind == "edit", waiting.state == "ready", waiting.pending.is_(False)
    )
    at = case((Chat.kind == "room", bound(edit_at["room"])), else_=bound(edit_at["private"]))
    source = (
        select(
            random_pid(session), Delivery.message_id, Delivery.chat_id, Delivery.person_id, Delivery.id, literal(kind),
            Delivery.lane, at, bound(now), literal(cause, String()), literal("ready"), literal(0), false(),
        )
        .join(Chat, Chat.id == Delivery.chat_id)
        .where(Delivery.message_id == message_id, Delivery.kind == "send")
        .where(
            or_(
                Delivery.state == "sent", Delivery.pending.is_(True),
                exists().where(SentEvent.delivery_id == Delivery.id),
            )
        )
    )  # fmt: skip
    if kind == "edit":
        source = source.where(~edited)
    columns = ["pid", "message_id", "chat_id", "person_id", "target_id", "kind", "lane", "not_before", "created_at"]
    session.execute(DELIVERIES.insert().from_select([*columns, "cause", "state", "attempts", "pending"], source))
    waits = (Delivery.message_id == message_id, Delivery.kind == kind, Delivery.state == "ready")
    due = select(Delivery.chat_id).where(*waits)
    first = select(func.min(Delivery.not_before)).where(Delivery.chat_id == Chat.id, Delivery.state == "ready")
    hold_in_order(session, due)
    session.execute(
        update(Chat).where(Chat.id.in_(due)).values(next_at=first.scalar_subquery()), execution_options=QUIET_UPDATE
    )
    # one that failed waits for longer than was planned, and on its own account
    planned = select(func.max(Delivery.not_before)).where(*waits, Delivery.attempts == 0)
    return session.execute(planned).scalar_one()


def purge_acks(session: Session, before: datetime, limit: int = 500) -> int:
    """Forget up to `limit` answers to presses given before `before`; returns how many. Nothing refers to them: the web
    forgets its toasts after a minute."""
    query = select(Delivery.id, Delivery.message_id).where(Delivery.kind == "ack", Delivery.created_at < before)
    if not (old := session.execute(query.limit(limit)).all()):
        return 0
    ids = [row.id for row in old]
    session.execute(delete(SentEvent).where(SentEvent.delivery_id.in_(ids)), execution_options=QUIET_UPDATE)
    session.execute(delete(Delivery).where(Delivery.id.in_(ids)), execution_options=QUIET_UPDATE)
    session.execute(
        delete(Message).where(Message.id.in_([row.message_id for row in old])), execution_options=QUIET_UPDATE
    )
    return len(old)


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
