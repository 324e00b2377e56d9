"""Queries of dead letters: deliveries that were lost, why, and what of them can be tried again.

A letter belongs where its person is at home, or to the community whose room it was for. What it says is nobody's
business here and never read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, false, func, null, or_, select, update
from sqlalchemy.orm import Session, aliased

from storage.communities import Community
from storage.memberships import under
from storage.messages import bound
from storage.messaging import DROPPED, EXPIRED, LETTER, OTHER, UNREACHABLE, Chat, Delivery
from storage.outbox import wake_chats
from storage.people import Identity, Person
from storage.rooms import Room
from storage.writing import QUIET_UPDATE, count_changed

HOME, PLACE = aliased(Community), aliased(Community)
LATER, ACCOUNT = aliased(Delivery), aliased(Identity)
REASON = func.coalesce(Delivery.reason, OTHER)
# a private answer names no person, but its chat does
WHO = func.coalesce(Delivery.person_id, Identity.person_id)
# to a person it goes wherever they are at home by then
ANEW = and_(Delivery.person_id.is_not(None), Delivery.kind == "send")
# what changed it since is in force
OVERTAKEN = exists().where(
    LATER.target_id == Delivery.target_id, LATER.id > Delivery.id, LATER.state.in_(("ready", "sent"))
)


class LetterRow(NamedTuple):
    """One letter; `retriable`: whether it could arrive now. People and rooms are None where it was for none."""

    id: int
    pid: str
    kind: str
    reason: str
    error: str | None
    platform: str | None
    person: str | None
    name: str | None
    school: str | None
    community: str | None
    place: str | None
    attempts: int
    created_at: datetime
    expires_at: datetime | None
    retriable: bool


class Counted(NamedTuple):
    """How many letters there are for a reason, and how many of them could arrive now."""

    reason: str
    n: int
    retriable: int


class Retriable(NamedTuple):
    """A letter that can be tried again, with when its person may be woken."""

    id: int
    pid: str
    chat_id: int | None
    not_before: datetime
    person_id: int | None
    zone: str | None
    quiet_hours: str | None


class Which(NamedTuple):
    """Which letters are meant. `paths`: at or under one of these communities; None: anywhere, strangers' too."""

    paths: Sequence[str] | None = None
    reason: str | None = None
    platform: str | None = None
    pid: str | None = None
    after: str | None = None  # the pid of the last one seen


def page_letters(session: Session, which: Which, now: datetime, limit: int) -> list[LetterRow]:
    """Letters, newest first."""
    query = _from(
        select(
            Delivery.id, Delivery.pid, Delivery.kind, REASON, Delivery.error, Chat.platform, Person.pid, Person.name,
            HOME.name, PLACE.pid, PLACE.name, Delivery.attempts, Delivery.created_at, Delivery.expires_at,
            _retriable(now),
        ),
        which,
    )  # fmt: skip
    if which.after is not None:
        query = query.where(Delivery.id < _last(which.after))
    found = session.execute(query.order_by(Delivery.id.desc()).limit(limit))
    return [LetterRow._make(row) for row in found]


def count_letters(session: Session, which: Which, now: datetime) -> list[Counted]:
    """The reasons there are letters for."""
    could = func.sum(case((_retriable(now), 1), else_=0))
    query = _from(select(REASON, func.count(), could), which).group_by(REASON)
    return [Counted(reason, n, int(could or 0)) for reason, n, could in session.execute(query)]


def was_letter(session: Session, which: Which) -> bool:
    """Whether there is such a delivery there, whatever became of it."""
    return session.execute(_from(select(Delivery.id), which, lost=False).limit(1)).first() is not None


def take_retriable(session: Session, which: Which, now: datetime, limit: int) -> list[Retriable]:
    """Letters that can be tried again, oldest first, locked until the commit."""
    query = _from(
        select(Delivery.id, Delivery.pid, case((ANEW, null()), else_=Delivery.chat_id), Delivery.not_before, WHO,
               Person.zone, Person.quiet_hours),
        which,
    )  # fmt: skip
    return [Retriable._make(row) for row in session.execute(_take(query.where(_retriable(now)), which, limit))]


