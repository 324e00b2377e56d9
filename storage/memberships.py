"""Queries about who belongs where: memberships, hosts, workshops to join, people found by name."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, exists, false, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from storage.communities import Community, Membership
from storage.people import PRESENT, Audit, Identity, Person
from storage.writing import upsert

HOSTS = ("host", "cohost")
RANK = case({"pending": 0, "invited": 20}, value=Membership.status, else_=10) + case(
    {"host": 0, "cohost": 1, "member": 2}, value=Membership.role, else_=3
)


def role_before(session: Session, membership: Membership, person_pid: str) -> str:
    """What a member was before they became what they are, since they are one; "" where that is not written down."""
    changes = select(Audit.detail).where(
        Audit.community_id == membership.community_id, Audit.act == "membership.role",
        Audit.object == f"person:{person_pid}", Audit.at >= membership.since,
    )  # fmt: skip
    detail = session.scalars(changes.order_by(Audit.id.desc()).limit(1)).first() or {}
    return str(detail.get("was", "")) if detail.get("now") == membership.role else ""


def lock_community(session: Session, community: Community) -> None:
    """Hold the community's row, so that two hosts cannot both leave believing that the other stays."""
    session.flush()
    session.refresh(community, with_for_update=True)


def get_membership(session: Session, person_id: int, community_id: int) -> Membership | None:
    """A person's row in a community whatever its status, held until the transaction ends."""
    query = select(Membership).where(Membership.person_id == person_id, Membership.community_id == community_id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).first()


def find_or_add_membership(session: Session, person_id: int, community_id: int, now: datetime) -> Membership:
    """That row, added as "left" when it is missing; two at once get the same one."""
    session.flush()
    row = upsert(session, Membership).values(
        person_id=person_id, community_id=community_id, role="member", status="left", hands_over=False, since=now
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["person_id", "community_id"]))
    found = get_membership(session, person_id, community_id)
    assert found is not None
    return found


def host_ids(session: Session, community_id: int, roles: Sequence[str] = HOSTS) -> list[int]:
    """Who hosts a workshop now."""
    return list(session.scalars(_active(Membership.person_id, community_id).where(Membership.role.in_(roles))))


def host_names(session: Session, community_id: int) -> list[str]:
    """Names of its hosts, then cohosts."""
    query = _active(Person.name, community_id).where(Membership.role.in_(HOSTS)).order_by(RANK, Membership.id)
    return list(session.scalars(query))


def _active(column: Any, community_id: int) -> Any:
    here = (Membership.community_id == community_id, Membership.status == "active", *PRESENT)
    return select(column).select_from(Membership).join(Person, Person.id == Membership.person_id).where(*here)


def count_members(session: Session, community_id: int) -> dict[str, int]:
    """status -> how many of a community."""
    query = select(Membership.status, func.count()).where(Membership.community_id == community_id)
    joined = query.join(Person, Person.id == Membership.person_id).where(*PRESENT).group_by(Membership.status)
    return {status: count for status, count in session.execute(joined)}


def page_members(session: Session, community_id: int, statuses: Sequence[str], limit: int, *, offset: int = 0,
                 after: tuple[int, int] | None = None) -> Sequence[Row[Membership, Person, str, int]]:  # fmt: skip
    """(membership, person, name of the home school, rank): waiting first, then by role, then in order of arrival.

    `after` is the (rank, membership id) of the last row seen.
    """
    home = aliased(Community)
    query = (
        select(Membership, Person, func.coalesce(home.name, ""), RANK.label("rank"))
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(home, home.id == Person.school_id)
        .where(Membership.community_id == community_id, Membership.status.in_(statuses), *PRESENT)
        .order_by(RANK, Membership.id)
        .limit(limit)
        .offset(offset)
    )
    if after is not None:
        query = query.where(tuple_(RANK, Membership.id) > after)
    return session.execute(query).all()


