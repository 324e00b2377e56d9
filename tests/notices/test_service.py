"""Sending to many as an operation: set-based, considerate, once; on both databases."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert, select, update

from api.context import Context
from api.errors import Conflict, Forbidden, Invalid
from api.notices import jobs, service
from api.notices.keeping import erase_notices, export_notices
from storage.base import new_pid
from storage.communities import Appointment, Community, Membership
from storage.messaging import Delivery
from storage.notices import Notice
from storage.people import Person
from tests.support.clock import tick
from tests.support.talk import NOW, Voice, World, a_world

MORNING = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # 7:00 of the next day in Shanghai
NIGHT = datetime.fromisoformat("2026-11-23T23:00:00+08:00")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def a_county(world: World) -> tuple[Community, Community, Voice]:
    county = await world.region()
    school = await world.school(county, "第一小学")
    officer = await world.teacher("县管理员")
    await world.appoint(officer, county, "region_admin")
    return county, school, officer


def moments(ctx: Context) -> Counter[datetime]:
    """When deliveries to people are due."""
    people = select(Delivery.not_before).where(Delivery.lane == 2)
    return Counter(ctx.session.scalars(people))


async def test_ten_thousand_people_are_a_few_statements(world: World) -> None:
    county, school, officer = await a_county(world)

    def fill(ctx: Context) -> None:
        columns = {"school_id": school.id, "language": "zh_CN", "sample": False, "home_chosen": False}
        columns |= {"subject": "", "stage": "", "created_at": ctx.now}
        rows = [{"pid": new_pid(), "name": f"老师{n}", **columns} for n in range(10_000)]
        ctx.session.execute(insert(Person), rows)

    await world.run(fill)
    statements: list[str] = []
    engine = world.runtime.database.engine
    event.listen(engine, "before_cursor_execute", lambda c, cur, statement, *rest: statements.append(statement))
    notice = await world.run(service.send_notice, county.pid, "全县通知", place="people", actor=officer)
    assert notice.reached == 10_000
    assert sum((await world.run(moments)).values()) == 10_000
    assert len(statements) < 40, len(statements)
    statements.clear()
    await world.run(service.withdraw_notice, notice.pid, actor=officer)
    assert len(statements) < 40, len(statements)
    states = await world.run(lambda ctx: Counter(ctx.session.scalars(select(Delivery.state).where(Delivery.lane == 2))))
    assert states == {"superseded": 10_000}


async def test_each_is_woken_by_their_own_clock(world: World) -> None:
    county, school, officer = await a_county(world)
    await world.teacher("默认", school)
    await world.teacher("也是默认", school)
    await world.teacher("从不免打扰", school, quiet_hours="")
    await world.teacher("睡得久", school, quiet_hours="20:00-09:30")
    await world.teacher("在伦敦", school, zone="Europe/London")
    world.set_time(NIGHT)
    await world.run(service.send_notice, county.pid, "晚上的通知", place="people", actor=officer)
    assert await world.run(moments) == {
        MORNING: 2,
        NIGHT.astimezone(UTC): 2,  # three in the afternoon in London
        MORNING + timedelta(hours=2, minutes=30): 1,
    }
    await world.run(service.send_notice, county.pid, "台风", place="people", urgent=True, actor=officer)
    assert (await world.run(moments))[NIGHT.astimezone(UTC)] == 7


async def test_two_workers_release_once(world: World) -> None:
    county, school, officer = await a_county(world)
    li = await world.teacher("李老师", school)
    later = NOW + timedelta(hours=1)
    await world.run(service.send_notice, county.pid, "稍后", place="people", release_at=later, actor=officer)
    world.pass_time(hours=1)
    both = [world.runtime.transact(jobs.release_due_notices, system=True) for _ in range(2)]
    await asyncio.gather(*both)
    await world.settle()
    assert [sheet.text for sheet in li.unread()].count("通知 · 晨光县\n稍后\n发布人：县管理员") == 1


async def test_who_left_in_the_night_gets_nothing_in_the_morning(world: World) -> None:
    county, _, _ = await a_county(world)
    workshop = await world.workshop(county, "工坊")
    host, li, zhang = await world.teacher("坊主"), await world.teacher("李老师"), await world.teacher("张老师")
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    await world.join(zhang, workshop)
    world.set_time(NIGHT)
    await world.run(service.send_notice, workshop.pid, "明天见", place="people", actor=host)
    left = update(Membership).where(Membership.person_id == li.person.id).values(status="left")
    await world.run(lambda ctx: ctx.session.execute(left) and None)
    world.set_time(MORNING)
    await world.settle()
    li.expect_nothing()
    zhang.expect("明天见")


async def test_who_may_no_longer_send_does_not_and_is_told(world: World) -> None:
    county, school, officer = await a_county(world)
    li = await world.teacher("李老师", school)
    later = NOW + timedelta(hours=1)
    await world.run(service.send_notice, county.pid, "稍后", place="people", release_at=later, actor=officer)
    ended = update(Appointment).where(Appointment.person_id == officer.person.id).values(ended_at=NOW)
    await world.run(lambda ctx: ctx.session.execute(ended) and None)
    world.pass_time(hours=2)
    await tick(world)
    li.expect_nothing()
    officer.expect("没有发出", "没有在那里发送的权限")


async def test_taken_back_before_it_went_out(world: World) -> None:
    county, school, officer = await a_county(world)
    li = await world.teacher("李老师", school)
    later = NOW + timedelta(hours=1)
    notice = await world.run(service.send_notice, county.pid, "稍后", place="people", release_at=later, actor=officer)
    with pytest.raises(Conflict):
        await world.run(service.remind_missing, notice.pid, actor=officer)
    await world.run(service.withdraw_notice, notice.pid, actor=officer)
    world.pass_time(hours=2)
    await tick(world)
    li.expect_nothing()
    with pytest.raises(Conflict):
        await world.run(service.withdraw_notice, notice.pid, actor=officer)


async def test_a_moderator_may_take_back_what_a_cohost_sent(world: World) -> None:
    county, _, officer = await a_county(world)
    workshop = await world.workshop(county, "工坊")
    cohost, li = await world.teacher("副坊主"), await world.teacher("李老师")
    await world.join(cohost, workshop, "cohost")
    await world.join(li, workshop)
    notice = await world.run(service.send_notice, workshop.pid, "错的", place="people", actor=cohost)
    with pytest.raises(Forbidden):
        await world.run(service.withdraw_notice, notice.pid, actor=li)
    await world.run(service.withdraw_notice, notice.pid, actor=officer)


async def test_characters_that_no_database_keeps_are_left_out(world: World) -> None:
    county, _, officer = await a_county(world)
    text = "放\x00假\u202e啦 䶮👩‍🏫"
    notice = await world.run(service.send_notice, county.pid, text, place="people", actor=officer)
    assert notice.text == "放假啦 䶮👩‍🏫"


async def test_what_cannot_be_sent(world: World) -> None:
    county, _, officer = await a_county(world)
    for code, text, more in [
        ("notice.empty", "  ", {}),
        ("notice.too_long", "长" * 4001, {}),
        ("broadcast.no_room", "x", {"place": "both"}),
        ("broadcast.place", "x", {"place": "nowhere"}),
        ("broadcast.too_far", "x", {"release_at": NOW + timedelta(days=400)}),
    ]:
        with pytest.raises(Invalid) as failure:
            await world.run(service.send_notice, county.pid, text, actor=officer, **{"place": "people", **more})
        assert failure.value.code == code


async def test_what_is_stored_of_a_person_is_handed_out_and_forgotten(world: World) -> None:
    county, school, officer = await a_county(world)
    li = await world.teacher("李老师", school)
    sent = await world.run(service.send_notice, county.pid, "私事", place="people", actor=officer)
    waiting = await world.run(
        service.send_notice, county.pid, "以后", place="people", release_at=NOW + timedelta(days=1), actor=officer
    )
    await world.run(service.receive_notice, sent.pid, actor=li)
    mine = await world.run(export_notices, li.person)
    assert [receipt["notice"] for receipt in mine["receipts"]] == [sent.pid]
    assert [row["text"] for row in (await world.run(export_notices, officer.person))["notices"]] == ["私事", "以后"]
    await world.run(erase_notices, officer.person)
    assert [row["text"] for row in (await world.run(export_notices, officer.person))["notices"]] == ["", ""]
    row = await world.run(lambda ctx: ctx.session.get_one(Notice, waiting.id))
    assert row.withdrawn_at is not None


async def test_a_copy_that_is_just_being_changed_is_taken_back_too(world: World) -> None:
    _, school, officer = await a_county(world)
    await world.appoint(officer, school, "school_admin")
    li = await world.teacher("李老师", school)
    notice = await world.run(service.send_notice, school.pid, "发错了", place="people", urgent=True, actor=officer)
    await world.settle()
    copy, chat_id = li.sheets()[-1], li.person.home_chat_id  # type: ignore[union-attr]

    def receive_and_take_back(ctx: Context) -> None:
        service.mark_copy_received(ctx, ctx.session.get_one(Notice, notice.id), chat_id, copy.native)  # type: ignore[arg-type]
        service.withdraw_notice(ctx, notice.pid)

    await world.run(receive_and_take_back, actor=officer)
    await world.settle()
    assert copy.text == "这条通知已撤回。"


async def test_the_words_of_who_is_forgotten_leave_the_reminders_too(world: World) -> None:
    _, school, officer = await a_county(world)
    await world.appoint(officer, school, "school_admin")
    li = await world.teacher("李老师", school)
    notice = await world.run(service.send_notice, school.pid, "交计划", place="people", urgent=True, actor=officer)
    await world.run(service.remind_missing, notice.pid, actor=officer)
    await world.settle()
    await world.run(erase_notices, officer.person)
    await world.settle()
    assert not any("交计划" in sheet.text for sheet in li.sheets())
