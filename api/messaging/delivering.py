"""What a deliverer does with the database: claim one delivery of a chat, send it elsewhere, commit the outcome."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog

from api.context import Context
from api.messaging.places import lose_chat, move_chat
from api.messaging.polls import PREFIX, Poll, unpack_poll
from api.messaging.render import Reader
from api.messaging.tree import Node, Rows, unpack, unpack_rows
from api.metrics import DELIVERIES
from api.times import zone_of
from storage import outbox, votes
from storage.engine import after_commit
from storage.messaging import Chat, Delivery
from storage.outbox import LeasedChat, ReadyRow

log = structlog.get_logger()

LEASE_SECONDS = 60.0
GIVE_UP_AFTER = timedelta(hours=24)
SLOWEST_RETRY = 600.0

Guard = Callable[..., bool]


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


class Said(NamedTuple):
    """What a message says."""

    tree: Node
    rows: Rows
    files: Sequence[str]
    poll: Poll | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. One of: sent (with the platform's ids), retry at, gone, rejected, moved."""

    sent: Sequence[str] | None = None
    retry_after: float | None = None  # seconds
    whole_bot: bool = False
    gone: bool = False
    rejected: bool = False
    moved_to: str | None = None
    error: str | None = None
    counts: bool = True  # whether a retry makes the next one slower

    @property
    def ends_lease(self) -> bool:
        """Whether nothing more can be sent to the chat now."""
        return self.gone or self.whole_bot or self.moved_to is not None

    @property
    def kind(self) -> str:
        """sent | moved | gone | rejected | retried: what /metrics calls it."""
        if self.sent is not None:
            return "sent"
        return "moved" if self.moved_to else "gone" if self.gone else "rejected" if self.rejected else "retried"


def claim_work(ctx: Context, platforms: Sequence[str], limit: int, guards: Mapping[str, Guard]) -> list[Work]:
    """Route what is addressed to people, lease up to `limit` chats and claim the next delivery of each."""
    if lost := outbox.route_to_people(ctx.session, ctx.now):
        _count(ctx, "", "unreachable", lost)
    leased = outbox.lease_chats(ctx.session, platforms, ctx.now, limit, LEASE_SECONDS)
    return list(_claim_next(ctx, leased, guards).values())


def finish_work(ctx: Context, work: Work, outcome: Outcome, guards: Mapping[str, Guard]) -> Work | None:
    """Commit what became of one delivery; returns what `finish_works` does."""
    return finish_works(ctx, [(work, outcome)], guards)[0]


def finish_works(ctx: Context, done: Sequence[tuple[Work, Outcome]],
                 guards: Mapping[str, Guard]) -> list[Work | None]:  # fmt: skip
    """Commit what became of deliveries; returns each chat's next one under the same lease, or ends the lease.

    A worker whose lease ran out still reports what it really sent, and gets nothing more of that chat.
    """
    fences = outbox.hold_chats(ctx.session, [work.chat.chat_id for work, _ in done])
    mine = [fences.get(work.chat.chat_id) == work.chat.fence for work, _ in done]
    _record_sent(ctx, [(work, outcome.sent) for work, outcome in done if outcome.sent is not None])
    goes_on: dict[int, LeasedChat] = {}
    for (work, outcome), held in zip(done, mine, strict=True):
        if held and outcome.sent is None:
            _record_failure(ctx, work, outcome)
        if held and outcome.ends_lease:
            outbox.release_chat(ctx.session, work.chat.chat_id, ctx.now)
        elif held:
            goes_on[work.chat.chat_id] = work.chat
    following = _claim_next(ctx, list(goes_on.values()), guards)
    return [following.get(work.chat.chat_id) if held else None for (work, _), held in zip(done, mine, strict=True)]


def return_work(ctx: Context, work: Work, begun: bool) -> None:
    """Leave a chat to other deliverers at once. What was `begun` may have been sent: that stays known."""
    chat_id, fence = work.chat.chat_id, work.chat.fence
    if outbox.hold_chats(ctx.session, [chat_id]).get(chat_id) == fence:
        if not begun:
            outbox.unclaim(ctx.session, work.delivery_id, work.repeat)
        outbox.end_lease(ctx.session, chat_id, fence)
        ctx.wake("outbox")


def _claim_next(ctx: Context, chats: Sequence[LeasedChat], guards: Mapping[str, Guard]) -> dict[int, Work]:
    """Claim the next delivery of each chat, by chat; those with nothing to send now are released."""
    left, found, idle = {chat.chat_id: chat for chat in chats}, {}, []
    while left:
        for chat_id, rows in outbox.heads(ctx.session, list(left), ctx.now).items():
            row = _first_to_send(ctx, left[chat_id].platform, rows, guards)
            if row is not None:
                found[chat_id] = left.pop(chat_id), row
            elif not rows:
                idle.append(left.pop(chat_id).chat_id)
    outbox.mark_claimed(ctx.session, [row.id for _, row in found.values()])
    outbox.release_idle(ctx.session, idle, ctx.now)
    readers = outbox.readers_of(ctx.session, list(found))
    # of a push many are told the same: it is read once
    messages = outbox.messages_of(ctx.session, {row.message_id for _, row in found.values()})
    said = {key: Said(unpack(m.tree), unpack_rows(m.buttons), m.files, unpack_poll(m.poll))
            for key, m in messages.items()}  # fmt: skip
    return {
        chat_id: _work(ctx, chat, row, said[row.message_id], readers[chat_id]) for chat_id, (chat, row) in found.items()
    }


