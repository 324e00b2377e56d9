"""What a deliverer does with the database: claim one delivery of a chat, send it elsewhere, commit the outcome."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from api.context import Context
from api.messaging.claiming import LEASE_SECONDS, SLOWEST_UPLOAD, Guard, Work, claim_next, count_ended
from api.messaging.places import lose_chat, move_chat
from api.messaging.polls import PREFIX
from storage import leasing, outbox, votes
from storage.leasing import UNBOUNDED, Capacity, LeasedChat
from storage.messaging import GAVE_UP, REJECTED, UNHEARD, UNREADABLE, Chat, Delivery
from storage.reach import Reach

log = structlog.get_logger()

GIVE_UP_AFTER = timedelta(hours=24)
SLOWEST_RETRY = 600.0
MOST_MOVES = 5  # at once
MOST_UNHEARD = 3  # attempts without an answer: each may have shown it once more
UNHEARD_RETRY = 30.0  # seconds, then ten times as many: whatever hid the answer may be over by then


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. One of: sent (with the platform's ids), retry after, unheard, gone, rejected, undrawn,
    moved."""

    sent: Sequence[str] | None = None
    retry_after: float | None = None  # seconds
    whole_bot: bool = False
    unheard: bool = False  # no answer: it may have been sent
    unsure: bool = False  # the same where doing it again shows nothing twice: what changes it waits behind it
    gone: bool = False
    ended: bool = False  # gone, and for everybody: what it was in goes on
    rejected: bool = False
    undrawn: bool = False  # it cannot be put into words, here or anywhere
    moved_to: str | None = None
    error: str | None = None

    @property
    def ends_lease(self) -> bool:
        """Whether nothing more can be sent to the chat now."""
        return self.gone or self.whole_bot or self.moved_to is not None

    @property
    def kind(self) -> str:
        """sent | moved | gone | rejected | retried: what /metrics calls it."""
        if self.sent is not None:
            return "sent"
        if self.rejected or self.undrawn:
            return "rejected"
        return "moved" if self.moved_to else "gone" if self.gone else "retried"

    @property
    def result(self) -> str:
        """The same of one attempt: of what is tried again it says why. limited: told to wait, by the platform
        or by our own count of what it allows."""
        if self.kind != "retried":
            return self.kind
        return "limited" if self.retry_after is not None else "unheard" if self.unheard else "failed"


def claim_work(ctx: Context, reach: Reach, limit: int, guards: Mapping[str, Guard],
               capacity: Capacity = UNBOUNDED) -> list[Work]:  # fmt: skip
    """Route what is addressed to people, lease up to `limit` chats and claim the next delivery of each."""
    if lost := outbox.route_to_people(ctx.session, ctx.now):
        count_ended(ctx, "", "unreachable", lost)
    leased = leasing.lease_chats(ctx.session, reach, ctx.now, limit, LEASE_SECONDS, capacity)
    return list(claim_next(ctx, leased, guards).values())


def finish_works(ctx: Context, done: Sequence[tuple[Work, Outcome]],
                 guards: Mapping[str, Guard]) -> list[Work | None]:  # fmt: skip
    """Commit what became of deliveries; returns each chat's next one under the same lease, or ends the lease.

    A worker whose lease ran out still reports what it really sent, and gets nothing more of that chat.
    """
    held = leasing.hold_chats(ctx.session, [work.chat.chat_id for work, _ in done])
    mine = [work.chat.chat_id in held and held[work.chat.chat_id].fence == work.chat.fence for work, _ in done]
    _record_sent(ctx, [(work, outcome.sent) for work, outcome in done if outcome.sent is not None])
    _record_begun(ctx, [work for work, outcome in done if outcome.sent is None])
    goes_on, blocked = list[LeasedChat](), set[int]()
    for (work, outcome), ours in zip(done, mine, strict=True):
        if outcome.retry_after is not None and not outcome.whole_bot and work.kind != "ack":
            until = ctx.now + timedelta(seconds=outcome.retry_after)
            blocked |= set(outbox.block_chats(ctx.session, work.chat, until))
        if ours and outcome.sent is None:
            _record_failure(ctx, work, outcome)
        if ours and outcome.ends_lease:
            outbox.release_chat(ctx.session, work.chat.chat_id, ctx.now)
        elif ours:
            goes_on.append(work.chat._replace(blocked_until=held[work.chat.chat_id].blocked_until))
    following = claim_next(ctx, goes_on, guards, blocked)
    return [following.get(work.chat.chat_id) if ours else None for (work, _), ours in zip(done, mine, strict=True)]


