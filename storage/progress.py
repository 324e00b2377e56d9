"""Queries of progress: what the members of a workshop did, summed over tallies; it has no tables of its own."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from storage.communities import Community, Membership
from storage.people import PRESENT, Person
from storage.records import Tally


@dataclass(slots=True)
class MemberSums:
    """One member's sums: verb -> count of all time and since the week began; the last day they did anything."""

    person_id: int
    pid: str
    name: str
    school: str
    role: str
    since_ever: dict[str, int] = field(default_factory=dict)
    this_week: dict[str, int] = field(default_factory=dict)
    last_day: date | None = None


def member_sums(session: Session, community_id: int, verbs: list[str], monday: date, limit: int,
                after_id: int = 0) -> list[tuple[int, MemberSums]]:  # fmt: skip
    """(membership id, sums) of active members in the order they came: two queries, however many they are."""
    home = aliased(Community)
    people = (
        select(Membership.id, Person.id, Person.pid, Person.name, func.coalesce(home.name, ""), Membership.role)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(home, home.id == Person.school_id)
        .where(
            Membership.community_id == community_id, Membership.status == "active", Membership.id > after_id,
            *PRESENT,
        )
        .order_by(Membership.id)
        .limit(limit)
    )  # fmt: skip
    rows = [(row[0], MemberSums(*row[1:])) for row in session.execute(people)]
    found = {sums.person_id: sums for _, sums in rows}
    week = func.sum(case((Tally.day >= monday, Tally.count), else_=0))
    last = func.max(case((Tally.count > 0, Tally.day)))
    tallies = (
        select(Tally.person_id, Tally.verb, func.sum(Tally.count), week, last)
        .where(Tally.community_id == community_id, Tally.verb.in_(verbs))
        .group_by(Tally.person_id, Tally.verb)
    )
    for person_id, verb, count, this_week, day in session.execute(tallies) if rows else ():
        if (sums := found.get(person_id)) is not None:
            sums.since_ever[verb], sums.this_week[verb] = int(count), int(this_week)
            sums.last_day = max(filter(None, (sums.last_day, day)), default=None)
    return rows
