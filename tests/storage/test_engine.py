"""The only transaction: shared commits, savepoints, the retry rule, after-commit actions."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars, get_contextvars

from storage.engine import Database, StorageUnavailable, after_commit, attempt
from storage.messaging import Cursor, Message
from tests.support.databases import Databases

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await asyncio.to_thread(database.close)


@pytest.fixture
async def sqlite(databases: Databases) -> AsyncIterator[Database]:
    """For what only SQLite's writer thread does; PostgreSQL shares commits by itself."""
    with databases.fresh("sqlite") as url:
        database = Database(url)
        yield database
        await asyncio.to_thread(database.close)


def add(name: str) -> Any:
    def job(session: Session) -> str:
        session.add(Cursor(platform="p", account="", name=name, value="1"))
        session.flush()
        return name

    return job


def names(session: Session) -> set[str]:
    return set(session.scalars(select(Cursor.name)))


async def test_what_is_answered_is_committed(database: Database) -> None:
    assert await database.run(add("a")) == "a"
    assert await database.read(names) == {"a"}


async def test_a_job_logs_with_what_its_caller_bound_and_says_how_long_it_waited(database: Database) -> None:
    waits: list[float] = []
    database.waited = waits.append

    def job(session: Session) -> Any:
        return get_contextvars().get("reference")

    async def ask(reference: str) -> Any:
        with bound_contextvars(reference=reference):
            return await database.run(job)

    assert await asyncio.gather(*[ask(f"r{n}") for n in range(20)]) == [f"r{n}" for n in range(20)]
    assert await database.run(job) is None
    assert len(waits) == 21 and all(0 <= seconds < 60 for seconds in waits)


async def test_a_job_that_waits_behind_another_says_so(sqlite: Database) -> None:
    waits: list[float] = []
    sqlite.waited = waits.append
    await asyncio.gather(sqlite.run(lambda session: time.sleep(0.2)), sqlite.run(names))
    assert max(waits) >= 0.2


async def test_a_failing_job_fails_alone(database: Database) -> None:
    def wrong(session: Session) -> None:
        session.add(Cursor(platform="p", account="", name="wrong", value="1"))
        session.flush()
        raise KeyError("mine")

    jobs = [database.run(add(f"n{n}")) for n in range(10)]
    jobs.insert(5, database.run(wrong))
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert isinstance(results[5], KeyError)
    assert await database.read(names) == {f"n{n}" for n in range(10)}


async def test_jobs_that_wait_share_a_commit(sqlite: Database) -> None:
    commits = []
    event.listen(sqlite.engine, "commit", lambda connection: commits.append(1))
    await asyncio.gather(*[sqlite.run(add(f"n{n}")) for n in range(60)])
    assert len(await sqlite.read(names)) == 60
    assert len(commits) < 30


async def test_after_commit_actions_run_once_and_only_after(database: Database) -> None:
    heard: list[str] = []

    def job(session: Session) -> None:
        after_commit(session, lambda: heard.append("kept"))
        with pytest.raises(ValueError), attempt(session):
            after_commit(session, lambda: heard.append("dropped"))
            raise ValueError
        assert heard == []

    await database.run(job)
    assert heard == ["kept"]

    def failing(session: Session) -> None:
        after_commit(session, lambda: heard.append("never"))
        raise ValueError

    with pytest.raises(ValueError):
        await database.run(failing)
    assert heard == ["kept"]


async def test_a_failing_after_commit_action_is_its_own_affair(database: Database) -> None:
    heard: list[str] = []

    def job(session: Session) -> str:
        after_commit(session, lambda: {}["nothing"])
        after_commit(session, lambda: heard.append("next"))
        return add("a")(session)

    assert await asyncio.wait_for(database.run(job), 20) == "a"
    assert await asyncio.wait_for(database.run(add("b")), 20) == "b"
    with database.transaction() as session:
        job_of_a_command = add("c")(session)
        after_commit(session, lambda: {}["nothing"])
    assert job_of_a_command == "c" and heard == ["next"]
    assert await database.read(names) == {"a", "b", "c"}


