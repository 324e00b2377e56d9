"""Leases on chats: whoever holds one alone sends there. Answers first, pushes only as far as platforms take them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, exists, not_, or_, select, update
from sqlalchemy.orm import Session

from storage.messaging import ONE, READY, REPLIES, Chat, Delivery, Sender
from storage.reach import Reach, is_one_of
from storage.writing import QUIET_UPDATE, among, table_of, take

CHATS, SENDINGS, SENDERS = table_of(Chat), table_of(Delivery), table_of(Sender)
NOW, MOST = bindparam("now", type_=CHATS.c.next_at.type), bindparam("most", type_=Integer)
HOLD = (
    select(CHATS.c.id, CHATS.c.fence, CHATS.c.blocked_until)
    .where(among(CHATS.c.id, "chats"))
    .order_by(CHATS.c.id)
    .with_for_update(key_share=True)
)
Bot = tuple[str, str]  # platform and account
# written so that no index is chosen for it
BOT = CHATS.c.platform.concat(":").concat(CHATS.c.account)
# what somebody waits for: acks and replies; what is for one person and not for many
ASKED = and_(SENDINGS.c.state == READY, SENDINGS.c.lane <= REPLIES)
PERSONAL = and_(SENDINGS.c.state == READY, SENDINGS.c.lane == ONE)
LEASE = (
    update(CHATS)
    .where(among(CHATS.c.id, "taken"))
    .values(leased_until=bindparam("until"), fence=CHATS.c.fence + 1)
    .returning(*[CHATS.c[name] for name in (
        "id", "fence", "platform", "account", "native", "kind", "leased_until", "blocked_until",
    )])
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
    until = now + timedelta(seconds=seconds)

    def take_some(query: Select[Any], **given: Any) -> list[LeasedChat]:
        return [LeasedChat._make(row) for row in take(session, query, {"now": now, **given}, LEASE, {"until": until})]

    def of_lane(asked: bool, whose: Whose, most: int) -> list[int]:
        left = dict(capacity.answers)
        chats: list[int] = []
        found = session.execute(_with_something(reach, asked, whose), {"now": now, "most": most})
        for chat_id, platform, account in found:
            bot = (platform, account)
            if chat_id not in chats and left.get(bot, 1) > 0:
                chats.append(chat_id)
                left[bot] = left.get(bot, most) - 1
        return chats

    full = Whose(tuple(":".join(bot) for bot, number in capacity.answers.items() if number <= 0), but=True)
    answers = of_lane(True, full, limit)
    leased = take_some(_these(reach), chats=answers, most=limit) if answers else []
    answers_of = Counter((chat.platform, chat.account) for chat in leased)
    left = limit - len(leased) if capacity.pushes is None else min(capacity.pushes, limit - len(leased))
    for theirs, number in _takers(capacity, answers_of):
        some = left if number is None else min(left, number)
        personal = of_lane(False, theirs, some) if some > 0 and capacity.crowded else []
        if personal:
            taken = take_some(_these(reach), chats=personal, most=some)
            leased, left, some = leased + taken, left - len(taken), some - len(taken)
        if some > 0:
            taken = take_some(_due(reach, theirs), most=some)
            leased, left = leased + taken, left - len(taken)
    return leased


class Whose(NamedTuple):
    """The chats of these bots ("platform:account"), or of all `but` these."""

    bots: tuple[str, ...]
    but: bool = False

    @property
    def condition(self) -> ColumnElement[bool]:
        """That a chat is one of them."""
        return not_(is_one_of(BOT, self.bots)) if self.but else is_one_of(BOT, self.bots)


def _free(reach: Reach) -> list[ColumnElement[bool]]:
    blocked = exists().where(
        SENDERS.c.platform == CHATS.c.platform, SENDERS.c.account == CHATS.c.account, SENDERS.c.blocked_until > NOW
    )
    unleased = or_(CHATS.c.leased_until.is_(None), CHATS.c.leased_until <= NOW)
    return [CHATS.c.next_at <= NOW, reach.covers(CHATS.c.platform, CHATS.c.account), unleased, ~blocked]


@lru_cache
def _with_something(reach: Reach, asked: bool, whose: Whose) -> Select[Any]:
    """Chats in which an answer, or something for one person, is due, and for whom."""
    return (
        select(CHATS.c.id, CHATS.c.platform, CHATS.c.account)
        .join(SENDINGS, CHATS.c.id == SENDINGS.c.chat_id)
        .where(ASKED if asked else PERSONAL, SENDINGS.c.not_before <= NOW, *_free(reach), whose.condition)
        .order_by(SENDINGS.c.not_before)
        .limit(MOST)
    )


@lru_cache
def _due(reach: Reach, whose: Whose) -> Select[Any]:
    query = select(CHATS.c.id).where(*_free(reach), whose.condition)
    return query.order_by(CHATS.c.next_at).limit(MOST).with_for_update(skip_locked=True)


@lru_cache
def _these(reach: Reach) -> Select[Any]:
    query = select(CHATS.c.id).where(*_free(reach), among(CHATS.c.id, "chats"))
    return query.order_by(CHATS.c.next_at).limit(MOST).with_for_update(skip_locked=True)


def _takers(capacity: Capacity, answers: Mapping[Bot, int]) -> Iterator[tuple[Whose, int | None]]:
    """Whose chats may have pushes, and how many of them; None: any number. An answer takes the place of a push."""
    for bot, number in capacity.most.items():
        bounds = [one for one in (number, capacity.answers.get(bot)) if one is not None]
        yield Whose((":".join(bot),)), min(bounds) - answers.get(bot, 0) if bounds else None
    if capacity.others:
        yield Whose(tuple(":".join(bot) for bot in capacity.most), but=True), None


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
