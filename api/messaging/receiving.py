"""What adapters and handlers do with the inbox: store what arrived, lease chats, finish rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api.context import Context
from api.messaging.tracing import tell_arrived
from api.owning import Taken
from storage import albums, inbox, readers, topics
from storage.base import keepable
from storage.inbox import FreeChat, LeasedRow
from storage.messaging import Chat
from storage.reach import Reach

LEASE_SECONDS = 30.0
READER_HOLD = timedelta(seconds=60)  # longer than a poll and its storing: so long an older version keeps away
ALBUM_PAUSE = timedelta(seconds=1)  # after its last part an album is complete
LONGEST = 255  # characters of a title or an event id that the inbox keeps


@dataclass(frozen=True, slots=True)
class Arrival:
    """One platform event as it came. `event_id` is unique per bot account; `dead` says why it cannot be parsed.

    Parts of one message share `album`: they become one row, {"parts": [raw, ...]}, a moment after the last of them.
    """

    event_id: str
    chat: str  # the platform's chat id
    kind: str  # private | room
    raw: dict[str, Any]
    title: str = ""
    dead: str | None = None
    state: str = field(default="new")  # or waiting_key, waiting_poll
    album: str = ""


def receive(ctx: Context, platform: str, account: str, arrivals: Sequence[Arrival],
            cursor: tuple[str, str] | None = None, reader: str = "") -> int:  # fmt: skip
    """Store arrivals together with the stream's position; a repeat changes nothing. Returns how many were new.

    Of a stream that only one process may read, `reader` says whose term it is. Raises Taken.
    """
    if reader:
        read_on(ctx, platform, account, reader)
    stored = list[str]()
    for arrival in arrivals:
        state = "dead" if arrival.dead else arrival.state
        chat, title = keepable(arrival.chat), keepable(arrival.title)[:LONGEST]
        chat_id = inbox.find_or_add_chat(
            ctx.session, platform, account, chat, arrival.kind, title, ctx.now,
            due=state == "new" and not arrival.album,
        )  # fmt: skip
        event_id = _event_id(arrival.event_id)
        if arrival.album and state == "new":
            album, until = _event_id(f"album:{chat}:{arrival.album}"), ctx.now + ALBUM_PAUSE
            added = albums.gather(ctx.session, chat_id, platform, account, album, event_id, arrival.raw, ctx.now, until)
        else:
            added = inbox.add_incoming(
                ctx.session, chat_id, platform, account, event_id, arrival.raw, ctx.now, state, arrival.dead
            )
            album = event_id
        if added is not None:
            stored.append(album)
    if cursor is not None:
        inbox.save_cursor(ctx.session, platform, account, *cursor)
    if stored:
        ctx.wake("inbox")
        tell_arrived(ctx, platform, account, stored)
    return len(stored)


def receive_together(ctx: Context, platform: str, account: str, arrivals: Sequence[Arrival]) -> list[bool]:
    """Store arrivals of many chats in few statements; which of them were. The others are to be received by themselves:
    their chat is new, renamed, or busy, or one of them is no plain message; what comes after it in its chat waits."""
    chats = inbox.lock_free_chats(ctx.session, platform, account, {keepable(arrival.chat) for arrival in arrivals})
    stored, rows, due, left = list[bool](), list[dict[str, Any]](), set[int](), set[str]()
    for arrival in arrivals:
        chat = chats.get(keepable(arrival.chat))
        if chat is None or arrival.chat in left or not _plain(arrival, chat):
            left.add(arrival.chat)
            stored.append(False)
            continue
        stored.append(True)
        if chat.in_next_at is None:
            due.add(chat.id)
        rows.append({
            "platform": platform, "account": account, "event_id": _event_id(arrival.event_id), "chat_id": chat.id,
            "raw": arrival.raw, "received_at": ctx.now,
        })  # fmt: skip
    inbox.make_due(ctx.session, due, ctx.now)
    if inbox.add_all_incoming(ctx.session, rows):
        ctx.wake("inbox")
        tell_arrived(ctx, platform, account, [row["event_id"] for row in rows])
    return stored


def _plain(arrival: Arrival, chat: FreeChat) -> bool:
    """Whether nothing changes with an arrival but that there is one more message in its chat."""
    if arrival.dead or arrival.album or arrival.state != "new" or chat.state != "active":
        return False
    return not arrival.title or keepable(arrival.title)[:LONGEST] == chat.title


def _event_id(text: str) -> str:
    """As the inbox keeps it: what is too long is known by its digest."""
    text = keepable(text)
    return text if len(text) <= LONGEST else hashlib.sha256(text.encode()).hexdigest()


def cursor(ctx: Context, platform: str, account: str, name: str) -> str | None:
    """Where the stream was read up to."""
    return inbox.get_cursor(ctx.session, platform, account, name)


def begin_to_read(ctx: Context, platform: str, account: str, reader: str) -> None:
    """Let an owner's term begin (api/owning.py). Raises Taken while a process of an older version reads."""
    if not readers.begin(ctx.session, platform, account, reader, ctx.now, ctx.now + READER_HOLD):
        raise Taken("a process of an older version reads")


