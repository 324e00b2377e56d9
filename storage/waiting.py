"""What waits in the inbox and the outbox, counted over partial indexes of what waits; and whether one can write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from storage.inbox import save_cursor
from storage.messaging import Chat, Delivery, Incoming, Sender
from storage.reach import Reach

ANYWHERE = "any"  # the platform of what is addressed to people: where they are at home when it is due


class Queue(NamedTuple):
    """How much waits on one platform in one lane, and since when the oldest of what is due could have been done."""

    platform: str
    lane: int
    due: int
    later: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many rows are due, and since when the oldest."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Leases:
    """How many chats somebody works on: on what arrived there, on what is sent there."""

    inbox: int
    outbox: int


def total(queues: Sequence[Queue]) -> Waiting:
    """What is due in all of them."""
    oldest = min((queue.oldest for queue in queues if queue.oldest is not None), default=None)
    return Waiting(sum(queue.due for queue in queues), oldest)


def inbox_waiting(session: Session) -> list[Queue]:
    """What arrived and no handler has finished, by platform."""
    # written so that no index is chosen for the platform: few rows are new, all are of a platform
    platform = Incoming.platform.concat("")
    query = select(platform, func.count(), func.min(Incoming.received_at)).where(Incoming.state == "new")
    return [Queue(name, 0, count, 0, oldest) for name, count, oldest in session.execute(query.group_by(platform))]


def outbox_waiting(session: Session, now: datetime) -> list[Queue]:
    """What is to be sent, by platform and lane: due, and for later."""
    is_due = Delivery.not_before <= now
    counted = (
        func.count(case((is_due, 1))), func.count(case((~is_due, 1))), func.min(case((is_due, Delivery.not_before))),
    )  # fmt: skip
    ready = select(Delivery.lane, *counted).where(Delivery.state == "ready").group_by(Delivery.lane)
    routed = ready.add_columns(Chat.platform).join(Chat, Chat.id == Delivery.chat_id).group_by(Chat.platform)
    rows = [*session.execute(routed.where(Delivery.chat_id.is_not(None)))]
    rows += [(*row, ANYWHERE) for row in session.execute(ready.where(Delivery.chat_id.is_(None)))]
    return [Queue(platform, lane, due, later, oldest) for lane, due, later, oldest, platform in rows]


def leases_held(session: Session, now: datetime) -> Leases:
    """Chats that somebody works on now. One that is leased is due until its lease ends."""
    inbox = select(func.count()).where(Chat.in_next_at <= now, Chat.in_leased_until > now)
    outbox = select(func.count()).where(Chat.next_at <= now, Chat.leased_until > now)
    return Leases(session.execute(inbox).scalar_one(), session.execute(outbox).scalar_one())


def neglected(session: Session, platforms: Sequence[str], now: datetime) -> tuple[datetime | None, datetime | None]:
    """Since when something could have been done that nobody does: of what arrived, of what is to be sent.

    None where somebody works on anything (under the limits of a platform the others wait for their turn), and for a bot
    that was told to wait. What comes from platforms that are switched off waits by intent.
    """
    held = leases_held(session, now)
    arrived = sent = None
    here = Reach(tuple(platforms)).covers(Chat.platform, Chat.account)
    if not held.inbox:
        due = (Chat.in_next_at <= now, here)
        arrived = session.execute(select(func.min(Chat.in_next_at)).where(*due)).scalar_one()
    if not held.outbox:
        told_to_wait = select(Sender.platform).where(
            Sender.platform == Chat.platform, Sender.account == Chat.account, Sender.blocked_until > now
        )
        chats = select(func.min(Chat.next_at)).where(Chat.next_at <= now, here)
        people = select(func.min(Delivery.not_before)).where(
            Delivery.state == "ready", Delivery.chat_id.is_(None), Delivery.not_before <= now
        )
        found = [session.execute(one).scalar_one() for one in (chats.where(~told_to_wait.exists()), people)]
        sent = min(filter(None, found), default=None)
    return arrived, sent


def probe(session: Session, now: datetime) -> None:
    """Write something, as every message that arrives would."""
    save_cursor(session, "health", "", "probe", now.isoformat())
