"""Table and queries of what people said in one room and the other rooms of its community hear, too (the bridge)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Index, String, UniqueConstraint, and_, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from storage.base import Base, Id, Json, Pid, loose_ref, ref
from storage.communities import Community
from storage.messaging import Chat, Delivery, SentEvent
from storage.rooms import Room
from storage.writing import QUIET_UPDATE

# what people say there is carried to the others: unless somebody said otherwise, it stays in encrypted rooms
OPEN = or_(Room.bridge == "on", and_(Room.bridge == "", Room.encrypted.is_(False)))
QUIET = "region"  # thousands are at home there: their talk stays where it is, what answers a topic does not


class Relay(Base):
    """Something a person said: where it was said (a chat and the platform's id there), and the message that carries it
    to the other rooms; none where there was no other room. `counted`: as participation of the person."""

    __tablename__ = "relays"
    __table_args__ = (UniqueConstraint("chat_id", "native"), Index("ix_relays_topic", "topic_id", "id"))
    id: Mapped[Id]
    pid: Mapped[Pid]
    chat_id: Mapped[int] = ref("chats", index=False)
    native: Mapped[str] = mapped_column(String(255))
    message_id: Mapped[int | None] = ref("messages", unique=True, index=False)
    person_id: Mapped[int] = ref("persons")
    community_id: Mapped[int] = ref("communities")
    topic_id: Mapped[int | None] = loose_ref()  # topics: the discussion of several communities that it belongs to
    counted: Mapped[bool] = mapped_column(default=False)
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RelayPart(Base):
    """One message of an album that was said: the platform's id in the chat of its relay, and the words under it."""

    __tablename__ = "relay_parts"
    __table_args__ = (UniqueConstraint("chat_id", "native"),)
    id: Mapped[Id]
    relay_id: Mapped[int] = ref("relays")
    chat_id: Mapped[int] = ref("chats", index=False)
    native: Mapped[str] = mapped_column(String(255))
    tree: Mapped[Any | None] = mapped_column(Json)  # none where there are no words, or nobody else heard them


class BridgeRoom(NamedTuple):
    """A room of a community (of a `kind`) as the bridge sees it; `open`: it hears the others and they hear it."""

    room: Room
    chat: Chat
    kind: str

    @property
    def open(self) -> bool:
        """What `bridged_rooms` goes by."""
        usual = self.room.bridge == "" and not self.room.encrypted and self.kind != QUIET
        return self.room.bridge == "on" or usual


def bridged_rooms(session: Session, community_id: int) -> list[int]:
    """Chat ids of the rooms of a community whose talk is carried from one to the other, oldest first."""
    return _hearing(session, [community_id], or_(Room.bridge == "on", Community.kind != QUIET))


def discussing_rooms(session: Session, community_ids: Collection[int]) -> list[int]:
    """Chat ids of the rooms of communities where what answers a topic is carried from one to the other."""
    return _hearing(session, community_ids)


def _hearing(session: Session, community_ids: Collection[int], *conditions: Any) -> list[int]:
    query = select(Chat.id).join(Room, Room.chat_id == Chat.id).join(Community, Community.id == Room.community_id)
    here = (Community.id.in_(community_ids), Community.archived_at.is_(None), Room.part == "room", OPEN)
    query = query.where(Chat.state == "active", *conditions)
    return list(session.scalars(query.where(*here).order_by(Room.id)))


def _seen() -> Any:
    query = select(Room, Chat, Community.kind).join(Chat, Chat.id == Room.chat_id)
    return query.join(Community, Community.id == Room.community_id)


def rooms_of_bridge(session: Session, community_id: int) -> list[BridgeRoom]:
    """All rooms of a community that people speak in, whether they are connected or not."""
    here = (Room.community_id == community_id, Room.part == "room", Chat.state == "active")
    return [BridgeRoom(*row) for row in session.execute(_seen().where(*here).order_by(Room.id))]


def room_by_pid(session: Session, pid: str) -> BridgeRoom | None:
    """A room by its public id, with its chat."""
    row = session.execute(_seen().where(Room.pid == pid, Room.part == "room")).first()
    return BridgeRoom(*row) if row else None


def relay_at(session: Session, chat_id: int, native: str) -> Relay | None:
    """What was said as this platform event of a chat, or of an album as which it is one."""
    whole = aliased(Relay)
    said = select(whole.id).where(whole.chat_id == chat_id, whole.native == native)
    part = select(RelayPart.relay_id).where(RelayPart.chat_id == chat_id, RelayPart.native == native)
    found = func.coalesce(said.scalar_subquery(), part.scalar_subquery())
    return session.scalars(select(Relay).where(Relay.id == found)).first()


def parts_of(session: Session, relay_id: int) -> Sequence[RelayPart]:
    """The messages of an album, in order; none of anything else."""
    return session.scalars(select(RelayPart).where(RelayPart.relay_id == relay_id).order_by(RelayPart.id)).all()


def relay_of_message(session: Session, message_id: int) -> Relay | None:
    """What a message carries."""
    return session.scalars(select(Relay).where(Relay.message_id == message_id)).first()


def relay_by_pid(session: Session, pid: str) -> Relay | None:
    """A relay by its public id."""
    return session.scalars(select(Relay).where(Relay.pid == pid)).first()


def answered_in(
    session: Session, message_ids: Collection[int], chat_ids: Collection[int]
) -> dict[tuple[int, int], str]:
    """(message, chat) -> the platform's id of what is answered there: where a person said it themselves that, else the
    first thing that the message became in the chat."""
    said = select(Relay.message_id, Relay.chat_id, Relay.native)
    sent = (
        select(Delivery.message_id, SentEvent.chat_id, SentEvent.native)
        .join(SentEvent, SentEvent.delivery_id == Delivery.id)
        .where(Delivery.message_id.in_(message_ids), Delivery.chat_id.in_(chat_ids), Delivery.kind == "send")
        .order_by(SentEvent.n.desc())
    )
    found = {(row[0], row[1]): row[2] for row in session.execute(sent)}
    own = session.execute(said.where(Relay.message_id.in_(message_ids), Relay.chat_id.in_(chat_ids)))
    return found | {(message_id, chat_id): native for message_id, chat_id, native in own if message_id is not None}


def make_due(session: Session, message_id: int, now: datetime) -> list[int]:
    """Let deliveries of a message that were put off go now; returns their chats."""
    waiting = update(Delivery).where(
        Delivery.message_id == message_id, Delivery.state == "ready", Delivery.kind == "send",
        Delivery.not_before > now, Delivery.attempts <= 1, Delivery.pending.is_(False),
    )  # fmt: skip
    due = waiting.values(not_before=now).returning(Delivery.chat_id)
    return [key for key in session.scalars(due, execution_options=QUIET_UPDATE) if key is not None]


def newly_encrypted(session: Session, account: str, natives: Collection[str]) -> list[BridgeRoom]:
    """Rooms of a Matrix account that are encrypted and were not known to be."""
    these = (Chat.platform == "matrix", Chat.account == account, Chat.native.in_(natives), Room.encrypted.is_(False))
    return [BridgeRoom(*row) for row in session.execute(_seen().where(*these))]


def relays_of(session: Session, person_id: int) -> Sequence[Relay]:
    """Everything a person said that counted or was carried, oldest first."""
    return session.scalars(select(Relay).where(Relay.person_id == person_id).order_by(Relay.id)).all()
