"""Queries of the outbox: deliveries are routed to chats, workers lease chats and send their ready rows in order.

Order is promised within (chat, lane). A head that failed blocks its lane only; a row for later blocks nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, bindparam, case, cast, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from storage.communities import Community
from storage.conversations import strand
from storage.inbox import waits
from storage.leasing import LeasedChat, hold_chats
from storage.messaging import CHAT_GONE, READY, Chat, Delivery, Message, Sender, SentEvent
from storage.people import Identity, Person
from storage.reach import Reach
from storage.rooms import Room
from storage.writing import QUIET_UPDATE, add_rows, among, table_of, upsert

CHATS, SENDINGS, MESSAGES = table_of(Chat), table_of(Delivery), table_of(Message)
IDENTITIES, PERSONS, ROOMS, COMMUNITIES = table_of(Identity), table_of(Person), table_of(Room), table_of(Community)
# the busiest statements are built once: building them costs more than running them
AT = bindparam("at", type_=CHATS.c.next_at.type)
# those that are awake, too: whoever finds nothing more to send and puts one to sleep at this moment does not see yet
# what it is woken for, and is waited for only where its row is changed
WAKE = (
    update(CHATS)
    .where(among(CHATS.c.id, "chats"))
    .values(next_at=case((CHATS.c.next_at <= AT, CHATS.c.next_at), else_=AT))
)
NOW = bindparam("now", type_=CHATS.c.next_at.type)
FIRST = (
    select(func.min(SENDINGS.c.id))
    .where(
        among(SENDINGS.c.chat_id, "chats"),
        SENDINGS.c.state == READY,
        or_(SENDINGS.c.not_before <= NOW, SENDINGS.c.attempts > 0),
    )
    .group_by(SENDINGS.c.chat_id, SENDINGS.c.lane)
)
HEADS = (
    select(
        *[SENDINGS.c[name] for name in (
            "id", "pid", "message_id", "kind", "lane", "chat_id", "person_id", "target_id", "handle", "not_before",
            "expires_at", "guard", "attempts", "pending", "unheard", "cause", "again_at",
        )],
    )
    .where(SENDINGS.c.id.in_(FIRST))
    .order_by(SENDINGS.c.chat_id, SENDINGS.c.lane)
)  # fmt: skip
SAID = select(
    *[MESSAGES.c[name] for name in ("id", "tree", "buttons", "files", "poll", "answers_id")]
).where(among(MESSAGES.c.id, "messages"))
READERS = (
    select(
        CHATS.c.id,
        func.coalesce(PERSONS.c.language, IDENTITIES.c.language, COMMUNITIES.c.language),
        func.coalesce(PERSONS.c.zone, COMMUNITIES.c.zone),
    )
    .outerjoin(IDENTITIES, IDENTITIES.c.id == CHATS.c.identity_id)
    .outerjoin(PERSONS, PERSONS.c.id == IDENTITIES.c.person_id)
    .outerjoin(ROOMS, ROOMS.c.chat_id == CHATS.c.id)
    .outerjoin(COMMUNITIES, COMMUNITIES.c.id == ROOMS.c.community_id)
    .where(among(CHATS.c.id, "chats"))
)
LATER = (
    select(func.min(SENDINGS.c.not_before))
    .where(SENDINGS.c.chat_id == CHATS.c.id, SENDINGS.c.state == READY, SENDINGS.c.not_before > NOW)
    .scalar_subquery()
)
ROWS = among(SENDINGS.c.id, "rows")
CLAIMED = (
    update(SENDINGS)
    .where(ROWS)
    .values(
        attempts=SENDINGS.c.attempts + 1, pending=True, unheard=SENDINGS.c.unheard + cast(SENDINGS.c.pending, Integer)
    )
)  # fmt: skip
SENT = (
    update(SENDINGS)
    .where(ROWS)
    .values(
        state="sent", error=None, reason=None, pending=False, sent_at=bindparam("at", type_=SENDINGS.c.sent_at.type)
    )
)  # fmt: skip
TO_HOME = (
    update(SENDINGS)
    .where(ROWS)
    .values(chat_id=select(Person.home_chat_id).where(Person.id == SENDINGS.c.person_id).scalar_subquery())
    .returning(SENDINGS.c.chat_id)
)
FIRST_OF_PEOPLE = select(func.min(SENDINGS.c.not_before)).where(SENDINGS.c.state == READY, SENDINGS.c.chat_id.is_(None))
# what people are told that is due, with where they are at home
TO_ROUTE = (
    select(SENDINGS.c.id, SENDINGS.c.person_id, PERSONS.c.home_chat_id, PERSONS.c.erased_at)
    .join(PERSONS, PERSONS.c.id == SENDINGS.c.person_id)
    .where(SENDINGS.c.state == READY, SENDINGS.c.chat_id.is_(None), SENDINGS.c.not_before <= NOW)
    .order_by(SENDINGS.c.not_before, SENDINGS.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=SENDINGS, skip_locked=True)
)
# of a blocked chat everything waits, acks apart: what is due is looked at again when it may go
WAITS = exists().where(SENDINGS.c.chat_id == CHATS.c.id, SENDINGS.c.state == READY)
RELEASE_IDLE = (
    update(CHATS)
    .where(among(CHATS.c.id, "chats"))
    .values(
        leased_until=None, next_at=case(((CHATS.c.blocked_until > NOW) & WAITS, CHATS.c.blocked_until), else_=LATER)
    )
)  # fmt: skip


class ReadyRow(NamedTuple):
    """One delivery to send, with what its rendering needs."""

    id: int
    pid: str
    message_id: int
    kind: str
    lane: int
    chat_id: int
    person_id: int | None
    target_id: int | None
    handle: str | None
    not_before: datetime
    expires_at: datetime | None
    guard: Any
    attempts: int
    pending: bool
    unheard: int
    cause: str | None
    again_at: datetime | None


def wake_chats(session: Session, chat_ids: Sequence[int], at: datetime) -> None:
    """Make chats due for sending at `at`, unless they are due earlier. They are locked until the commit."""
    if chat_ids:
        if len(chat_ids) > 1 and waits(session):  # always in the same order: two never wait for each other
            hold_chats(session, chat_ids)
        session.execute(WAKE, {"chats": list(chat_ids), "at": at})


def route_to_people(session: Session, now: datetime, limit: int = 500) -> int:
    """Give due deliveries addressed to people a chat: the one the person is at home in now.

    Those that nobody can receive become `unreachable`, and their people are asked into a private chat where that can be
    done. Returns how many these are.
    """
    due = session.execute(TO_ROUTE, {"now": now, "most": limit}).all()
    lost = {row.id: row.person_id for row in due if row.erased_at is not None or row.home_chat_id is None}
    moves = list({row.id for row in due}.difference(lost))
    moved = session.scalars(TO_HOME, {"rows": moves}).all() if moves else ()
    wake_chats(session, list({chat_id for chat_id in moved if chat_id is not None}), now)
    if lost:
        strand(session, lost, now)
    return len(lost)


def heads(
    session: Session, chat_ids: Sequence[int], now: datetime, blocked: Collection[int] = ()
) -> dict[int, list[ReadyRow]]:
    """The row to send next in each lane of each chat, lowest lane first; lanes whose head must wait are left out, and
    of the `blocked` chats all lanes but that of acks."""
    if not chat_ids:
        return {}
    found: dict[int, list[ReadyRow]] = {chat_id: [] for chat_id in chat_ids}
    for row in session.execute(HEADS, {"chats": list(chat_ids), "now": now}):
        if row.not_before <= now and (row.lane < 0 or row.chat_id not in blocked):
            found[row.chat_id].append(ReadyRow._make(row))
    return found


def messages_of(session: Session, ids: Collection[int]) -> dict[int, Any]:
    """What is said: (id, tree, buttons, files, poll, answers_id) by id."""
    return {row.id: row for row in session.execute(SAID, {"messages": list(ids)})} if ids else {}


def changeable(session: Session, delivery_ids: Collection[int]) -> set[int]:
    """Of these deliveries those of which there is anything to be changed: all, or parts, or what only its echo told."""
    if not delivery_ids:
        return set()
    sent = or_(Delivery.state == "sent", exists().where(SentEvent.delivery_id == Delivery.id))
    return set(session.scalars(select(Delivery.id).where(Delivery.id.in_(delivery_ids), sent)))


def mark_claimed(session: Session, delivery_ids: Sequence[int]) -> None:
    """Count an attempt before it is made, so that a crash leaves a trace."""
    if delivery_ids:
        session.execute(CLAIMED, {"rows": list(delivery_ids)})


def mark_sent(session: Session, delivery_ids: Sequence[int], at: datetime) -> None:
    """These were sent, whatever was thought of them before."""
    if delivery_ids:
        session.execute(SENT, {"rows": list(delivery_ids), "at": at})


def unclaim(session: Session, delivery_id: int, pending: bool) -> None:
    """Take `mark_claimed` back: the attempt was not made. `pending`: what it was before."""
    before = {"attempts": Delivery.attempts - 1, "pending": pending, "unheard": Delivery.unheard - int(pending)}
    these = update(Delivery).where(Delivery.id == delivery_id)
    session.execute(these.values(before), execution_options=QUIET_UPDATE)


def put_off(session: Session, delivery_ids: Sequence[int], until: datetime) -> None:
    """Let deliveries wait for what they lack. As if they had failed, they hold up what comes after in their lane."""
    if delivery_ids:
        these = update(Delivery).where(Delivery.id.in_(delivery_ids))
        later = {"not_before": until, "attempts": case((Delivery.attempts == 0, 1), else_=Delivery.attempts)}
        session.execute(these.values(later), execution_options=QUIET_UPDATE)


def set_state(
    session: Session, delivery_ids: Sequence[int], state: str, error: str | None = None, **values: Any
) -> None:
    """Move deliveries to a state; `values` are further columns.

    What was sent stays sent: of two workers, the one whose lease ran out may have been the one that was heard.
    """
    if delivery_ids:
        these = update(Delivery).where(Delivery.id.in_(delivery_ids), Delivery.state == "ready")
        session.execute(these.values(state=state, error=error, **values), execution_options=QUIET_UPDATE)


def add_sent_events(session: Session, sent: Sequence[tuple[int, int, str]]) -> None:
    """Remember what (delivery, chat, platform event) deliveries became, in order. Hearing it twice changes nothing."""
    counts: Counter[int] = Counter()
    rows = []
    for delivery_id, chat_id, native in sent:
        rows.append((delivery_id, chat_id, counts[delivery_id], native))
        counts[delivery_id] += 1
    if rows:
        add_rows(session, SentEvent, ("delivery_id", "chat_id", "n", "native"), rows, known_by=("chat_id", "native"))


def sent_parts(session: Session, delivery_ids: Collection[int]) -> dict[int | None, list[tuple[int, str]]]:
    """delivery -> (chat, the platform's id) of each thing it became, in order; without those that became nothing."""
    found: dict[int | None, list[tuple[int, str]]] = defaultdict(list)
    if delivery_ids:
        query = select(SentEvent.delivery_id, SentEvent.chat_id, SentEvent.native)
        for row in session.execute(query.where(SentEvent.delivery_id.in_(delivery_ids)).order_by(SentEvent.n)):
            found[row.delivery_id].append((row.chat_id, row.native))
    return found


def release_chat(session: Session, chat_id: int, now: datetime) -> None:
    """End the lease; the chat is due again when its next row is: at once, at a retry, or at a scheduled moment."""
    ready = heads(session, [chat_id], now)[chat_id]
    later = select(func.min(Delivery.not_before)).where(
        Delivery.chat_id == chat_id, Delivery.state == "ready", Delivery.not_before > now
    )
    next_at = now if ready else session.execute(later).scalar_one()
    session.execute(
        update(Chat).where(Chat.id == chat_id).values(leased_until=None, next_at=next_at),
        execution_options=QUIET_UPDATE,
    )


def release_idle(session: Session, chat_ids: Sequence[int], now: datetime) -> None:
    """End the leases of chats with nothing to send now; each is due again at its next retry or scheduled moment."""
    if chat_ids:
        session.execute(RELEASE_IDLE, {"chats": list(chat_ids), "now": now}, execution_options=QUIET_UPDATE)


def block_sender(session: Session, platform: str, account: str, until: datetime) -> None:
    """Stop all sending through one bot until `until`."""
    row = upsert(session, Sender).values(platform=platform, account=account, blocked_until=until)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["platform", "account"], set_={"blocked_until": row.excluded.blocked_until}
        )
    )