@pytest.mark.parametrize("error", [DatabaseError("COMMIT", {}, Exception("malformed")), RuntimeError("anything")])
async def test_the_writer_outlives_whatever_a_commit_raises(sqlite: Database, error: Exception) -> None:
    def refuse(_connection: Any) -> None:
        raise error

    event.listen(sqlite.engine, "commit", refuse)
    jobs = [asyncio.wait_for(sqlite.run(add(name)), 20) for name in ("a", "b")]
    assert [type(each) for each in await asyncio.gather(*jobs, return_exceptions=True)] == [type(error)] * 2
    event.remove(sqlite.engine, "commit", refuse)
    assert await asyncio.wait_for(sqlite.run(add("later")), 20) == "later"
    assert await sqlite.read(names) == {"later"}


async def test_a_lost_shared_transaction_runs_every_job_again_alone(sqlite: Database) -> None:
    """A full disk inside a savepoint can end the whole transaction: the neighbours must not be lost with it."""
    runs: list[str] = []

    def full(session: Session) -> None:
        runs.append("full")
        session.connection().exec_driver_sql("ROLLBACK")  # what SQLite does by itself on SQLITE_FULL
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    def counted(name: str) -> Any:
        def job(session: Session) -> str:
            runs.append(name)
            return add(name)(session)

        return job

    jobs = [sqlite.run(counted("a")), sqlite.run(full), sqlite.run(counted("b"))]
    first, second, third = await asyncio.gather(*jobs, return_exceptions=True)
    assert (first, third) == ("a", "b")
    assert isinstance(second, StorageUnavailable)
    assert await sqlite.read(names) == {"a", "b"}
    assert runs.count("b") <= 2 and runs.count("full") <= 2
    assert await sqlite.run(add("later")) == "later"


async def test_a_reading_job_leaves_nothing(database: Database) -> None:
    await database.run(add("a"))

    def sneaky(session: Session) -> int:
        add("b")(session)
        return session.execute(select(func.count()).select_from(Cursor)).scalar_one()

    assert await database.read(sneaky) == 2
    assert await database.read(names) == {"a"}


async def test_contention_is_run_again(database: Database) -> None:
    """Two transactions that would deadlock both end well (PostgreSQL 40P01, 40001)."""
    await asyncio.gather(database.run(add("x")), database.run(add("y")))

    def bump(first: str, second: str) -> Any:
        def job(session: Session) -> None:
            for name in (first, second):
                session.execute(text("UPDATE cursors SET value = value || '1' WHERE name = :name"), {"name": name})
                session.execute(text("SELECT pg_sleep(0.05)") if not database.is_sqlite else text("SELECT 1"))

        return job

    await asyncio.gather(*[database.run(bump(*pair)) for pair in [("x", "y"), ("y", "x")] * 3])
    values = await database.read(lambda s: set(s.scalars(select(Cursor.value))))
    assert values == {"1" * 7}


async def test_a_database_that_is_away_is_said_so() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StorageUnavailable):
        await database.run(lambda session: session.execute(text("SELECT 1")))
    with pytest.raises(StorageUnavailable):
        await database.read(lambda session: session.execute(text("SELECT 1")))
    await asyncio.to_thread(database.close)


async def test_moments_keep_their_zone_and_naive_ones_are_refused(database: Database) -> None:
    await database.run(lambda s: s.add(Message(tree="x", created_at=NOW)))
    found = await database.read(lambda s: s.scalars(select(Message.created_at)).one())
    assert found == NOW and found.tzinfo is not None
    with pytest.raises(Exception, match="naive"):
        await database.run(lambda s: s.add(Message(tree="x", created_at=datetime(2026, 1, 1))))
