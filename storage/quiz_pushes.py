"""Tables and queries of pushed quizzes (C4, G8): who tried, what was answered, who still owes an answer."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    String,
    UniqueConstraint,
    case,
    distinct,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from storage.base import Base, Id, Pid, ref
from storage.broadcasts import Broadcast, broadcast_indexes
from storage.communities import Appointment, Community, Membership, held_on
from storage.excuses import excused_on
from storage.messaging import Delivery, SentPoll
from storage.people import Person
from storage.quizzes import Quiz
from storage.writing import count_changed, upsert

HostMembership = aliased(Membership)
OPEN = text("released_at IS NOT NULL AND closed_at IS NULL")


class QuizPush(Broadcast, Base):
    """A quiz sent to a community, to be answered in private until `closes_at`."""

    __tablename__ = "quiz_pushes"
    __table_args__ = (
        *broadcast_indexes("quiz_pushes"),
        Index("ix_quiz_pushes_closing", "closes_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )
    quiz_id: Mapped[int] = ref("quizzes")
    closes_at: Mapped[datetime | None]  # none: stays open
    closed_at: Mapped[datetime | None]  # when the clock closed it
    attempts: Mapped[int] = mapped_column(default=1)  # that each person has; 0: any number
    pass_mark: Mapped[int] = mapped_column(default=0)  # percent of the questions; 0: none


class Attempt(Base):
    """A person's n-th try (from 1) at a push; `score` counts right answers, `passed` is none without a pass mark."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("push_id", "person_id", "n"),)
    id: Mapped[Id]
    pid: Mapped[Pid]
    push_id: Mapped[int] = ref("quiz_pushes", index=False)
    person_id: Mapped[int] = ref("persons")
    n: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    score: Mapped[int] = mapped_column(default=0)
    passed: Mapped[bool | None]


class Answer(Base):
    """What was answered to one question in one attempt. `picked` has bit i for the i-th option."""

    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("attempt_id", "question_id"),)
    id: Mapped[Id]
    attempt_id: Mapped[int] = ref("attempts", index=False)
    question_id: Mapped[int] = ref("questions")
    picked: Mapped[int] = mapped_column(default=0)
    words: Mapped[str] = mapped_column(String(500), default="")
    correct: Mapped[bool]
    vote_key: Mapped[str | None] = mapped_column(String(80), unique=True)  # of the platform's event: it counts once
    at: Mapped[datetime]


def was_released(session: Session, quiz_id: int) -> bool:
    """Whether people were ever asked a quiz."""
    query = select(QuizPush.id).where(QuizPush.quiz_id == quiz_id, QuizPush.released_at.is_not(None))
    return session.execute(query.limit(1)).first() is not None


def find_scheduled(session: Session, quiz_id: int, lock: bool = False) -> list[QuizPush]:
    """Pushes of a quiz that wait for their moment; `lock` keeps them from going out until the commit."""
    query = select(QuizPush).where(
        QuizPush.quiz_id == quiz_id, QuizPush.released_at.is_(None), QuizPush.withdrawn_at.is_(None)
    )
    return list(session.scalars(query.with_for_update() if lock else query))


def is_own_poll(session: Session, platform: str, account: str, native: str, person_id: int) -> bool:
    """Whether a platform's poll is the one that was sent to this person."""
    query = (
        select(SentPoll.id)
        .join(Delivery, Delivery.id == SentPoll.delivery_id)
        .where(SentPoll.platform == platform, SentPoll.account == account, SentPoll.native == native)
        .where(Delivery.person_id == person_id)
    )
    return session.execute(query.limit(1)).first() is not None


def all_pushes_of(session: Session, person_id: int) -> list[QuizPush]:
    """Every push of quizzes by a person."""
    return list(session.scalars(select(QuizPush).where(QuizPush.author_id == person_id).order_by(QuizPush.id)))


