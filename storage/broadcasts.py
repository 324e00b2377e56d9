"""What everything that is sent to many has in common (notices, pushes): columns, what is due, what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Index, String, and_, case, func, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Id, Pid, ref
from storage.communities import Community
from storage.messaging import BLOCKED, DROPPED, LOST, NO_ACCOUNT, NO_CHAT, OTHER, Delivery, Message
from storage.people import Person

NOT_ARRIVED = (*LOST, DROPPED)
# that nobody could be reached stays the reason, whoever dropped it
GIVEN_UP = and_(Delivery.state == DROPPED, func.coalesce(Delivery.reason, OTHER).not_in((BLOCKED, NO_ACCOUNT, NO_CHAT)))
WHY = case((GIVEN_UP, DROPPED), else_=func.coalesce(Delivery.reason, OTHER))


class Unsent(NamedTuple):
    """Somebody who did not get a message: the delivery's state, and why (a reason of `Delivery.reason`, or dropped)."""

    name: str
    state: str
    reason: str


class Broadcast:
    """Columns of a row that waits for `release_at` and then becomes messages. The audience is evaluated at release."""

    id: Mapped[Id]
    pid: Mapped[Pid]
    community_id: Mapped[int] = ref("communities", index=False)
    author_id: Mapped[int] = ref("persons", index=False)
    place: Mapped[str] = mapped_column(String(6))  # rooms | people | both
    urgent: Mapped[bool] = mapped_column(default=False)  # wakes people in their quiet hours
    created_at: Mapped[datetime]
    release_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    reached: Mapped[int] = mapped_column(default=0)  # people it is meant for, at release, the author left out
    rooms: Mapped[int] = mapped_column(default=0)  # rooms it was said in
    # indexed: whenever a message is purged, the database looks for what refers to it
    room_message_id: Mapped[int | None] = ref("messages")
    people_message_id: Mapped[int | None] = ref("messages")
    status_message_id: Mapped[int | None] = ref("messages")  # the author's live message
    refreshed_at: Mapped[datetime | None]  # when its figures were looked at last
    settled_at: Mapped[datetime | None]  # its figures are final


Row = TypeVar("Row", bound=Broadcast)


def broadcast_indexes(table: str) -> tuple[Index, ...]:
    """The indexes of a table of broadcasts."""
    due = text("released_at IS NULL AND withdrawn_at IS NULL")
    open_ = text("released_at IS NOT NULL AND settled_at IS NULL")
    return (
        Index(f"ix_{table}_due", "release_at", sqlite_where=due, postgresql_where=due),
        Index(f"ix_{table}_open", "refreshed_at", sqlite_where=open_, postgresql_where=open_),
        Index(f"ix_{table}_author", "author_id", "id"),
        Index(f"ix_{table}_community", "community_id", "id"),
    )


def find_due(session: Session, table: type[Row], now: datetime, limit: int) -> list[Row]:
    """Rows to be released now, locked so that no other worker releases them too."""
    query = (
        select(table)
        .where(table.released_at.is_(None), table.withdrawn_at.is_(None), table.release_at <= now)
        .order_by(table.release_at, table.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def find_open(session: Session, table: type[Row], before: datetime, limit: int) -> list[Row]:
    """Released rows whose figures still change and were not looked at since `before`."""
    query = (
        select(table)
        .where(
            table.released_at.is_not(None),
            table.settled_at.is_(None),
            or_(table.refreshed_at.is_(None), table.refreshed_at <= before),
        )
        .order_by(table.refreshed_at.nulls_first(), table.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def get_by_pid(session: Session, table: type[Row], pid: str, lock: bool = False) -> Row | None:
    """A row by its public id; `lock` keeps others from changing it until the commit."""
    query = select(table).where(table.pid == pid)
    return session.scalars(query.with_for_update() if lock else query).first()


def find_of_author(session: Session, table: type[Row], author_id: int, before: str | None, limit: int) -> list[Row]:
    """What a person sent, newest first; `before` is the public id of the last one seen."""
    query = select(table).where(table.author_id == author_id)
    if before is not None:
        query = query.where(table.id < select(table.id).where(table.pid == before).scalar_subquery())
    return list(session.scalars(query.order_by(table.id.desc()).limit(limit)))


def find_places(session: Session, found: Sequence[Broadcast]) -> dict[int, str]:
    """community id -> name, of the communities that rows went to."""
    ids = {row.community_id for row in found}
    query = select(Community.id, Community.name).where(Community.id.in_(ids))
    return {key: name for key, name in session.execute(query)}


def get_message(session: Session, message_id: int | None) -> Message | None:
    """One of the messages that a row became."""
    return session.get(Message, message_id) if message_id is not None else None


def count_states(session: Session, message_id: int | None) -> dict[str, int]:
    """state -> how many deliveries of a message are in it."""
    if message_id is None:
        return {}
    query = select(Delivery.state, func.count()).where(Delivery.message_id == message_id, Delivery.kind == "send")
    return {state: count for state, count in session.execute(query.group_by(Delivery.state))}


def find_unsent(session: Session, message_id: int | None, limit: int, offset: int = 0) -> list[Unsent]:
    """People who did not get a message and will not, by name."""
    if message_id is None:
        return []
    query = (
        select(Person.name, Delivery.state, WHY)
        .join(Delivery, Delivery.person_id == Person.id)
        .where(Delivery.message_id == message_id, Delivery.kind == "send", Delivery.state.in_(NOT_ARRIVED))
        .order_by(WHY, Person.name, Person.id)
    )
    return [Unsent._make(row) for row in session.execute(query.limit(limit).offset(offset))]


def count_unreached(session: Session, message_id: int | None) -> dict[str, int]:
    """why -> how many people a message did not reach and will not (as in `Unsent`)."""
    if message_id is None:
        return {}
    query = select(WHY, func.count()).where(Delivery.message_id == message_id, Delivery.kind == "send")
    people = query.where(Delivery.state.in_(NOT_ARRIVED), Delivery.person_id.is_not(None))
    return {why: count for why, count in session.execute(people.group_by(WHY))}


def any_of(session: Session, query: Any) -> bool:
    """Whether a select gives anything."""
    return session.execute(query.limit(1)).first() is not None
