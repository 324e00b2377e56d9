"""Tables and queries of quiz banks (G8): quizzes and their questions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Select, String, UniqueConstraint, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, Json, Pid, ref
from storage.communities import Community
from storage.people import Person
from storage.writing import QUIET_UPDATE

KEPT = text("removed_at IS NULL")


class Quiz(Base):
    """Questions in a community's bank. Those of a quiz that was pushed never change: a new quiz takes its place."""

    __tablename__ = "quizzes"
    __table_args__ = (
        Index("ix_quizzes_bank", "community_id", "id", sqlite_where=KEPT, postgresql_where=KEPT),
        Index("ix_quizzes_author", "author_id", "id"),
    )
    id: Mapped[Id]
    pid: Mapped[Pid]
    community_id: Mapped[int] = ref("communities", index=False)  # whose bank
    author_id: Mapped[int] = ref("persons", index=False)
    title: Mapped[str] = mapped_column(String(120))
    tags: Mapped[Any] = mapped_column(Json, default=list)
    search: Mapped[str] = mapped_column(String, default="")  # lower case: title, tags, the questions' words
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[int | None] = ref("persons", index=False)


class Question(Base):
    """The n-th question (from 1). `answer_key` has bit i for the i-th right option (truth: 1 true, 2 false)."""

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("quiz_id", "n"),)
    id: Mapped[Id]
    quiz_id: Mapped[int] = ref("quizzes", index=False)
    n: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))  # single | multiple | truth | short
    stem: Mapped[str] = mapped_column(String(500))
    options: Mapped[Any] = mapped_column(Json, default=list)  # their words, in order
    answer_key: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[Any] = mapped_column(Json, default=list)  # words of short answers
    reason: Mapped[str] = mapped_column(String(500), default="")
    tags: Mapped[Any] = mapped_column(Json, default=list)


def get_quiz(session: Session, pid: str) -> Quiz | None:
    """A quiz that was not removed."""
    return session.scalars(select(Quiz).where(Quiz.pid == pid, Quiz.removed_at.is_(None))).first()


def questions_of(session: Session, quiz_id: int) -> list[Question]:
    """The questions of a quiz in order."""
    return list(session.scalars(select(Question).where(Question.quiz_id == quiz_id).order_by(Question.n)))


def get_question(session: Session, quiz_id: int, n: int) -> Question | None:
    """The n-th question of a quiz."""
    return session.scalars(select(Question).where(Question.quiz_id == quiz_id, Question.n == n)).first()


def count_questions(session: Session, quiz_ids: Sequence[int]) -> dict[int, int]:
    """quiz -> how many questions it has."""
    query = select(Question.quiz_id, func.count()).where(Question.quiz_id.in_(quiz_ids)).group_by(Question.quiz_id)
    return {quiz_id: count for quiz_id, count in session.execute(query)} if quiz_ids else {}


def find_titles(session: Session, quiz_ids: Sequence[int]) -> dict[int, str]:
    """quiz -> its title."""
    return {key: title for key, title in session.execute(select(Quiz.id, Quiz.title).where(Quiz.id.in_(quiz_ids)))}


def find_quizzes(
    session: Session, banks: Select[Any], words: str, *, community_id: int | None = None, before: str | None = None,
    limit: int = 20,
) -> list[tuple[Quiz, str, str]]:  # fmt: skip
    """(quiz, its bank's name, its author's name) from the banks of a select of communities, newest first."""
    query = (
        select(Quiz, Community.name, Person.name)
        .join(Community, Community.id == Quiz.community_id)
        .join(Person, Person.id == Quiz.author_id)
        .where(Quiz.removed_at.is_(None), Quiz.community_id.in_(banks.with_only_columns(Community.id)))
    )
    for word in words.lower().split()[:10]:
        query = query.where(Quiz.search.contains(word, autoescape=True))
    if community_id is not None:
        query = query.where(Quiz.community_id == community_id)
    if before is not None:
        query = query.where(Quiz.id < select(Quiz.id).where(Quiz.pid == before).scalar_subquery())
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(Quiz.id.desc()).limit(limit))]


def all_quizzes_of(session: Session, person_id: int) -> list[Quiz]:
    """Every quiz of an author, removed ones too."""
    return list(session.scalars(select(Quiz).where(Quiz.author_id == person_id).order_by(Quiz.id)))


def drop_questions(session: Session, quiz_id: int) -> None:
    """Delete the questions of a quiz that was never pushed, for others to take their place."""
    session.execute(delete(Question).where(Question.quiz_id == quiz_id), execution_options=QUIET_UPDATE)
