"""Excuses (请假/免做): periods in which a person owes a workshop nothing."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Index, String, and_, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from storage.base import Base, Id, Pid, loose_ref, ref
from storage.communities import Community
from storage.people import Person


class Excuse(Base):
    """One person, one workshop, local days [since, until]. states: open, approved, declined, withdrawn."""

    __tablename__ = "excuses"
    __table_args__ = (
        Index("ix_excuses_whom", "community_id", "person_id", "state"),
        Index("ix_excuses_list", "community_id", "id"),
    )
    id: Mapped[Id]
    pid: Mapped[Pid]
    community_id: Mapped[int] = ref("communities", index=False)
    person_id: Mapped[int] = ref("persons")
    since: Mapped[date]
    until: Mapped[date]
    reason: Mapped[str] = mapped_column(String(500), default="")
    state: Mapped[str] = mapped_column(String(10), default="open")
    message_id: Mapped[int | None] = loose_ref(index=True)  # messages: what the hosts were asked with
    decided_by: Mapped[int | None] = ref("persons", index=False)
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


def excused_on(person_id: InstrumentedAttribute[int], community_id: int, days: Sequence[date]) -> ColumnElement[bool]:
    """The condition that a person is excused in a workshop on any of the days."""
    covers = or_(*[and_(Excuse.since <= day, Excuse.until >= day) for day in days])
    return (
        select(Excuse.id)
        .where(Excuse.person_id == person_id, Excuse.community_id == community_id, Excuse.state == "approved", covers)
        .exists()
    )


def get_excuse(session: Session, pid: str) -> Excuse | None:
    """An excuse by its public id, locked: two hosts decide one after the other."""
    return session.scalars(select(Excuse).where(Excuse.pid == pid).with_for_update()).first()


def open_excuse(session: Session, community_id: int, person_id: int) -> Excuse | None:
    """The person's request that a host has not decided yet."""
    query = select(Excuse).where(
        Excuse.community_id == community_id, Excuse.person_id == person_id, Excuse.state == "open"
    )
    return session.scalars(query).first()


def covering(session: Session, community_id: int, person_id: int, day: date) -> Excuse | None:
    """The approved excuse of a person that covers a day."""
    query = select(Excuse).where(
        Excuse.community_id == community_id, Excuse.person_id == person_id, Excuse.state == "approved",
        Excuse.since <= day, Excuse.until >= day,
    )  # fmt: skip
    return session.scalars(query).first()


def excuses_in(
    session: Session, community_id: int, limit: int, before_id: int | None = None
) -> list[tuple[Excuse, Person]]:
    """A workshop's excuses with their people, newest first."""
    query = select(Excuse, Person).join(Person, Person.id == Excuse.person_id)
    query = query.where(Excuse.community_id == community_id)
    if before_id is not None:
        query = query.where(Excuse.id < before_id)
    return [(excuse, person) for excuse, person in session.execute(query.order_by(Excuse.id.desc()).limit(limit))]


def excuses_of(
    session: Session, person_id: int, limit: int = 1000, before_id: int | None = None
) -> list[tuple[Excuse, Community]]:
    """A person's excuses with their workshops, newest first."""
    query = select(Excuse, Community).join(Community, Community.id == Excuse.community_id)
    query = query.where(Excuse.person_id == person_id)
    if before_id is not None:
        query = query.where(Excuse.id < before_id)
    rows = session.execute(query.order_by(Excuse.id.desc()).limit(limit))
    return [(excuse, workshop) for excuse, workshop in rows]


def excused_people(session: Session, community_id: int, day: date) -> set[int]:
    """Who is excused in a workshop on a day."""
    query = select(Excuse.person_id).where(
        Excuse.community_id == community_id, Excuse.state == "approved", Excuse.since <= day, Excuse.until >= day
    )
    return set(session.scalars(query))


def approved_of(session: Session, person_id: int, since: date) -> dict[int, list[tuple[date, date]]]:
    """community -> [first, last] days of a person's excuses that end on `since` or later."""
    query = select(Excuse.community_id, Excuse.since, Excuse.until).where(
        Excuse.person_id == person_id, Excuse.state == "approved", Excuse.until >= since
    )
    found: dict[int, list[tuple[date, date]]] = {}
    for community_id, first, last in session.execute(query):
        found.setdefault(community_id, []).append((first, last))
    return found


def forget_reasons(session: Session, person_id: int) -> None:
    """Drop what a person gave as reasons."""
    session.execute(update(Excuse).where(Excuse.person_id == person_id).values(reason=""))