def read_on(ctx: Context, platform: str, account: str, reader: str) -> None:
    """Go on reading a stream. Raises Taken when another process reads it now."""
    if not readers.go_on(ctx.session, platform, account, reader, ctx.now + READER_HOLD):
        raise Taken("another process reads")


def lease_rows(ctx: Context, reach: Reach, limit: int) -> list[LeasedRow]:
    """The oldest unhandled row of up to `limit` chats, leased to this worker."""
    return inbox.lease_chats(ctx.session, reach, ctx.now, limit, LEASE_SECONDS)


def hold_row(ctx: Context, row: LeasedRow, about: str = "") -> Chat | None:
    """The row's chat, held until the commit; None when the row is not ours to handle any more.

    With `about`, the event of the chat that is answered or changed, the rooms of all who discuss that are held, too.
    """
    asked = about and row.in_room and inbox.waits(ctx.session)
    together = topics.communities_of(ctx.session, row.chat_id, about) if asked else ()
    return inbox.hold_chat(ctx.session, row, together)


def finish_row(ctx: Context, row: LeasedRow, state: str = "done", reason: str | None = None) -> LeasedRow | None:
    """Mark a row whose chat is held, and go on with the chat's next one, if there is one."""
    return inbox.finish_row(ctx.session, row, ctx.now, LEASE_SECONDS, state, reason)


def pass_over(ctx: Context, row: LeasedRow, state: str, reason: str | None = None) -> LeasedRow | None:
    """Finish a row that nothing is done for. Its chat is held meanwhile: what arrives just then is not overlooked."""
    return finish_row(ctx, row, state, reason) if hold_row(ctx, row) is not None else None


def put_aside(ctx: Context, row: LeasedRow) -> LeasedRow | None:
    """Finish a row that is not read: only that it came is kept."""
    if hold_row(ctx, row) is None:
        return None
    inbox.empty_row(ctx.session, row)
    return finish_row(ctx, row)


def return_row(ctx: Context, row: LeasedRow) -> None:
    """Leave a chat to other handlers at once; whoever still works on the row is too late then."""
    inbox.end_lease(ctx.session, row.chat_id, row.fence)
    ctx.wake("inbox")


def purge_inbox(ctx: Context) -> int:
    """Forget rows handled long ago (their repeats are not expected any more), and much later those that were dead."""
    keep = ctx.config.retention
    return inbox.purge_handled(ctx.session, ctx.now - timedelta(days=keep.handled_days)) + inbox.purge_dead(
        ctx.session, ctx.now - timedelta(days=keep.dead_days)
    )


__all__ = [
    "ALBUM_PAUSE", "Arrival", "LeasedRow", "Taken", "begin_to_read", "cursor", "finish_row", "hold_row", "keepable",
    "lease_rows", "pass_over", "purge_inbox", "put_aside", "read_on", "receive", "receive_together", "return_row",
]  # fmt: skip
