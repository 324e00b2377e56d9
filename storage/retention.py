"""Pruning what was said long ago: messages that nothing refers to, and the changes of those that stay.

Whatever names a message keeps it with all that is known of its sending: figures are counted from that, answers and
discussions find their way by it, and taking back reaches everybody. Polls keep theirs, since votes come late.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Column, and_, delete, or_, select, update
from sqlalchemy.orm import Session, aliased

from storage import schema
from storage.messaging import LOST, Delivery, Message, SentEvent, SentPoll
from storage.webchat import WebPost
from storage.writing import QUIET_UPDATE

LOOKED_AT = 100  # messages at a time
MOST_ROWS = 500  # deliveries deleted in a transaction
# columns that name a message by another name than <what>_message_id; what a message answers is shown when it is sent
MEANT = (("journal_entries", "status_id"),)


def references() -> Iterator[Column[int]]:
    """Every column that names a message, but those of its own sending."""
    for table in schema.metadata.sorted_tables:
        for column in table.c:
            named = column.name == "message_id" or column.name.endswith("_message_id")
            if table.name != "deliveries" and (named or (table.name, column.name) in MEANT):
                yield column


def prune(session: Session, after: int, said_before: datetime, dead_before: datetime) -> tuple[int, bool]:
    """One batch of the messages after the one with id `after`: what is over since before `said_before` goes, what
    nobody got (dead, unreachable, too late) since before `dead_before`. Returns (up to where, whether there is more).

    At most 500 deliveries go at a time: of a message to ten thousand people some go now, the others next.
    """
    found = session.execute(
        select(Message.id, Message.created_at).where(Message.id > after).order_by(Message.id).limit(LOOKED_AT)
    ).all()
    ids = [row.id for row in found if row.created_at < said_before]
    if not ids:
        return after, False
    free = _free(session, ids, said_before, dead_before)
    kept = [key for key in ids if key not in set(free)]
    doomed = _deliveries_of(session, free)
    doomed += _changes_of(session, kept, said_before, MOST_ROWS - len(doomed))
    _forget(session, doomed)
    if len(doomed) >= MOST_ROWS:
        return after, True
    session.execute(delete(Message).where(Message.id.in_(free)), execution_options=QUIET_UPDATE)
    return ids[-1], len(ids) == LOOKED_AT


def _free(session: Session, ids: Sequence[int], said_before: datetime, dead_before: datetime) -> list[int]:
    """Those of these messages that nothing refers to and of whose sending everything is over, held until the commit."""
    named: set[int | None] = set()
    for column in references():
        named |= set(session.execute(select(column).where(column.in_(ids))).scalars())
    polls = select(Delivery.message_id).join(SentPoll, SentPoll.delivery_id == Delivery.id)
    named |= set(session.scalars(polls.where(Delivery.message_id.in_(ids))))
    copy = aliased(Delivery)
    lately = or_(copy.created_at >= said_before, copy.sent_at >= said_before)
    lost_lately = and_(copy.state.in_(LOST), copy.created_at >= dead_before)
    going_on = or_(copy.state == "ready", copy.pending, lately, lost_lately)
    named |= set(session.scalars(select(copy.message_id).where(copy.message_id.in_(ids), going_on)))
    changed = select(Delivery.message_id).join(copy, copy.target_id == Delivery.id)
    named |= set(session.scalars(changed.where(Delivery.message_id.in_(ids), going_on)))
    left = select(Message.id).where(Message.id.in_([key for key in ids if key not in named])).order_by(Message.id)
    return list(session.scalars(left.with_for_update(skip_locked=True)))


def _deliveries_of(session: Session, message_ids: Sequence[int]) -> list[int]:
    """Deliveries of messages and of changes of their copies; those first that name others."""
    theirs = select(Delivery.id).where(Delivery.message_id.in_(message_ids))
    concerned = or_(Delivery.message_id.in_(message_ids), Delivery.target_id.in_(theirs))
    query = select(Delivery.id).where(concerned).order_by(Delivery.target_id.is_(None), Delivery.id)
    return list(session.scalars(query.limit(MOST_ROWS))) if message_ids else []


def _changes_of(session: Session, message_ids: Sequence[int], before: datetime, limit: int) -> list[int]:
    """Edits and withdrawals of messages that stay: once made, what is left of them is in the message itself."""
    over = (Delivery.kind.not_in(("send", "ack")), Delivery.state != "ready", Delivery.pending.is_(False))
    query = select(Delivery.id).where(Delivery.message_id.in_(message_ids), *over, Delivery.created_at < before)
    return list(session.scalars(query.limit(limit))) if message_ids and limit > 0 else []


def _forget(session: Session, delivery_ids: Sequence[int]) -> None:
    if not delivery_ids:
        return
    # a page of the web chat keeps what it shows
    posts = update(WebPost).where(WebPost.delivery_id.in_(delivery_ids)).values(delivery_id=None)
    session.execute(posts, execution_options=QUIET_UPDATE)
    for statement in (
        delete(SentEvent).where(SentEvent.delivery_id.in_(delivery_ids)),
        delete(Delivery).where(Delivery.id.in_(delivery_ids)),
    ):
        session.execute(statement, execution_options=QUIET_UPDATE)