def find_of_author(session: Session, author_id: int, before: str | None,
                   limit: int) -> list[tuple[QuizPush, Quiz, Community]]:  # fmt: skip
    """What a person pushed, where to, newest first; `before` is the public id of the last one seen."""
    query = (
        select(QuizPush, Quiz, Community)
        .join(Quiz, Quiz.id == QuizPush.quiz_id)
        .join(Community, Community.id == QuizPush.community_id)
        .where(QuizPush.author_id == author_id)
    )
    if before is not None:
        query = query.where(QuizPush.id < select(QuizPush.id).where(QuizPush.pid == before).scalar_subquery())
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(QuizPush.id.desc()).limit(limit))]


def find_closing(session: Session, now: datetime, limit: int) -> list[QuizPush]:
    """Released pushes whose closing time has come, locked so that no other worker closes them too."""
    query = select(QuizPush).where(
        QuizPush.released_at.is_not(None), QuizPush.closed_at.is_(None), QuizPush.closes_at <= now
    )
    return list(session.scalars(query.order_by(QuizPush.closes_at).limit(limit).with_for_update(skip_locked=True)))


def find_open_for(session: Session, person_id: int, places: Select[Any], banks: Select[Any], now: datetime, limit: int,
                  before: str | None = None) -> list[tuple[QuizPush, Quiz, str]]:  # fmt: skip
    """(push, quiz, community's name) that a person of these places, who sees these banks, can still answer and has not
    finished, newest first; `before` is the public id of the last one seen."""
    finished = select(Attempt.id).where(
        Attempt.push_id == QuizPush.id, Attempt.person_id == person_id, Attempt.finished_at.is_not(None)
    )
    query = (
        select(QuizPush, Quiz, Community.name)
        .join(Quiz, Quiz.id == QuizPush.quiz_id)
        .join(Community, Community.id == QuizPush.community_id)
        .where(
            QuizPush.community_id.in_(places.with_only_columns(Community.id)),
            QuizPush.released_at.is_not(None),
            QuizPush.withdrawn_at.is_(None),
            QuizPush.author_id != person_id,
            Quiz.community_id.not_in(banks.with_only_columns(Community.id)),
            or_(QuizPush.closes_at.is_(None), QuizPush.closes_at > now),
            ~finished.exists(),
        )
    )
    if before is not None:
        query = query.where(QuizPush.id < select(QuizPush.id).where(QuizPush.pid == before).scalar_subquery())
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(QuizPush.id.desc()).limit(limit))]


def add_attempt(session: Session, push_id: int, person_id: int, n: int, now: datetime) -> bool:
    """Begin a person's n-th try; False when it was begun already."""
    row = upsert(session, Attempt).values(push_id=push_id, person_id=person_id, n=n, started_at=now)
    return count_changed(session, row.on_conflict_do_nothing(index_elements=["push_id", "person_id", "n"])) > 0


def attempts_of(session: Session, push_id: int, person_id: int, lock: bool = False) -> list[Attempt]:
    """A person's tries at a push, in order; `lock` keeps others from changing them until the commit, or from beginning
    one where there is none that could be locked."""
    if lock:
        session.execute(only_person(person_id).with_for_update(key_share=True))
    query = select(Attempt).where(Attempt.push_id == push_id, Attempt.person_id == person_id).order_by(Attempt.n)
    return list(session.scalars(query.with_for_update() if lock else query))


def find_finished(session: Session, push_id: int, people: Collection[int | None]) -> set[int]:
    """Those of `people` who finished an attempt at a push."""
    query = select(Attempt.person_id).where(
        Attempt.push_id == push_id, Attempt.person_id.in_(people), Attempt.finished_at.is_not(None)
    )
    return set(session.scalars(query))


def get_attempt(session: Session, pid: str, lock: bool = False) -> Attempt | None:
    """An attempt by its public id."""
    query = select(Attempt).where(Attempt.pid == pid)
    return session.scalars(query.with_for_update() if lock else query).first()


def only_person(person_id: int) -> Select[Any]:
    """A select of one person."""
    return select(Person.id).where(Person.id == person_id)


