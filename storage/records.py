"""Records (append-only behaviour) and tallies (their sums per person, community, verb and local day)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, Json, Pid, ref
from storage.writing import upsert


class Record(Base):
    """Who did what to what, when, where, with what result. Ids only; withdrawals are compensating rows."""

    __tablename__ = "records"
    __table_args__ = (
        Index("ix_records_person_at", "person_id", "at"),
        Index("ix_records_community_at", "community_id", "at"),
    )
    id: Mapped[Id]
    pid: Mapped[Pid]
    person_id: Mapped[int] = ref("persons", index=False)
    verb: Mapped[str] = mapped_column(String(40))  # "journal.submitted"
    object: Mapped[str] = mapped_column(String(60))  # "journal_entry:<pid>"
    community_id: Mapped[int | None] = ref("communities", index=False)
    amount: Mapped[int] = mapped_column(default=1)  # -1 takes an earlier one back
    result: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    day: Mapped[date]  # local day in the community's zone
    at: Mapped[datetime]


class Tally(Base):
    """The sum of `records.amount`; kept in the recording transaction, rebuildable."""

    __tablename__ = "tallies"
    person_id: Mapped[int] = ref("persons", index=False, primary_key=True)
    community_id: Mapped[int] = mapped_column(primary_key=True)  # 0 where a record belongs to no community
    verb: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index("ix_tallies_community", "community_id", "verb", "day"),)


def add_to_tallies(session: Session, changes: Sequence[tuple[int, int, str, date, int]]) -> None:
    """Add (person, community, verb, day, amount) to the sums, in key order so that writers never deadlock."""
    for person_id, community_id, verb, day, amount in sorted(changes):
        row = upsert(session, Tally).values(
            person_id=person_id, community_id=community_id, verb=verb, day=day, count=amount
        )
        key = ["person_id", "community_id", "verb", "day"]
        session.execute(row.on_conflict_do_update(index_elements=key, set_={"count": Tally.count + row.excluded.count}))


def sum_by_person(session: Session, community_id: int, verbs: Sequence[str], since: date | None,
                  until: date | None) -> dict[int, dict[str, int]]:  # fmt: skip
    """person -> verb -> sum within a community."""
    query = (
        select(Tally.person_id, Tally.verb, func.sum(Tally.count))
        .where(Tally.community_id == community_id, Tally.verb.in_(verbs))
        .group_by(Tally.person_id, Tally.verb)
    )
    if since is not None:
        query = query.where(Tally.day >= since)
    if until is not None:
        query = query.where(Tally.day <= until)
    sums: dict[int, dict[str, int]] = {}
    for person_id, verb, count in session.execute(query):
        sums.setdefault(person_id, {})[verb] = int(count)
    return sums


def sum_of_person(session: Session, person_id: int, since: date | None) -> dict[tuple[int, str], int]:
    """(community, verb) -> sum of one person."""
    query = (
        select(Tally.community_id, Tally.verb, func.sum(Tally.count))
        .where(Tally.person_id == person_id)
        .group_by(Tally.community_id, Tally.verb)
    )
    if since is not None:
        query = query.where(Tally.day >= since)
    return {(community, verb): int(count) for community, verb, count in session.execute(query)}
