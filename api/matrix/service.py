"""What the Matrix adapter keeps: its device with its keys, its rooms, and all that one sync brought, in one piece."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api.context import Context
from api.messaging.places import lose_chat, move_chat
from api.messaging.polls import PREFIX
from api.messaging.receiving import Arrival, receive
from api.owning import Taken
from api.relays.bridge import keep_encrypted
from api.rooms.questions import lost_room
from storage import matrix, mirrors, votes
from storage.leases import end_leases_of
from storage.matrix import Device, WaitingRow
from storage.people import find_identity

PLATFORM = "matrix"
CURSOR = "sync"
SETTLES = timedelta(seconds=2)
HOLD = timedelta(seconds=60)  # two syncs in which nothing happens: so long an older version keeps away
Keys = Mapping[tuple[str, str], str | None]  # (kind, name) -> value; None takes one away


@dataclass(frozen=True, slots=True)
class Sent:
    """An event of our own: part `n` of a delivery (its pid). One that is a poll is voted in by its id."""

    room: str
    event: str
    delivery: str
    n: int
    poll: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """What one sync brought.

    `sent` come before what answers them. `found` are rows whose key came, with what they say; `public` rooms in which
    others read along now; `gone` rooms that we are not in any more; `moved` rooms that became others. `votes` says
    which arrivals are votes, and in which polls. `touched` are rooms whose state others changed, `encrypted` such in
    which something happened and that are so.
    """

    account: str
    holder: str
    cursor: str
    arrivals: Sequence[Arrival] = ()
    rooms: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)
    sent: Sequence[Sent] = ()
    found: Sequence[tuple[int, dict[str, Any]]] = ()
    public: Iterable[str] = ()
    gone: Iterable[str] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    votes: Mapping[str, str] = field(default_factory=dict)
    touched: Sequence[str] = ()
    encrypted: Iterable[str] = ()


def take_in(ctx: Context, batch: Batch) -> int:
    """Keep a whole sync or nothing of it: only then is the homeserver asked for what comes after. Returns new rows.

    Raises Taken.
    """
    hold_device(ctx, batch.account, batch.holder)
    for native in batch.public:
        chat = matrix.find_room_chat(ctx.session, batch.account, native)
        if chat is not None and chat.kind == "private":
            matrix.make_public(ctx.session, chat)
    for sent in batch.sent:
        _remember_sent(ctx, batch.account, sent)
    arrivals = [arrival for arrival in batch.arrivals if _concerns_us(ctx, batch, arrival)]
    before = [arrival for arrival in arrivals if arrival.chat in batch.moved]
    after = [arrival for arrival in arrivals if arrival.chat not in batch.moved]
    if encrypted := list(batch.encrypted):
        keep_encrypted(ctx, batch.account, encrypted)
    new = receive(ctx, PLATFORM, batch.account, before)
    for native, successor in batch.moved.items():
        chat = matrix.find_room_chat(ctx.session, batch.account, native)
        if chat is not None:
            move_chat(ctx, chat, successor)
            ctx.session.flush()
    new += receive(ctx, PLATFORM, batch.account, after, (CURSOR, batch.cursor))
    matrix.save_rooms(ctx.session, batch.account, batch.rooms)
    matrix.save_keys(ctx.session, batch.account, batch.keys)
    for inbox_id, raw in batch.found:
        matrix.end_waiting(ctx.session, inbox_id, raw, ctx.now)
    for native in batch.gone:
        chat = matrix.find_room_chat(ctx.session, batch.account, native)
        if chat is not None:
            lose_chat(ctx, chat)
            lost_room(ctx, chat)
    if batch.touched:  # what it means is decided by whoever handles the events; then the room is looked at
        soon = ctx.now + SETTLES
        mirrors.make_natives_due(ctx.session, PLATFORM, batch.account, batch.touched, soon)
    if batch.found:
        ctx.wake("inbox")
    return new


def _remember_sent(ctx: Context, account: str, sent: Sent) -> None:
    """Whoever sent it may have died before saying so."""
    chat = matrix.find_room_chat(ctx.session, account, sent.room)
    delivery = matrix.remember_sent(ctx.session, chat, sent.event, sent.delivery, sent.n) if chat is not None else None
    if sent.poll and delivery is not None:
        votes.add_sent_poll(ctx.session, PLATFORM, account, f"{PREFIX}{sent.event}", delivery, ctx.now)


def _concerns_us(ctx: Context, batch: Batch, arrival: Arrival) -> bool:
    """Here one hears of the votes in everybody's polls."""
    poll = batch.votes.get(arrival.event_id)
    return poll is None or votes.find_about(ctx.session, PLATFORM, batch.account, poll) is not None


