"""What is sent next: one delivery of each leased chat, asked again whether it still stands, read for its recipient.

What cannot be sent ends here, each by itself: one bad row must not keep everybody else from hearing anything.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog

from api.context import Context
from api.messaging.outbox import PERSONAL, REPLY
from api.messaging.polls import PREFIX, Poll, unpack_poll
from api.messaging.render import Reader
from api.messaging.tree import Node, Rows, unpack, unpack_rows
from api.metrics import DELIVERIES
from api.times import zone_of
from storage import attachments, leasing, outbox, relays, votes
from storage.attachments import Attachment
from storage.engine import after_commit, storage_failed
from storage.leasing import LeasedChat
from storage.messaging import EXPIRED, GUARD, UNREADABLE
from storage.outbox import ReadyRow

log = structlog.get_logger()

LEASE_SECONDS = 60.0
SEND_SECONDS = 45.0  # for one delivery, and what its files need
SPARE_SECONDS = 5.0  # a lease outlasts its delivery by
FILES_PAUSE = timedelta(seconds=1)  # whoever keeps files wakes what waits for them
SLOWEST_UPLOAD = 128 * 1024  # bytes a second

# guard(ctx, people, argument...): those of `people` who are still to be told. None is among them where a chat is meant
# and nobody in particular.
Guard = Callable[..., Collection[int | None]]


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed delivery: everything an adapter needs to send it."""

    chat: LeasedChat
    delivery_id: int
    pid: str
    kind: str
    tree: Node
    rows: Rows
    files: Sequence[str]
    poll: Poll | None  # the same question for a platform with polls
    reader: Reader
    handle: str | None
    targets: Sequence[str]  # the platform's ids of what an edit or delete changes
    poll_id: str | None  # of the platform's own poll that it changes, without the prefix
    attempt: int
    repeat: bool  # claimed before without an answer being heard: it may have been sent already
    unheard: int  # attempts whose answer was never heard, this one apart
    seconds: float  # that sending it may take
    begun: list[str]  # the platform's ids of the parts that are sent; who sends it in parts adds to them
    reply_to: str | None  # the platform's id of what it answers in this chat
    lane: int
    due: datetime
    cause: str | None  # the reference of the update that it comes of

    @property
    def waited_for(self) -> bool:
        """Whether somebody waits for it: an answer."""
        return self.lane <= REPLY


class Said(NamedTuple):
    """What a message says."""

    tree: Node
    rows: Rows
    files: Sequence[str]
    poll: Poll | None
    answers_id: int | None


class Head(NamedTuple):
    """The delivery that a chat would be sent next."""

    chat: LeasedChat
    row: ReadyRow


class End(NamedTuple):
    """What a delivery becomes instead of being sent."""

    state: str
    error: str | None = None
    reason: str | None = None


def claim_next(ctx: Context, chats: Sequence[LeasedChat], guards: Mapping[str, Guard],
               blocked: Collection[int] = ()) -> dict[int, Work]:  # fmt: skip
    """Claim the next delivery of each chat, by chat; those with nothing to send now are released.

    Of `blocked` chats, and of those that were told to wait, only acks are claimed.
    """
    waiting = {chat.chat_id for chat in chats if chat.blocked_until is not None and chat.blocked_until > ctx.now}
    left = {chat.chat_id: chat for chat in chats}
    works, idle = dict[int, Work](), list[int]()
    while left:
        ready = outbox.heads(ctx.session, list(left), ctx.now, waiting.union(blocked))
        heads = [Head(left[chat_id], rows[0]) for chat_id, rows in ready.items() if rows]
        idle += [chat_id for chat_id, rows in ready.items() if not rows]
        works |= _prepare(ctx, heads, guards)
        left = {head.chat.chat_id: head.chat for head in heads if head.chat.chat_id not in works}
    outbox.mark_claimed(ctx.session, [work.delivery_id for work in works.values()])
    outbox.release_idle(ctx.session, idle, ctx.now)
    return _hold_longer(ctx, works)


