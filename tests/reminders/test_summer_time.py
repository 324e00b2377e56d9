"""The week in which clocks are put on or back, tick by tick: everything comes once, on its day, at its hour."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from api.clock import run_job
from api.context import Context
from api.registry import JOBS
from api.reminders import rules, service
from api.reminders.rules import RuleWish
from api.times import to_utc, to_wall
from storage.communities import Community
from storage.messaging import Delivery
from storage.people import Person
from storage.reminders import Reminder
from tests.reminders.conftest import NAMES, Town

TICK = timedelta(hours=1)
# the Sunday on which the clocks change, and the moment of that night which comes twice or never
CHANGES = [
    ("Europe/Berlin", "2026-03-29", "02:30"), ("Europe/Berlin", "2026-10-25", "02:30"),
    ("America/New_York", "2027-03-14", "02:30"), ("America/New_York", "2026-11-01", "01:30"),
    ("Asia/Shanghai", "2026-10-25", "02:30"),
]  # fmt: skip


async def settle_in(town: Town, zone: str) -> None:
    """Everybody, and the workshop, lives there."""

    def move(ctx: Context) -> None:
        for person in ctx.session.query(Person):
            person.zone = zone
        for community in ctx.session.query(Community):
            community.zone = zone

    await town.world.run(move)


async def live_through(town: Town, since: datetime, days: int) -> None:
    """Tick after tick; each finds what is due since the one before. What it says is delivered every few hours."""
    for n in range(int(timedelta(days=days) / TICK)):
        town.world.set_time(since + n * TICK)
        for job in JOBS:
            if job.name in NAMES:
                await run_job(town.world.runtime, job)
        if n % 6 == 0:
            await town.world.settle()


@pytest.mark.parametrize(("zone", "sunday", "clock"), CHANGES)
async def test_what_repeats_comes_once_a_day_at_its_hour(town: Town, zone: str, sunday: str, clock: str) -> None:
    await settle_in(town, zone)
    night = datetime.fromisoformat(f"{sunday}T{clock}")
    since = to_utc(night - timedelta(days=7), zone) - timedelta(hours=1)
    town.world.set_time(since)
    for matter, rrule in (("每天", "FREQ=DAILY"), ("每周日", "FREQ=WEEKLY;BYDAY=SU"), ("只一次", None)):
        start = to_utc(night if rrule is None else night - timedelta(days=7), zone)
        await town.world.run(service.create_reminder, matter, start, rrule, actor=town.zhang)
    await live_through(town, since, 10)

    def rung(ctx: Context) -> list[tuple[str, datetime]]:
        """What rang for which moment."""
        rows = ctx.session.query(Reminder.matter, Delivery.dedupe_key).join(
            Delivery, Delivery.dedupe_key.like("reminder:" + Reminder.pid + ":%")
        )
        return [(said, datetime.fromisoformat(f"{key.rpartition(':')[2]}+00:00")) for said, key in rows]

    rings = await town.world.run(rung)
    by_day = {matter: Counter(to_wall(at, zone).date() for said, at in rings if matter in said)
              for matter in ("每天", "每周日", "只一次")}  # fmt: skip
    days = [night.date() + timedelta(days=n) for n in range(-7, 3)]
    assert by_day["每天"] == Counter(days), "once on each local day"
    assert by_day["每周日"] == Counter([days[0], night.date()])
    assert by_day["只一次"] == Counter([night.date()])
    usual = {to_wall(at, zone).strftime("%H:%M") for said, at in rings if "每天" in said} - {clock}
    gap = to_wall(to_utc(night, zone), zone) != night
    assert usual == ({"03:30"} if gap else set()), "at its hour; the one that does not exist, right after the gap"
    told = [sheet.text for sheet in town.zhang.sheets()]
    assert [sum(matter in text for text in told) for matter in by_day] == [10, 2, 1]


@pytest.mark.parametrize(("zone", "sunday", "clock"), CHANGES[1:4])
async def test_deadlines_and_digests_come_once_and_not_in_quiet_hours(
    town: Town, zone: str, sunday: str, clock: str
) -> None:
    await settle_in(town, zone)
    night = datetime.fromisoformat(f"{sunday}T{clock}")
    since = to_utc(night - timedelta(days=9), zone)
    town.world.set_time(since)
    # due in the very hour; and one whose reminder falls into that night, so that it waits for the morning
    for due, before in ((clock, 600), ("12:00", 570)):
        wish = RuleWish(due_weekday=6, due_time=due, before_minutes=before, skip_holidays=False)
        await town.world.run(rules.create_rule, town.workshop.pid, wish, actor=town.host)
    await live_through(town, since, 12)

    def planned(ctx: Context) -> list[tuple[int, str, datetime]]:
        rows = ctx.session.query(Delivery).filter(Delivery.dedupe_key.like("rule:%"))
        return [(row.person_id, row.dedupe_key.split(":")[1], row.not_before) for row in rows]

    out = await town.world.run(planned)
    weeks = Counter((who, rule) for who, rule, _ in out)
    assert set(weeks.values()) == {2}, "each of two Sundays once, for each who misses something and for the host"
    assert len(weeks) == 2 * 3
    for _, _, at in out:
        wall = to_wall(at, zone)
        assert "07:00" <= f"{wall:%H:%M}" < "21:30", wall
    assert all(at.tzinfo == UTC for _, _, at in out)
