"""Queries of the roster import: regions, schools and people by the authority's own keys."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.orm import Session

from storage.communities import Appointment, Community, Membership, held_on
from storage.dirt import touch_under
from storage.people import PRESENT, Identity, Person


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


def free_accounts(session: Session, accounts: Collection[str]) -> None:
    """Take Matrix accounts from those who are on the roster no more."""
    if accounts:
        gone = or_(Person.removed_at.is_not(None), Person.erased_at.is_not(None))
        session.execute(update(Person).where(Person.matrix_id.in_(accounts), gone).values(matrix_id=None))


def used_accounts(session: Session, platform: str, accounts: Collection[str]) -> set[str]:
    """Those of some accounts that are bound to somebody."""
    query = select(Identity.native).where(Identity.platform == platform, Identity.native.in_(accounts))
    return set(session.scalars(query.where(Identity.person_id.is_not(None)))) if accounts else set()


def offices_of(session: Session, person_ids: Collection[int], today: date) -> set[tuple[int, int, str]]:
    """(person, community, office) held today."""
    query = select(Appointment.person_id, Appointment.community_id, Appointment.office)
    held = query.where(Appointment.person_id.in_(person_ids), held_on(today))
    return {(person, community, office) for person, community, office in session.execute(held)}


def appointments_at(
    session: Session, person_ids: Collection[int], community_ids: Collection[int], today: date
) -> dict[tuple[int, int], list[Appointment]]:
    """(person, community) -> their appointments there that hold today or later."""
    query = select(Appointment).where(
        Appointment.person_id.in_(person_ids), Appointment.community_id.in_(community_ids),
        Appointment.ended_at.is_(None), or_(Appointment.until.is_(None), Appointment.until > today),
    )  # fmt: skip
    found: dict[tuple[int, int], list[Appointment]] = {}
    for one in session.scalars(query.order_by(Appointment.id)):
        found.setdefault((one.person_id, one.community_id), []).append(one)
    return found


def people_without_number(
    session: Session, school_ids: Collection[int], names: Collection[str]
) -> dict[tuple[int, str], str]:
    """(school, name) -> public id of somebody present there with that name and no staff number."""
    query = select(Person.school_id, Person.name, Person.pid).where(
        Person.school_id.in_(school_ids), Person.name.in_(names), Person.staff_no.is_(None), *PRESENT
    )
    return {(school, name): pid for school, name, pid in session.execute(query) if school is not None}


def hang_under(session: Session, region: Community, parent: Community) -> None:
    """Move a region with all that lies in it under another: every path in it begins anew."""
    old, new = region.path, f"{parent.path}{region.id}/"
    region.parent_id = parent.id
    session.flush()
    within = update(Community).where(Community.path.startswith(old, autoescape=True))
    session.execute(
        within.values(path=literal(new) + func.substr(Community.path, len(old) + 1)),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    touch_under(session, new)


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