def memberships_of(session: Session, person_id: int, statuses: Sequence[str], archived: bool = False, *,
                   limit: int | None = None, after: tuple[int, str] | None = None,
                   ) -> list[tuple[Community, Membership]]:  # fmt: skip
    """A person's workshops with the membership: what waits for an answer first, then by name. `archived`: those too.

    `after`: whether the last row seen was active (0 or 1), and the pid of its workshop; membership may have changed
    since.
    """
    order = (case((Membership.status == "active", 1), else_=0), Community.name, Community.id)
    query = (
        select(Community, Membership)
        .join(Membership, Membership.community_id == Community.id)
        .where(Membership.person_id == person_id, Membership.status.in_(statuses), Community.kind == "workshop")
        .order_by(*order)
        .limit(limit)
    )
    if after is not None:
        last = select(Community.name, Community.id).join(Membership, Membership.community_id == Community.id)
        seen = session.execute(last.where(Membership.person_id == person_id, Community.pid == after[1])).first()
        query = query.where(tuple_(*order) > (after[0], *seen)) if seen else query
    if not archived:
        query = query.where(Community.archived_at.is_(None))
    return [(community, membership) for community, membership in session.execute(query)]


def find_home(session: Session, person: Person) -> Community | None:
    """The person's home school, else the region whose roster has them."""
    home_id = person.school_id or person.region_id
    return session.get(Community, home_id) if home_id is not None else None


def search_people(session: Session, text: str, paths: Sequence[str], limit: int, after: str | None = None,
                  ) -> Sequence[Row[Person, str]]:  # fmt: skip
    """(person, name of the home school) of people at home under one of the paths: exact names, then beginnings.

    `after` is the pid of the last person seen; nobody else's place in the order can be learnt by it.
    """
    home = aliased(Community)
    at_home = home.id == func.coalesce(Person.school_id, Person.region_id)
    fit = case((Person.name == text, 0), (Person.name.startswith(text, autoescape=True), 1), else_=2)
    order = (fit, Person.name, Person.id)
    query = (
        select(Person, func.coalesce(home.name, ""))
        .join(home, at_home)
        .where(under(home.path, paths), Person.name.contains(text, autoescape=True), *PRESENT)
        .order_by(*order)
        .limit(limit)
    )
    if after is not None:
        last = select(*order).select_from(Person).join(home, at_home)
        seen = session.execute(last.where(under(home.path, paths), Person.pid == after)).first()
        query = query.where(tuple_(*order) > tuple(seen)) if seen else query
    return session.execute(query).all()


def search_members(session: Session, community_id: int, text: str, limit: int) -> Sequence[Row[Person, str]]:
    """(person, role) of active members whose name holds the text: exact names first."""
    query = (
        select(Person, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.community_id == community_id, Membership.status == "active", *PRESENT)
        .where(Person.name.contains(text, autoescape=True))
        .order_by(case((Person.name == text, 0), else_=1), Person.name, Person.id)
        .limit(limit)
    )
    return session.execute(query).all()


def under(path: Any, paths: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a path lies at or under one of the paths."""
    return or_(false(), *(path.startswith(one, autoescape=True) for one in paths))


def find_persons(session: Session, pids: Sequence[str]) -> list[Person]:
    """People who are there, by public id; the others are missing."""
    return list(session.scalars(select(Person).where(Person.pid.in_(pids), *PRESENT)))


def name_of(session: Session, person_id: int) -> str | None:
    """A person's name."""
    return session.scalars(select(Person.name).where(Person.id == person_id)).first()


def find_away(session: Session, person_ids: Collection[int]) -> set[int]:
    """Those of these people who have an account and no chat that reaches them: it is closed, or they never wrote to us.
    What is for them waits."""
    account = exists().where(Identity.person_id == Person.id)
    query = select(Person.id).where(Person.id.in_(person_ids), Person.home_chat_id.is_(None), account)
    return set(session.scalars(query))


def page_people(
    session: Session, path: str, limit: int, *, offset: int = 0, after: int = 0
) -> Sequence[Row[Person, str]]:
    """(person, school) of people whose home school lies at or under a path, in the roster's order."""
    home = aliased(Community)
    query = (
        select(Person, home.name)
        .join(home, home.id == Person.school_id)
        .where(home.path.startswith(path, autoescape=True), Person.id > after, *PRESENT)
        .order_by(Person.id)
        .limit(limit)
        .offset(offset)
    )
    return session.execute(query).all()
