"""Workshop rules: only the missing, privately, not at night, not on holidays, each once (C4)."""

import asyncio
from datetime import date, datetime
from typing import Any

import pytest

from api.clock import run_job
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid
from api.records.service import record
from api.registry import JOBS
from api.reminders import excuses, holidays, missing, rules
from api.reminders.rules import RuleWish
from api.runtime import Runtime
from storage.blobs import Blobs
from storage.communities import Community
from storage.engine import Database
from storage.people import Person
from tests.reminders.conftest import Town
from tests.support.talk import Voice

RELEASE = next(job for job in JOBS if job.name == "reminders.rules")
THURSDAY, FRIDAY = "2026-11-26T17:00", "2026-11-27T18:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


async def hand_in(town: Town, who: Voice, thing: str, amount: int = 1) -> None:
    def write(ctx: Context) -> None:
        record(ctx, "journal.submitted", f"journal_entry:{thing}", town.workshop, amount=amount)

    await town.world.run(write, actor=who)


async def a_rule(town: Town, **wish: Any) -> Any:
    return await town.world.run(rules.create_rule, town.workshop.pid, RuleWish(**wish), actor=town.host)


async def test_only_the_missing_are_reminded_and_the_host_gets_a_number(town: Town) -> None:
    rule = await a_rule(town)
    assert (rule.next_at, rule.due_at) == (at(THURSDAY), at(FRIDAY))
    await hand_in(town, town.zhang, "a")
    await hand_in(town, town.zhang, "b")
    await hand_in(town, town.li, "c")
    room = await town.world.room(town.workshop)
    town.world.set_time(at(THURSDAY))
    await town.tick()
    town.zhang.expect_nothing()
    town.li.expect("语文工坊", "2 篇研修日志", "明天（周五）18:00")
    digest = town.host.expect("语文工坊", "1 人")
    assert "李老师" not in digest.text
    assert town.world.paper.chats[room] == [], "nobody is named, or spoken of, in the room"
    await town.tick()
    town.li.expect_nothing()


async def test_the_next_week_begins_at_the_deadline(town: Town) -> None:
    await a_rule(town, needed=1)
    town.world.set_time(at("2026-11-27T18:30"))  # after Friday's deadline: it counts for the next week
    await hand_in(town, town.zhang, "a")
    town.world.set_time(at("2026-12-03T17:00"))
    await town.tick()
    town.zhang.expect_nothing()
    town.li.expect("语文工坊", "明天（周五）18:00")


async def test_the_tick_after_the_deadline_reminds_nobody(town: Town) -> None:
    await a_rule(town)
    town.world.set_time(at("2026-11-27T18:00"))
    await town.tick()
    town.li.expect_nothing()
    town.host.expect_nothing()
    [rule] = await town.world.run(rules.list_rules, town.workshop.pid, actor=town.host)
    assert rule.next_at == at("2026-12-03T17:00")


async def test_a_tick_hours_late_still_reminds(town: Town) -> None:
    await a_rule(town)
    town.world.set_time(at("2026-11-27T09:00"))
    await town.tick()
    town.li.expect("语文工坊")


async def test_what_was_taken_back_does_not_count(town: Town) -> None:
    await a_rule(town, needed=1)
    await hand_in(town, town.zhang, "a")
    await hand_in(town, town.li, "b")
    await hand_in(town, town.li, "b", amount=-1)
    town.world.set_time(at(THURSDAY))
    await town.tick()
    town.zhang.expect_nothing()
    town.li.expect("语文工坊")


async def test_who_hands_in_before_the_message_leaves_gets_none(town: Town) -> None:
    await a_rule(town, needed=1)
    town.world.set_time(at(THURSDAY))
    await run_job(town.world.runtime, RELEASE)
    await hand_in(town, town.li, "b")
    await town.world.settle()
    town.li.expect_nothing()
    town.zhang.expect("语文工坊")


async def test_quiet_hours_of_each_person_move_their_message(town: Town) -> None:
    def sleeps_early(ctx: Context) -> None:
        ctx.session.get_one(Person, town.li.person.id).quiet_hours = "16:00-19:30"  # type: ignore[union-attr]

    await town.world.run(sleeps_early)
    await a_rule(town, due_weekday=5, due_time="12:00", before_minutes=19 * 60)
    town.world.set_time(at("2026-11-27T17:00"))
    await town.tick()
    town.zhang.expect("语文工坊")
    town.li.expect_nothing()
    town.world.set_time(at("2026-11-27T19:30"))
    await town.tick()
    town.li.expect("语文工坊")
    town.zhang.expect_nothing()


