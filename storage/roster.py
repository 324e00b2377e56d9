"""Queries of the roster import: regions, schools and people by the authority's own keys."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.communities import Appointment, Community, Membership, held_on
from storage.people import PRESENT, Person


def regions_named(session: Session, names: Collection[str]) -> list[Community]:
    """Regions with these names."""
    query = select(Community).where(Community.kind == "region", Community.name.in_(names))
    return list(session.scalars(query.where(Community.archived_at.is_(None)).order_by(Community.path)))


def schools_of_regions(session: Session, region_ids: Collection[int]) -> list[Community]:
    """Schools that hang off these regions."""
    query = select(Community).where(Community.kind == "school", Community.parent_id.in_(region_ids))
    return list(session.scalars(query.where(Community.archived_at.is_(None)).order_by(Community.id)))


def people_by_number(session: Session, region_id: int, numbers: Collection[str]) -> list[Person]:
    """People of a region with these staff numbers, removed ones too (erased people have none)."""
    query = select(Person).where(Person.region_id == region_id, Person.staff_no.in_(numbers))
    return list(session.scalars(query))


def offices_of(session: Session, person_ids: Collection[int], today: date) -> set[tuple[int, int, str]]:
    """(person, community, office) held today."""
    query = select(Appointment.person_id, Appointment.community_id, Appointment.office)
    held = query.where(Appointment.person_id.in_(person_ids), held_on(today))
    return {(person, community, office) for person, community, office in session.execute(held)}


def memberships_at(session: Session, person_ids: Collection[int], community_ids: Collection[int]) -> list[Membership]:
    """Memberships (any status) of people in some communities."""
    query = select(Membership).where(Membership.person_id.in_(person_ids), Membership.community_id.in_(community_ids))
    return list(session.scalars(query))


def people_at(session: Session, school_ids: Sequence[int]) -> list[tuple[Person, str]]:
    """The present people of schools, with the school's name; by school, name."""
    query = (
        select(Person, Community.name)
        .join(Community, Community.id == Person.school_id)
        .where(Person.school_id.in_(school_ids), *PRESENT)
        .order_by(Community.name, Person.name, Person.id)
    )
    return [(person, name) for person, name in session.execute(query)]
