"""Personal reminders ring once each, whatever the clock does (C4)."""

import asyncio
from datetime import datetime, timedelta

import pytest

from api.clock import run_job
from api.errors import Conflict, Invalid, NotFound
from api.registry import JOBS
from api.reminders import service
from api.runtime import Runtime
from storage.blobs import Blobs
from storage.engine import Database
from tests.reminders.conftest import Town
from tests.support.talk import NOW

RING = next(job for job in JOBS if job.name == "reminders.ring")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


async def test_it_rings_at_its_time_and_not_before(town: Town) -> None:
    await town.world.run(service.create_reminder, "交教案", at("2026-11-24T15:00"), actor=town.zhang)
    town.world.set_time(at("2026-11-24T14:59:59"))
    await town.tick()
    town.zhang.expect_nothing()
    town.world.set_time(at("2026-11-24T15:00:01"))
    await town.tick()
    sheet = town.zhang.expect("提醒", "交教案")
    assert "晚" not in sheet.text
    await town.tick()
    town.zhang.expect_nothing()
    town.li.expect_nothing()


async def test_a_late_one_says_so_and_comes_at_night_too(town: Town) -> None:
    await town.world.run(service.create_reminder, "吃药", at("2026-11-23T22:00"), actor=town.zhang)
    town.world.set_time(at("2026-11-23T23:30"))
    await town.tick()
    town.zhang.expect("吃药", "今天 22:00")


async def test_it_survives_a_restart(town: Town, database_url: str) -> None:
    await town.world.run(service.create_reminder, "交表", at("2026-11-23T11:00"), actor=town.zhang)
    later = at("2026-11-23T11:01")
    fresh = Runtime(town.world.runtime.config, Database(database_url), Blobs("memory:"), now=lambda: later)
    await run_job(fresh, RING)
    await fresh.close()
    town.world.set_time(at("2026-11-23T11:02"))
    await town.tick()
    town.zhang.expect("交表")
    town.zhang.expect_nothing()


@pytest.mark.both_databases
async def test_two_workers_ring_each_once(town: Town, database_url: str) -> None:
    for n in range(30):
        await town.world.run(service.create_reminder, f"第{n}件", at("2026-11-23T11:00"), actor=town.zhang)
    late = at("2026-11-23T11:00:30")
    workers = [
        Runtime(town.world.runtime.config, Database(database_url), Blobs("memory:"), now=lambda: late) for _ in range(2)
    ]
    await asyncio.gather(*[run_job(worker, RING) for worker in workers for _ in range(3)])
    for worker in workers:
        await worker.close()
    town.world.set_time(late)
    await town.world.settle()
    assert len(town.zhang.unread()) == 30


async def test_a_repeating_one_goes_on_and_a_missed_one_comes_once(town: Town) -> None:
    every_thursday = {"rrule": "FREQ=WEEKLY;BYDAY=TH"}
    await town.world.run(service.create_reminder, "写日志", at("2026-11-26T17:00"), **every_thursday, actor=town.zhang)
    town.world.set_time(at("2026-12-11T08:00"))  # three Thursdays went by while nothing ran
    await town.tick()
    town.zhang.expect("写日志", "11月26日")
    town.zhang.expect_nothing()
    [reminder] = await town.world.run(service.list_reminders, actor=town.zhang)
    assert reminder.next_at == at("2026-12-17T17:00")


async def test_snooze_done_and_stop_do_nothing_twice(town: Town) -> None:
    row = await town.world.run(service.create_reminder, "交表", at("2026-11-23T11:00"), actor=town.zhang)
    _, changed = await town.world.run(service.snooze_reminder, row.pid, "10", actor=town.zhang)
    assert not changed, "nothing rang yet"
    town.world.set_time(at("2026-11-23T11:00"))
    await town.tick()
    town.zhang.expect("交表")
    later, changed = await town.world.run(service.snooze_reminder, row.pid, "60", actor=town.zhang)
    assert changed and later.next_at == at("2026-11-23T12:00")
    _, changed = await town.world.run(service.snooze_reminder, row.pid, "10", actor=town.zhang)
    assert not changed
    town.world.set_time(at("2026-11-23T12:00"))
    await town.tick()
    town.zhang.expect("交表")
    _, changed = await town.world.run(service.finish_reminder, row.pid, actor=town.zhang)
    assert changed
    _, changed = await town.world.run(service.finish_reminder, row.pid, actor=town.zhang)
    assert not changed
    assert await town.world.run(service.list_reminders, actor=town.zhang) == []


async def test_tomorrow_is_the_same_hour_and_never_later_than_the_next_time(town: Town) -> None:
    daily = await town.world.run(
        service.create_reminder, "签到", at("2026-11-23T11:00"), "FREQ=DAILY", actor=town.zhang
    )
    town.world.set_time(at("2026-11-23T11:30"))
    await town.tick()
    snoozed, _ = await town.world.run(service.snooze_reminder, daily.pid, "day", actor=town.zhang)
    assert snoozed.next_at == at("2026-11-24T11:00")
    stopped, changed = await town.world.run(service.stop_reminder, daily.pid, actor=town.zhang)
    assert changed and stopped.next_at is None
    assert not (await town.world.run(service.stop_reminder, daily.pid, actor=town.zhang))[1]


async def test_what_cannot_be_a_reminder_is_refused(town: Town) -> None:
    run, zhang, later = town.world.run, town.zhang, at("2026-11-24T09:00")
    for arguments in [("", later), ("   ", later), ("x" * 501, later), ("x", NOW), ("x", NOW - timedelta(1)),
                      ("x", later, "FREQ=HOURLY"), ("x", NOW + timedelta(days=4000))]:  # fmt: skip
        with pytest.raises(Invalid):
            await run(service.create_reminder, *arguments, actor=zhang)
    for n in range(service.MOST_REMINDERS):
        await run(service.create_reminder, f"{n}", later, actor=zhang)
    with pytest.raises(Conflict):
        await run(service.create_reminder, "one more", later, actor=zhang)


async def test_nobody_touches_anothers(town: Town) -> None:
    row = await town.world.run(service.create_reminder, "交表", at("2026-11-24T09:00"), actor=town.zhang)
    for operation, *more in [(service.finish_reminder,), (service.stop_reminder,), (service.snooze_reminder, "10")]:
        with pytest.raises(NotFound):
            await town.world.run(operation, row.pid, *more, actor=town.li)
