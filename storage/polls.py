"""Tables and queries of open polls (C4): a question to a room in which everybody sees who chose what. Never scored."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, Json, ref
from storage.broadcasts import Broadcast, broadcast_indexes
from storage.people import Person
from storage.writing import count_changed, upsert

OPEN = text("released_at IS NOT NULL AND closed_at IS NULL")


class OpenPoll(Broadcast, Base):
    """A question to the rooms of a community, voted on by name until `closes_at` or until somebody closes it."""

    __tablename__ = "polls"
    __table_args__ = (
        *broadcast_indexes("polls"),
        Index("ix_polls_closing", "closes_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )
    question: Mapped[str] = mapped_column(String(200))
    options: Mapped[Any] = mapped_column(Json)  # 2 to 12 different strings
    multiple: Mapped[bool] = mapped_column(default=False)
    closes_at: Mapped[datetime | None]  # none: until somebody closes it
    closed_at: Mapped[datetime | None]


class Vote(Base):
    """What a person chose in a poll now. `picked` has bit i for the i-th option."""

    __tablename__ = "votes"
    __table_args__ = (UniqueConstraint("poll_id", "person_id"),)
    id: Mapped[Id]
    poll_id: Mapped[int] = ref("polls", index=False)
    person_id: Mapped[int] = ref("persons")
    picked: Mapped[int]
    at: Mapped[datetime]


def set_vote(session: Session, poll_id: int, person_id: int, picked: int, now: datetime) -> None:
    """Write down what a person chose, in place of what they chose before; nothing chosen: no vote."""
    if not picked:
        mine = delete(Vote).where(Vote.poll_id == poll_id, Vote.person_id == person_id)
        count_changed(session, mine)
        return
    row = upsert(session, Vote).values(poll_id=poll_id, person_id=person_id, picked=picked, at=now)
    chosen = {"picked": row.excluded.picked, "at": row.excluded.at}
    count_changed(session, row.on_conflict_do_update(index_elements=["poll_id", "person_id"], set_=chosen))


def forget_votes(session: Session, poll_id: int) -> None:
    """Nobody chose anything."""
    count_changed(session, delete(Vote).where(Vote.poll_id == poll_id))


def find_picked(session: Session, poll_id: int, person_id: int) -> int:
    """What a person chose; 0: nothing."""
    query = select(Vote.picked).where(Vote.poll_id == poll_id, Vote.person_id == person_id)
    return session.execute(query).scalar() or 0


def count_picked(session: Session, poll_id: int) -> list[tuple[int, int]]:
    """(what was chosen, by how many): a row for every choice that somebody made."""
    query = select(Vote.picked, func.count()).where(Vote.poll_id == poll_id).group_by(Vote.picked)
    return [(picked, n) for picked, n in session.execute(query)]


def find_names(session: Session, poll_id: int, option: int, limit: int) -> list[str]:
    """The names of the first people who chose an option."""
    query = select(Person.name).join(Vote, Vote.person_id == Person.id)
    query = query.where(Vote.poll_id == poll_id, Vote.picked.bitwise_and(1 << option) != 0)
    return list(session.scalars(query.order_by(Vote.id).limit(limit)))


def find_voters(session: Session, poll_id: int, after: str | None, limit: int) -> list[tuple[Person, Vote]]:
    """Who chose what, the first first; `after` is the public id of the last person seen."""
    query = select(Person, Vote).join(Vote, Vote.person_id == Person.id).where(Vote.poll_id == poll_id)
    if after is not None:
        seen = select(Vote.id).join(Person, Person.id == Vote.person_id)
        query = query.where(Vote.id > seen.where(Vote.poll_id == poll_id, Person.pid == after).scalar_subquery())
    return [(row[0], row[1]) for row in session.execute(query.order_by(Vote.id).limit(limit))]


def find_closing(session: Session, now: datetime, limit: int) -> list[OpenPoll]:
    """Released polls whose closing time has come, locked so that no other worker closes them too."""
    query = select(OpenPoll).where(
        OpenPoll.released_at.is_not(None), OpenPoll.closed_at.is_(None), OpenPoll.closes_at <= now
    )
    return list(session.scalars(query.order_by(OpenPoll.closes_at).limit(limit).with_for_update(skip_locked=True)))


def all_votes_of(session: Session, person_id: int) -> list[tuple[OpenPoll, Vote]]:
    """Every vote of a person, with its poll."""
    query = select(OpenPoll, Vote).join(Vote, Vote.poll_id == OpenPoll.id)
    query = query.where(Vote.person_id == person_id).order_by(Vote.id)
    return [(row[0], row[1]) for row in session.execute(query)]


def all_of_author(session: Session, person_id: int) -> list[OpenPoll]:
    """Every poll of a person."""
    return list(session.scalars(select(OpenPoll).where(OpenPoll.author_id == person_id).order_by(OpenPoll.id)))
