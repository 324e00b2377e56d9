"""People who could not be told something because none of their accounts has a private chat: known until one has.

Where a platform lets us begin a conversation, its adapter does (`identities.wanted_at`); what waited is sent then.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session

from storage.messaging import BLOCKED, NO_ACCOUNT, NO_CHAT, Delivery
from storage.people import PRESENT, Identity, Person
from storage.writing import QUIET_UPDATE, count_changed


class Wanted(NamedTuple):
    """An account that needs a private chat."""

    pid: str
    native: str


def strand(session: Session, lost: Mapping[int, int], now: datetime) -> None:
    """Deliveries (with their people) that find nobody at home: why, and who is to be asked into a private chat."""
    people = set(lost.values())
    why = reasons_of(session, people)
    alike: dict[str | None, list[int]] = defaultdict(list)
    for delivery_id, person_id in lost.items():
        alike[why.get(person_id)].append(delivery_id)
    for reason, ids in alike.items():
        these = update(Delivery).where(Delivery.id.in_(ids), Delivery.state == "ready")
        ended = these.values(state="unreachable", error="no chat", reason=reason)
        session.execute(ended, execution_options=QUIET_UPDATE)
    want_chats(session, people, now)


def reasons_of(session: Session, person_ids: Collection[int]) -> dict[int, str]:
    """Why people who are at home nowhere are so."""
    gone = func.max(case((Identity.state == "gone", 1), else_=0))
    query = select(Person.id, func.count(Identity.id), gone).outerjoin(Identity, Identity.person_id == Person.id)
    rows = session.execute(query.where(Person.id.in_(person_ids)).group_by(Person.id))
    return {key: BLOCKED if left else NO_CHAT if accounts else NO_ACCOUNT for key, accounts, left in rows}


def want_chats(session: Session, person_ids: Collection[int], now: datetime) -> None:
    """These people are to be told something and are at home nowhere: remember it of their accounts without a private
    chat. Who left theirs still has it here, and is not asked again."""
    alone = (Identity.chat_id.is_(None), Identity.state == "active", Identity.wanted_at.is_(None))
    wanted = update(Identity).where(Identity.person_id.in_(person_ids), *alone).values(wanted_at=now)
    session.execute(wanted, execution_options=QUIET_UPDATE)


def wanted_chats(session: Session, platform: str, now: datetime, limit: int) -> list[Wanted]:
    """Accounts of a platform that a private chat should be opened with now, whose people are at home nowhere."""
    query = (
        select(Identity.pid, Identity.native)
        .join(Person, Person.id == Identity.person_id)
        .where(Identity.platform == platform, Identity.wanted_at <= now, Identity.chat_id.is_(None))
        .where(Identity.state == "active", Person.home_chat_id.is_(None), *PRESENT)
        .order_by(Identity.wanted_at)
        .limit(limit)
    )
    return [Wanted(pid, native) for pid, native in session.execute(query)]


def revive(session: Session, person_id: int, since: datetime, now: datetime) -> int:
    """Let what a person could not be told since a moment be sent after all; returns how much. A reply that had to wait
    is none any more: it comes after what is said now."""
    waits = update(Delivery).where(
        Delivery.person_id == person_id, Delivery.chat_id.is_(None), Delivery.state.in_(("unreachable", "ready")),
        Delivery.kind == "send", Delivery.created_at > since,
        or_(Delivery.expires_at.is_(None), Delivery.expires_at > now),
    )  # fmt: skip
    later = case((Delivery.lane < 1, 1), else_=Delivery.lane)
    anew = {"state": "ready", "error": None, "reason": None, "again_at": now, "lane": later}
    return count_changed(session, waits.values(anew))
