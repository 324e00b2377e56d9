"""Tallies are compared with the records and put right, while people go on recording; both databases."""

import asyncio
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, text, update

from api.config import Config
from api.context import Context
from api.records import checking
from api.records.checking import compare_tallies, rebuild_tallies
from api.records.service import record
from api.runtime import Runtime
from storage.base import new_pid
from storage.blobs import Blobs
from storage.communities import Community
from storage.engine import Database
from storage.people import Person
from storage.records import Record, Tally

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
VERBS = ("journal.submitted", "notice.received", "quiz.passed")


@pytest.fixture
def runtime(database_url: str) -> Iterator[Runtime]:
    made = Runtime(Config(), Database(database_url), Blobs("memory:"), now=lambda: NOW)
    with made.database.transaction() as session:
        session.execute(insert(Person), [{"id": n, "pid": new_pid(), "name": "老师", "created_at": NOW}
                                         for n in range(1, 31)])  # fmt: skip
        session.add_all([Community(id=n, pid=new_pid(), kind="region", name=f"县{n}", path=f"/{n}/", created_at=NOW)
                         for n in (1, 2)])  # fmt: skip
    for n in range(1, 31):
        with made.database.transaction() as session:
            ctx = made.context(session, system=True)
            for day in range(3):
                ctx.now = NOW - timedelta(days=day)
                place = session.get(Community, n % 3)  # none for every third
                record(ctx, VERBS[day], "thing:1", place, person_id=n)
                record(ctx, VERBS[day], "thing:1", place, person_id=n, amount=-1 if n % 5 == 0 else 1)
    yield made
    made.database.close()


async def differences(runtime: Runtime, community: int | None = None) -> list[Any]:
    return [one async for wrong in compare_tallies(runtime, community) for one in wrong]


def spoil(runtime: Runtime) -> None:
    """A tally too high, one that is lost, one that nothing stands for, and one in another community."""
    with runtime.database.transaction() as session:
        session.execute(update(Tally).where(Tally.person_id == 1, Tally.verb == VERBS[0]).values(count=Tally.count + 5))
        session.execute(text("DELETE FROM tallies WHERE person_id = 3 AND verb = :verb"), {"verb": VERBS[1]})
        session.add(Tally(person_id=4, community_id=1, verb="topic.spoke", day=date(2026, 1, 1), count=7))
        session.execute(update(Tally).where(Tally.person_id == 2, Tally.verb == VERBS[2]).values(count=0))


async def test_differences_are_found_and_put_right(runtime: Runtime) -> None:
    assert await differences(runtime) == []
    spoil(runtime)
    found = await differences(runtime)
    day = NOW.date()
    assert [(one.person_id, one.community_id, one.verb, one.day, one.recorded, one.kept) for one in found] == [
        (1, 1, VERBS[0], day, 2, 7),
        (2, 2, VERBS[2], day - timedelta(days=2), 2, 0),
        (3, 0, VERBS[1], day - timedelta(days=1), 2, 0),
        (4, 1, "topic.spoke", date(2026, 1, 1), 0, 7),
    ]
    assert {one.person_id for one in await differences(runtime, 1)} == {1, 4}
    assert await rebuild_tallies(runtime, 1) == 2
    assert [one.person_id for one in await differences(runtime)] == [2, 3], "others are left alone"
    assert await rebuild_tallies(runtime) == 2
    assert await differences(runtime) == [] and await rebuild_tallies(runtime) == 0
    with runtime.database.transaction() as session:
        assert session.execute(select(func.count()).where(Tally.verb == "topic.spoke")).scalar_one() == 0


async def test_everything_is_made_anew_from_nothing(runtime: Runtime) -> None:
    with runtime.database.transaction() as session:
        session.execute(text("DELETE FROM tallies"))
    assert await rebuild_tallies(runtime) == 30 * 3 - 6 * 3, "what was taken back adds up to nothing"
    assert await differences(runtime) == []


async def test_what_is_recorded_meanwhile_is_counted(runtime: Runtime) -> None:
    """People record while their tallies are spoiled and rebuilt, again and again."""
    ending = asyncio.Event()
    made = 0

    def act(ctx: Context, n: int) -> None:
        # two tallies in one transaction, in either order
        for who in ((n % 6) + 1, ((n * 5) % 6) + 1):
            record(ctx, VERBS[n % 2], "thing:2", ctx.session.get(Community, 1), person_id=who)

    async def work(first: int) -> None:
        nonlocal made
        n = first
        while not ending.is_set():
            await runtime.transact(act, n, system=True)
            n, made = n + 4, made + 2

    workers = [asyncio.create_task(work(n)) for n in range(4)]
    rounds = 0
    try:
        until = time.monotonic() + 4
        while time.monotonic() < until:
            await runtime.transact(lambda ctx: ctx.session.execute(
                text("DELETE FROM tallies WHERE person_id IN (2, 3)")), system=True)  # fmt: skip
            await runtime.transact(lambda ctx: ctx.session.execute(
                text("UPDATE tallies SET count = count + 3 WHERE person_id IN (1, 4)")), system=True)  # fmt: skip
            assert await rebuild_tallies(runtime) > 0
            assert await differences(runtime) == [], "somebody's recording was lost, or counted twice"
            rounds += 1
    finally:
        ending.set()
        await asyncio.gather(*workers)
    assert made > 20 and rounds > 2
    assert await differences(runtime) == []
    with runtime.database.transaction() as session:
        recorded = session.execute(select(func.sum(Record.amount)).where(Record.object == "thing:2")).scalar_one()
    assert recorded == made


async def test_no_transaction_is_long(runtime: Runtime) -> None:
    """However much is wrong: at most 500 tallies are changed in a transaction, and nobody waits for it."""
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(600)]
    rows = [{"pid": new_pid(), "person_id": who, "verb": "journal.submitted", "object": "a:b", "community_id": 1,
             "day": day, "at": NOW} for who in (5, 6, 7) for day in days]  # fmt: skip
    with runtime.database.transaction() as session:
        session.execute(insert(Record), rows)
    changed = [0]

    def count(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("UPDATE tallies", "DELETE FROM tallies")):
            changed[-1] += len(parameters) if many else 1

    engine = runtime.database.engine
    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", lambda _conn: changed.append(0))
    assert await rebuild_tallies(runtime) == 1800
    assert sum(changed) == 1800 and max(changed) <= checking.MOST_ROWS
    assert await differences(runtime) == []
