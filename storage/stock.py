"""What the service did lately and what it has: for those who run it. Bounded looks, over indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from storage.matrix import MatrixDevice
from storage.messaging import LETTER, Chat, Cursor, Delivery, Incoming, SentEvent
from storage.readers import READER

NEWEST = 20_000  # messages that are looked at: more than a bot may send in the time that is asked for
FAILED = text("reason IS NOT NULL AND state = 'dead'")


@dataclass(frozen=True, slots=True)
class Claim:
    """That one process alone reads an account's stream, for how long it said so last."""

    platform: str
    account: str
    until: datetime


def handled_since(session: Session, since: datetime) -> dict[str, int]:
    """How much of what arrived was handled, by platform."""
    # written so that no index is chosen for the platform: all rows are of one, few are of the last minutes
    platform = Incoming.platform.concat("")
    query = select(platform, func.count()).where(Incoming.handled_at >= since).group_by(platform)
    return {name: count for name, count in session.execute(query)}


def sent_since(session: Session, since: datetime) -> dict[str, int]:
    """In how many deliveries something was said, by platform: of a push that waits since long ago, too."""
    newest = select(SentEvent.delivery_id).order_by(SentEvent.id.desc()).limit(NEWEST).subquery()
    query = (
        select(Chat.platform, func.count(Delivery.id.distinct()))
        .join(Delivery, Delivery.chat_id == Chat.id)
        .join(newest, newest.c.delivery_id == Delivery.id)
        .where(Delivery.sent_at >= since)
        .group_by(Chat.platform)
    )
    return {platform: count for platform, count in session.execute(query)}


def lost(session: Session) -> dict[str, int]:
    """How many deliveries reached nobody, by their state: as many as there are letters."""
    return {state: count for state, count in session.execute(
        select(Delivery.state, func.count()).where(LETTER).group_by(Delivery.state)
    )}  # fmt: skip


def unhandled(session: Session) -> int:
    """How much arrived that could not be read."""
    return session.execute(select(func.count()).select_from(Incoming).where(FAILED)).scalar_one()


def claims(session: Session) -> Sequence[Claim]:
    """Who reads what only one may read. """
    found = [
        Claim(row.platform, row.account, datetime.fromisoformat(row.value.partition(" ")[2]))
        for row in session.scalars(select(Cursor).where(Cursor.name == READER)) if " " in row.value
    ]  # fmt: skip
    held = select(MatrixDevice).where(MatrixDevice.held_until.is_not(None))
    devices: Any = session.scalars(held)
    return [*found, *[Claim("matrix", row.account, row.held_until) for row in devices]]


def database_bytes(session: Session) -> int:
    """How large the database is, its indexes included."""
    if session.get_bind().dialect.name == "sqlite":
        pages = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return session.execute(pages).scalar_one()
    return session.execute(select(func.pg_database_size(func.current_database()))).scalar_one()