def count_ended(ctx: Context, platform: str, state: str, number: int = 1) -> None:
    """Add to /metrics once this is committed."""
    after_commit(ctx.session, partial(DELIVERIES.labels(platform, state).inc, number))


def _prepare(ctx: Context, heads: Sequence[Head], guards: Mapping[str, Guard]) -> dict[int, Work]:
    """What is to be sent, by chat; what is not has ended."""
    heads = _end(ctx, heads, _too_late(ctx, heads))
    heads = _end(ctx, heads, _unwanted(ctx, heads, guards))
    said, readers, unreadable = _read(ctx, heads)
    heads = _end(ctx, heads, unreadable)
    files = _files_of(ctx, said)
    heads = _put_off(ctx, heads, said, files)
    answered = _answered(ctx, heads, said)
    changed = [row.target_id for _, row in heads if row.target_id is not None]
    parts = outbox.sent_parts(ctx.session, [*changed, *[row.id for _, row in heads if row.attempts or row.again_at]])
    polls = votes.polls_of(ctx.session, changed)
    return {
        chat.chat_id: Work(
            chat, row.id, row.pid, row.kind, *said[row.message_id][:4], readers[row.id], row.handle,
            [native for _, native in parts.get(row.target_id, [])],
            polls[row.target_id].removeprefix(PREFIX) if row.target_id in polls else None,
            row.attempts + 1, row.pending, row.unheard + row.pending, _seconds_for(said[row.message_id], files),
            [native for chat_id, native in parts.get(row.id, []) if chat_id == chat.chat_id], answered.get(row.id),
            row.lane, row.not_before, row.cause,
        )
        for chat, row in heads
    }  # fmt: skip


def _end(ctx: Context, heads: Sequence[Head], ends: Mapping[int, End]) -> Sequence[Head]:
    """End these deliveries; returns the heads that are still to be sent."""
    alike: dict[End, list[int]] = defaultdict(list)
    for chat, row in heads:
        if (end := ends.get(row.id)) is not None:
            alike[end].append(row.id)
            count_ended(ctx, chat.platform, end.state)
    for end, ids in alike.items():
        outbox.set_state(ctx.session, ids, end.state, end.error, reason=end.reason)
    return [head for head in heads if head.row.id not in ends]


def _too_late(ctx: Context, heads: Sequence[Head]) -> dict[int, End]:
    """What expired, and changes of what was never sent."""
    rows = [row for _, row in heads]
    changeable = outbox.changeable(ctx.session, [row.target_id for row in rows if row.target_id is not None])
    ends = {row.id: End("superseded") for row in rows if row.target_id is not None and row.target_id not in changeable}
    late = End("expired", reason=EXPIRED)
    return ends | {row.id: late for row in rows if row.expires_at is not None and row.expires_at <= ctx.now}


def _unwanted(ctx: Context, heads: Sequence[Head], guards: Mapping[str, Guard]) -> dict[int, End]:
    """What its guard does not let through, or whose guard fails. Each is asked once for all whom it is to judge."""
    alike: dict[str, list[ReadyRow]] = defaultdict(list)
    for _, row in heads:
        if row.guard:
            alike[str(row.guard)].append(row)
    ends: dict[int, End] = {}
    for rows in alike.values():
        try:
            with ctx.attempt():
                name, *arguments = rows[0].guard
                stands = guards[name](ctx, {row.person_id for row in rows}, *arguments)
        except Exception as error:
            if storage_failed(error):
                raise
            log.exception("a guard failed", guard=str(rows[0].guard), deliveries=[row.pid for row in rows])
            failed = End("dead", f"its guard failed: {type(error).__name__}", GUARD)
            ends |= {row.id: failed for row in rows}
        else:
            ends |= {row.id: End("skipped") for row in rows if row.person_id not in stands}
    return ends


