"""The system's time jumps, forwards by hours and back by minutes: nothing comes twice, and nothing waits for hours."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import time_machine
from structlog.testing import capture_logs

from api.clock import Clock, Job, run_job
from api.context import Context
from api.messaging.delivering import SLOWEST_UPLOAD, Outcome, claim_work, finish_works
from api.messaging.jobs import put_right
from api.messaging.outbox import tell_person
from api.messaging.receiving import Arrival, lease_rows, receive
from api.messaging.tree import Words
from api.registry import JOBS
from api.reminders import service
from storage.attachments import Attachment
from storage.base import new_pid
from storage.leasing import extend_leases
from storage.messaging import Chat, Delivery
from storage.reach import Reach
from tests.support.talk import NOW, Voice, World, a_world

PAPER = Reach(("paper",))
RING = next(job for job in JOBS if job.name == "reminders.ring")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_the_clock_ticks_on_whatever_the_time_of_day(world: World) -> None:
    seen: list[datetime] = []
    clock = Clock(world.runtime, [Job("seen", lambda ctx: seen.append(datetime.now(UTC)), 0.05)])
    clock.start()

    async def until(number: int) -> None:
        async with asyncio.timeout(20):
            while len(seen) < number:
                await asyncio.sleep(0.01)

    await until(2)
    for hours in (5, -7):
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True):
            await until(len(seen) + 3)
    clock.stop()
    assert max(seen) - min(seen) > timedelta(hours=10)


async def test_each_reminder_rings_once_for_each_of_its_moments(world: World) -> None:
    """Forwards by up to hours, back by up to a quarter of an hour, again and again for two weeks."""
    li, chance = await world.teacher("李老师"), Random(5)
    for n in range(5):
        await world.run(
            service.create_reminder, f"每天{n}", NOW + timedelta(minutes=17 * n + 1), "FREQ=DAILY", actor=li
        )
        await world.run(service.create_reminder, f"一次{n}", NOW + timedelta(hours=31 * n + 1), actor=li)
    true = NOW
    for _ in range(120):
        true += timedelta(minutes=chance.choice((-15, -5, -1, 1, 10, 45, 200, 400)))
        world.set_time(true)
        await run_job(world.runtime, RING)
        await world.deliverers.drain()
    assert true > NOW + timedelta(hours=31 * 4 + 2)
    keys = await world.run(
        lambda ctx: [key for (key,) in ctx.session.query(Delivery.dedupe_key) if key and key.startswith("reminder:")]
    )
    assert len(keys) == len(set(keys))
    once = Counter(f"一次{n}" for n in range(5) for sheet in li.sheets() if f"一次{n}" in sheet.text)
    assert list(once.values()) == [1] * 5
    assert len(li.sheets()) == len(keys), "each was heard once"


async def test_what_was_leased_or_due_in_a_wrong_future_is_taken_up_soon(world: World) -> None:
    """The clock was hours fast, somebody spoke, the process died; then it was set right."""
    li, wang, chen = [await world.teacher(name) for name in ("李老师", "王老师", "陈老师")]
    wrong = NOW + timedelta(hours=6)
    world.set_time(wrong)
    for voice in (li, wang):
        await store(world, voice, "帮助")
    await world.run(tell_person, chen.person.id, Words("好"), lane=0)
    assert len(await world.runtime.transact(lease_rows, PAPER, 1)) == 1
    assert len(await world.runtime.transact(claim_work, PAPER, 1, {})) == 1
    world.set_time(NOW)
    await store(world, wang, "帮助")
    await world.settle()
    assert [len(voice.sheets()) for voice in (li, wang, chen)] == [0, 0, 0], "as if it had not been said"
    with capture_logs() as logs:
        await run_job(world.runtime, Job("messaging.put_right", put_right, 30))
    assert any("put back" in entry["event"] for entry in logs)
    await world.settle()
    assert [len(voice.sheets()) for voice in (li, wang, chen)] == [1, 2, 1]
    with capture_logs() as logs:
        await run_job(world.runtime, Job("messaging.put_right", put_right, 30))
    assert not [entry for entry in logs if entry["log_level"] == "warning"]


async def test_who_was_told_to_wait_in_a_wrong_future_waits_an_hour_at_most(world: World) -> None:
    li, wang = [await world.teacher(name) for name in ("李老师", "王老师")]
    world.set_time(NOW + timedelta(hours=6))
    for voice, whole_bot in ((li, False), (wang, True)):
        await world.run(tell_person, voice.person.id, Words("好"), lane=1)
        [work] = await world.runtime.transact(claim_work, PAPER, 5, {})
        told = Outcome(retry_after=30.0, whole_bot=whole_bot)
        await world.runtime.transact(finish_works, [(work, told)], {})
    world.set_time(NOW)
    await run_job(world.runtime, Job("messaging.put_right", put_right, 30))
    await world.settle()
    assert [len(voice.sheets()) for voice in (li, wang)] == [0, 0]
    world.set_time(NOW + timedelta(hours=1, seconds=1))
    await run_job(world.runtime, Job("messaging.put_right", put_right, 30))
    await world.settle()
    assert [len(voice.sheets()) for voice in (li, wang)] == [1, 1]


async def test_a_file_of_a_wrong_future_waits_two_hours_at_most(world: World) -> None:
    """Its platform may have asked for so long: then it is not asked again at every look, and no alarm is raised."""
    world.set_time(NOW + timedelta(hours=6))
    file = await world.run(_a_file_on_its_way)
    world.set_time(NOW)
    with capture_logs() as logs:
        for minutes in (0, 1):
            world.set_time(NOW + timedelta(minutes=minutes))
            await run_job(world.runtime, Job("messaging.put_right", put_right, 30))
    assert await world.run(lambda ctx: ctx.session.get_one(Attachment, file).next_at) == NOW + timedelta(hours=2)
    assert not [entry for entry in logs if entry["log_level"] == "warning"]


async def test_a_long_upload_keeps_its_lease(world: World) -> None:
    """A log may hold 30 files of 20 MB, and one waits for 128 kB a second."""
    li = await world.teacher("李老师")
    await world.run(tell_person, li.person.id, Words("好"), lane=0)
    [work] = await world.runtime.transact(claim_work, PAPER, 5, {})
    longest = timedelta(seconds=30 * 20 * 2**20 / SLOWEST_UPLOAD + 120)
    await world.run(lambda ctx: extend_leases(ctx.session, [work.chat.chat_id], ctx.now + longest))
    await run_job(world.runtime, Job("messaging.put_right", put_right, 30))
    assert await world.runtime.transact(claim_work, PAPER, 5, {}) == []


async def test_what_is_for_later_stays_for_later(world: World) -> None:
    li = await world.teacher("李老师")
    await world.run(tell_person, li.person.id, Words("明天见"), not_before=NOW + timedelta(hours=20))
    before = await world.run(lambda ctx: ctx.session.query(Chat.next_at, Chat.in_next_at).all())
    await run_job(world.runtime, Job("messaging.put_right", put_right, 30))
    assert await world.run(lambda ctx: ctx.session.query(Chat.next_at, Chat.in_next_at).all()) == before
    await world.settle()
    li.expect_nothing()


async def store(world: World, voice: Voice, text: str) -> None:
    """It arrives, and nobody handles it yet."""
    said = {"kind": "said", "sender": voice.native, "name": voice.name, "text": text}
    await world.runtime.transact(receive, "paper", "", [Arrival(new_pid(), voice.chat, "private", said)])


def _a_file_on_its_way(ctx: Context) -> int:
    file = Attachment(kind="photo", name="a.jpg", mime="image/jpeg", size=5, state="pending", platform="paper", ref="x",
                      holder="", next_at=ctx.now + timedelta(minutes=1), created_at=ctx.now)  # fmt: skip
    ctx.session.add(file)
    ctx.session.flush()
    return file.id
