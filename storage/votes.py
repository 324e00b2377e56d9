"""Polls that a platform drew for us, and votes that wait until we know which poll they are in."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, select, update
from sqlalchemy.orm import Session

from storage.inbox import hold_in_order, make_due
from storage.messaging import Delivery, Incoming, Message, SentPoll
from storage.writing import QUIET_UPDATE, upsert


def add_sent_poll(session: Session, platform: str, account: str, native: str, delivery_id: int, now: datetime) -> None:
    """Remember which of the platform's polls a delivery became; votes that came before are due now."""
    row = upsert(session, SentPoll).values(platform=platform, account=account, native=native, delivery_id=delivery_id)
    session.execute(row.on_conflict_do_nothing(index_elements=["platform", "account", "native"]))
    _free(session, _waiting().where(_is(platform, account, native)), now)


def find_about(session: Session, platform: str, account: str, native: str) -> str | None:
    """What the message that became a poll says a vote in it is for; None for an unknown poll."""
    query = (
        select(Message.poll)
        .join(Delivery, Delivery.message_id == Message.id)
        .join(SentPoll, SentPoll.delivery_id == Delivery.id)
        .where(SentPoll.platform == platform, SentPoll.account == account, SentPoll.native == native)
    )
    poll = session.scalars(query).first()
    return poll["about"] if poll else None


def polls_of(session: Session, delivery_ids: Collection[int]) -> dict[int | None, str]:
    """delivery -> the platform's id of the poll that it became (the last one), for those that became polls."""
    if not delivery_ids:
        return {}
    query = select(SentPoll.delivery_id, SentPoll.native).where(SentPoll.delivery_id.in_(delivery_ids))
    return {row.delivery_id: row.native for row in session.execute(query.order_by(SentPoll.id))}


def free_known(session: Session, now: datetime) -> None:
    """Votes that wait for a poll which is known: handlers have something to do."""
    known = exists().where(
        SentPoll.platform == Incoming.platform,
        SentPoll.account == Incoming.account,
        SentPoll.native == Incoming.reason,
    )
    _free(session, _waiting().where(known), now)


def give_up(session: Session, before: datetime, now: datetime, reason: str, limit: int) -> Sequence[int]:
    """Votes that have waited since `before` are dead; returns the chats they came from."""
    old = _waiting().where(Incoming.received_at < before).order_by(Incoming.received_at).limit(limit)
    return _end(session, old, {"state": "dead", "reason": reason, "handled_at": now})


def _waiting() -> Select[Any]:
    return select(Incoming.id).where(Incoming.state == "waiting_poll")


def _is(platform: str, account: str, native: str) -> Any:
    return (Incoming.platform == platform) & (Incoming.account == account) & (Incoming.reason == native)


def _free(session: Session, rows: Select[Any], now: datetime) -> None:
    found = session.execute(select(Incoming.id, Incoming.chat_id).where(Incoming.id.in_(rows))).all()
    if found:
        chats = {row.chat_id for row in found}
        hold_in_order(session, chats)
        _end(session, [row.id for row in found], {"state": "new", "reason": None, "handled_at": None})
        make_due(session, chats, now)


def _end(session: Session, rows: Select[Any] | Sequence[int], values: dict[str, Any]) -> Sequence[int]:
    done = update(Incoming).where(Incoming.id.in_(rows), Incoming.state == "waiting_poll").values(**values)
    return list(session.scalars(done.returning(Incoming.chat_id), execution_options=QUIET_UPDATE))
