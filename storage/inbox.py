"""Queries of the inbox: what arrived is stored raw; handlers lease chats and take their oldest row."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    SelectBase,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from storage.base import new_pid
from storage.messaging import NEW, Chat, Cursor, Incoming
from storage.reach import Reach
from storage.rooms import Room
from storage.writing import QUIET_UPDATE, among, count_changed, insert_into, table_of, take, upsert

CHATS, INBOX = table_of(Chat), table_of(Incoming)
# the busiest statements are built once: building them costs more than running them
HOLD = (
    select(Chat)
    .join(Incoming, Incoming.chat_id == Chat.id)
    .where(
        Incoming.id == bindparam("row"), Incoming.state == "new",
        Chat.id == bindparam("chat"), Chat.in_fence == bindparam("fence"),
    )
    .with_for_update(of=Chat, key_share=True)
)  # fmt: skip
# a room with those that hear what is said in it
ROOMS, NEAR = table_of(Room), table_of(Room).alias()
ROOMS_NEAR = (
    select(NEAR.c.chat_id).join(ROOMS, ROOMS.c.community_id == NEAR.c.community_id)
    .where(ROOMS.c.chat_id == bindparam("chat"))
)  # fmt: skip
# the row that is being marked is left out by its id: PostgreSQL still sees it as it was, SQLite does not. In words of
# our own: after RETURNING, SQLAlchemy leaves the tables' names away on SQLite, and "chat_id = chat_id" is every chat
NEXT: ColumnElement[int | None] = literal_column(
    "(SELECT min(others.id) FROM inbox AS others WHERE others.chat_id = inbox.chat_id AND others.state = 'new' "
    "AND others.id <> inbox.id)",
    INBOX.c.id.type,
)
FINISH = (
    update(INBOX)
    .where(INBOX.c.id == bindparam("row"))
    .values(state=bindparam("now_state"), reason=bindparam("why"), handled_at=bindparam("at"))
    .returning(NEXT)
)
FREE = (
    select(CHATS.c.id, CHATS.c.native, CHATS.c.title, CHATS.c.state, CHATS.c.in_next_at)
    .where(
        CHATS.c.platform == bindparam("platform"), CHATS.c.account == bindparam("account"),
        among(CHATS.c.native, "natives"),
    )
    .with_for_update(skip_locked=True, key_share=True)
)  # fmt: skip
ROW = select(INBOX).where(INBOX.c.id == bindparam("row"))
OLDEST = select(INBOX).where(INBOX.c.chat_id == bindparam("chat"), INBOX.c.state == NEW).order_by(INBOX.c.id).limit(1)
NOW = bindparam("now", type_=CHATS.c.in_next_at.type)
LEASE = (
    update(CHATS)
    .where(among(CHATS.c.id, "taken"))
    .values(in_leased_until=bindparam("until"), in_fence=CHATS.c.in_fence + 1)
    .returning(CHATS.c.id, CHATS.c.in_fence, CHATS.c.kind)
)
OLDEST_ROWS = select(INBOX).where(
    INBOX.c.id.in_(
        select(func.min(INBOX.c.id))
        .where(among(INBOX.c.chat_id, "chats"), INBOX.c.state == NEW)
        .group_by(INBOX.c.chat_id)
    )
)
RELEASE = (
    update(CHATS)
    .where(CHATS.c.id == bindparam("chat"), ~exists().where(INBOX.c.chat_id == CHATS.c.id, INBOX.c.state == NEW))
    .values(in_next_at=None, in_leased_until=None)
)


@dataclass(frozen=True, slots=True)
class LeasedRow:
    """The oldest unhandled row of a chat that is leased until `until`. Whoever holds `fence` may handle it."""

    inbox_id: int
    chat_id: int
    fence: int
    until: datetime
    platform: str
    account: str
    event_id: str
    raw: dict[str, Any]
    received_at: datetime
    in_room: bool = False


class FreeChat(NamedTuple):
    """A chat that was locked without waiting."""

    id: int
    native: str
    title: str
    state: str
    in_next_at: datetime | None


def find_or_add_chat(
    session: Session, platform: str, account: str, native: str, kind: str, title: str, now: datetime, due: bool = False
) -> int:
    """The id of a chat, added when it is new; its title follows the platform. `due`: handlers have something to do.

    The chat is locked until the commit, before anything is added to it: whoever finishes its last row sees the new one.
    """
    columns = {
        "pid": new_pid(), "platform": platform, "account": account, "native": native, "kind": kind, "title": title,
        "created_at": now, "in_next_at": now if due else None,
    }  # fmt: skip
    return session.execute(_chat_upsert(session.get_bind().dialect.name), columns).scalar_one()


@cache
def _chat_upsert(dialect: str) -> Any:
    row = insert_into(dialect, Chat)
    changed = {
        "title": func.coalesce(func.nullif(row.excluded.title, ""), CHATS.c.title),
        "state": "active",
        "in_next_at": func.coalesce(CHATS.c.in_next_at, row.excluded.in_next_at),
    }
    row = row.on_conflict_do_update(index_elements=["platform", "account", "native"], set_=changed)
    return row.returning(CHATS.c.id)


def lock_free_chats(session: Session, platform: str, account: str, natives: Collection[str]) -> dict[str, FreeChat]:
    """Those of these chats that are known and that nobody has locked, by the platform's id, locked until the commit.

    Whoever locks many must not wait for one while others wait for him.
    """
    named = {"platform": platform, "account": account, "natives": list(natives)}
    return {row.native: FreeChat._make(row) for row in session.execute(FREE, named)}


def waits(session: Session) -> bool:
    """Whether transactions wait for each other's rows: not on SQLite, where one writes at a time."""
    return session.get_bind().dialect.name != "sqlite"


