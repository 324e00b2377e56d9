"""Messages that come in parts (albums): they are gathered in one row of the inbox, handled a moment later."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.inbox import add_incoming
from storage.messaging import Chat, Incoming
from storage.writing import QUIET_UPDATE

PARTS, EVENTS = "parts", "events"


def gather(
    session: Session,
    chat_id: int,
    platform: str,
    account: str,
    album: str,
    event_id: str,
    raw: dict[str, Any],
    now: datetime,
    until: datetime,
) -> int | None:
    """Add a part to its album's row, which waits until `until`; None for a part that was there before.

    Whoever leased the chat has an older state of the row: they lose the lease. What comes after its album was handled
    is a message of its own. The chat is locked (find_or_add_chat).
    """
    row = session.scalars(
        select(Incoming).where(
            Incoming.platform == platform, Incoming.account == account, Incoming.event_id == album
        )
    ).first()  # fmt: skip
    if row is None:
        added = add_incoming(session, chat_id, platform, account, album, _joined([], [], raw, event_id), now)
        _put_off(session, chat_id, until)
        return added
    if event_id in row.raw[EVENTS]:
        return None
    if row.state != "new":
        added = add_incoming(session, chat_id, platform, account, event_id, raw, now)
        if added is not None:
            _put_off(session, chat_id, now)
        return added
    row.raw = _joined(row.raw[PARTS], row.raw[EVENTS], raw, event_id)
    session.flush()
    _put_off(session, chat_id, until)
    return row.id


def _joined(parts: Sequence[Any], events: Sequence[str], raw: dict[str, Any], event_id: str) -> dict[str, Any]:
    return {PARTS: [*parts, raw], EVENTS: [*events, event_id]}


def _put_off(session: Session, chat_id: int, until: datetime) -> None:
    """Nobody works on the chat before `until`; whoever does so now has lost it."""
    values = {"in_next_at": until, "in_leased_until": None, "in_fence": Chat.in_fence + 1}
    session.execute(update(Chat).where(Chat.id == chat_id).values(**values), execution_options=QUIET_UPDATE)