def _read(ctx: Context, heads: Sequence[Head]) -> tuple[dict[int, Said], dict[int, Reader], dict[int, End]]:
    """What messages say, by message; how each delivery is read, by delivery; those that cannot be read.

    Of a push many are told the same: it is unpacked once.
    """
    messages = outbox.messages_of(ctx.session, {row.message_id for _, row in heads})
    reads = outbox.readers_of(ctx.session, [chat.chat_id for chat, _ in heads])
    said, readers, ends = dict[int, Said](), dict[int, Reader](), dict[int, End]()
    for chat, row in heads:
        try:
            if row.message_id not in said:
                said[row.message_id] = _unpack(messages[row.message_id])
            readers[row.id] = _reader(ctx, *reads[chat.chat_id])
        except Exception as error:
            # neither the error's words nor its trace: what is said may be in them
            log.error("a delivery cannot be read", delivery=row.pid, error=type(error).__name__)
            ends[row.id] = End("dead", f"it cannot be read: {type(error).__name__}", UNREADABLE)
    return said, readers, ends


def _unpack(message: Any) -> Said:
    files, poll = list(message.files), unpack_poll(message.poll)
    return Said(unpack(message.tree), unpack_rows(message.buttons), files, poll, message.answers_id)


def _reader(ctx: Context, language: str | None, zone: str | None) -> Reader:
    return Reader(language or ctx.config.bot.languages[0], zone_of(zone or ctx.config.time.zone), ctx.now)


def _files_of(ctx: Context, said: Mapping[int, Said]) -> dict[str, Attachment]:
    pids = list({pid for one in said.values() for pid in one.files})
    return {row.pid: row for row in attachments.find_by_pids(ctx.session, pids)} if pids else {}


def _put_off(ctx: Context, heads: Sequence[Head], said: Mapping[int, Said],
             files: Mapping[str, Attachment]) -> Sequence[Head]:  # fmt: skip
    """Let what people are told wait for its files, in order; answers go without those that have not come."""
    coming = {pid for pid, file in files.items() if file.state == "pending"}
    if not coming:
        return heads
    waits = {row.id for _, row in heads if row.kind == "send" and row.lane >= PERSONAL
             and not coming.isdisjoint(said[row.message_id].files)}  # fmt: skip
    outbox.put_off(ctx.session, list(waits), ctx.now + FILES_PAUSE)
    return [head for head in heads if head.row.id not in waits]


def _answered(ctx: Context, heads: Sequence[Head], said: Mapping[int, Said]) -> dict[int, str]:
    """delivery -> what it answers in its chat; asks nothing where nothing answers anything."""
    answers = {row.id: (said[row.message_id].answers_id, chat.chat_id) for chat, row in heads if row.kind == "send"}
    asked = {answered for answered, _ in answers.values() if answered is not None}
    if not asked:
        return {}
    found = relays.answered_in(ctx.session, asked, {chat_id for _, chat_id in answers.values()})
    return {
        key: found[answered, chat_id]
        for key, (answered, chat_id) in answers.items()
        if answered is not None and (answered, chat_id) in found
    }


def _seconds_for(said: Said, files: Mapping[str, Attachment]) -> float:
    """How long sending a message may take: slow lines need longer for large files."""
    return SEND_SECONDS + sum(files[pid].size for pid in said.files if pid in files) / SLOWEST_UPLOAD


def _hold_longer(ctx: Context, works: dict[int, Work]) -> dict[int, Work]:
    """Extend the leases that would run out while their delivery is still sent: all of one length in one statement."""
    short: dict[float, list[int]] = defaultdict(list)
    for chat_id, work in works.items():
        if work.chat.until < ctx.now + timedelta(seconds=work.seconds + SPARE_SECONDS):
            short[work.seconds].append(chat_id)
    for seconds, chats in short.items():
        until = ctx.now + timedelta(seconds=seconds + LEASE_SECONDS - SEND_SECONDS)
        leasing.extend_leases(ctx.session, chats, until)
        for chat_id in chats:
            works[chat_id] = replace(works[chat_id], chat=works[chat_id].chat._replace(until=until))
    return works
