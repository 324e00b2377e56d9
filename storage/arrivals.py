"""Queries of what arrived and could not be handled: what cannot be read, and handlers that failed. Its words are not
read."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.orm import Session

from storage.inbox import hold_in_order, make_due
from storage.messaging import Chat, Incoming
from storage.writing import QUIET_UPDATE

NO_KEY = "its key never came"
NO_POLL = "a poll that we do not know"
UNREADABLE, FAILED, GIVEN_UP = "unreadable", "failed", "given_up"
ENDED = Incoming.state.in_(("dead", "done"))
KIND = case(
    (Incoming.state == "done", FAILED), (Incoming.reason.in_((NO_KEY, NO_POLL)), GIVEN_UP), else_=UNREADABLE
)  # fmt: skip


class ArrivalRow(NamedTuple):
    """One that could not be handled. `kind`: unreadable, failed (`reason` is its reference number), given_up (what it
    waited for never came; its sender was asked to say it again)."""

    id: int
    kind: str
    reason: str
    platform: str
    room: bool
    received_at: datetime
    retriable: bool


def page_arrivals(session: Session, since: datetime, limit: int, platform: str | None = None,
                  before: int | None = None) -> list[ArrivalRow]:  # fmt: skip
    """What could not be handled, newest first. `since`: what came before is not tried again."""
    query = (
        select(Incoming.id, KIND, Incoming.reason, Incoming.platform, Chat.kind == "room", Incoming.received_at,
               _retriable(since))
        .join(Chat, Chat.id == Incoming.chat_id)
        .where(Incoming.reason.is_not(None), ENDED)
    )  # fmt: skip
    if platform is not None:
        query = query.where(Incoming.platform == platform)
    if before is not None:
        query = query.where(Incoming.id < before)
    found = session.execute(query.order_by(Incoming.id.desc()).limit(limit))
    return [ArrivalRow._make(row) for row in found]


def take_arrivals(session: Session, since: datetime, limit: int, *, numbers: Sequence[str] | None = None,
                  platform: str | None = None, after: int = 0) -> list[tuple[int, int]]:  # fmt: skip
    """(id, chat) of what can be handled after all, oldest first, locked until the commit: those with these ids or
    reference numbers, else all that could not be read."""
    query = select(Incoming.id, Incoming.chat_id).where(
        Incoming.reason.is_not(None), _retriable(since), Incoming.id > after
    )
    if numbers is None:
        query = query.where(Incoming.state == "dead")
    else:
        ids = [int(number) for number in numbers if number.isascii() and number.isdecimal() and len(number) < 19]
        query = query.where(or_(Incoming.id.in_(ids), and_(Incoming.state == "done", Incoming.reason.in_(numbers))))
    if platform is not None:
        query = query.where(Incoming.platform == platform)
    found = session.execute(query.order_by(Incoming.id).limit(limit).with_for_update(of=Incoming))
    return [(key, chat_id) for key, chat_id in found]


def handle_again(session: Session, rows: Sequence[tuple[int, int]], now: datetime) -> None:
    """Let handlers take these rows once more."""
    chats = {chat_id for _, chat_id in rows}
    hold_in_order(session, chats)
    these = update(Incoming).where(Incoming.id.in_([key for key, _ in rows]))
    session.execute(these.values(state="new", reason=None, handled_at=None), execution_options=QUIET_UPDATE)
    make_due(session, chats, now)


def _retriable(since: datetime) -> ColumnElement[bool]:
    """It came of late, has a place (what has none was never handled), and its sender was not asked to say it again."""
    read = and_(Incoming.state == "dead", Incoming.handled_at.is_not(None), KIND == UNREADABLE)
    return and_(or_(Incoming.state == "done", read), Incoming.received_at > since)