async def test_a_night_that_ends_after_the_deadline_means_no_message(town: Town) -> None:
    rule = await a_rule(town, due_time="23:00", before_minutes=60)
    town.world.set_time(rule.next_at)
    await town.tick()
    town.world.set_time(at("2026-11-28T08:00"))
    await town.tick()
    town.li.expect_nothing()


async def test_deliveries_end_after_an_hour(town: Town) -> None:
    await a_rule(town)
    town.world.set_time(at(THURSDAY))
    await run_job(town.world.runtime, RELEASE)
    town.world.set_time(at("2026-11-26T18:01"))
    await town.world.settle()
    town.li.expect_nothing()


async def test_members_only_and_only_while_they_are_members(town: Town) -> None:
    watcher, former = await town.world.teacher("督导", town.school), await town.world.teacher("前成员", town.school)
    await town.world.join(watcher, town.workshop, "observer")
    await town.world.join(former, town.workshop, status="left")
    await a_rule(town)
    town.world.set_time(at(THURSDAY))
    await town.tick()
    watcher.expect_nothing()
    former.expect_nothing()
    assert len([sheet for sheet in town.host.unread() if "还来得及" in sheet.text]) == 0


async def test_the_excused_are_neither_reminded_nor_counted(town: Town) -> None:
    await a_rule(town)
    await town.world.run(excuses.grant_excuse, town.workshop.pid, town.li.person.pid, date(2026, 11, 26),
                         date(2026, 11, 30), actor=town.host)  # fmt: skip
    await town.world.settle()
    town.li.unread()
    town.world.set_time(at(THURSDAY))
    await town.tick()
    town.li.expect_nothing()
    town.zhang.expect("语文工坊")
    town.host.expect("1 人")


async def test_a_week_whose_deadline_is_a_holiday_is_left_out(town: Town) -> None:
    town.world.set_time(at("2026-09-28T10:00"))  # Friday 2 October 2026 is a holiday
    rule = await a_rule(town)
    assert rule.due_at == at("2026-10-09T18:00")
    strict = await a_rule(town, skip_holidays=False)
    assert strict.due_at == at("2026-10-02T18:00")


async def test_a_region_says_that_a_day_is_off(town: Town) -> None:
    admin = await town.world.teacher("县管理员", town.school)
    await town.world.appoint(admin, town.county, "region_admin")
    await town.world.run(holidays.set_override, town.county.pid, date(2026, 11, 27), False, "运动会", actor=admin)
    rule = await a_rule(town)
    assert rule.due_at == at("2026-12-04T18:00")
    with pytest.raises(Forbidden):
        await town.world.run(holidays.set_override, town.county.pid, date(2026, 12, 4), False, actor=town.host)
    await town.world.run(holidays.clear_override, town.county.pid, date(2026, 11, 27), actor=admin)
    assert (await a_rule(town)).due_at == at(FRIDAY)


async def test_a_day_that_becomes_free_or_a_workday_moves_what_was_planned(town: Town) -> None:
    admin = await town.world.teacher("县管理员", town.school)
    await town.world.appoint(admin, town.county, "region_admin")
    await a_rule(town)

    async def planned() -> datetime:
        await town.tick()
        [rule] = await town.world.run(rules.list_rules, town.workshop.pid, actor=town.host)
        return rule.due_at

    await town.world.run(holidays.set_override, town.county.pid, date(2026, 11, 27), False, actor=admin)
    assert await planned() == at("2026-12-04T18:00")
    await town.world.run(holidays.set_override, town.county.pid, date(2026, 11, 27), True, actor=admin)
    assert await planned() == at(FRIDAY)
    town.li.expect_nothing()
    town.host.expect_nothing()
    town.world.set_time(at(THURSDAY))
    await town.tick()
    town.li.expect("语文工坊")


async def test_pausing_resuming_and_stopping(town: Town) -> None:
    rule = await a_rule(town)
    assert (await town.world.run(rules.pause_rule, rule.pid, actor=town.host))[1]
    assert not (await town.world.run(rules.pause_rule, rule.pid, actor=town.host))[1]
    town.world.set_time(at(THURSDAY))
    await town.tick()
    town.li.expect_nothing()
    town.world.set_time(at("2026-11-30T09:00"))
    resumed, changed = await town.world.run(rules.resume_rule, rule.pid, actor=town.host)
    assert changed and resumed.next_at == at("2026-12-03T17:00")
    assert (await town.world.run(rules.stop_rule, rule.pid, actor=town.host))[1]
    assert not (await town.world.run(rules.stop_rule, rule.pid, actor=town.host))[1]
    assert await town.world.run(rules.list_rules, town.workshop.pid, actor=town.host) == []


