"""People who could not be told something because none of their accounts has a private chat: known until one has.

Where a platform lets us begin a conversation, its adapter does (`identities.wanted_at`); what waited is sent then.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, or_, select, update
from sqlalchemy.orm import Session

from storage.messaging import Delivery
from storage.people import PRESENT, Identity, Person
from storage.writing import QUIET_UPDATE, count_changed


class Wanted(NamedTuple):
    """An account that needs a private chat."""

    pid: str
    native: str


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
    return count_changed(session, waits.values(state="ready", error=None, lane=later))
