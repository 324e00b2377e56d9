"""Comparing tallies with the records they add up, and putting them right while people go on recording."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_, bindparam, delete, func, literal, select, tuple_, union_all, update
from sqlalchemy.orm import Session

from storage.communities import Community
from storage.people import Person
from storage.records import Record, Tally
from storage.writing import table_of, upsert

TALLIES = table_of(Tally)
KEY = ("person_id", "community_id", "verb", "day")
THIS = and_(*[TALLIES.c[name] == bindparam(f"its_{name}") for name in KEY])
CORRECT = update(TALLIES).where(THIS).values(count=bindparam("sum"))
DROP = delete(TALLIES).where(THIS)


class Difference(NamedTuple):
    """A tally that is not what the records add up to. `community_id` 0: records that belong to no community."""

    person_id: int
    community_id: int
    verb: str
    day: date
    recorded: int
    kept: int

    @property
    def key(self) -> tuple[int, int, str, date]:
        """Which tally it is."""
        return self[:4]


def next_people(session: Session, after: int, limit: int) -> list[int]:
    """The ids of the next people, whoever they are: records outlive names."""
    return list(session.scalars(select(Person.id).where(Person.id > after).order_by(Person.id).limit(limit)))


def find_differences(session: Session, people: Sequence[int], community_id: int | None = None) -> list[Difference]:
    """The tallies of some people that are wrong, by key. One statement sees both sides at one moment, so what is
    recorded just then is on both or on neither. A tally of 0 is as good as none."""
    community = func.coalesce(Record.community_id, 0)
    recorded = select(Record.person_id, community.label("community_id"), Record.verb, Record.day,
                      Record.amount.label("recorded"), literal(0).label("kept"))  # fmt: skip
    kept = select(Tally.person_id, Tally.community_id, Tally.verb, Tally.day, literal(0), Tally.count)
    recorded, kept = recorded.where(Record.person_id.in_(people)), kept.where(Tally.person_id.in_(people))
    if community_id is not None:
        recorded, kept = recorded.where(community == community_id), kept.where(Tally.community_id == community_id)
    both = union_all(recorded, kept).subquery()
    key = [both.c[name] for name in KEY]
    sums = func.sum(both.c.recorded), func.sum(both.c.kept)
    query = select(*key, *sums).group_by(*key).having(sums[0] != sums[1]).order_by(*key)
    return [Difference(*row[:4], int(row[4]), int(row[5])) for row in session.execute(query)]


def correct(session: Session, wrong: Sequence[Difference]) -> None:
    """Make tallies what the records add up to now.

    Each tally is held before its records are added up: whoever is recording has either committed, and is counted, or
    waits and adds to the corrected tally afterwards. They are held in the order in which recording holds several.
    """
    keys = sorted(one.key for one in wrong)
    rows = [dict(zip(KEY, key, strict=True), count=0) for key in keys]
    session.execute(upsert(session, Tally).on_conflict_do_nothing(index_elements=list(KEY)), rows)
    these = tuple_(*[TALLIES.c[name] for name in KEY]).in_(keys)
    session.execute(select(TALLIES.c.count).where(these).order_by(*[TALLIES.c[name] for name in KEY]).with_for_update())
    community = func.coalesce(Record.community_id, 0)
    group = (Record.person_id, community, Record.verb, Record.day)
    people = {key[0] for key in keys}
    added = select(*group, func.sum(Record.amount)).where(Record.person_id.in_(people)).group_by(*group)
    sums = {tuple(row[:4]): int(row[4]) for row in session.execute(added)}
    named = {key: {f"its_{name}": value for name, value in zip(KEY, key, strict=True)} for key in keys}
    if right := [{**named[key], "sum": sums[key]} for key in keys if key in sums]:
        session.connection().execute(CORRECT, right)
    if gone := [named[key] for key in keys if key not in sums]:
        session.connection().execute(DROP, gone)


def pids_of(session: Session, wrong: Sequence[Difference]) -> tuple[dict[int, str], dict[int, str]]:
    """The public ids of the people and the communities of some tallies."""
    people = select(Person.id, Person.pid).where(Person.id.in_({one.person_id for one in wrong}))
    communities = select(Community.id, Community.pid).where(Community.id.in_({one.community_id for one in wrong}))
    return {key: pid for key, pid in session.execute(people)}, {key: pid for key, pid in session.execute(communities)}