async def test_stopping_takes_back_what_was_not_sent(town: Town) -> None:
    rule = await a_rule(town)
    town.world.set_time(at(THURSDAY))
    await run_job(town.world.runtime, RELEASE)
    await town.world.run(rules.stop_rule, rule.pid, actor=town.host)
    await town.world.settle()
    town.li.expect_nothing()


async def test_once_by_a_date(town: Town) -> None:
    rule = await a_rule(town, needed=1, due_weekday=None, due_on=date(2026, 12, 1), before_minutes=120)
    assert rule.next_at == at("2026-12-01T16:00")
    await hand_in(town, town.zhang, "a")
    town.world.set_time(at("2026-12-01T16:00"))
    await town.tick()
    town.zhang.expect_nothing()
    town.li.expect("1 篇研修日志")
    [row] = await town.world.run(rules.list_rules, town.workshop.pid, actor=town.host)
    assert row.next_at is None


@pytest.mark.both_databases
async def test_two_workers_release_once(town: Town, database_url: str) -> None:
    for _ in range(5):
        await a_rule(town)
    now = at(THURSDAY)
    config = town.world.runtime.config
    workers = [Runtime(config, Database(database_url), Blobs("memory:"), now=lambda: now) for _ in "ab"]
    await asyncio.gather(*[run_job(worker, RELEASE) for worker in workers for _ in range(3)])
    for worker in workers:
        await worker.close()
    town.world.set_time(now)
    await town.world.settle()
    assert len(town.li.unread()) == 5
    assert len(town.host.unread()) == 5


async def test_an_archived_workshop_is_silent(town: Town) -> None:
    await a_rule(town)

    def archive(ctx: Context) -> None:
        ctx.session.get_one(Community, town.workshop.id).archived_at = ctx.now

    await town.world.run(archive)
    town.world.set_time(at(THURSDAY))
    await town.tick()
    town.li.expect_nothing()


async def test_who_may_and_what_is_refused(town: Town) -> None:
    stranger = await town.world.teacher("路人", town.school)
    for who in (town.zhang, stranger):
        with pytest.raises(Forbidden):
            await town.world.run(rules.create_rule, town.workshop.pid, RuleWish(), actor=who)
    rule = await a_rule(town)
    for operation in (rules.pause_rule, rules.resume_rule, rules.stop_rule, missing.list_missing):
        with pytest.raises(Forbidden):
            await town.world.run(operation, rule.pid, actor=town.zhang)
    for wrong in [{"verb": "person.bound"}, {"needed": 0}, {"needed": 51}, {"due_weekday": None}, {"due_weekday": 7},
                  {"due_on": date(2026, 12, 1)}, {"due_time": "25:00"}, {"due_time": "6pm"}, {"before_minutes": 0},
                  {"before_minutes": 99999}, {"due_weekday": None, "due_on": date(2026, 11, 1)}]:  # fmt: skip
        with pytest.raises(Invalid):
            await a_rule(town, **wrong)


async def test_the_list_of_the_missing(town: Town) -> None:
    rule = await a_rule(town, needed=1)
    await hand_in(town, town.zhang, "a")
    found = await town.world.run(missing.list_missing, rule.pid, actor=town.host)
    assert found[2] == at(FRIDAY) and [name for _, name in found[3]] == ["李老师"]


async def test_later_comes_once_more_unless_it_is_done(town: Town) -> None:
    rule = await a_rule(town, needed=1)
    town.world.set_time(at(THURSDAY))
    await town.tick()
    for who in (town.li, town.zhang):
        who.unread()
        assert (await town.world.run(missing.remind_me_later, rule.pid, actor=who))[1]
        assert not (await town.world.run(missing.remind_me_later, rule.pid, actor=who))[1]
    await hand_in(town, town.zhang, "a")
    town.world.set_time(at("2026-11-26T18:00"))
    await town.tick()
    town.li.expect("语文工坊", "明天（周五）18:00")
    town.zhang.expect_nothing()
    town.world.set_time(at("2026-11-27T17:30"))
    with pytest.raises(Conflict):
        await town.world.run(missing.remind_me_later, rule.pid, actor=town.li)