def block_chats(session: Session, chat: LeasedChat, until: datetime) -> list[int]:
    """Send nothing but acks to a chat until `until`, nor to the topics that share its limits; returns their ids."""
    whole, _, _ = chat.native.partition("/")
    these = Chat.id == chat.chat_id
    if chat.kind == "room":
        same = (Chat.platform == chat.platform) & (Chat.account == chat.account)
        these = or_(these, same & or_(Chat.native == whole, Chat.native.startswith(f"{whole}/", autoescape=True)))
    latest = case((Chat.blocked_until > until, Chat.blocked_until), else_=literal(until, CHATS.c.blocked_until.type))
    blocked = update(Chat).where(these).values(blocked_until=latest).returning(Chat.id)
    return list(session.scalars(blocked, execution_options=QUIET_UPDATE))


def readers_of(session: Session, chat_ids: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """(language, zone) that each chat reads in: the bound person's, else the account's; of a room its community's."""
    if not chat_ids:
        return {}
    return {row[0]: (row[1], row[2]) for row in session.execute(READERS, {"chats": list(chat_ids)})}


def next_due(session: Session, reach: Reach) -> datetime | None:
    """The earliest moment at which any chat has something to send; None when nothing waits."""
    chats = session.scalars(_first_due(reach)).first()
    people = session.execute(FIRST_OF_PEOPLE).scalar_one()
    return min(filter(None, (chats, people)), default=None)


@lru_cache
def _first_due(reach: Reach) -> Select[Any]:
    there = (CHATS.c.next_at.is_not(None), reach.covers(CHATS.c.platform, CHATS.c.account))
    return select(CHATS.c.next_at).where(*there).order_by(CHATS.c.next_at).limit(1)


def people_waiting(session: Session, chat_id: int) -> set[int]:
    """The people to whom something waits to be sent in a chat."""
    waiting = select(Delivery.person_id).where(Delivery.chat_id == chat_id, Delivery.state == READY)
    return set(session.scalars(waiting.where(Delivery.person_id.is_not(None)).distinct()))


def give_back(session: Session, chat_id: int, reason: str = CHAT_GONE) -> None:
    """A chat is gone: what was addressed to people is routed anew, the rest is dead for this `reason`."""
    waiting = update(Delivery).where(Delivery.chat_id == chat_id, Delivery.state == "ready")
    session.execute(
        waiting.where(Delivery.person_id.is_not(None), Delivery.kind == "send").values(chat_id=None, pending=False),
        execution_options=QUIET_UPDATE,
    )
    dead = waiting.values(state="dead", error="chat gone", reason=reason, pending=False)
    session.execute(dead, execution_options=QUIET_UPDATE)
