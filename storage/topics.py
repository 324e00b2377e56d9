"""Tables and queries of topics: discussions that several communities have together (G12)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Row, Select, String, UniqueConstraint, func, or_, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, Pid, loose_ref, ref
from storage.communities import Community
from storage.inbox import hold_in_order
from storage.messages import message_of_event
from storage.people import Person
from storage.relays import Relay, relay_at
from storage.rooms import Room


class Topic(Base):
    """A discussion that a host opened in a community, and to which others may be invited."""

    __tablename__ = "topics"
    __table_args__ = (
        Index("ix_topics_community", "community_id", "id"), Index("ix_topics_message_id", "message_id")
    )  # fmt: skip
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
    state: Mapped[str] = mapped_column(String(8), default="invited")  # invited | accepted | declined | left | recalled
    asked_by: Mapped[int] = ref("persons", index=False)
    decided_by: Mapped[int | None] = ref("persons", index=False)
    decided_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = loose_ref(index=True)  # messages: what asked its hosts
    created_at: Mapped[datetime]


def get_topic(session: Session, pid: str, lock: bool = False) -> Topic | None:
    """A topic by its public id; `lock` keeps others from changing it until the commit."""
    query = select(Topic).where(Topic.pid == pid)
    return session.scalars(query.with_for_update() if lock else query).first()


def places_of(session: Session, topic_ids: Collection[int]) -> dict[int, list[tuple[TopicPlace, Community]]]:
    """topic id -> (row, community) of every community that was invited to it, in that order."""
    query = (
        select(TopicPlace, Community)
        .join(Community, Community.id == TopicPlace.community_id)
        .where(TopicPlace.topic_id.in_(topic_ids))
        .order_by(TopicPlace.id)
    )
    found: dict[int, list[tuple[TopicPlace, Community]]] = {key: [] for key in topic_ids}
    for place, community in session.execute(query):
        found[place.topic_id].append((place, community))
    return found


def get_place(session: Session, topic_id: int, community_id: int) -> TopicPlace | None:
    """A community's row of a topic, held until the transaction ends."""
    query = select(TopicPlace).where(TopicPlace.topic_id == topic_id, TopicPlace.community_id == community_id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).first()


def find_heard(session: Session, places: Select[Any], before: str | None, limit: int) -> list[Topic]:
    """Topics in which communities of a select take part, newest first; `before`: public id of the last one seen."""
    heard = places.with_only_columns(Community.id)
    others = select(TopicPlace.topic_id).where(TopicPlace.community_id.in_(heard), TopicPlace.state == "accepted")
    query = select(Topic).where(or_(Topic.community_id.in_(heard), Topic.id.in_(others)))
    if before is not None:
        query = query.where(Topic.id < select(Topic.id).where(Topic.pid == before).scalar_subquery())
    return list(session.scalars(query.order_by(Topic.id.desc()).limit(limit)))


def find_invited(
    session: Session, places: Select[Any], limit: int, after: int = 0
) -> list[tuple[Topic, TopicPlace, Community]]:
    """Undecided invitations of communities of a select to topics that are open, oldest first, with ids over `after`."""
    query = (
        select(Topic, TopicPlace, Community)
        .join(TopicPlace, TopicPlace.topic_id == Topic.id)
        .join(Community, Community.id == TopicPlace.community_id)
        .where(TopicPlace.community_id.in_(places.with_only_columns(Community.id)))
        .where(TopicPlace.state == "invited", Topic.closed_at.is_(None), TopicPlace.id > after)
        .order_by(TopicPlace.id)
        .limit(limit)
    )
    return [(topic, place, community) for topic, place, community in session.execute(query)]


def count_posts(session: Session, topic_ids: Collection[int]) -> dict[int, int]:
    """topic id -> how many things were said in it that stand."""
    query = select(Relay.topic_id, func.count()).where(Relay.topic_id.in_(topic_ids), Relay.removed_at.is_(None))
    return {key: n for key, n in session.execute(query.group_by(Relay.topic_id)) if key is not None}


