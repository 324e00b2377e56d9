"""One notice for several communities: everybody once, every right asked for; on both databases."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from api.notices import service
from storage.communities import Community, Membership
from storage.engine import Database
from storage.notices import Notice, places_of
from storage.records import Record
from storage.schema import upgrade
from tests.support.clock import tick
from tests.support.talk import NOW, Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def two_workshops(world: World) -> tuple[list[Community], Voice, list[Voice]]:
    """语文工坊 (李, 张) and 数学工坊 (张, 赵), both hosted by 王."""
    county = await world.region()
    school = await world.school(county, "第一小学")
    chinese, maths = await world.workshop(county, "语文工坊"), await world.workshop(county, "数学工坊")
    wang = await world.teacher("王老师", school)
    teachers = [await world.teacher(name, school) for name in ("李老师", "张老师", "赵老师")]
    for workshop, members in ((chinese, teachers[:2]), (maths, teachers[1:])):
        await world.join(wang, workshop, "host")
        for one in members:
            await world.join(one, workshop)
    return [chinese, maths], wang, teachers


def pids(places: list[Community]) -> list[str]:
    return [one.pid for one in places]


async def test_who_is_in_two_of_them_is_counted_reached_and_reminded_once(world: World) -> None:
    places, wang, (li, zhang, zhao) = await two_workshops(world)
    notice = await world.run(service.send_notice, pids(places), "开会", place="people", urgent=True, actor=wang)
    assert notice.reached == 3
    await world.settle()
    zhang.expect("通知 · 语文工坊 / 数学工坊", "开会")
    zhang.expect_nothing()
    assert (await world.run(service.receive_notice, notice.pid, actor=zhang))[1] is True
    assert (await world.run(service.receive_notice, notice.pid, actor=zhang))[1] is False
    assert await world.run(service.figures, notice) == (1, 3, {})
    _, missing, n = await world.run(service.find_missing, notice.pid, actor=wang)
    assert ([one.name for one in missing], n) == (["李老师", "赵老师"], 2)
    assert await world.run(service.remind_missing, notice.pid, actor=wang) == 2
    assert await world.run(service.remind_missing, notice.pid, actor=wang) == 0
    await world.run(service.withdraw_notice, notice.pid, actor=wang)
    await world.settle()
    for one in (li, zhang, zhao):
        assert not any("开会" in sheet.text for sheet in one.sheets())
    with pytest.raises(Conflict):
        await world.run(service.receive_notice, notice.pid, actor=li)


async def test_what_is_counted_is_counted_once_where_each_belongs(world: World) -> None:
    places, wang, (_, zhang, zhao) = await two_workshops(world)
    notice = await world.run(service.send_notice, pids(places), "开会", place="people", actor=wang)
    await world.run(service.receive_notice, notice.pid, actor=zhang)
    await world.run(service.receive_notice, notice.pid, actor=zhao)

    def counted(ctx: Context) -> list[tuple[str, int | None, int]]:
        query = select(Record).where(Record.object == f"notice:{notice.pid}").order_by(Record.id)
        return [(row.verb, row.community_id, row.amount) for row in ctx.session.scalars(query)]

    chinese, maths = places
    assert await world.run(counted) == [
        ("notice.sent", chinese.id, 1), ("notice.received", chinese.id, 1), ("notice.received", maths.id, 1)
    ]  # fmt: skip


async def test_one_place_without_the_right_and_nothing_is_written(world: World) -> None:
    places, wang, (li, *_) = await two_workshops(world)
    other = await world.workshop(await world.region("邻县"), "别的工坊")
    hidden = await world.workshop(await world.region("远县"), "秘密工坊", policy="invitation")
    for pid, refusal in ((other.pid, Forbidden), (hidden.pid, NotFound), ("nonsense", NotFound)):
        with pytest.raises(refusal):
            await world.run(service.send_notice, [*pids(places), pid], "开会", place="people", actor=wang)
    for nowhere in ([], ""):
        with pytest.raises(Problem):
            await world.run(service.send_notice, nowhere, "开会", place="people", actor=wang)
    with pytest.raises(Invalid) as many:
        await world.run(service.send_notice, [f"p{n}" for n in range(51)], "开会", place="people", actor=wang)
    assert many.value.code == "broadcast.too_many"
    with pytest.raises(Forbidden):
        await world.run(service.send_notice, pids(places), "开会", place="people", actor=li)
    await world.settle()
    li.expect_nothing()
    assert await world.run(lambda ctx: list(ctx.session.scalars(select(Notice)))) == []


async def test_the_same_place_twice_is_one_and_a_place_without_a_room_is_named(world: World) -> None:
    (chinese, maths), wang, _ = await two_workshops(world)
    room = await world.room(chinese)
    notice = await world.run(service.send_notice, [chinese.pid, chinese.pid], "开会", actor=wang)
    await world.settle()
    assert (notice.rooms, notice.reached, len(wang.sheets(room))) == (1, 2, 1)
    with pytest.raises(Invalid) as failure:
        await world.run(service.send_notice, pids([chinese, maths]), "开会", actor=wang)
    assert (failure.value.code, failure.value.say.values["community"]) == ("broadcast.no_room", "数学工坊")  # type: ignore[attr-defined]


async def test_a_place_where_the_right_ended_is_left_out_when_it_goes_out(world: World) -> None:
    (chinese, maths), wang, (li, zhang, zhao) = await two_workshops(world)
    later = {"place": "people", "release_at": NOW + timedelta(hours=1)}
    notice = await world.run(service.send_notice, pids([chinese, maths]), "开会", actor=wang, **later)
    await world.run(_end, wang, chinese)
    world.pass_time(hours=1, seconds=1)
    await tick(world)
    told, status = [sheet.text for sheet in wang.unread()]
    assert "语文工坊" in told and status.startswith("通知已发出 · 数学工坊") and "0/2" in status
    li.expect_nothing()
    for one in (zhang, zhao):
        one.expect("通知 · 数学工坊", "开会")
    kept = await world.run(
        lambda ctx: (ctx.session.get_one(Notice, notice.id).community_id, places_of(ctx.session, [notice.id]))
    )
    assert (kept[0], pids(kept[1][notice.id])) == (maths.id, [maths.pid])


async def test_who_lost_the_right_in_one_place_learns_no_names_there(world: World) -> None:
    (chinese, maths), wang, (li, *_) = await two_workshops(world)
    notice = await world.run(service.send_notice, pids([chinese, maths]), "开会", place="people", actor=wang)
    await world.run(_end, wang, chinese)
    _, missing, n = await world.run(service.find_missing, notice.pid, actor=wang)
    assert ([one.name for one in missing], n) == (["张老师", "赵老师"], 2)
    assert await world.run(service.remind_missing, notice.pid, actor=wang) == 2
    await world.settle()
    li.expect("开会")
    li.expect_nothing()
    await world.run(_end, wang, maths)
    with pytest.raises(Forbidden):
        await world.run(service.find_missing, notice.pid, actor=wang)


async def test_only_who_manages_all_of_them_takes_anothers_back(world: World) -> None:
    places, wang, _ = await two_workshops(world)
    other = await world.teacher("钱老师")
    await world.join(other, places[0], "host")
    notice = await world.run(service.send_notice, pids(places), "开会", place="people", actor=wang)
    with pytest.raises(Forbidden):
        await world.run(service.withdraw_notice, notice.pid, actor=other)
    await world.join(other, places[1], "host")
    assert (await world.run(service.withdraw_notice, notice.pid, actor=other)).withdrawn_at is not None


async def test_who_left_one_of_two_still_reads_it_and_who_left_both_does_not(world: World) -> None:
    places, wang, (_, zhang, _) = await two_workshops(world)
    notice = await world.run(service.send_notice, pids(places), "开会", place="people", actor=wang)
    for workshop, seen in zip(places, (True, False), strict=True):
        await world.run(_end, zhang, workshop)
        assert await world.run(service.may_see_notice, notice.pid, actor=zhang) is seen


async def test_workshops_by_invitation_are_not_named_to_the_others(world: World) -> None:
    (chinese, _), wang, (li, *_) = await two_workshops(world)
    hidden = await world.workshop(await world.region("邻县"), "秘密工坊", policy="invitation")
    await world.join(wang, hidden, "host")
    guest = await world.teacher("钱老师")
    await world.join(guest, hidden)
    await world.run(service.send_notice, pids([hidden, chinese]), "开会", place="people", actor=wang)
    await world.settle()
    for one in (li, guest):
        assert "秘密工坊" not in one.expect("通知 · 语文工坊，还有 1 个").text
    wang.expect("通知已发出 · 秘密工坊 / 语文工坊")


def _end(ctx: Context, who: Voice, workshop: Community) -> None:
    assert who.person is not None
    query = select(Membership).where(Membership.person_id == who.person.id, Membership.community_id == workshop.id)
    ctx.session.scalars(query).one().status = "removed"
    ctx.session.flush()


def test_notices_from_before_keep_their_place(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    upgrade(database, "0014")
    now = "2026-11-23 02:00:00"
    with database.engine.begin() as connection:
        for statement in (
            "INSERT INTO persons (id, pid, name, subject, stage, language, home_chosen, sample, created_at)"
            " VALUES (1, 'p', '李', '', '', 'zh_CN', false, false, :now)",
            "INSERT INTO communities (id, pid, kind, level, path, name, about, subject, policy, rules, language,"
            " sample, created_at) VALUES (4, 'c', 'school', '', '/4/', '校', '', '', 'open', '{}', 'zh_CN', false,"
            " :now), (5, 'd', 'school', '', '/5/', '另一校', '', '', 'open', '{}', 'zh_CN', false, :now)",
            "INSERT INTO notices (id, pid, community_id, author_id, place, urgent, created_at, release_at, reached,"
            " rooms, text, files, reminders) VALUES (7, 'n', 4, 1, 'rooms', false, :now, :now, 0, 0, '开会', '[]',"
            " '[]'), (9, 'm', 5, 1, 'rooms', false, :now, :now, 0, 0, '放假', '[]', '[]')",
        ):
            connection.execute(text(statement), {"now": now})
    upgrade(database)
    with database.transaction() as session:
        assert {key: pids(places) for key, places in places_of(session, [7, 9]).items()} == {7: ["c"], 9: ["d"]}
    database.close()