def return_work(ctx: Context, work: Work, begun: bool) -> None:
    """Leave a chat to other deliverers at once. What was `begun` may have been sent: that stays known."""
    chat_id, fence = work.chat.chat_id, work.chat.fence
    held = leasing.hold_chats(ctx.session, [chat_id]).get(chat_id)
    _record_begun(ctx, [work])
    if held is not None and held.fence == fence:
        if not begun:
            outbox.unclaim(ctx.session, work.delivery_id, work.repeat)
        leasing.end_lease(ctx.session, chat_id, fence)
        ctx.wake("outbox")


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
        count_ended(ctx, platform, "sent", number)


def _record_begun(ctx: Context, works: Sequence[Work]) -> None:
    """Remember the parts that were sent of what was not sent whole: it goes on after them, whoever sends it."""
    parts = [(work.delivery_id, work.chat.chat_id, native) for work in works for native in work.begun]
    outbox.add_sent_events(ctx.session, parts)


def _record_failure(ctx: Context, work: Work, outcome: Outcome) -> None:
    session, ids, kind = ctx.session, [work.delivery_id], outcome.kind
    if outcome.moved_to is not None:
        # where two lead to each other it is followed ever more slowly
        turns = work.attempt > MOST_MOVES
        how: dict[str, Any] = {"not_before": ctx.now + timedelta(seconds=_pause(work, outcome))} if turns else {}
        outbox.set_state(session, ids, "ready", "moved", pending=False, **how)
        move_chat(ctx, session.get_one(Chat, work.chat.chat_id), outcome.moved_to)
    elif outcome.gone:
        lose_chat(ctx, session.get_one(Chat, work.chat.chat_id), outcome.ended)
    elif outcome.rejected or outcome.undrawn:
        log.error("delivery rejected", **_known_by(work), error=outcome.error)
        reason = UNREADABLE if outcome.undrawn else REJECTED
        outbox.set_state(session, ids, "dead", outcome.error, reason=reason, pending=False)
    elif outcome.unheard and work.unheard + 1 >= MOST_UNHEARD:
        kind, error = "unheard", f"no answer was heard {MOST_UNHEARD} times, it may have been sent: {outcome.error}"
        log.error("delivery given up", **_known_by(work), error=error)
        how = {"reason": UNHEARD, "pending": False, "unheard": work.unheard + 1}
        outbox.set_state(session, ids, "dead", error, **how)
    elif _try_later(ctx, work, outcome):
        kind = "dead"
    count_ended(ctx, work.chat.platform, kind)
    session.flush()


def _known_by(work: Work) -> dict[str, str | None]:
    return {"reference": work.cause, "delivery": work.pid, "platform": work.chat.platform}


def _try_later(ctx: Context, work: Work, outcome: Outcome) -> bool:
    """Whether it is not tried again after all: it failed for a whole day."""
    until = ctx.now + timedelta(seconds=_pause(work, outcome))
    if outcome.whole_bot:
        outbox.block_sender(ctx.session, work.chat.platform, work.chat.account, until)
    row = ctx.session.get_one(Delivery, work.delivery_id)
    # to be told to wait is no failure, however long ago it was said
    over = outcome.retry_after is None and ctx.now - (row.again_at or row.created_at) > GIVE_UP_AFTER
    how: dict[str, Any] = {"pending": outcome.unsure, "unheard": work.unheard + outcome.unheard}
    how |= {"reason": GAVE_UP} if over else {"not_before": until}
    outbox.set_state(ctx.session, [work.delivery_id], "dead" if over else "ready", outcome.error, **how)
    if over:
        log.error("delivery given up", **_known_by(work), error=outcome.error)
    return over


def _pause(work: Work, outcome: Outcome) -> float:
    """Seconds until a delivery is tried again."""
    if outcome.retry_after is not None:
        return outcome.retry_after
    if outcome.unheard:
        return UNHEARD_RETRY * 10.0**work.unheard
    return min(2.0 ** min(work.attempt, 10), SLOWEST_RETRY)


def when_next(ctx: Context, reach: Reach) -> datetime | None:
    """When the next delivery is due; None when nothing waits."""
    return outbox.next_due(ctx.session, reach)


__all__ = [
    "MOST_UNHEARD", "SLOWEST_UPLOAD", "Capacity", "Guard", "Outcome", "Work", "claim_work", "finish_works",
    "return_work", "when_next",
]  # fmt: skip
