"""Tables of the tree people belong to: communities, memberships, appointments."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    String,
    UniqueConstraint,
    and_,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from storage.base import Base, Id, Json, Pid, loose_ref, ref
from storage.messaging import Chat
from storage.people import PRESENT, Person


class Community(Base):
    """A region, a school or a workshop. `path` is "/1/4/9/": its ancestors' ids and its own."""

    __tablename__ = "communities"
    __table_args__ = (Index("ix_communities_path", "path", unique=True), UniqueConstraint("parent_id", "kind", "code"))
    id: Mapped[Id]
    pid: Mapped[Pid]
    kind: Mapped[str] = mapped_column(String(8))  # region | school | workshop
    level: Mapped[str] = mapped_column(String(8), default="")  # of regions: province | city | county
    parent_id: Mapped[int | None] = ref("communities", index=False)
    path: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(120))
    code: Mapped[str | None] = mapped_column(String(40))  # the authority's own number, where the roster has one
    about: Mapped[str] = mapped_column(String(2000), default="")
    subject: Mapped[str] = mapped_column(String(40), default="")
    policy: Mapped[str] = mapped_column(String(10), default="approval")  # joining: open | approval | invitation
    # what people do in its rooms (leave, invite, promote): follow | ask (the host) | ignore
    room_policy: Mapped[str] = mapped_column(String(6), default="follow", server_default="follow")
    picture: Mapped[str | None] = mapped_column(String(12))  # pid of an attachment: what its rooms look like
    join_code: Mapped[str | None] = mapped_column(String(8), unique=True)  # AB123456; for posters, so no secret
    rules: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # keys and ranges: api/communities/rules.py
    zone: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(8), default="zh_CN")
    sample: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = loose_ref()  # persons
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    @property
    def line(self) -> list[int]:
        """Ids of the communities it lies in, from the top, and its own."""
        return ids_in(self.path)


def ids_in(path: str) -> list[int]:
    """The ids that a path consists of, from the top."""
    return [int(part) for part in path.strip("/").split("/")]


class Membership(Base):
    """A person in a community. One row per pair: leaving and coming back change its status."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("person_id", "community_id"),
        Index("ix_memberships_who", "community_id", "status", "role"),
    )
    id: Mapped[Id]
    person_id: Mapped[int] = ref("persons", index=False)
    community_id: Mapped[int] = ref("communities", index=False)
    role: Mapped[str] = mapped_column(String(10), default="member")  # host | cohost | member | observer
    status: Mapped[str] = mapped_column(String(10), default="active")  # pending|invited|active|left|removed|declined
    invited_role: Mapped[str | None] = mapped_column(String(10))  # what an invitation offers, to members too
    invited_by: Mapped[int | None] = ref("persons", index=False)
    hands_over: Mapped[bool] = mapped_column(default=False)  # whoever offers the role of host steps down for it
    decided_by: Mapped[int | None] = ref("persons", index=False)  # who admitted, declined or removed
    message_id: Mapped[int | None] = loose_ref(index=True)  # messages: what asks for the decision
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class WorkshopRequest(Base):
    """Somebody without the right to open a workshop asks for one; region administrators decide once."""

    __tablename__ = "workshop_requests"
    id: Mapped[Id]
    pid: Mapped[Pid]
    person_id: Mapped[int] = ref("persons")
    parent_id: Mapped[int] = ref("communities")
    wish: Mapped[dict[str, Any]] = mapped_column(Json)  # name, subject, about, policy, cohosts (pids)
    state: Mapped[str] = mapped_column(String(10), default="open")  # open | approved | declined
    workshop_id: Mapped[int | None] = ref("communities", index=False)  # what became of it
    decided_by: Mapped[int | None] = ref("persons", index=False)
    decided_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = loose_ref(index=True)  # messages: what asks the administrators
    created_at: Mapped[datetime]


class Appointment(Base):
    """An office held for a period: region_admin, school_admin, county_trainer, principal, school_trainer, expert,
    provider_admin. `until` is the first day it no longer holds."""

    __tablename__ = "appointments"
    __table_args__ = (Index("ix_appointments_person", "person_id", "community_id"),)
    id: Mapped[Id]
    pid: Mapped[Pid]
    person_id: Mapped[int] = ref("persons", index=False)
    community_id: Mapped[int] = ref("communities")
    office: Mapped[str] = mapped_column(String(16))
    since: Mapped[date]
    until: Mapped[date | None]
    appointed_by: Mapped[int | None] = ref("persons", index=False)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = ref("persons", index=False)


class Transfer(Base):
    """A person's change of home school, kept as history."""

    __tablename__ = "transfers"
    id: Mapped[Id]
    person_id: Mapped[int] = ref("persons")
    from_id: Mapped[int | None] = ref("communities", index=False)
    to_id: Mapped[int | None] = ref("communities", index=False)
    at: Mapped[datetime]
    by: Mapped[int | None] = ref("persons", index=False)