def find_posts(session: Session, topic_id: int, before: int | None, limit: int) -> list[Row[Relay, Person, Community]]:
    """(relay, person, community) of what was said in a topic and stands, newest first; `before`: id of the last one."""
    query = (
        select(Relay, Person, Community)
        .join(Person, Person.id == Relay.person_id)
        .join(Community, Community.id == Relay.community_id)
        .where(Relay.topic_id == topic_id, Relay.removed_at.is_(None))
    )
    if before is not None:
        query = query.where(Relay.id < before)
    return list(session.execute(query.order_by(Relay.id.desc()).limit(limit)).all())


def topic_of_event(session: Session, chat_id: int, native: str) -> Topic | None:
    """The topic that a platform event of a chat belongs to: its beginning, or what was said in it, there or elsewhere.
    """
    topic = topic_of_post(session, chat_id, native)
    if topic is None and (message := message_of_event(session, chat_id, native)) is not None:
        topic = topic_of_message(session, message.id)
    return topic


def topic_of_message(session: Session, message_id: int) -> Topic | None:
    """The topic that a message of ours begins, or carries a post of."""
    began = session.scalars(select(Topic).where(Topic.message_id == message_id)).first()
    if began is not None:
        return began
    query = select(Topic).join(Relay, Relay.topic_id == Topic.id).where(Relay.message_id == message_id)
    return session.scalars(query).first()


def topic_of_post(session: Session, chat_id: int, native: str) -> Topic | None:
    """The topic of something that a person said in a chat themselves."""
    said = relay_at(session, chat_id, native)
    return session.get(Topic, said.topic_id) if said is not None and said.topic_id is not None else None


def communities_of(session: Session, chat_id: int, native: str) -> list[int]:
    """Those that take part in the topic that a platform event of a chat belongs to."""
    topic = topic_of_event(session, chat_id, native)
    return taking_part(session, topic) if topic is not None else []


def taking_part(session: Session, topic: Topic) -> list[int]:
    """The communities that take part in a topic: the one it was opened in, and those that accepted."""
    accepted = select(TopicPlace.community_id).where(TopicPlace.topic_id == topic.id, TopicPlace.state == "accepted")
    return [topic.community_id, *session.scalars(accepted)]


def hold_rooms(session: Session, topic: Topic, *others: int) -> None:
    """Lock the rooms of all communities that take part, and of others, until the commit: before any is told anything,
    or who speaks there at that moment would wait for us, and we for them."""
    here = Room.community_id.in_([*taking_part(session, topic), *others])
    hold_in_order(session, select(Room.chat_id).where(here))


def region_over(session: Session, community: Community) -> Community | None:
    """The nearest region that a community is or lies in."""
    query = select(Community).where(Community.id.in_(community.line), Community.kind == "region")
    return session.scalars(query.order_by(func.length(Community.path).desc()).limit(1)).first()


def find_workshops(session: Session, path: str, text: str, without: Collection[int], hidden: Select[Any],
                   limit: int, after: str | None = None) -> Sequence[Community]:  # fmt: skip
    """Workshops (not archived) at and under a path whose name contains `text`, by name, without some; those by
    invitation only if `hidden` selects them. `after`: public id of the last one seen."""
    seen = or_(Community.policy != "invitation", Community.id.in_(hidden.with_only_columns(Community.id)))
    query = select(Community).where(
        Community.kind == "workshop", Community.archived_at.is_(None), Community.id.not_in(without),
        Community.path.startswith(path, autoescape=True), seen,
    )  # fmt: skip
    if text:
        query = query.where(Community.name.contains(text, autoescape=True))
    last = session.scalars(select(Community).where(Community.pid == after)).first() if after is not None else None
    if last is not None:
        query = query.where(tuple_(Community.name, Community.id) > (last.name, last.id))
    return session.scalars(query.order_by(Community.name, Community.id).limit(limit)).all()


def all_of_author(session: Session, person_id: int) -> list[Topic]:
    """Every topic that a person opened."""
    return list(session.scalars(select(Topic).where(Topic.author_id == person_id).order_by(Topic.id)))
