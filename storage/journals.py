"""Tables and queries of journals (研修日志): entries, what is said about them, when hosts were told last."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, Select, String, and_, delete, func, or_, select, text, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, BigId, Id, Pid, Text, loose_ref, ref
from storage.communities import Community, Membership
from storage.people import PRESENT, Person
from storage.writing import QUIET_UPDATE, upsert

FETCH = {"synchronize_session": "fetch"}
PURGEABLE = "withdrawn_at IS NOT NULL AND body <> ''"
WAITING = "state = 'submitted' AND reviewed_at IS NULL"


class JournalEntry(Base):
    """A teacher's activity log. A draft is a row too, so that nothing typed is lost.

    submitting: handed in, but some of its files are still on their way. `reader_id` reads it until `reading_until`.
    """

    __tablename__ = "journal_entries"
    __table_args__ = (
        Index("ix_journal_entries_person", "person_id", "id"),
        Index("ix_journal_entries_community", "community_id", "id"),
        Index(
            "ix_journal_entries_waiting", "community_id", "submitted_at",
            sqlite_where=text(WAITING), postgresql_where=text(WAITING),
        ),
        Index(
            "ix_journal_entries_withdrawn_at", "withdrawn_at",
            sqlite_where=text(PURGEABLE), postgresql_where=text(PURGEABLE),
        ),
    )  # fmt: skip
    id: Mapped[Id]
    pid: Mapped[Pid]
    person_id: Mapped[int] = ref("persons", index=False)
    community_id: Mapped[int | None] = ref("communities", index=False)  # none: a personal log
    body: Mapped[Text] = mapped_column(default="")
    state: Mapped[str] = mapped_column(String(10), default="draft")  # draft | submitting | submitted | withdrawn
    status_id: Mapped[int | None] = loose_ref(index=True)  # messages: the live "received so far"
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    reader_id: Mapped[int | None] = ref("persons", index=False)
    reading_until: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[int | None] = ref("persons", index=False)
    score: Mapped[int | None]
    scored_by: Mapped[int | None] = ref("persons", index=False)
    featured_at: Mapped[datetime | None]
    featured_by: Mapped[int | None] = ref("persons", index=False)


class JournalComment(Base):
    """Something said about an entry, by a reviewer or by its author in answer."""

    __tablename__ = "journal_comments"
    id: Mapped[Id]
    pid: Mapped[Pid]
    entry_id: Mapped[int] = ref("journal_entries")
    author_id: Mapped[int] = ref("persons")
    body: Mapped[Text]
    created_at: Mapped[datetime]


class JournalDigest(Base):
    """When a host was last told of new entries in a workshop."""

    __tablename__ = "journal_digests"
    community_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    sent_at: Mapped[datetime]


def is_waiting() -> ColumnElement[bool]:
    """The condition that an entry was handed in and nobody has reviewed it."""
    return and_(JournalEntry.state == "submitted", JournalEntry.reviewed_at.is_(None))


def get_entry(session: Session, pid: str) -> JournalEntry | None:
    """An entry by its public id, locked until the commit: who reads it and what state it is in are decided on it."""
    return session.scalars(select(JournalEntry).where(JournalEntry.pid == pid).with_for_update()).first()


def find_draft(session: Session, person_id: int) -> JournalEntry | None:
    """The newest entry that a person has not handed in."""
    query = select(JournalEntry).where(JournalEntry.person_id == person_id, JournalEntry.state == "draft")
    return session.scalars(query.order_by(JournalEntry.id.desc()).limit(1)).first()


def list_entries(
    session: Session, limit: int, before: int | None, *, person_id: int | None = None, community_id: int | None = None,
    waiting: bool = False,
) -> list[tuple[JournalEntry, Person]]:  # fmt: skip
    """A person's entries (drafts too, newest first), or those handed in to a community, each with its author."""
    query = select(JournalEntry, Person).join(Person, Person.id == JournalEntry.person_id)
    if person_id is not None:
        query = query.where(JournalEntry.person_id == person_id, JournalEntry.state != "withdrawn")
    if community_id is not None:
        query = query.where(JournalEntry.community_id == community_id, JournalEntry.state == "submitted")
    if waiting:
        query = query.where(is_waiting())
    if before is not None:
        query = query.where(JournalEntry.id < before)
    return [(row[0], row[1]) for row in session.execute(query.order_by(JournalEntry.id.desc()).limit(limit))]


