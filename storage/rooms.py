"""Tables of the rooms that mirror communities, and of what people did in them (C2)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, and_, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, Json, Pid, loose_ref, new_pid, ref
from storage.communities import Community
from storage.messaging import Chat
from storage.people import Identity
from storage.writing import QUIET_UPDATE, add_rows, among, count_changed, upsert

DUE = text("due_at IS NOT NULL")


class Room(Base):
    """A place on one platform that mirrors one community: a room to speak in, or a space that holds others.

    One that we are to create has no chat yet. `kept` is what the adapter remembers of it (an invite link, the address
    of its picture); `tries` how often each action was made of late, and when it may be made again; `findings` what the
    last look at it found.
    """

    __tablename__ = "rooms"
    __table_args__ = (
        Index("ix_rooms_due", "due_at", sqlite_where=DUE, postgresql_where=DUE),
        Index(
            "ix_rooms_created", "community_id", "platform", "part", unique=True,
            sqlite_where=text("origin = 'created'"), postgresql_where=text("origin = 'created'"),
        ),
    )  # fmt: skip
    id: Mapped[Id]
    pid: Mapped[Pid]
    chat_id: Mapped[int | None] = ref("chats", unique=True, index=False)
    community_id: Mapped[int] = ref("communities")
    platform: Mapped[str] = mapped_column(String(16), default="")
    part: Mapped[str] = mapped_column(String(5), default="room")  # room | space (has rooms in it, nobody speaks there)
    origin: Mapped[str] = mapped_column(String(8), default="adopted")  # built_in | created | adopted
    manages: Mapped[Any] = mapped_column(Json, default=list)  # of api.rooms.planning.ASPECTS: what we keep in step
    encrypted: Mapped[bool] = mapped_column(default=False)  # it is, or is to be; of a space: the rooms made in it
    bridge: Mapped[str] = mapped_column(String(3), default="")  # on | off; "": on, unless encrypted or of a region
    kept: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    tries: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    findings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    due_at: Mapped[datetime | None]  # when it is to be looked at next; None: it is not managed
    leased_until: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    bound_by: Mapped[int | None] = ref("persons", index=False)
    created_at: Mapped[datetime]


class RoomAccount(Base):
    """What is known of one account in one room: how it stands there, and what people decided about it."""

    __tablename__ = "room_accounts"
    __table_args__ = (UniqueConstraint("room_id", "native"), Index("ix_room_accounts_state", "state", "at"))
    id: Mapped[Id]
    pid: Mapped[Pid]
    room_id: Mapped[int] = ref("rooms", index=False)
    native: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[str] = mapped_column(String(6), default="")  # join | invite | knock | leave | ban
    rank: Mapped[int] = mapped_column(default=0)  # of api.rooms.planning
    by: Mapped[str] = mapped_column(String(255), default="")  # the account that brought it there
    stays_out: Mapped[bool] = mapped_column(default=False)  # left on purpose: not invited until somebody asks for it
    left_be: Mapped[str] = mapped_column(String(4), default="")  # a host said so: here | rank
    asked_at: Mapped[datetime | None]  # when hosts were asked last
    # of a host: unknown | in | left | rank. Decided: refused (to be put out), brought (by a host: their coming is
    # looked into first), again (is to be asked in, whatever was before), twice (was sent a second link)
    asked: Mapped[str] = mapped_column(String(8), default="")
    message_id: Mapped[int | None] = loose_ref(index=True)  # messages: the question
    at: Mapped[datetime]


def rooms_of(session: Session, community_id: int) -> list[int]:
    """Chat ids of a community's rooms that still exist."""
    query = select(Room.chat_id).join(Chat, Chat.id == Room.chat_id)
    here = (Room.community_id == community_id, Room.part == "room", Chat.state == "active")
    return [chat_id for chat_id in session.scalars(query.where(*here)) if chat_id is not None]


def community_of_chat(session: Session, chat_id: int) -> Community | None:
    """The community that a room mirrors."""
    query = select(Community).join(Room, Room.community_id == Community.id).where(Room.chat_id == chat_id)
    return session.scalars(query).first()


