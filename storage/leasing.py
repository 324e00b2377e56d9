"""Leases on chats: whoever holds one alone sends there. Answers first, pushes only as far as platforms take them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from storage.messaging import ONE, READY, REPLIES, Chat, Delivery, Sender
from storage.reach import Reach
from storage.writing import QUIET_UPDATE, among, table_of, take

CHATS = table_of(Chat)
HOLD = (
    select(CHATS.c.id, CHATS.c.fence, CHATS.c.blocked_until)
    .where(among(CHATS.c.id, "chats"))
    .order_by(CHATS.c.id)
    .with_for_update(key_share=True)
)
Bot = tuple[str, str]  # platform and account
# written so that no index is chosen for it
BOT = Chat.platform.concat(":").concat(Chat.account)
# what somebody waits for: acks and replies; what is for one person and not for many
ASKED = and_(Delivery.state == READY, Delivery.lane <= REPLIES)
PERSONAL = and_(Delivery.state == READY, Delivery.lane == ONE)
COLUMNS = (
    Chat.id, Chat.fence, Chat.platform, Chat.account, Chat.native, Chat.kind, Chat.leased_until, Chat.blocked_until,
)  # fmt: skip


class LeasedChat(NamedTuple):
    """A chat whose deliveries this worker alone may send while it holds `fence`."""

    chat_id: int
    fence: int
    platform: str
    account: str
    native: str
    kind: str
    until: datetime  # when the lease ends
    blocked_until: datetime | None = None


class Held(NamedTuple):
    """A chat locked until the commit: who holds its fence owns its sending."""

    fence: int
    blocked_until: datetime | None


class Capacity(NamedTuple):
    """How much may be leased. `pushes`: at most so many chats where nobody waits for an answer; `most`: of each bot
    (platform, account) that is open at most so many of them, None: any number; `answers`: of a bot at most so many
    chats where somebody waits; `others`: whether accounts are looked for that no bot is configured for any more;
    `crowded`: whether more may be due than can be taken, so that it matters what comes first."""

    pushes: int | None = None
    most: Mapping[Bot, int | None] = MappingProxyType({})
    answers: Mapping[Bot, int] = MappingProxyType({})
    others: bool = True
    crowded: bool = True


UNBOUNDED = Capacity()


def lease_chats(session: Session, reach: Reach, now: datetime, limit: int, seconds: float,
                capacity: Capacity = UNBOUNDED) -> list[LeasedChat]:  # fmt: skip
    """Lease up to `limit` chats with something to send, leaving out bots that were told to wait. (A chat that was told
    to wait may have an ack to send.)

    Those where somebody waits for an answer come first: behind a push to a county it would come minutes later. Then
    what is for one person only, then what is for many.
    """
    blocked = select(Sender.platform).where(
        Sender.platform == Chat.platform, Sender.account == Chat.account, Sender.blocked_until > now
    )
    free = (
        Chat.next_at <= now,
        reach.covers(Chat.platform, Chat.account),
        or_(Chat.leased_until.is_(None), Chat.leased_until <= now),
        ~blocked.exists(),
    )
    due = select(Chat.id).where(*free)
    lease = {"leased_until": now + timedelta(seconds=seconds), "fence": Chat.fence + 1}

    def of_lane(lane: ColumnElement[bool], *which: ColumnElement[bool], most: int) -> list[int]:
        found = (
            select(Chat.id, Chat.platform, Chat.account)
            .join(Delivery, Chat.id == Delivery.chat_id)
            .where(lane, Delivery.not_before <= now, *free, *which)
            .order_by(Delivery.not_before)
            .limit(most)
        )
        left = dict(capacity.answers)
        chats: list[int] = []
        for chat_id, platform, account in session.execute(found):
            bot = (platform, account)
            if chat_id not in chats and left.get(bot, 1) > 0:
                chats.append(chat_id)
                left[bot] = left.get(bot, most) - 1
        return chats

    def take_some(query: Select[Any]) -> list[LeasedChat]:
        return [LeasedChat._make(row) for row in take(session, query, Chat, lease, *COLUMNS)]

    full = [":".join(bot) for bot, number in capacity.answers.items() if number <= 0]
    answers = of_lane(ASKED, *([BOT.not_in(full)] if full else []), most=limit)
    leased = take_some(due.where(Chat.id.in_(answers))) if answers else []
    answers_of = Counter((chat.platform, chat.account) for chat in leased)
    left = limit - len(leased) if capacity.pushes is None else min(capacity.pushes, limit - len(leased))
    for theirs, number in _takers(capacity, answers_of):
        some = left if number is None else min(left, number)
        for chats in (of_lane(PERSONAL, theirs, most=some) if some > 0 and capacity.crowded else [], None):
            some = min(some, left)
            if some > 0 and (chats or chats is None):
                query = due.where(theirs) if chats is None else due.where(Chat.id.in_(chats))
                taken = take_some(query.order_by(Chat.next_at).limit(some))
                leased, left, some = leased + taken, left - len(taken), some - len(taken)
    return leased


def _takers(capacity: Capacity, answers: Mapping[Bot, int]) -> Iterator[tuple[ColumnElement[bool], int | None]]:
    """Whose chats may have pushes, and how many of them; None: any number. An answer takes the place of a push."""
    for bot, number in capacity.most.items():
        bounds = [one for one in (number, capacity.answers.get(bot)) if one is not None]
        yield BOT.in_([":".join(bot)]), min(bounds) - answers.get(bot, 0) if bounds else None
    if capacity.others:
        yield BOT.not_in([":".join(bot) for bot in capacity.most]), None


def hold_chats(session: Session, chat_ids: Sequence[int]) -> dict[int, Held]:
    """Lock chats until the commit; what each was found as."""
    found = session.execute(HOLD, {"chats": list(chat_ids)})
    return {row.id: Held(row.fence, row.blocked_until) for row in found}


def extend_leases(session: Session, chat_ids: Sequence[int], until: datetime) -> None:
    """Let leases that are held last longer."""
    if chat_ids:
        longer = update(Chat).where(Chat.id.in_(chat_ids)).values(leased_until=until)
        session.execute(longer, execution_options=QUIET_UPDATE)


def end_lease(session: Session, chat_id: int, fence: int) -> None:
    """End a lease under which something is left to send; its holder gets nothing more of the chat."""
    mine = update(Chat).where(Chat.id == chat_id, Chat.fence == fence)
    session.execute(mine.values(leased_until=None, fence=Chat.fence + 1), execution_options=QUIET_UPDATE)