def count_waiting(session: Session, places: Select[Any], person_id: int) -> list[tuple[Community, int]]:
    """Each of the communities of a select with unreviewed entries of others, and how many; most first."""
    n = func.count()
    # a subquery of its own: else it would be correlated with the communities outside
    ids = select(places.with_only_columns(Community.id).subquery().c.id)
    query = (
        select(Community, n)
        .join(JournalEntry, JournalEntry.community_id == Community.id)
        .where(Community.id.in_(ids), is_waiting(), JournalEntry.person_id != person_id)
        .where(Community.archived_at.is_(None))
        .group_by(*Community.__table__.c)
        .order_by(n.desc(), Community.name)
    )
    return [(row[0], int(row[1])) for row in session.execute(query)]


def take_next(session: Session, community_id: int, person_id: int, now: datetime, until: datetime,
              after: JournalEntry | None) -> JournalEntry | None:  # fmt: skip
    """Lease the oldest unreviewed entry (after one, in the order of handing in) that nobody else reads."""
    free = or_(JournalEntry.reader_id.is_(None), JournalEntry.reading_until <= now, JournalEntry.reader_id == person_id)
    query = select(JournalEntry.id).where(
        JournalEntry.community_id == community_id, is_waiting(), JournalEntry.person_id != person_id, free
    )
    if after is not None:
        later = JournalEntry.submitted_at > after.submitted_at
        query = query.where(
            or_(later, and_(JournalEntry.submitted_at == after.submitted_at, JournalEntry.id > after.id))
        )
    query = query.order_by(JournalEntry.submitted_at, JournalEntry.id).limit(1).with_for_update(skip_locked=True)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        return None
    entry = session.get_one(JournalEntry, found, populate_existing=True)
    entry.reader_id, entry.reading_until = person_id, until
    session.flush()
    return entry


def readers_now(session: Session, community_id: int, now: datetime, except_id: int) -> list[str]:
    """Names of the others who are reading an unreviewed entry of a workshop right now."""
    query = (
        select(Person.name)
        .join(JournalEntry, JournalEntry.reader_id == Person.id)
        .where(JournalEntry.community_id == community_id, is_waiting(), JournalEntry.reading_until > now)
        .where(Person.id != except_id)
    )
    return list(session.scalars(query.distinct().order_by(Person.name)))


def release_reader(session: Session, person_id: int, community_id: int) -> None:
    """A person reads nothing in a workshop any more."""
    mine = update(JournalEntry).where(
        JournalEntry.community_id == community_id, is_waiting(), JournalEntry.reader_id == person_id
    )
    session.execute(mine.values(reader_id=None, reading_until=None), execution_options=FETCH)


def comments_of(session: Session, entry_id: int, limit: int | None = None, after: int = 0,
                ) -> list[tuple[JournalComment, Person]]:  # fmt: skip
    """What was said about an entry, oldest first, each with who said it; those with ids greater than `after`."""
    query = select(JournalComment, Person).join(Person, Person.id == JournalComment.author_id)
    query = query.where(JournalComment.entry_id == entry_id, JournalComment.id > after)
    rows = session.execute(query.order_by(JournalComment.id).limit(limit))
    return [(row[0], row[1]) for row in rows]


def last_commenter(session: Session, entry_id: int, except_id: int) -> int | None:
    """Who of the others spoke last about an entry."""
    query = select(JournalComment.author_id).where(
        JournalComment.entry_id == entry_id, JournalComment.author_id != except_id
    )
    return session.execute(query.order_by(JournalComment.id.desc()).limit(1)).scalar_one_or_none()


