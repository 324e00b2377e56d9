"""Tables of topics: discussions that several communities have together (G12)."""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Pid, loose_ref, ref


class Topic(Base):
    """A discussion that a host opened in a community, and to which others may be invited."""

    __tablename__ = "topics"
    __table_args__ = (Index("ix_topics_community", "community_id", "id"),)
    id: Mapped[Id]
    pid: Mapped[Pid]
    community_id: Mapped[int] = ref("communities", index=False)
    author_id: Mapped[int] = ref("persons")
    title: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(String(4000), default="")
    message_id: Mapped[int | None] = loose_ref()  # messages: its beginning, said in every room; what is answered
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class TopicPlace(Base):
    """A community that a topic is open to, once its host accepted."""

    __tablename__ = "topic_places"
    __table_args__ = (UniqueConstraint("topic_id", "community_id"),)
    id: Mapped[Id]
    topic_id: Mapped[int] = ref("topics", index=False)
    community_id: Mapped[int] = ref("communities")
    state: Mapped[str] = mapped_column(String(8), default="invited")  # invited | accepted | declined | left
    asked_by: Mapped[int] = ref("persons", index=False)
    decided_by: Mapped[int | None] = ref("persons", index=False)
    decided_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = loose_ref()  # messages: what asked its hosts
    created_at: Mapped[datetime]