def take_letters(session: Session, which: Which, limit: int) -> list[tuple[int, str]]:
    """(id, pid) of letters, oldest first, locked until the commit."""
    found = session.execute(_take(_from(select(Delivery.id, Delivery.pid), which), which, limit))
    return [(key, pid) for key, pid in found]


def revive_letters(session: Session, letters: Sequence[Retriable], at: datetime, now: datetime) -> None:
    """Let letters be sent at a moment, or when they were for. What is told late is no reply any more."""
    values = {
        "state": "ready", "reason": None, "error": None, "attempts": 0, "unheard": 0, "pending": False,
        "again_at": now, "lane": case((Delivery.lane < 1, 1), else_=Delivery.lane),
        "chat_id": case((ANEW, null()), else_=Delivery.chat_id),
        "not_before": case((Delivery.not_before > at, Delivery.not_before), else_=bound(at)),
    }  # fmt: skip
    these = update(Delivery).where(Delivery.id.in_([letter.id for letter in letters]), LETTER)
    session.execute(these.values(values), execution_options=QUIET_UPDATE)
    wake_chats(session, sorted({letter.chat_id for letter in letters if letter.chat_id is not None}), at)


def drop_letters(session: Session, ids: Sequence[int]) -> int:
    """Nobody tries these again; returns how many."""
    return count_changed(session, update(Delivery).where(Delivery.id.in_(ids), LETTER).values(state=DROPPED))


def drop_unreached(session: Session, before: datetime, limit: int) -> int:
    """Up to `limit` of what reached nobody and was written before a moment is no letter any more; returns how many."""
    these = select(Delivery.id).where(Delivery.state == UNREACHABLE, Delivery.created_at <= before).limit(limit)
    return count_changed(session, update(Delivery).where(Delivery.id.in_(these)).values(state=DROPPED))


def _from(query: Any, which: Which, lost: bool = True) -> Any:
    query = (
        query.select_from(Delivery)
        .outerjoin(Chat, Chat.id == Delivery.chat_id)
        .outerjoin(Identity, Identity.id == Chat.identity_id)
        .outerjoin(Person, Person.id == WHO)
        .outerjoin(HOME, HOME.id == func.coalesce(Person.school_id, Person.region_id))
        .outerjoin(Room, Room.chat_id == Chat.id)
        .outerjoin(PLACE, PLACE.id == Room.community_id)
        .where(Person.erased_at.is_(None))
    )
    if lost:
        query = query.where(LETTER)
    if which.paths is not None:
        query = query.where(or_(under(HOME.path, which.paths), under(PLACE.path, which.paths)))
    if which.reason is not None:
        query = query.where(REASON.in_([which.reason]))
    if which.platform is not None:
        query = query.where(or_(Chat.platform == which.platform, _could_be_on(which.platform)))
    return query.where(Delivery.pid == which.pid) if which.pid is not None else query


def _could_be_on(platform: str) -> ColumnElement[bool]:
    """What is for a person who is at home nowhere is on the platforms where they have an account."""
    account = exists().where(ACCOUNT.person_id == Delivery.person_id, ACCOUNT.platform == platform)
    return and_(Delivery.chat_id.is_(None), account)


def _take(query: Any, which: Which, limit: int) -> Any:
    if which.after is not None:
        query = query.where(Delivery.id > _last(which.after))
    return query.order_by(Delivery.id).limit(limit).with_for_update(of=Delivery)


def _last(pid: str) -> Any:
    return select(LATER.id).where(LATER.pid == pid).scalar_subquery()


def _retriable(now: datetime) -> ColumnElement[bool]:
    """In time, and with somewhere to go: a person at home somewhere, or a chat that is there."""
    changes = and_(Delivery.target_id.is_not(None), OVERTAKEN)
    goes = case((ANEW, Person.home_chat_id.is_not(None)), else_=func.coalesce(Chat.state == "active", false()))
    late = and_(Delivery.expires_at.is_not(None), Delivery.expires_at <= now)
    return and_(REASON != EXPIRED, ~late, ~changes, goes)
