"""Queries of the ways in: claim codes and their failures, requests to schools."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from storage.communities import Appointment, Community, held_on
from storage.people import (
    PRESENT,
    BindingRequest,
    ClaimCode,
    ClaimFailure,
    Identity,
    Person,
)


def find_code(session: Session, digest: str) -> tuple[ClaimCode, Person] | None:
    """The claim code with this digest, in whatever state, and its person."""
    query = select(ClaimCode, Person).join(Person, Person.id == ClaimCode.person_id).where(ClaimCode.hash == digest)
    found = session.execute(query).first()
    return (found[0], found[1]) if found else None


def find_usable_codes(session: Session, digests: Sequence[str], now: datetime) -> list[tuple[ClaimCode, Person]]:
    """Those of the digests that are codes that would still work."""
    query = select(ClaimCode, Person).join(Person, Person.id == ClaimCode.person_id).where(*_usable(now))
    found: list[tuple[ClaimCode, Person]] = []
    for start in range(0, len(digests), 1000):
        some = query.where(ClaimCode.hash.in_(digests[start : start + 1000]))
        found += [(code, person) for code, person in session.execute(some)]
    return found


def void_codes(session: Session, person_ids: Sequence[int], now: datetime) -> None:
    """Void the unused codes of people."""
    unused = (ClaimCode.used_at.is_(None), ClaimCode.voided_at.is_(None))
    session.execute(update(ClaimCode).where(ClaimCode.person_id.in_(person_ids), *unused).values(voided_at=now))


def add_codes(session: Session, codes: Sequence[dict[str, Any]]) -> None:
    """Keep new claim codes: `person_id`, `hash`, `issued_by`, `created_at`, `expires_at` of each."""
    if codes:
        session.execute(insert(ClaimCode), codes)


def _usable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return ClaimCode.used_at.is_(None), ClaimCode.voided_at.is_(None), ClaimCode.expires_at > now


def take_code(session: Session, code_id: int, now: datetime) -> bool:
    """Use a code up; False when somebody did so before, or it is void or too old. Atomic."""
    used = update(ClaimCode).where(ClaimCode.id == code_id, *_usable(now)).values(used_at=now)
    return session.execute(used.returning(ClaimCode.id)).first() is not None


def count_failures(session: Session, who: str | None, since: datetime) -> tuple[int, datetime | None]:
    """Wrong codes since a moment, by one account or address or (None) by everybody: how many, and the first of them."""
    query = select(func.count(), func.min(ClaimFailure.at)).where(ClaimFailure.at > since)
    if who is not None:
        query = query.where(ClaimFailure.who == who)
    count, first = session.execute(query).one()
    return count, first


def without_account(
    session: Session, school: Community, reach: Select[Any] | None, today: date, among: Sequence[int] | None = None
) -> list[tuple[Person, str]]:
    """The people of a school (or of a region's schools) who have no account, each with the school's name.

    `reach` is a select of communities: who holds an office outside them today is left out. `among`: only these ids.
    """
    home = aliased(Community)
    query = select(Person, home.name).join(home, home.id == Person.school_id)
    if among is not None:
        query = query.where(Person.id.in_(among))
    query = query.where(*_no_account(home, school, reach, today)).order_by(home.name, Person.name, Person.id)
    return [(person, name) for person, name in session.execute(query)]


def count_without_account(session: Session, school: Community, reach: Select[Any] | None, today: date) -> int:
    """How many these are."""
    home = aliased(Community)
    query = select(func.count(Person.id)).join(home, home.id == Person.school_id)
    return session.execute(query.where(*_no_account(home, school, reach, today))).scalar_one()


def _no_account(home: Any, school: Community, reach: Select[Any] | None, today: date) -> list[ColumnElement[bool]]:
    account = select(Identity.id).where(Identity.person_id == Person.id).exists()
    found = [home.path.startswith(school.path, autoescape=True), *PRESENT, ~account]
    if reach is not None:
        office = aliased(Community)
        held = select(Appointment.id).join(office, office.id == Appointment.community_id)
        held = held.where(Appointment.person_id == Person.id, held_on(today), office.archived_at.is_(None))
        found.append(~held.where(office.id.not_in(reach.with_only_columns(Community.id))).exists())
    return found


def find_namesakes(session: Session, school_id: int, name: str) -> list[Person]:
    """People of a school with exactly this name."""
    query = select(Person).where(Person.school_id == school_id, Person.name == name, *PRESENT).order_by(Person.id)
    return list(session.scalars(query))


def open_request_of(session: Session, identity_id: int) -> BindingRequest | None:
    """The request that an account waits for."""
    mine = (BindingRequest.identity_id == identity_id, BindingRequest.state == "open")
    return session.scalars(select(BindingRequest).where(*mine)).first()


def count_requests(session: Session, identity_id: int, since: datetime) -> int:
    """How often an account asked since a moment."""
    query = select(func.count()).where(BindingRequest.identity_id == identity_id, BindingRequest.created_at > since)
    return session.execute(query).scalar_one()


def request_by_pid(session: Session, pid: str, lock: bool = False) -> BindingRequest | None:
    """A request by its public id; `lock` makes two deciders take turns on PostgreSQL."""
    query = select(BindingRequest).where(BindingRequest.pid == pid)
    return session.scalars(query.with_for_update() if lock else query).first()


def requests_within(session: Session, place: Community, state: str, after: int, limit: int) -> list[BindingRequest]:
    """Requests to a school or to the schools of a region, oldest first, with ids greater than `after`."""
    query = (
        select(BindingRequest)
        .join(Community, Community.id == BindingRequest.school_id)
        .where(Community.path.startswith(place.path, autoescape=True), BindingRequest.state == state)
        .where(BindingRequest.id > after)
        .order_by(BindingRequest.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def load_requested(session: Session, requests: Sequence[BindingRequest]) -> list[object]:
    """The schools, accounts and people of requests, one query each: while they are held, `get` finds them at once."""
    held: list[object] = []
    for table, ids in (
        (Community, {request.school_id for request in requests}),
        (Identity, {request.identity_id for request in requests}),
        (Person, {request.person_id for request in requests if request.person_id}),
    ):
        held += session.scalars(select(table).where(table.id.in_(ids)))
    return held


def search_schools(session: Session, text: str, limit: int, within: Community | None = None) -> list[Community]:
    """Schools whose name contains the text, also where the region's name stands before it, or whose code it is; the
    best fit first."""
    region = aliased(Community)
    query = select(Community).outerjoin(region, region.id == Community.parent_id)
    query = query.where(Community.kind == "school", Community.archived_at.is_(None))
    if within is not None:
        query = query.where(Community.path.startswith(within.path, autoescape=True))
    whole = (region.name + Community.name).contains(text, autoescape=True)
    both = and_(whole, ~region.name.contains(text, autoescape=True))
    query = query.where(or_(Community.name.contains(text, autoescape=True), both, Community.code == text))
    return list(session.scalars(query.order_by(func.length(Community.name), Community.name, Community.id).limit(limit)))


def schools_by_pid(session: Session, *pids: str) -> list[Community]:
    """Schools (not archived) by public ids."""
    query = select(Community).where(Community.kind == "school", Community.archived_at.is_(None))
    return list(session.scalars(query.where(Community.pid.in_(pids))))


def number_taken(session: Session, region_id: int | None, staff_no: str) -> bool:
    """Whether somebody in the region has this staff number."""
    query = select(Person.id).where(Person.region_id == region_id, Person.staff_no == staff_no)
    return session.execute(query).first() is not None
