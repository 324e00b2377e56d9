"""Tables and queries of notices and their receipts (G13 通知, 收到)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Select, String, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, Json, ref
from storage.broadcasts import Broadcast, broadcast_indexes
from storage.communities import Community
from storage.messaging import Delivery
from storage.people import Person
from storage.writing import count_changed, upsert


class Notice(Broadcast, Base):
    """Words or files to one or several communities, asking for 收到. Who has not answered only its author learns.

    `community_id` is the first of its places: where it is counted.
    """

    __tablename__ = "notices"
    __table_args__ = broadcast_indexes("notices")
    text: Mapped[str] = mapped_column(String(4000), default="")
    files: Mapped[Any] = mapped_column(Json, default=list)  # pids of attachments
    reminders: Mapped[Any] = mapped_column(Json, default=list)  # ids of the messages that said it again


class NoticePlace(Base):
    """One of the communities that a notice is for."""

    __tablename__ = "notice_places"
    __table_args__ = (
        UniqueConstraint("notice_id", "community_id"),
        Index("ix_notice_places_community", "community_id", "notice_id"),
    )
    id: Mapped[Id]
    notice_id: Mapped[int] = ref("notices", index=False)
    community_id: Mapped[int] = ref("communities", index=False)


class Receipt(Base):
    """A person said 收到 to a notice, once."""

    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("notice_id", "person_id"),)
    id: Mapped[Id]
    notice_id: Mapped[int] = ref("notices", index=False)
    person_id: Mapped[int] = ref("persons")
    at: Mapped[datetime]


def add_places(session: Session, notice_id: int, communities: Sequence[Community]) -> None:
    """Say which communities a notice is for, in this order."""
    session.add_all([NoticePlace(notice_id=notice_id, community_id=one.id) for one in communities])
    session.flush()


def places_of(session: Session, found: Collection[int]) -> dict[int, list[Community]]:
    """notice id -> the communities it is for, in the order in which they were chosen."""
    query = (
        select(NoticePlace.notice_id, Community)
        .join(Community, Community.id == NoticePlace.community_id)
        .where(NoticePlace.notice_id.in_(found))
        .order_by(NoticePlace.id)
    )
    places: dict[int, list[Community]] = {key: [] for key in found}
    for notice_id, community in session.execute(query):
        places[notice_id].append(community)
    return places


def keep_places(session: Session, notice_id: int, kept: Sequence[Community]) -> None:
    """A notice is for these of its communities only."""
    others = NoticePlace.community_id.not_in([one.id for one in kept])
    session.execute(delete(NoticePlace).where(NoticePlace.notice_id == notice_id, others))


def add_receipt(session: Session, notice_id: int, person_id: int, now: datetime) -> bool:
    """Write a receipt down; False when there is one already."""
    row = upsert(session, Receipt).values(notice_id=notice_id, person_id=person_id, at=now)
    return count_changed(session, row.on_conflict_do_nothing(index_elements=["notice_id", "person_id"])) > 0


def find_received(session: Session, notice_id: int, people: Collection[int | None]) -> set[int]:
    """Those of `people` who said 收到."""
    query = select(Receipt.person_id).where(Receipt.notice_id == notice_id, Receipt.person_id.in_(people))
    return set(session.scalars(query))


def find_waiting(
    session: Session, places: Select[Any], person_id: int, since: datetime, limit: int, within: int | None = None
) -> list[Notice]:
    """Notices to communities of a select that went out since a moment, stand, and have no 收到 of a person yet, newest
    first; `within`: the id of a community that they are for."""
    meant = select(NoticePlace.notice_id).where(NoticePlace.community_id.in_(places.with_only_columns(Community.id)))
    if within is not None:
        meant = meant.where(NoticePlace.community_id == within)
    received = select(Receipt.id).where(Receipt.notice_id == Notice.id, Receipt.person_id == person_id)
    query = (
        select(Notice)
        .where(
            Notice.id.in_(meant),
            Notice.released_at >= since,
            Notice.withdrawn_at.is_(None),
            Notice.author_id != person_id,
            ~received.exists(),
        )
        .order_by(Notice.released_at.desc(), Notice.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def count_receipts(session: Session, notice_id: int) -> int:
    """How many said 收到."""
    return session.execute(select(func.count()).where(Receipt.notice_id == notice_id)).scalar_one()


def missing(people: Select[Any], notice_id: int) -> Select[Any]:
    """Of a select of people those who have not said 收到."""
    received = select(Receipt.id).where(Receipt.notice_id == notice_id, Receipt.person_id == Person.id)
    return people.where(~received.exists())


def resting(session: Session, people: Select[Any], key: str, now: datetime) -> tuple[int, datetime | None]:
    """How many of some people have a delivery under a dedupe key that waits for a later moment, and the first one."""
    query = select(func.count(), func.min(Delivery.not_before)).where(
        Delivery.person_id.in_(people), Delivery.dedupe_key == key, Delivery.state == "ready", Delivery.not_before > now
    )
    n, first = session.execute(query).one()
    return n, first


def find_names(session: Session, people: Select[Any], limit: int, offset: int) -> list[Person]:
    """The selected people by name."""
    query = select(Person).where(Person.id.in_(people)).order_by(Person.name, Person.id)
    return list(session.scalars(query.limit(limit).offset(offset)))


def find_receipts_of(session: Session, person_id: int) -> list[tuple[str, datetime]]:
    """(notice pid, when) of everything a person said 收到 to."""
    query = select(Notice.pid, Receipt.at).join(Notice, Notice.id == Receipt.notice_id)
    return [(pid, at) for pid, at in session.execute(query.where(Receipt.person_id == person_id).order_by(Receipt.id))]


def all_of_author(session: Session, person_id: int) -> list[Notice]:
    """Every notice of a person."""
    return list(session.scalars(select(Notice).where(Notice.author_id == person_id).order_by(Notice.id)))
