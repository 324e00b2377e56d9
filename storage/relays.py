"""Table of what people said in one room and the other rooms of its community hear, too (the bridge)."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, loose_ref, ref


class Relay(Base):
    """Something a person said: where it was said (a chat and the platform's id there), and the message that carries it
    to the other rooms."""

    __tablename__ = "relays"
    __table_args__ = (UniqueConstraint("chat_id", "native"),)
    id: Mapped[Id]
    chat_id: Mapped[int] = ref("chats", index=False)
    native: Mapped[str] = mapped_column(String(255))
    message_id: Mapped[int] = ref("messages", unique=True, index=False)
    person_id: Mapped[int] = ref("persons")
    community_id: Mapped[int] = ref("communities")
    topic_id: Mapped[int | None] = loose_ref()  # topics: the discussion of several communities that it belongs to
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
