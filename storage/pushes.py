"""Tables and queries of pushes (G9: each workshop pushes at least 20 resources) and of who opened them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session

from storage.base import Base, Id, ref
from storage.broadcasts import Broadcast, broadcast_indexes
from storage.messaging import Delivery
from storage.resources import Resource
from storage.writing import count_changed, upsert


class Push(Broadcast, Base):
    """One resource sent to a community."""

    __tablename__ = "pushes"
    __table_args__ = broadcast_indexes("pushes")
    resource_id: Mapped[int] = ref("resources")


class Opening(Base):
    """A person opened a push: pressed its button, or confirmed on its page. Fetching a page opens nothing."""

    __tablename__ = "openings"
    __table_args__ = (UniqueConstraint("push_id", "person_id"),)
    id: Mapped[Id]
    push_id: Mapped[int] = ref("pushes", index=False)
    person_id: Mapped[int] = ref("persons")
    at: Mapped[datetime]
    shown_at: Mapped[datetime]  # when its content was last sent to them


def add_opening(session: Session, push_id: int, person_id: int, now: datetime) -> bool:
    """Write down that a person opened a push; False when it was open already."""
    row = upsert(session, Opening).values(push_id=push_id, person_id=person_id, at=now, shown_at=now)
    return count_changed(session, row.on_conflict_do_nothing(index_elements=["push_id", "person_id"])) > 0


def get_opening(session: Session, push_id: int, person_id: int) -> Opening | None:
    """When a person opened a push."""
    query = select(Opening).where(Opening.push_id == push_id, Opening.person_id == person_id)
    return session.scalars(query.with_for_update()).first()


def find_opened(session: Session, resource_id: int, person_id: int) -> list[int]:
    """The ids of the pushes of a resource that stand and that a person opened."""
    query = (
        select(Push.id)
        .join(Opening, Opening.push_id == Push.id)
        .where(Push.resource_id == resource_id, Push.withdrawn_at.is_(None), Opening.person_id == person_id)
    )
    return list(session.scalars(query))


def count_openings(session: Session, push_id: int) -> int:
    """How many opened a push."""
    return session.execute(select(func.count()).where(Opening.push_id == push_id)).scalar_one()


def find_openings_of(session: Session, person_id: int) -> list[tuple[str, datetime]]:
    """(push pid, when) of everything a person opened."""
    query = select(Push.pid, Opening.at).join(Push, Push.id == Opening.push_id)
    return [(pid, at) for pid, at in session.execute(query.where(Opening.person_id == person_id).order_by(Opening.id))]


def all_of_author(session: Session, person_id: int) -> list[Push]:
    """Every push of a person."""
    return list(session.scalars(select(Push).where(Push.author_id == person_id).order_by(Push.id)))


def find_unopened(session: Session, people: Collection[int], since: datetime) -> list[tuple[int, str, datetime]]:
    """(person id, delivery's public id, when) of pushes that stand, delivered to each of some people and not opened by
    them, the newest first."""
    opened = select(Opening.id).where(Opening.push_id == Push.id, Opening.person_id == Delivery.person_id)
    query = (
        select(Delivery.person_id, Delivery.pid, Delivery.created_at)
        .join(Push, Push.people_message_id == Delivery.message_id)
        .join(Resource, Resource.id == Push.resource_id)
        .where(Delivery.person_id.in_(people), Delivery.created_at >= since, Delivery.kind == "send")
        .where(Delivery.state.in_(("ready", "sent")), Push.withdrawn_at.is_(None), Resource.removed_at.is_(None))
        .where(~opened.exists())
        .order_by(Delivery.id.desc())
    )
    return [(person_id, pid, at) for person_id, pid, at in session.execute(query) if person_id is not None]


def find_delivered(session: Session, token: str) -> tuple[Push, int] | None:
    """The push that a delivery (by its public id) brought, and to whom."""
    query = (
        select(Push, Delivery.person_id)
        .join(Delivery, Delivery.message_id == Push.people_message_id)
        .where(Delivery.pid == token, Delivery.person_id.is_not(None))
    )
    found = session.execute(query).first()
    return (found[0], found[1]) if found and found[1] is not None else None