def held_on(day: date) -> ColumnElement[bool]:
    """The condition that an appointment is held on a day."""
    return and_(
        Appointment.ended_at.is_(None),
        Appointment.since <= day,
        or_(Appointment.until.is_(None), Appointment.until > day),
    )


def find_standing(session: Session, person_id: int, community: Community, today: date) -> frozenset[str]:
    """Active role in the community, offices at it or above, and "member" where the home school lies in or under it."""
    role = select(Membership.role).where(
        Membership.person_id == person_id, Membership.community_id == community.id, Membership.status == "active"
    )
    office = select(Appointment.office).where(
        Appointment.person_id == person_id,
        Appointment.community_id.in_(community.line),
        held_on(today),
    )
    parts = [role, office]
    if community.kind != "workshop":
        home = aliased(Community)
        belongs = (
            select(literal("member"))
            .select_from(Person)
            .join(home, home.id == Person.school_id)
            .where(
                Person.id == person_id,
                Person.removed_at.is_(None),
                home.path.startswith(community.path, autoescape=True),
            )
        )
        parts.append(belongs)
    return frozenset(session.execute(union_all(*parts)).scalars())


def find_hats(session: Session, person_id: int, today: date) -> tuple[set[str], set[str]]:
    """All (active roles, offices held today) of a person, anywhere."""
    roles = select(Membership.role).where(Membership.person_id == person_id, Membership.status == "active")
    offices = select(Appointment.office).where(Appointment.person_id == person_id, held_on(today))
    return set(session.scalars(roles.distinct())), set(session.scalars(offices.distinct()))


def add_to_tree(session: Session, community: Community, parent: Community | None) -> None:
    """Store a new community under its parent: the path holds its own id, which is known only then."""
    community.parent_id, community.path = parent.id if parent else None, community.pid
    session.add(community)
    session.flush()
    community.path = f"{parent.path if parent else '/'}{community.id}/"
    session.flush()


def find_chat(session: Session, pid: str) -> Chat | None:
    """A chat by its public id."""
    return session.scalars(select(Chat).where(Chat.pid == pid)).first()


def get_by_pid(session: Session, pid: str) -> Community | None:
    """A community by its public id."""
    return session.scalars(select(Community).where(Community.pid == pid)).first()


def find_workshops_of(session: Session, person_id: int, roles: Sequence[str]) -> list[Community]:
    """Workshops in which a person is active in one of the roles."""
    query = (
        select(Community)
        .join(Membership, Membership.community_id == Community.id)
        .where(
            Membership.person_id == person_id,
            Membership.status == "active",
            Membership.role.in_(roles),
            Community.kind == "workshop",
            Community.archived_at.is_(None),
        )
        .order_by(Community.name, Community.id)
    )
    return list(session.scalars(query))


def select_audience(community: Community) -> Select[Any]:
    """The ids of the people a community reaches."""
    if community.kind == "workshop":
        return (
            select(Person.id)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.community_id == community.id, Membership.status == "active", *PRESENT)
        )
    home = aliased(Community)
    return (
        select(Person.id)
        .join(home, home.id == Person.school_id)
        .where(home.path.startswith(community.path, autoescape=True), *PRESENT)
    )


def select_audience_of(communities: Sequence[Community]) -> Select[Any]:
    """The ids of the people that several communities reach, each once."""
    if len(communities) == 1:
        return select_audience(communities[0])
    return select(Person.id).where(Person.id.in_(union(*[select_audience(one) for one in communities])))


def count_people(session: Session, people: Select[Any]) -> int:
    """How many ids a select of people gives."""
    return session.execute(select(func.count()).select_from(people.subquery())).scalar_one()