def due_digests(
    session: Session, since: datetime, sent_before: datetime, limit: int
) -> list[tuple[Community, Person, int]]:
    """(workshop, host, number waiting) where entries came since the host was told last, and that is long enough ago.

    Entries older than `since` bring no more digests: whoever left them then knows.
    """
    told = and_(JournalDigest.community_id == Community.id, JournalDigest.person_id == Person.id)
    # said once more for SQLite, which would begin with all memberships there are
    waiting = select(JournalEntry.community_id).where(is_waiting(), JournalEntry.submitted_at > since)
    query = (
        select(Community, Person, func.count())
        .select_from(JournalEntry)
        .join(Community, Community.id == JournalEntry.community_id)
        .join(Membership, Membership.community_id == Community.id)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(JournalDigest, told)
        .where(is_waiting(), JournalEntry.submitted_at > since, Community.archived_at.is_(None))
        .where(Membership.role.in_(("host", "cohost")), Membership.status == "active")
        .where(Membership.community_id.in_(waiting))
        .where(*PRESENT, JournalEntry.person_id != Person.id)
        .where(or_(JournalDigest.sent_at.is_(None), JournalDigest.sent_at <= sent_before))
        .group_by(*Community.__table__.c, *Person.__table__.c, JournalDigest.sent_at)
        .having(or_(JournalDigest.sent_at.is_(None), func.max(JournalEntry.submitted_at) > JournalDigest.sent_at))
        .order_by(Community.id, Person.id)
        .limit(limit)
    )
    return [(row[0], row[1], int(row[2])) for row in session.execute(query)]


def mark_digest(session: Session, community_id: int, person_id: int, now: datetime, sent_before: datetime) -> bool:
    """Remember that a host is told now; False when another worker has just done it."""
    row = upsert(session, JournalDigest).values(community_id=community_id, person_id=person_id, sent_at=now)
    row = row.on_conflict_do_update(
        index_elements=["community_id", "person_id"], set_={"sent_at": now}, where=JournalDigest.sent_at <= sent_before
    )
    return session.execute(row.returning(JournalDigest.person_id)).first() is not None


def has_waiting(session: Session, community_id: int, person_id: int) -> bool:
    """Whether an entry of somebody else waits in a workshop."""
    query = select(true()).where(
        JournalEntry.community_id == community_id, is_waiting(), JournalEntry.person_id != person_id
    )
    return session.execute(query.limit(1)).first() is not None


def withdrawn_before(session: Session, moment: datetime, limit: int) -> list[JournalEntry]:
    """Entries withdrawn long enough ago to be purged."""
    query = select(JournalEntry).where(JournalEntry.withdrawn_at < moment, JournalEntry.body != "")
    return list(session.scalars(query.order_by(JournalEntry.withdrawn_at).limit(limit)))


def forget_words(session: Session, entry_ids: list[int]) -> None:
    """Empty entries of all words, others' about them included; the rows stay for the records that name them."""
    about = delete(JournalComment).where(JournalComment.entry_id.in_(entry_ids))
    session.execute(about, execution_options=QUIET_UPDATE)
    emptied = update(JournalEntry).where(JournalEntry.id.in_(entry_ids)).values(body="")
    session.execute(emptied, execution_options=FETCH)


def all_of_person(session: Session, person_id: int) -> list[JournalEntry]:
    """Every entry a person ever began."""
    query = select(JournalEntry).where(JournalEntry.person_id == person_id)
    return list(session.scalars(query.order_by(JournalEntry.id)))


def comments_by(session: Session, person_id: int) -> list[tuple[JournalComment, str]]:
    """Everything a person said about entries, each with the entry's pid."""
    query = select(JournalComment, JournalEntry.pid).join(JournalEntry, JournalEntry.id == JournalComment.entry_id)
    rows = session.execute(query.where(JournalComment.author_id == person_id).order_by(JournalComment.id))
    return [(row[0], row[1]) for row in rows]


def forget_comments_by(session: Session, person_id: int) -> None:
    """Delete everything a person said about entries."""
    theirs = delete(JournalComment).where(JournalComment.author_id == person_id)
    session.execute(theirs, execution_options=QUIET_UPDATE)
