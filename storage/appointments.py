"""Queries about offices: who holds which, where, and whom a wish concerns."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from storage.communities import Appointment, Community, held_on
from storage.people import PRESENT, Person


def holders_near(session: Session, community: Community, office: str, today: date) -> list[int]:
    """Who holds the office at the community, or at the nearest place above where anybody does."""
    above = community.line
    query = (
        select(Appointment.community_id, Appointment.person_id)
        .join(Person, Person.id == Appointment.person_id)
        .where(Appointment.community_id.in_(above), Appointment.office == office, held_on(today))
        .where(*PRESENT)
    )
    found: dict[int, set[int]] = {}
    for place, person_id in session.execute(query):
        found.setdefault(place, set()).add(person_id)
    return sorted(next((found[place] for place in reversed(above) if place in found), set()))


def places_held(session: Session, person_id: int, today: date, offices: Sequence[str] | None = None) -> list[Community]:
    """Communities (not archived) in which a person holds an office today, by name."""
    query = (
        select(Community)
        .join(Appointment, Appointment.community_id == Community.id)
        .where(Appointment.person_id == person_id, held_on(today), Community.archived_at.is_(None))
        .distinct()
        .order_by(Community.name, Community.id)
    )
    if offices is not None:
        query = query.where(Appointment.office.in_(offices))
    return list(session.scalars(query))


def find_held(session: Session, person_id: int, community_id: int, office: str, today: date) -> Appointment | None:
    """The appointment by which a person holds this office here, now or from a later day."""
    query = select(Appointment).where(
        Appointment.person_id == person_id, Appointment.community_id == community_id, Appointment.office == office,
        Appointment.ended_at.is_(None), Appointment.until.is_(None) | (Appointment.until > today),
    )  # fmt: skip
    return session.scalars(query.with_for_update()).first()


def get_appointment(session: Session, pid: str) -> Appointment | None:
    """An appointment by its public id, held until the transaction ends."""
    return session.scalars(select(Appointment).where(Appointment.pid == pid).with_for_update()).first()


def page_appointments(session: Session, path: str, limit: int, after: int = 0, today: date | None = None,
                      ) -> Sequence[Row[Appointment, Person, Community]]:  # fmt: skip
    """(appointment, person, place) at and under a path in order of making; `today` leaves out what is not held then."""
    query = (
        select(Appointment, Person, Community)
        .join(Person, Person.id == Appointment.person_id)
        .join(Community, Community.id == Appointment.community_id)
        .where(Community.path.startswith(path, autoescape=True), Appointment.id > after)
        .order_by(Appointment.id)
        .limit(limit)
    )
    return session.execute(query.where(held_on(today)) if today is not None else query).all()


def held_by(session: Session, person_id: int) -> list[tuple[Appointment, Community]]:
    """Every appointment of a person, ended ones too, with its place."""
    query = select(Appointment, Community).join(Community, Community.id == Appointment.community_id)
    rows = session.execute(query.where(Appointment.person_id == person_id).order_by(Appointment.id))
    return [(appointment, place) for appointment, place in rows]
