"""Queries about whom a message can go to: communities a person may address, and how their people want to be woken."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from storage.communities import Appointment, Community, Membership, held_on
from storage.messaging import Chat
from storage.people import Person
from storage.rooms import Room


def select_places_of(
    person_id: int, today: date, roles: Collection[str], offices: Collection[str], at_home: bool = False
) -> Select[Any]:
    """Communities (not archived) where a person has one of the active roles, holds one of the offices at it or above,
    or (`at_home`) which their home school is or lies in."""
    holder, school = aliased(Community), aliased(Community)
    role = exists().where(
        Membership.community_id == Community.id,
        Membership.person_id == person_id,
        Membership.status == "active",
        Membership.role.in_(roles),
    )
    office = (
        select(Appointment.id)
        .join(holder, holder.id == Appointment.community_id)
        .where(
            Appointment.person_id == person_id,
            Appointment.office.in_(offices),
            held_on(today),
            Community.path.startswith(holder.path),
        )
        .exists()
    )
    ways: list[ColumnElement[bool]] = [role, office]
    if at_home:
        home = (
            select(Person.id)
            .join(school, school.id == Person.school_id)
            .where(Person.id == person_id, Person.removed_at.is_(None), school.path.startswith(Community.path))
            .exists()
        )
        ways.append(and_(Community.kind != "workshop", home))
    return select(Community).where(Community.archived_at.is_(None), or_(*ways))


def find_places(
    session: Session, places: Select[Any], text: str, limit: int, person_id: int, today: date, kind: str = ""
) -> list[Community]:
    """Communities of a select (of one `kind`, if given) whose name contains `text`: those of the person's own first,
    where they are a member or in office; of these and of the rest workshops first, then schools, then regions."""
    member = exists().where(
        Membership.community_id == Community.id, Membership.person_id == person_id, Membership.status == "active"
    )
    officer = exists().where(
        Appointment.community_id == Community.id, Appointment.person_id == person_id, held_on(today)
    )
    if text:
        places = places.where(Community.name.contains(text, autoescape=True))
    if kind:
        places = places.where(Community.kind == kind)
    own = case((or_(member, officer), 0), else_=1)
    query = places.order_by(own, Community.kind.desc(), Community.name, Community.id).limit(limit)
    return list(session.scalars(query))


def only(people: Select[Any], person_id: int) -> Select[Any]:
    """Of a select of people only this one. Not "id IN (people)": SQLite would look at everybody, for each of many."""
    return people.where(Person.id == person_id)


def without(people: Select[Any], person_id: int) -> Select[Any]:
    """A select of people without this one."""
    return people.where(Person.id != person_id)


def holds(session: Session, people: Select[Any], person_id: int) -> bool:
    """Whether a person is among the selected."""
    return session.execute(only(people, person_id)).first() is not None


def among(session: Session, people: Select[Any], these: Collection[int | None]) -> set[int | None]:
    """Those of `these` who are among the selected."""
    return set(session.scalars(people.where(Person.id.in_(these))))


def waking_settings(session: Session, people: Select[Any]) -> list[tuple[str | None, str | None]]:
    """The distinct (zone, quiet hours) that the selected people have set."""
    query = select(Person.zone, Person.quiet_hours).where(Person.id.in_(people)).distinct()
    return [(zone, quiet) for zone, quiet in session.execute(query)]


def with_settings(people: Select[Any], settings: Sequence[tuple[str | None, str | None]]) -> Select[Any]:
    """The selected people who have one of these (zone, quiet hours)."""
    same = [
        and_(Person.zone.is_not_distinct_from(zone), Person.quiet_hours.is_not_distinct_from(quiet))
        for zone, quiet in settings
    ]
    return select(Person.id).where(Person.id.in_(people), or_(*same))


def count_rooms(session: Session, community_id: int) -> int:
    """How many rooms mirror a community."""
    query = select(func.count()).select_from(Room).join(Chat, Chat.id == Room.chat_id)
    here = (Room.community_id == community_id, Room.part == "room", Chat.state == "active")
    return session.execute(query.where(*here)).scalar_one()
