"""One owner by an advisory lock: found out at once when it is free, and by its owner when it is lost."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from api.config import Config
from api.owning import Owner
from api.runtime import Runtime
from storage.blobs import Blobs
from storage.engine import Database
from storage.locks import LOCKED, Lock
from tests.support.databases import Databases


@pytest.fixture
async def runtime(databases: Databases) -> AsyncIterator[Runtime]:
    with databases.fresh("postgres") as url:
        made = Runtime(Config(), Database(url), Blobs("memory:"))
        yield made
        await made.close()


def sessions(runtime: Runtime, what: str) -> list[tuple[object, ...]]:
    with psycopg.connect(runtime.database.url.set(drivername="postgresql").render_as_string(False)) as connection:
        return connection.execute(
            f"SELECT {what} FROM pg_stat_activity WHERE application_name LIKE 'gongfang % telegram%'"
        ).fetchall()


async def test_one_owner_and_who_waits_follows(runtime: Runtime) -> None:
    one, two, else_ = Owner(runtime, "telegram:7"), Owner(runtime, "telegram:7"), Owner(runtime, "telegram:8")
    assert await one.take() and await one.take() and await else_.take()
    assert one.holder.startswith(LOCKED) and len(one.holder) <= 32
    assert not await two.take() and not two.holder
    before = one.holder
    await one.release()
    assert await two.take() and two.holder != before
    assert not await one.take()
    for owner in (one, two, else_):
        await owner.release()


async def test_its_work_ends_when_the_lock_is_lost(runtime: Runtime) -> None:
    one = Owner(runtime, "telegram:7")
    assert await one.take()
    first = one.holder
    working = runtime.spawn(one.work(asyncio.sleep(60)), "work")
    await asyncio.sleep(0.1)
    await asyncio.to_thread(sessions, runtime, "pg_terminate_backend(pid)")
    await asyncio.wait([working], timeout=2)
    assert working.done() and working.exception() is None and not one.holder
    assert await one.take() and one.holder != first, "another term"
    await one.release()


async def test_what_the_work_raises_is_raised_and_waiting_holds_no_snapshot(runtime: Runtime) -> None:
    async def fail() -> None:
        raise ValueError("no")

    one, two = Owner(runtime, "telegram:7"), Owner(runtime, "telegram:7")
    assert await one.take() and not await two.take()
    with pytest.raises(ValueError, match="no"):
        await one.work(fail())
    found = await asyncio.to_thread(sessions, runtime, "state, backend_xmin")
    assert found == [("idle", None), ("idle", None)]
    await one.release()
    await two.release()


async def test_with_sqlite_there_is_one_process_anyway(databases: Databases) -> None:
    with databases.fresh("sqlite") as url:
        runtime = Runtime(Config(), Database(url), Blobs("memory:"))
        owner = Owner(runtime, "telegram:7")
        assert await owner.take() and owner.holder
        await owner.release()
        assert not owner.holder
        await runtime.close()


async def test_released_while_it_takes_it_owns_nothing(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, take = Owner(runtime, "telegram:7"), Owner(runtime, "telegram:7"), Lock.take

    async def take_and_release(lock: Lock) -> bool:
        taken = await take(lock)
        await one.release()
        return taken

    with monkeypatch.context() as patch:
        patch.setattr(Lock, "take", take_and_release)
        assert not await one.take() and not one.holder
    assert await two.take()
    await two.release()
