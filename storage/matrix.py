"""Tables of the Matrix account: its device, the keys of that device, the rooms it is in.

They belong together and are kept together: a device whose keys are lost can never be used again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Text
from storage.inbox import hold_in_order, make_due
from storage.locks import LOCKED
from storage.messaging import Chat, Delivery, Incoming, SentEvent
from storage.people import Identity, choose_home
from storage.writing import upsert


class MatrixDevice(Base):
    """The device that an account is signed in on."""

    __tablename__ = "matrix_devices"
    account: Mapped[str] = mapped_column(String(255), primary_key=True)  # @gongfang:example.org
    device_id: Mapped[str] = mapped_column(String(255))
    token: Mapped[Text]
    holder: Mapped[str | None] = mapped_column(String(32))  # the process that serves it now
    held_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class MatrixKey(Base):
    """One secret of a device: its account, an Olm session, a room's session, somebody's device, a signing key."""

    __tablename__ = "matrix_keys"
    account: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(600), primary_key=True)
    value: Mapped[Text]


class MatrixRoom(Base):
    """What is known of a room that the account is in or invited to (bot/platforms/matrix/rooms.py)."""

    __tablename__ = "matrix_rooms"
    account: Mapped[str] = mapped_column(String(255), primary_key=True)
    native: Mapped[str] = mapped_column(String(255), primary_key=True)
    state: Mapped[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Device:
    """The device that an account is signed in on, and what it is signed in with."""

    device_id: str
    token: str


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """An encrypted event whose key has not come."""

    inbox_id: int
    chat_id: int
    native: str
    raw: dict[str, Any]
    received_at: datetime


def device_of(session: Session, account: str) -> Device | None:
    """The device of an account."""
    row = session.get(MatrixDevice, account)
    return Device(row.device_id, row.token) if row is not None and row.device_id else None


def take_device(session: Session, account: str, holder: str, now: datetime, until: datetime, alone: bool) -> bool:
    """Make `holder`, who has the lock of an account, the one who serves it; False while a claim without a lock stands,
    of a version before there was one. `alone`: there is no other process."""
    row = upsert(session, MatrixDevice).values(account=account, device_id="", token="", created_at=now)
    session.execute(row.on_conflict_do_nothing(index_elements=["account"]))
    device = session.get_one(MatrixDevice, account, with_for_update=True, populate_existing=True)
    locked = device.holder is None or device.holder.startswith(LOCKED)
    free = alone or locked or device.held_until is None or device.held_until <= now
    if free:
        device.holder, device.held_until = holder, until
    return free


def hold_device(session: Session, account: str, holder: str, until: datetime) -> bool:
    """Whether `holder` still serves an account. Nobody else does until this transaction ends."""
    device = session.get(MatrixDevice, account, with_for_update=True, populate_existing=True)
    if device is None or device.holder != holder:
        return False
    device.held_until = until
    return True


def release_device(session: Session, account: str, holder: str) -> None:
    """Let another process have an account at once."""
    held = update(MatrixDevice).where(MatrixDevice.account == account, MatrixDevice.holder == holder)
    session.execute(held.values(holder=None, held_until=None))


def save_device(session: Session, account: str, device_id: str, token: str, now: datetime) -> None:
    """Keep the device of an account. Keys of another device are of no use any more, and are forgotten; those that the
    account vouches with (`signing`) are its own."""
    known = session.get(MatrixDevice, account)
    if known is None:
        session.add(MatrixDevice(account=account, device_id=device_id, token=token, created_at=now))
        return
    if known.device_id != device_id:
        session.execute(delete(MatrixKey).where(MatrixKey.account == account, MatrixKey.kind != "signing"))
    known.device_id, known.token = device_id, token


def keys_of(session: Session, account: str) -> list[tuple[str, str, str]]:
    """Every (kind, name, value) of an account's device."""
    query = select(MatrixKey.kind, MatrixKey.name, MatrixKey.value).where(MatrixKey.account == account)
    return [(kind, name, value) for kind, name, value in session.execute(query)]