def take_device(ctx: Context, account: str, holder: str) -> None:
    """Let an owner's term begin (api/owning.py): the one before keeps no keys, rooms and syncs any more, and the chats
    that it leased are due again. What it ends there is committed nevertheless, until they are leased anew. Raises Taken
    while a process of an older version serves the account."""
    alone = ctx.session.get_bind().dialect.name == "sqlite"  # or the row is of a process that is gone
    if not matrix.take_device(ctx.session, account, holder, ctx.now, ctx.now + HOLD, alone):
        raise Taken("a process of an older version serves this account")
    end_leases_of(ctx.session, PLATFORM, account)


def hold_device(ctx: Context, account: str, holder: str) -> None:
    """Go on serving an account; nobody else does until this transaction ends. Raises Taken."""
    if not matrix.hold_device(ctx.session, account, holder, ctx.now + HOLD):
        raise Taken("another process serves this account")


def release_device(ctx: Context, account: str, holder: str) -> None:
    """Stop serving an account."""
    matrix.release_device(ctx.session, account, holder)


def device_of(ctx: Context, account: str) -> Device | None:
    """The device that the account is signed in on."""
    return matrix.device_of(ctx.session, account)


def keep_device(ctx: Context, account: str, holder: str, device_id: str, token: str) -> None:
    """Remember a sign-in. Raises Taken."""
    hold_device(ctx, account, holder)
    matrix.save_device(ctx.session, account, device_id, token, ctx.now)


def keys_of(ctx: Context, account: str) -> list[tuple[str, str, str]]:
    """Every (kind, name, value) of the device."""
    return matrix.keys_of(ctx.session, account)


def keep_keys(ctx: Context, account: str, holder: str, keys: Keys) -> None:
    """Write changed keys. Raises Taken."""
    hold_device(ctx, account, holder)
    matrix.save_keys(ctx.session, account, keys)


def rooms_of(ctx: Context, account: str) -> dict[str, dict[str, Any]]:
    """What is known of each room."""
    return matrix.rooms_of_account(ctx.session, account)


def keep_rooms(ctx: Context, account: str, holder: str, rooms: Mapping[str, dict[str, Any]]) -> None:
    """Remember what changed of rooms. Raises Taken."""
    hold_device(ctx, account, holder)
    matrix.save_rooms(ctx.session, account, rooms)


def is_bound(ctx: Context, native: str) -> bool:
    """Whether a Matrix account belongs to somebody who is here."""
    found = find_identity(ctx.session, PLATFORM, native)
    return found is not None and found[1] is not None and found[1].removed_at is None and found[1].erased_at is None


def waiting_for_keys(ctx: Context, rooms: Sequence[str]) -> list[WaitingRow]:
    """The encrypted events of some rooms whose keys have not come."""
    return matrix.waiting_rows(ctx.session, rooms)


__all__ = [
    "CURSOR", "PLATFORM", "Batch", "Device", "Keys", "Sent", "Taken", "WaitingRow", "device_of", "hold_device",
    "is_bound", "keep_device", "keep_keys", "keep_rooms", "keys_of", "release_device", "rooms_of", "take_device",
    "take_in", "waiting_for_keys",
]  # fmt: skip
