"""What waits in the inbox and the outbox, counted over partial indexes of what waits; and whether one can write."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.inbox import save_cursor
from storage.messaging import Delivery, Incoming


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many rows wait, and since when the oldest could have been done."""

    count: int
    oldest: datetime | None


def inbox_waiting(session: Session) -> Waiting:
    """What arrived and no handler has finished."""
    query = select(func.count(), func.min(Incoming.received_at)).where(Incoming.state == "new")
    return Waiting(*session.execute(query).one())


def outbox_waiting(session: Session, now: datetime) -> tuple[Waiting, int]:
    """What is due to be sent, and how many rows are for later."""
    ready = Delivery.state == "ready"
    due = session.execute(
        select(func.count(), func.min(Delivery.not_before)).where(ready, Delivery.not_before <= now)
    ).one()
    later = session.execute(select(func.count()).where(ready, Delivery.not_before > now)).scalar_one()
    return Waiting(*due), later


def probe(session: Session, now: datetime) -> None:
    """Write something, as every message that arrives would."""
    save_cursor(session, "health", "", "probe", now.isoformat())
