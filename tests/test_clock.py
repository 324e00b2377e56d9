"""The clock: batches, failures that stop nobody, and two workers that never do one thing twice."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from api.clock import Clock, Job, Tick, run_job
from api.config import Config
from api.context import Context
from api.registry import JOBS
from api.runtime import Runtime
from storage.blobs import Blobs
from storage.engine import Database
from storage.messaging import Cursor


def a_runtime(url: str) -> Runtime:
    return Runtime(Config(), Database(url), Blobs("memory:"))


def counting(limit: int, seen: list[str]) -> Callable[[Context], bool]:
    """A job that has `limit` batches to do, kept in the database."""

    def work(ctx: Context) -> bool:
        assert ctx.system and ctx.via == "clock"
        row = ctx.session.get(Cursor, ("test", "", "batches"))
        if row is None:
            row = Cursor(platform="test", account="", name="batches", value="0")
            ctx.session.add(row)
        if int(row.value) >= limit:
            return False
        row.value = str(int(row.value) + 1)
        seen.append(row.value)
        return True

    return work


async def test_a_job_runs_until_nothing_is_left(database_url: str) -> None:
    runtime, seen = a_runtime(database_url), []
    assert await run_job(runtime, Job("x", counting(3, seen), 60)) == 4
    assert seen == ["1", "2", "3"]
    assert await run_job(runtime, Job("x", counting(3, seen), 60)) == 1
    await runtime.close()


async def test_a_failing_job_is_logged_and_stops_nobody(database_url: str) -> None:
    runtime, seen = a_runtime(database_url), []
    done = asyncio.Event()

    def fails(ctx: Context) -> Any:
        raise RuntimeError("broken on purpose")

    def works(ctx: Context) -> Any:
        seen.append(1)
        if len(seen) > 1:
            ctx.session.info.setdefault("after_commit", []).append(loop_done)
        return False

    loop = asyncio.get_running_loop()

    def loop_done() -> None:
        loop.call_soon_threadsafe(done.set)

    clock = Clock(runtime, [Job("fails", fails, 0.05), Job("works", works, 0.05)])
    with capture_logs() as logs:
        clock.start()
        await asyncio.wait_for(done.wait(), 10)
        clock.stop()
    assert len(seen) >= 2
    assert any(entry["event"] == "a job failed" and entry["job"] == "fails" for entry in logs)
    await runtime.close()


async def test_an_endless_job_ends_its_tick(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = a_runtime(database_url)
    monkeypatch.setattr("api.clock.MOST_BATCHES", 5)
    assert await run_job(runtime, Job("x", lambda ctx: True, 60)) == 5
    await runtime.close()


async def test_jobs_say_how_long_they_took_and_what_they_log_says_which_job(database_url: str) -> None:
    runtime = a_runtime(database_url)
    name = {"job": "measured"}
    before = REGISTRY.get_sample_value("gongfang_job_seconds_count", name) or 0

    def work(ctx: Context) -> Any:
        structlog.get_logger().warning("something is odd")
        time.sleep(0.03)

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        await run_job(runtime, Job("measured", work, 60))
    assert [entry["job"] for entry in logs] == ["measured"]
    assert (REGISTRY.get_sample_value("gongfang_job_seconds_sum", name) or 0) >= 0.03
    assert REGISTRY.get_sample_value("gongfang_job_seconds_count", name) == before + 1
    await runtime.close()


def test_how_late_a_job_is() -> None:
    tick = Tick(Job("x", print, 10), due=100.0)
    assert (tick.lag(95), tick.lag(104)) == (0, 4), "not begun yet: ever later"
    tick.begin(101)
    assert (tick.lag(102), tick.due) == (1, 110), "its moments stay where they are"
    tick.begin(134)
    assert (tick.lag(134), tick.due) == (24, 140), "it missed two of them"
    tick.begin(140)
    assert (tick.lag(140), tick.lag(150), tick.lag(187)) == (0, 0, 37), "it hangs"


async def test_a_running_clock_shows_how_late_its_jobs_are(database_url: str) -> None:
    runtime = a_runtime(database_url)
    hangs, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work(ctx: Context) -> Any:
        loop.call_soon_threadsafe(hangs.set)
        go_on.wait(10)

    clock = Clock(runtime, [Job("hanging", work, 0.1)])
    clock.start()
    await asyncio.wait_for(hangs.wait(), 10)
    await asyncio.sleep(0.5)
    shown = REGISTRY.get_sample_value("gongfang_job_lag_seconds", {"job": "hanging"})
    go_on.set()
    clock.stop()
    assert shown is not None and shown >= 0.3
    await runtime.close()


def test_jobs_have_names_of_their_own() -> None:
    names = [job.name for job in JOBS]
    assert len(names) == len(set(names))
    assert all(job.seconds > 0 for job in JOBS)