def hold_in_order(session: Session, chat_ids: Collection[int] | SelectBase, **given: Any) -> None:
    """Lock chats (ids, or a select of them) until the commit, always in the same order: of two that need several of
    them one waits for the other, never both. Not their keys: a row that refers to a chat holds these, and two that each
    added one before would wait for each other."""
    if waits(session):
        held = select(CHATS.c.id).where(CHATS.c.id.in_(chat_ids)).order_by(CHATS.c.id)
        session.execute(held.with_for_update(key_share=True), given)


def make_due(session: Session, chat_ids: Collection[int], now: datetime) -> None:
    """Handlers have something to do in these chats, which are locked."""
    if chat_ids:
        due = update(Chat).where(Chat.id.in_(chat_ids), Chat.in_next_at.is_(None)).values(in_next_at=now)
        session.execute(due, execution_options=QUIET_UPDATE)


def add_all_incoming(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Store raw events, each with `platform`, `account`, `event_id`, `chat_id`, `raw` and `received_at`, in this order;
    returns how many were not stored before."""
    return count_changed(session, _new_rows(session.get_bind().dialect.name), [*rows]) if rows else 0


@cache
def _new_rows(dialect: str) -> Any:
    return insert_into(dialect, Incoming).on_conflict_do_nothing(index_elements=["platform", "account", "event_id"])


def add_incoming(
    session: Session,
    chat_id: int,
    platform: str,
    account: str,
    event_id: str,
    raw: dict[str, Any],
    now: datetime,
    state: str = "new",
    reason: str | None = None,
) -> int | None:
    """Store one raw event; None when it was stored before."""
    columns = {
        "platform": platform, "account": account, "event_id": event_id, "chat_id": chat_id, "raw": raw, "state": state,
        "reason": reason, "received_at": now,
    }  # fmt: skip
    return session.execute(_new_row(session.get_bind().dialect.name), columns).scalar_one_or_none()


@cache
def _new_row(dialect: str) -> Any:
    return _new_rows(dialect).returning(INBOX.c.id)


def save_cursor(session: Session, platform: str, account: str, name: str, value: str) -> None:
    """Remember how far a platform's stream was read."""
    row = upsert(session, Cursor).values(platform=platform, account=account, name=name, value=value)
    session.execute(
        row.on_conflict_do_update(index_elements=["platform", "account", "name"], set_={"value": row.excluded.value})
    )


def get_cursor(session: Session, platform: str, account: str, name: str) -> str | None:
    """The saved position, or None before the first."""
    cursor = session.get(Cursor, (platform, account, name))
    return cursor.value if cursor else None


def lease_chats(session: Session, reach: Reach, now: datetime, limit: int, seconds: float) -> list[LeasedRow]:
    """Lease up to `limit` chats of these bots with unhandled rows for `seconds`; returns the oldest row of each.

    What came from a platform that is switched off now waits until it is back.
    """
    until = now + timedelta(seconds=seconds)
    taken = take(session, _due(reach), {"now": now, "most": limit}, LEASE, {"until": until})
    leased = {row.id: row for row in taken}
    fences = {chat_id: row.in_fence for chat_id, row in leased.items()}
    heads = {row.chat_id: row for row in session.execute(OLDEST_ROWS, {"chats": list(fences)})} if fences else {}
    for chat_id in fences.keys() - heads.keys():
        release_chat(session, chat_id)
    rooms = {chat_id for chat_id, row in leased.items() if row.kind == "room"}
    return [_leased(heads[key], fences[key], until, key in rooms) for key in fences if key in heads]


@lru_cache
def _due(reach: Reach) -> Select[Any]:
    free = or_(CHATS.c.in_leased_until.is_(None), CHATS.c.in_leased_until <= NOW)
    query = select(CHATS.c.id).where(CHATS.c.in_next_at <= NOW, reach.covers(CHATS.c.platform, CHATS.c.account), free)
    return query.order_by(CHATS.c.in_next_at).limit(bindparam("most")).with_for_update(skip_locked=True)


def _leased(row: Any, fence: int, until: datetime, in_room: bool) -> LeasedRow:
    event = (row.platform, row.account, row.event_id, row.raw, row.received_at)
    return LeasedRow(row.id, row.chat_id, fence, until, *event, in_room)


def hold_chat(session: Session, row: LeasedRow, together: Collection[int] = ()) -> Chat | None:
    """The chat, locked until the commit, while this worker still owns it and the row is still to do; else None.

    Locked with it are those that hear what is said in it: of its community, and of those that discuss it `together`.
    """
    if row.in_room:
        more = select(ROOMS.c.chat_id).where(ROOMS.c.community_id.in_(together))
        hold_in_order(session, ROOMS_NEAR.union(more) if together else ROOMS_NEAR, chat=row.chat_id)
    return session.scalars(HOLD, {"chat": row.chat_id, "fence": row.fence, "row": row.inbox_id}).first()


def finish_row(
    session: Session, row: LeasedRow, now: datetime, seconds: float, state: str = "done", reason: str | None = None
) -> LeasedRow | None:
    """Mark a row handled (done), unreadable (dead), or waiting for something (waiting_key, waiting_poll).

    Returns the chat's next row under the same lease, renewed where half of it is over; without one the chat is
    released.
    """
    values = {"row": row.inbox_id, "now_state": state, "why": reason, "at": now}
    following = session.execute(FINISH, values).scalar_one_or_none()
    if following is not None:
        found = session.execute(ROW, {"row": following}).one()
    elif release_chat(session, row.chat_id):
        return None
    else:  # it came this very moment
        found = session.execute(OLDEST, {"chat": row.chat_id}).one()
    until = row.until
    if until - now < timedelta(seconds=seconds) / 2:
        until = now + timedelta(seconds=seconds)
        renewed = update(Chat).where(Chat.id == row.chat_id).values(in_leased_until=until)
        session.execute(renewed, execution_options=QUIET_UPDATE)
    return _leased(found, row.fence, until, row.in_room)


def empty_row(session: Session, row: LeasedRow) -> None:
    """Forget what came; its event id is kept, so that a repeat changes nothing."""
    session.execute(update(INBOX).where(INBOX.c.id == row.inbox_id).values(raw={}))


def end_lease(session: Session, chat_id: int, fence: int) -> None:
    """End a lease under which rows are left; its holder is too late from now on."""
    mine = update(Chat).where(Chat.id == chat_id, Chat.in_fence == fence)
    session.execute(mine.values(in_leased_until=None, in_fence=Chat.in_fence + 1), execution_options=QUIET_UPDATE)


def release_chat(session: Session, chat_id: int) -> bool:
    """End the lease if nothing is left to handle in this chat; whether it was ended."""
    return count_changed(session, RELEASE, {"chat": chat_id}) > 0


def purge_handled(session: Session, before: datetime, limit: int = 500) -> int:
    """Delete up to `limit` rows handled well before `before`; returns how many. Those that could not be handled, and
    those whose handler failed, stay to be looked at."""
    over = (Incoming.state == "done", Incoming.reason.is_(None))
    old = select(Incoming.id).where(Incoming.handled_at < before, *over).limit(limit)
    return count_changed(session, delete(Incoming).where(Incoming.id.in_(old)))


def purge_dead(session: Session, before: datetime, limit: int = 500) -> int:
    """Delete up to `limit` rows that could not be handled, or whose handler failed, of before `before`; how many."""
    count = 0
    for state in ("dead", "done"):
        old = select(Incoming.id).where(Incoming.state == state, Incoming.received_at < before)
        if state == "done":
            old = old.where(Incoming.reason.is_not(None)).order_by(Incoming.id)
        count += count_changed(session, delete(Incoming).where(Incoming.id.in_(old.limit(limit - count))))
    return count