def bound_rooms(session: Session, platform: str, account: str) -> Sequence[tuple[str, str]]:
    """(platform's chat id, name of the community) of every room of a bot that mirrors one."""
    query = select(Chat.native, Community.name).join(Room, Room.chat_id == Chat.id).join(Community)
    mine = query.where(Chat.platform == platform, Chat.account == account).order_by(Chat.id)
    return [(row[0], row[1]) for row in session.execute(mine)]


def bound_elsewhere(session: Session, chat: Chat) -> bool:
    """Whether the same place on the platform, or the group around it, is a room of another bot of ours."""
    group = chat.native.partition("/")[0]
    there = (Chat.platform == chat.platform, Chat.native.in_({chat.native, group}), Chat.account != chat.account)
    query = select(Room.id).join(Chat, Chat.id == Room.chat_id).where(*there, Chat.state == "active")
    return session.execute(query.limit(1)).first() is not None


def find_chat_of(session: Session, platform: str, native: str) -> Chat | None:
    """A chat of a platform by its id there, whichever of our accounts has it."""
    query = select(Chat).where(Chat.platform == platform, Chat.native == native).order_by(Chat.state, Chat.id)
    return session.scalars(query.limit(1)).first()


def drop_room(session: Session, room: Room) -> None:
    """Forget that a chat mirrors a community, and what is known of accounts there."""
    session.execute(delete(RoomAccount).where(RoomAccount.room_id == room.id), execution_options=QUIET_UPDATE)
    session.delete(room)
    session.flush()


def room_of_chat(session: Session, chat_id: int) -> Room | None:
    """What makes a chat mirror a community."""
    return session.scalars(select(Room).where(Room.chat_id == chat_id)).first()


def add_made_by_us(session: Session, **columns: Any) -> None:
    """Add a room that is to be created, unless its community has one of that part there."""
    session.flush()
    session.execute(upsert(session, Room).values(origin="created", **columns).on_conflict_do_nothing())


def account_in(session: Session, room_id: int, native: str, now: datetime) -> RoomAccount:
    """What is known of an account in a room, held until the commit; added when nothing is."""
    session.flush()
    row = upsert(session, RoomAccount).values(room_id=room_id, native=native, at=now)
    session.execute(row.on_conflict_do_nothing(index_elements=["room_id", "native"]))
    query = select(RoomAccount).where(RoomAccount.room_id == room_id, RoomAccount.native == native)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def find_account(session: Session, pid: str) -> RoomAccount | None:
    """An account in a room by its public id, held until the commit."""
    query = select(RoomAccount).where(RoomAccount.pid == pid)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).first()


def is_elsewhere(session: Session, seen: RoomAccount, community_id: int, person_id: int) -> bool:
    """Whether a person is in a room of a community with another account, or in another room; the web's apart, where
    everybody is."""
    query = (
        select(RoomAccount.id)
        .join(Room, Room.id == RoomAccount.room_id)
        .join(Identity, and_(Identity.platform == Room.platform, Identity.native == RoomAccount.native))
        .where(Room.community_id == community_id, RoomAccount.id != seen.id, Room.part == "room")
        .where(RoomAccount.state == "join", Identity.person_id == person_id)
    )
    return session.execute(query.limit(1)).first() is not None


def page_asked(session: Session, room_id: int, asked: Sequence[str], limit: int, after: str = "") -> list[RoomAccount]:
    """Accounts in a room about which something of these is asked, by public id."""
    query = select(RoomAccount).where(RoomAccount.room_id == room_id, RoomAccount.asked.in_(asked))
    return list(session.scalars(query.where(RoomAccount.pid > after).order_by(RoomAccount.pid).limit(limit)))


def was_refused(session: Session, person_id: int, community_id: int) -> bool:
    """Whether an account of a person was turned away from a room of a community."""
    query = (
        select(RoomAccount.id)
        .join(Room, Room.id == RoomAccount.room_id)
        .join(Identity, and_(Identity.platform == Room.platform, Identity.native == RoomAccount.native))
        .where(Room.community_id == community_id, Identity.person_id == person_id, RoomAccount.state == "knock")
    )
    return session.execute(query.limit(1)).first() is not None


