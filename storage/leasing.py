"""Leases on chats: whoever holds one alone sends there. Answers first, pushes only as far as platforms take them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from storage.messaging import READY, REPLIES, Chat, Delivery, Sender
from storage.reach import Reach
from storage.writing import QUIET_UPDATE, among, table_of, take

CHATS = table_of(Chat)
HOLD = (
    select(CHATS.c.id, CHATS.c.fence, CHATS.c.blocked_until)
    .where(among(CHATS.c.id, "chats"))
    .order_by(CHATS.c.id)
    .with_for_update()
)
# what somebody waits for: acks and replies
ASKED = and_(Delivery.state == READY, Delivery.lane <= REPLIES)


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


def lease_chats(
    session: Session, reach: Reach, now: datetime, limit: int, seconds: float,
    pushes: int | None = None, most: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> list[LeasedChat]:  # fmt: skip
    """Lease up to `limit` chats with something to send, leaving out bots that were told to wait. (A chat that was told
    to wait may have an ack to send.) `pushes`: at most so many of them where nobody waits for an answer, and of bots
    (platform, account) that take no more for now `most` of them each.

    Those where somebody waits for an answer come first: behind a push to a county it would come minutes later.
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
    asked = (
        select(Delivery.chat_id)
        .join(Chat, Chat.id == Delivery.chat_id)
        .where(ASKED, Delivery.not_before <= now, *free)
        .order_by(Delivery.not_before)
        .limit(limit)
    )
    lease = {"leased_until": now + timedelta(seconds=seconds), "fence": Chat.fence + 1}
    columns = (
        Chat.id, Chat.fence, Chat.platform, Chat.account, Chat.native, Chat.kind, Chat.leased_until, Chat.blocked_until,
    )  # fmt: skip
    answers = session.scalars(asked).all()
    rows = [*take(session, due.where(Chat.id.in_(answers)), Chat, lease, *columns)] if answers else []
    leased = [LeasedChat._make(row) for row in rows]
    answers_of = Counter((chat.platform, chat.account) for chat in leased)
    left = limit - len(leased) if pushes is None else min(pushes, limit - len(leased))
    for theirs, number in _takers(most, answers_of):
        room = min(left, number) if number is not None else left
        if room > 0:
            next_ones = due.where(theirs).order_by(Chat.next_at).limit(room)
            taken = [LeasedChat._make(row) for row in take(session, next_ones, Chat, lease, *columns)]
            leased, left = leased + taken, left - len(taken)
    return leased


def _takers(
    most: Mapping[tuple[str, str], int], answers: Mapping[tuple[str, str], int]
) -> Iterator[tuple[ColumnElement[bool], int | None]]:
    """Whose chats may have pushes, and how many of them; None: any number. An answer takes the place of a push."""
    bot = Chat.platform.concat(":").concat(Chat.account)
    for (platform, account), number in most.items():
        yield bot == f"{platform}:{account}", number - answers.get((platform, account), 0)
    yield bot.not_in([f"{platform}:{account}" for platform, account in most]), None


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
