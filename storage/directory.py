"""Finding one person or place by whatever an operator at a terminal knows of it."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from storage.communities import Appointment, Community
from storage.people import Person


def people_called(session: Session, text: str, limit: int) -> Sequence[tuple[Person, str]]:
    """People whose public id, staff number or whole name is `text`, each with the name of their school or region."""
    school, region = aliased(Community), aliased(Community)
    query = (
        select(Person, func.coalesce(school.name, region.name, ""))
        .outerjoin(school, school.id == Person.school_id)
        .outerjoin(region, region.id == Person.region_id)
        .where(or_(Person.pid == text, Person.staff_no == text, Person.name == text), Person.erased_at.is_(None))
        .order_by(Person.pid != text, Person.id)
        .limit(limit)
    )
    return [(person, place) for person, place in session.execute(query)]


def communities_called(
    session: Session, text: str, kinds: Sequence[str], limit: int
) -> Sequence[tuple[Community, str]]:
    """Communities whose public id, code or whole name is `text`, each with the name of the one above."""
    above = aliased(Community)
    query = (
        select(Community, func.coalesce(above.name, ""))
        .outerjoin(above, above.id == Community.parent_id)
        .where(or_(Community.pid == text, Community.code == text, Community.name == text), Community.kind.in_(kinds))
        .where(Community.archived_at.is_(None))
        .order_by(Community.pid != text, Community.id)
        .limit(limit)
    )
    return [(community, name) for community, name in session.execute(query)]


def offices_held(session: Session, person_id: int, community_id: int) -> Sequence[Appointment]:
    """A person's appointments in a community that nobody ended."""
    query = select(Appointment).where(Appointment.person_id == person_id, Appointment.community_id == community_id)
    return session.scalars(query.where(Appointment.ended_at.is_(None)).order_by(Appointment.id)).all()