def accounts_of_person(session: Session, person_id: int) -> list[tuple[RoomAccount, Room, str]]:
    """(account in a room, the room, its community's name) of everything bound to a person."""
    query = (
        select(RoomAccount, Room, Community.name)
        .join(Room, Room.id == RoomAccount.room_id)
        .join(Community, Community.id == Room.community_id)
        .join(Identity, and_(Identity.platform == Room.platform, Identity.native == RoomAccount.native))
        .where(Identity.person_id == person_id)
        .order_by(RoomAccount.id)
    )
    return [(account, room, name) for account, room, name in session.execute(query)]


def forget_accounts(session: Session, person_id: int) -> None:
    """Forget what is known of a person's accounts in rooms; those that are still in one stay until they are out."""
    for account, room, _ in accounts_of_person(session, person_id):
        if account.native in (banned := room.kept.get("banned") or []):
            room.kept = {**room.kept, "banned": [one for one in banned if one != account.native]}
        if room.due_at is None or account.state not in ("join", "invite", "knock"):
            session.delete(account)
            continue
        account.name, account.by, account.asked, account.message_id = "", "", "refused", None
        account.left_be, account.stays_out = "", False
    session.flush()


def drop_accounts(session: Session, room_id: int, natives: Collection[str]) -> None:
    """Forget accounts that were taken out of a room; who left by themselves is remembered, not to be asked in again."""
    out = (RoomAccount.room_id == room_id, RoomAccount.native.in_(natives), RoomAccount.stays_out.is_(False))
    session.execute(delete(RoomAccount).where(*out), execution_options=QUIET_UPDATE)


def count_asked(session: Session, room_id: int, since: datetime) -> int:
    """How many accounts of a room hosts were asked about since a moment."""
    query = select(func.count()).select_from(RoomAccount)
    return session.execute(query.where(RoomAccount.room_id == room_id, RoomAccount.asked_at >= since)).scalar_one()


def count_open(session: Session, room_id: int, asked: Sequence[str]) -> tuple[int, int]:
    """(accounts of a room about which something of these is asked, accounts that left it on purpose)."""
    counts = select(func.count().filter(RoomAccount.asked.in_(asked)), func.count().filter(RoomAccount.stays_out))
    row = session.execute(counts.where(RoomAccount.room_id == room_id)).one()
    return row[0], row[1]


def forget_leaving(session: Session, room_id: int) -> int:
    """Forget of all accounts of a room that they left it on purpose; returns how many these were."""
    left = list(session.scalars(select(RoomAccount).where(RoomAccount.room_id == room_id, RoomAccount.stays_out)))
    for account in left:
        account.stays_out, account.asked = False, "again"
    session.flush()
    return len(left)


def unseen_in(session: Session, chat_id: int, native: str) -> Room | None:
    """The managed room that a chat is, where nothing is known there of an account."""
    known = select(RoomAccount.id).where(RoomAccount.room_id == Room.id, RoomAccount.native == native)
    query = select(Room).where(Room.chat_id == chat_id, Room.due_at.is_not(None), ~known.exists())
    return session.scalars(query).first()


def known_among(session: Session, room_id: int, natives: Collection[str]) -> set[str]:
    """Those of some accounts of which something is known in a room."""
    query = select(RoomAccount.native).where(RoomAccount.room_id == room_id, among(RoomAccount.native, "natives"))
    return set(session.scalars(query, {"natives": list(natives)}))


def add_joined(session: Session, room_id: int, natives: Collection[str], now: datetime) -> None:
    """Remember that accounts are in a room, those apart of which something is known there."""
    if natives:
        rows = [(new_pid(), room_id, native, "join", now) for native in natives]
        add_rows(session, RoomAccount, ("pid", "room_id", "native", "state", "at"), rows, ("room_id", "native"))


def purge_room_accounts(session: Session, before: datetime, limit: int = 500) -> int:
    """Forget up to `limit` accounts that nobody decided anything about and that are in no room since `before`; returns
    how many."""
    undecided = (
        RoomAccount.state.in_(("leave", "knock", "")), RoomAccount.asked.in_(("", "refused")),
        RoomAccount.stays_out.is_(False), RoomAccount.left_be == "", RoomAccount.message_id.is_(None),
    )  # fmt: skip
    old = select(RoomAccount.id).where(RoomAccount.at < before, *undecided).limit(limit)
    return count_changed(session, delete(RoomAccount).where(RoomAccount.id.in_(old.scalar_subquery())))