def answers_of(session: Session, attempt_id: int) -> list[Answer]:
    """What was answered in an attempt, in the order of answering."""
    return list(session.scalars(select(Answer).where(Answer.attempt_id == attempt_id).order_by(Answer.id)))


def find_vote(session: Session, vote_key: str) -> tuple[Answer, Attempt] | None:
    """What a platform's event was counted as."""
    query = select(Answer, Attempt).join(Attempt, Attempt.id == Answer.attempt_id).where(Answer.vote_key == vote_key)
    found = session.execute(query).first()
    return (found[0], found[1]) if found else None


def find_unfinished(session: Session, push_id: int, limit: int) -> list[Attempt]:
    """Attempts at a push in which something was answered, but not everything."""
    answered = select(Answer.id).where(Answer.attempt_id == Attempt.id)
    query = select(Attempt).where(Attempt.push_id == push_id, Attempt.finished_at.is_(None), answered.exists())
    return list(session.scalars(query.order_by(Attempt.id).limit(limit).with_for_update()))


def count_people(session: Session, push_id: int) -> tuple[int, int]:
    """(people who finished an attempt, people who passed)."""
    finished = case((Attempt.finished_at.is_not(None), Attempt.person_id))
    passed = case((Attempt.passed.is_(True), Attempt.person_id))
    query = select(func.count(distinct(finished)), func.count(distinct(passed))).where(Attempt.push_id == push_id)
    row = session.execute(query).one()
    return row[0], row[1]


def count_answers(session: Session, push_id: int) -> list[tuple[int, int, bool, int]]:
    """(question, picked, correct, how many) of everybody's first attempt."""
    query = (
        select(Answer.question_id, Answer.picked, Answer.correct, func.count())
        .join(Attempt, Attempt.id == Answer.attempt_id)
        .where(Attempt.push_id == push_id, Attempt.n == 1)
        .group_by(Answer.question_id, Answer.picked, Answer.correct)
    )
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(query)]


def sees_bank(bank: Community, roles: Collection[str], offices: Collection[str], today: date) -> ColumnElement[bool]:
    """Whether the selected person has one of the roles in a community, or one of the offices there or above."""
    role = select(HostMembership.id).where(
        HostMembership.person_id == Person.id, HostMembership.community_id == bank.id,
        HostMembership.status == "active", HostMembership.role.in_(roles),
    )  # fmt: skip
    office = select(Appointment.id).where(
        Appointment.person_id == Person.id, Appointment.community_id.in_(bank.line), Appointment.office.in_(offices),
        held_on(today),
    )  # fmt: skip
    return or_(role.exists(), office.exists())


def missing(people: Select[Any], push_id: int, knows: ColumnElement[bool], workshop_id: int | None,
            days: Sequence[date]) -> Select[Any]:  # fmt: skip
    """Of a select of people those who have not finished an attempt and do not know the answers anyway; of a workshop
    its members only, and of them none who is excused on one of the days."""
    finished = select(Attempt.id).where(
        Attempt.push_id == push_id, Attempt.person_id == Person.id, Attempt.finished_at.is_not(None)
    )
    people = people.where(~finished.exists(), ~knows)
    if workshop_id is None:
        return people
    # the audience of a workshop is its memberships
    return people.where(Membership.role == "member", ~excused_on(Person.id, workshop_id, days))


def all_attempts_of(session: Session, person_id: int) -> list[tuple[Attempt, str]]:
    """(attempt, pid of its push) of everything a person tried."""
    query = select(Attempt, QuizPush.pid).join(QuizPush, QuizPush.id == Attempt.push_id)
    query = query.where(Attempt.person_id == person_id).order_by(Attempt.id)
    return [(row[0], row[1]) for row in session.execute(query)]


def answers_of_person(session: Session, person_id: int) -> list[Answer]:
    """Every answer a person gave."""
    query = select(Answer).join(Attempt, Attempt.id == Answer.attempt_id).where(Attempt.person_id == person_id)
    return list(session.scalars(query.order_by(Answer.id)))