def _first_to_send(ctx: Context, platform: str, rows: Sequence[ReadyRow],
                   guards: Mapping[str, Guard]) -> ReadyRow | None:  # fmt: skip
    """The first row that is still to be sent; those before it are dropped."""
    for row in rows:
        drop = _why_not(ctx, row, guards)
        if drop is None:
            return row
        outbox.set_state(ctx.session, [row.id], drop)
        _count(ctx, platform, drop)
    return None


def _why_not(ctx: Context, row: ReadyRow, guards: Mapping[str, Guard]) -> str | None:
    """The state a delivery ends in instead of being sent now, or None to send it."""
    if row.expires_at is not None and row.expires_at <= ctx.now:
        return "expired"
    if row.target_id is not None and outbox.state_of(ctx.session, row.target_id) != "sent":
        return "superseded"
    if row.guard and not guards[row.guard[0]](ctx, row.person_id, *row.guard[1:]):
        return "skipped"
    return None


def _count(ctx: Context, platform: str, state: str, number: int = 1) -> None:
    """Add to /metrics once this is committed."""
    after_commit(ctx.session, partial(DELIVERIES.labels(platform, state).inc, number))


def _work(ctx: Context, chat: LeasedChat, row: ReadyRow, said: Said, reads: tuple[str | None, str | None]) -> Work:
    language, zone = reads
    config = ctx.config
    reader = Reader(language or config.bot.languages[0], zone_of(zone or config.time.zone), ctx.now)
    targets = outbox.sent_natives(ctx.session, row.target_id) if row.target_id is not None else []
    poll_id = votes.poll_of(ctx.session, row.target_id) if row.target_id is not None else None
    return Work(
        chat, row.id, row.pid, row.kind, *said, reader, row.handle, targets,
        poll_id.removeprefix(PREFIX) if poll_id else None, row.attempts + 1, row.pending,
    )  # fmt: skip


def _record_sent(ctx: Context, sent: Sequence[tuple[Work, Sequence[str]]]) -> None:
    outbox.mark_sent(ctx.session, [work.delivery_id for work, _ in sent], ctx.now)
    became = [(work, native, native.startswith(PREFIX)) for work, natives in sent for native in natives]
    events = [(work.delivery_id, work.chat.chat_id, native) for work, native, is_poll in became if not is_poll]
    outbox.add_sent_events(ctx.session, events)
    for work, native, is_poll in became:
        if is_poll:
            votes.add_sent_poll(ctx.session, work.chat.platform, work.chat.account, native, work.delivery_id, ctx.now)
            ctx.wake("inbox")
    for platform, number in Counter(work.chat.platform for work, _ in sent).items():
        _count(ctx, platform, "sent", number)


def _record_failure(ctx: Context, work: Work, outcome: Outcome) -> None:
    session, ids = ctx.session, [work.delivery_id]
    _count(ctx, work.chat.platform, outcome.kind)
    if outcome.moved_to is not None:
        outbox.set_state(session, ids, "ready", "moved", pending=False)
        move_chat(ctx, session.get_one(Chat, work.chat.chat_id), outcome.moved_to)
    elif outcome.gone:
        lose_chat(ctx, session.get_one(Chat, work.chat.chat_id))
    elif outcome.rejected or work.kind == "ack":
        log.error("delivery rejected", delivery=work.pid, platform=work.chat.platform, error=outcome.error)
        outbox.set_state(session, ids, "dead", outcome.error, pending=False)
    else:
        _try_later(ctx, work, outcome)
    session.flush()


def _try_later(ctx: Context, work: Work, outcome: Outcome) -> None:
    delivery = ctx.session.get_one(Delivery, work.delivery_id)
    seconds = outcome.retry_after or min(2.0 ** min(work.attempt, 10), SLOWEST_RETRY)
    until = ctx.now + timedelta(seconds=seconds)
    if outcome.whole_bot:
        outbox.block_sender(ctx.session, work.chat.platform, work.chat.account, until)
    if ctx.now - delivery.created_at > GIVE_UP_AFTER:
        outbox.set_state(ctx.session, [delivery.id], "dead", outcome.error, pending=False)
    else:
        outbox.set_state(ctx.session, [delivery.id], "ready", outcome.error, pending=False, not_before=until)


def when_next(ctx: Context, platforms: Sequence[str]) -> datetime | None:
    """When the next delivery is due; None when nothing waits."""
    return outbox.next_due(ctx.session, platforms)