def save_keys(session: Session, account: str, keys: Mapping[tuple[str, str], str | None]) -> None:
    """Write values by (kind, name); None takes one away."""
    for (kind, name), value in sorted(keys.items()):
        if value is None:
            this = (MatrixKey.account == account, MatrixKey.kind == kind, MatrixKey.name == name)
            session.execute(delete(MatrixKey).where(*this))
            continue
        row = upsert(session, MatrixKey).values(account=account, kind=kind, name=name, value=value)
        session.execute(
            row.on_conflict_do_update(index_elements=["account", "kind", "name"], set_={"value": row.excluded.value})
        )


def rooms_of_account(session: Session, account: str) -> dict[str, dict[str, Any]]:
    """What is known of each room, by its id."""
    rows = session.execute(select(MatrixRoom.native, MatrixRoom.state).where(MatrixRoom.account == account))
    return {native: state for native, state in rows}


def save_rooms(session: Session, account: str, rooms: Mapping[str, dict[str, Any]]) -> None:
    """Keep what is known of rooms."""
    for native, state in sorted(rooms.items()):
        row = upsert(session, MatrixRoom).values(account=account, native=native, state=state)
        session.execute(
            row.on_conflict_do_update(index_elements=["account", "native"], set_={"state": row.excluded.state})
        )


def find_room_chat(session: Session, account: str, native: str) -> Chat | None:
    """The chat of a room."""
    query = select(Chat).where(Chat.platform == "matrix", Chat.account == account, Chat.native == native)
    return session.scalars(query.with_for_update()).first()


def remember_sent(session: Session, chat: Chat, event: str, pid: str, n: int) -> int | None:
    """An event is part `n` of what a delivery (its pid) became. Returns the delivery; None when it is not of this chat.
    """
    sent = session.scalars(select(Delivery.id).where(Delivery.pid == pid, Delivery.chat_id == chat.id)).first()
    if sent is not None:
        row = upsert(session, SentEvent).values(delivery_id=sent, chat_id=chat.id, n=n, native=event)
        session.execute(row.on_conflict_do_nothing(index_elements=["chat_id", "native"]))
    return sent


def make_public(session: Session, chat: Chat) -> None:
    """Others read along now: the chat is nobody's private one any more."""
    chat.kind, chat.identity_id = "room", None
    for identity in session.scalars(select(Identity).where(Identity.chat_id == chat.id)):
        identity.chat_id = None
        session.flush()
        if identity.person_id is not None:
            choose_home(session, identity.person_id)


def waiting_rows(session: Session, natives: Iterable[str] | None = None, before: datetime | None = None,
                 limit: int = 500) -> list[WaitingRow]:  # fmt: skip
    """Rows that wait for a key: of these rooms, or those that came before a moment; oldest first."""
    query = (
        select(Incoming.id, Incoming.chat_id, Chat.native, Incoming.raw, Incoming.received_at)
        .join(Chat, Chat.id == Incoming.chat_id)
        .where(Incoming.state == "waiting_key")
    )
    if natives is not None:
        query = query.where(Chat.native.in_(list(natives)))
    if before is not None:
        query = query.where(Incoming.received_at < before)
    return [WaitingRow(*row) for row in session.execute(query.order_by(Incoming.received_at, Incoming.id).limit(limit))]


def end_waiting(session: Session, inbox_id: int, raw: dict[str, Any], now: datetime) -> None:
    """The key came: the row is like any other now, and its chat is due."""
    row = session.get_one(Incoming, inbox_id)
    hold_in_order(session, [row.chat_id])
    session.refresh(row)
    if row.state == "waiting_key":
        row.raw, row.state = raw, "new"
        make_due(session, [row.chat_id], now)


def give_up(session: Session, inbox_id: int, now: datetime, reason: str) -> None:
    """Nothing more is waited for: the row is kept as dead."""
    row = update(Incoming).where(Incoming.id == inbox_id, Incoming.state == "waiting_key")
    session.execute(row.values(state="dead", reason=reason, handled_at=now))
