"""Another process holds the SQLite file: all who wait are told together, and what is read is read."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from storage.base import Base
from storage.engine import Database, StorageUnavailable
from storage.messaging import Cursor


async def test_nobody_waits_for_the_waiting_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.engine.BUSY_SECONDS", 0.5)
    file = tmp_path / "gongfang.db"
    database = Database(f"sqlite:///{file}")
    Base.metadata.create_all(database.engine)
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        jobs = [database.run(lambda session, n=n: session.add(Cursor(platform="p", account="", name=f"{n}", value="")))
                for n in range(40)]  # fmt: skip
        assert await database.read(lambda session: session.query(Cursor).count()) == 0
        told = await asyncio.gather(*jobs, return_exceptions=True)
        assert all(isinstance(one, StorageUnavailable) for one in told), told
        assert time.monotonic() - began < 10, "40 of them would have waited 20 seconds"
        other.execute("ROLLBACK")
    other.close()
    await database.run(lambda session: session.add(Cursor(platform="p", account="", name="after", value="")))
    assert await database.read(lambda session: session.query(Cursor).count()) == 1, "what was refused left nothing"
    await asyncio.to_thread(database.close)


async def test_who_need_not_wait_long_waits(tmp_path: Path) -> None:
    file = tmp_path / "gongfang.db"
    database = Database(f"sqlite:///{file}")
    Base.metadata.create_all(database.engine)
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        job = asyncio.ensure_future(
            database.run(lambda session: session.add(Cursor(platform="p", account="", name="n", value="")))
        )
        await asyncio.sleep(0.3)
        assert not job.done()
        other.execute("ROLLBACK")
    other.close()
    await job
    await asyncio.to_thread(database.close)
