"""Whom an e-mail is to call back: one row per person, so that nothing grows and nobody is flooded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Select, String, case, func, literal, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, ref
from storage.messaging import Chat
from storage.people import PRESENT, Identity, Person
from storage.webchat import WebPresence
from storage.writing import count_changed, upsert

WAITS = text("next_at IS NOT NULL")


class MailCall(Base):
    """Something waits for a person on the web: a mail says so, unless they come and see it first."""

    __tablename__ = "mail_calls"
    __table_args__ = (Index("ix_mail_calls_next_at", "next_at", sqlite_where=WAITS, postgresql_where=WAITS),)
    id: Mapped[Id]
    person_id: Mapped[int] = ref("persons", unique=True, index=False)
    wanted_at: Mapped[datetime]  # since when something waits
    next_at: Mapped[datetime | None]  # when to write, or to try again; none: nothing to do
    attempts: Mapped[int] = mapped_column(default=0)
    rests_until: Mapped[datetime | None]  # an hour after the last one
    error: Mapped[str | None] = mapped_column(String(300))


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to write. `seen_at`: when any page of theirs was last open."""

    person_id: int
    email: str
    language: str
    wanted_at: datetime
    seen_at: datetime | None
    attempts: int


def call_people(session: Session, people: Select[Any], now: datetime, at: datetime) -> int:
    """Plan a mail at `at` to those of `people` who are at home on the web and have an address; returns how many.

    Who was written to lately is written to when their rest is over; who has one planned already gets no second.
    """
    columns = MailCall.__table__.c
    source = (
        select(Person.id, literal(now, columns.wanted_at.type), literal(at, columns.next_at.type), literal(0))
        .join(Chat, Chat.id == Person.home_chat_id)
        .where(
            Person.id.in_(people), Person.email.is_not(None), Person.email != "", Chat.platform == "web",
            *PRESENT,
        )
    )  # fmt: skip
    row = upsert(session, MailCall).from_select(["person_id", "wanted_at", "next_at", "attempts"], source)
    rested = case((MailCall.rests_until > row.excluded.next_at, MailCall.rests_until), else_=row.excluded.next_at)
    anew = {"wanted_at": row.excluded.wanted_at, "next_at": rested, "attempts": 0, "error": None}
    upserted = row.on_conflict_do_update(index_elements=["person_id"], set_=anew, where=MailCall.next_at.is_(None))
    return count_changed(session, upserted)


def take_due_calls(session: Session, now: datetime, until: datetime, limit: int) -> list[Letter]:
    """Mails to write now, taken until `until`: a worker that dies leaves them to another then."""
    due = select(MailCall.id).where(MailCall.next_at <= now).order_by(MailCall.next_at).limit(limit)
    ids = list(session.scalars(due.with_for_update(skip_locked=True)))
    if not ids:
        return []
    session.execute(update(MailCall).where(MailCall.id.in_(ids)).values(next_at=until, attempts=MailCall.attempts + 1))
    seen = (
        select(func.max(WebPresence.seen_at))
        .join(Identity, Identity.id == WebPresence.identity_id)
        .where(Identity.person_id == Person.id)
        .correlate(Person)
        .scalar_subquery()
    )
    query = (
        select(MailCall.person_id, Person.email, Person.language, MailCall.wanted_at, seen, MailCall.attempts)
        .join(Person, Person.id == MailCall.person_id)
        .where(MailCall.id.in_(ids))
    )
    return [Letter(row[0], row[1] or "", row[2], row[3], row[4], row[5]) for row in session.execute(query)]


def change_call(session: Session, person_id: int, fence: datetime, **columns: Any) -> bool:
    """Write down what became of a mail taken until `fence`; False when it is somebody else's by now, or over."""
    mine = update(MailCall).where(MailCall.person_id == person_id, MailCall.next_at == fence)
    return count_changed(session, mine.values(**columns)) > 0


def end_call(session: Session, person_id: int) -> None:
    """Write no mail to a person, whoever is about to."""
    session.execute(update(MailCall).where(MailCall.person_id == person_id).values(next_at=None, error=None))


def get_call(session: Session, person_id: int) -> MailCall | None:
    """The row of a person."""
    return session.scalars(select(MailCall).where(MailCall.person_id == person_id)).first()
