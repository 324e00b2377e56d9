"""What people do in a room is followed in its community, or asked of a host: the other way of C2."""

import pytest

from api.communities.joining import join_workshop
from api.context import Context
from storage.communities import Membership
from storage.rooms import Room, RoomAccount
from tests.rooms.happening import a_room, account_pid, acts, desired, happens
from tests.support.county import County


async def test_who_leaves_the_room_leaves_the_workshop_and_is_not_asked_in_again(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "joined", county.li)
    assert (await desired(county)).seats[county.li.native].invited
    await happens(county, room, "left", county.li, how="left")
    county.li.expect("你退出了“语文工坊”的群", "随时可以再加入")
    assert await county.standing(county.li) == ("left", "member")
    want = await desired(county)
    assert county.li.native in want.stay_out and county.li.native not in want.seats
    assert "room.left" in await acts(county)
    county.wang.expect_nothing()


async def test_whoever_asks_for_it_is_invited_again(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "left", county.li, how="left")
    await happens(county, room, "asked_to_join", county.li)
    county.li.expect("已经告诉“语文工坊”的坊主")
    await county.wang.press("同意加入")
    assert await county.standing(county.li) == ("active", "member")
    want = await desired(county)
    assert want.seats[county.li.native].invited and county.li.native not in want.stay_out


async def test_who_joins_again_is_invited_again(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "left", county.li, how="left")
    county.world.pass_time(minutes=5)
    await county.run(join_workshop, county.w, actor=county.li)
    await county.world.settle()
    await county.wang.press("同意加入")
    want = await desired(county)
    assert want.seats[county.li.native].invited and county.li.native not in want.stay_out


async def test_the_last_host_leaves_the_room_only(county: County) -> None:
    room = await a_room(county)
    await happens(county, room, "left", county.wang, how="left")
    county.wang.expect("没有坊主")
    assert await county.standing(county.wang) == ("active", "host")
    assert county.wang.native in (await desired(county)).stay_out


async def test_who_is_still_in_another_room_stays_a_member(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)

    def elsewhere(ctx: Context) -> None:
        other = Room(community_id=county.workshop.id, platform="paper", created_at=ctx.now)
        ctx.session.add(other)
        ctx.session.flush()
        ctx.session.add(RoomAccount(room_id=other.id, native=county.li.native, state="join", at=ctx.now))

    await county.run(elsewhere)
    await happens(county, room, "left", county.li, how="left")
    assert await county.standing(county.li) == ("active", "member")


async def test_a_host_puts_somebody_out(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "left", county.li, county.wang, how="removed")
    assert await county.standing(county.li) == ("removed", "member")
    county.li.expect("你已不再是“语文工坊”的成员")
    assert (await desired(county)).out[county.li.native] is True
    assert "room.removed" in await acts(county)


async def test_of_what_somebody_else_did_a_host_is_asked(county: County) -> None:
    room = await a_room(county)
    for voice in (county.li, county.chen):
        await county.world.join(voice, county.workshop)
    await happens(county, room, "left", county.li, county.chen, how="removed")
    assert await county.standing(county.li) == ("active", "member")
    county.wang.expect("陈老师 把 李老师 移出了“语文工坊”的群")
    await county.wang.press("再邀请一次")
    want = await desired(county)
    assert want.seats[county.li.native].invited and county.li.native not in want.stay_out
    assert "会再次邀请进群" in county.wang.sheets()[-1].text
    toasts = await county.wang.press_action(f"room.answer:end.{await account_pid(county, county.li)}")
    assert toasts == ["已经有人处理过了。"]


async def test_a_host_answers_that_a_member_is_one_no_more(county: County) -> None:
    room = await a_room(county, policy="ask")
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "left", county.li, how="left")
    assert await county.standing(county.li) == ("active", "member")
    county.wang.expect("李老师 已不在“语文工坊”的群里")
    await county.wang.press("移出工作坊")
    assert await county.standing(county.li) == ("removed", "member")


async def test_where_it_is_ignored_nothing_follows(county: County) -> None:
    room = await a_room(county, policy="ignore")
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "left", county.li, county.chen, how="removed")
    assert await county.standing(county.li) == ("active", "member")
    want = await desired(county)
    assert want.seats[county.li.native].invited and county.li.native not in want.stay_out
    county.wang.expect_nothing()


async def test_a_host_invites_somebody_there(county: County) -> None:
    room = await a_room(county)
    await happens(county, room, "invited", county.chen, county.wang)
    assert await county.standing(county.chen) is None
    await happens(county, room, "joined", county.chen)
    assert await county.standing(county.chen) == ("active", "member")
    county.chen.expect("欢迎加入“语文工坊”")
    assert "room.joined" in await acts(county)


async def test_whom_a_member_brings_a_host_is_asked_about(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "invited", county.chen, county.li)
    await happens(county, room, "joined", county.chen)
    assert await county.standing(county.chen) is None
    county.wang.expect("陈老师 进了“语文工坊”的群，但不是成员")
    assert county.chen.native not in (await desired(county)).out
    await county.wang.press("移除")
    assert (await desired(county)).out[county.chen.native] is False


async def test_into_an_open_workshop_one_comes_by_its_room(county: County) -> None:
    opened = await county.world.workshop(county.county, "数学工坊", policy="open")
    await county.world.join(county.wang, opened, "host")
    room = await a_room(county, opened)
    await happens(county, room, "joined", county.chen)
    assert await county.standing(county.chen, opened) == ("active", "member")
    county.wang.expect_nothing()


async def test_a_stranger_is_reported_once_and_decided_on(county: County) -> None:
    room = await a_room(county)
    stranger = await county.world.teacher("路人", bound=False)
    for _ in range(2):
        await happens(county, room, "joined", stranger)
    county.wang.expect("有一个我不认识的账号：路人")
    county.wang.expect_nothing()
    await county.wang.press("不用管")
    assert (await desired(county)).out == {}
    await happens(county, room, "joined", stranger)
    county.wang.expect_nothing()


async def test_whose_a_stranger_is_the_school_confirms(county: County) -> None:
    room = await a_room(county)
    stranger = await county.world.teacher("小陈", bound=False)
    await happens(county, room, "joined", stranger)
    await county.wang.press("是某位老师")
    county.wang.expect("这是谁的账号")
    await county.wang.say("陈老师")
    await county.wang.press("陈老师")
    county.wang.expect("已请第二小学确认这个账号是 陈老师")
    county.lin.expect("陈老师", "第二小学")


async def test_somebody_without_a_right_decides_nothing(county: County) -> None:
    room = await a_room(county)
    stranger = await county.world.teacher("路人", bound=False)
    await happens(county, room, "joined", stranger)
    pid = await account_pid(county, stranger)
    for voice in (county.chen, stranger):
        await voice.press_action(f"room.answer:remove.{pid}")
    assert (await desired(county)).out == {}


async def test_power_that_a_host_gave_makes_a_cohost(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    ranks = {county.li.native: [0, 50]}
    await happens(county, room, "ranked", county.wang, ranks=ranks)
    assert await county.standing(county.li) == ("active", "cohost")
    county.li.expect("你现在是“语文工坊”的副坊主")
    await happens(county, room, "ranked", county.wang, ranks={county.li.native: [50, 0]})
    assert await county.standing(county.li) == ("active", "member")


@pytest.mark.parametrize("role", ["member", "observer"])
async def test_who_loses_power_is_again_what_they_were(county: County, role: str) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop, role)
    before = -1 if role == "observer" else 0
    for _ in range(2):
        await happens(county, room, "ranked", county.wang, ranks={county.li.native: [before, 50]})
        assert await county.standing(county.li) == ("active", "cohost")
        await happens(county, room, "ranked", county.wang, ranks={county.li.native: [50, 0]})
        assert await county.standing(county.li) == ("active", role)
    assert (await desired(county)).seats[county.li.native].rank == before


async def test_an_observer_who_came_back_as_a_member_is_one(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop, "observer")
    await happens(county, room, "ranked", county.wang, ranks={county.li.native: [-1, 50]})
    county.world.pass_time(days=1)

    def come_back(ctx: Context) -> None:
        one = ctx.session.query(Membership).filter_by(person_id=county.li.person.id).one()
        one.role, one.since = "cohost", ctx.now

    await county.run(come_back)
    await happens(county, room, "ranked", county.wang, ranks={county.li.native: [50, 0]})
    assert await county.standing(county.li) == ("active", "member")


async def test_power_that_somebody_else_gave_is_asked_about(county: County) -> None:
    room = await a_room(county)
    for voice in (county.li, county.chen):
        await county.world.join(voice, county.workshop)
    await happens(county, room, "ranked", county.chen, ranks={county.li.native: [0, 50]})
    assert await county.standing(county.li) == ("active", "member")
    assert county.li.native in (await desired(county)).spared
    await county.wang.press("收回管理权")
    assert county.li.native not in (await desired(county)).spared


async def test_a_host_stays_host_whatever_is_taken(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "ranked", county.li, ranks={county.wang.native: [50, 0]})
    assert await county.standing(county.wang) == ("active", "host")
    assert (await desired(county)).seats[county.wang.native].rank == 50


async def test_people_are_at_home_in_their_school_whatever_they_do(county: County) -> None:
    room = await a_room(county, county.first)
    await happens(county, room, "left", county.li, how="left")
    want = await desired(county, county.first)
    assert county.li.native in want.seats and county.li.native in want.stay_out
    await happens(county, room, "joined", county.chen)  # of another school
    county.lin.expect("陈老师 进了“第一小学”的群")
    assert county.chen.native not in (await desired(county, county.first)).out
    await county.lin.press("移除")
    assert (await desired(county, county.first)).out == {county.chen.native: False}


async def test_who_is_known_nowhere_and_knocks_is_turned_away(county: County) -> None:
    room = await a_room(county)
    stranger = await county.world.teacher("路人", bound=False)
    await happens(county, room, "asked_to_join", stranger)
    assert (await desired(county)).out == {stranger.native: False}
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "asked_to_join", county.li)
    assert county.li.native not in (await desired(county)).out


async def test_rights_reach_down_the_tree_and_not_sideways(county: County) -> None:
    await a_room(county)
    other = await county.world.workshop(county.county, "数学工坊")
    await county.world.join(county.li, other, "host")
    want = await desired(county)
    assert want.seats[county.lin.native] == (50, False)  # the region's administrator leads wherever they come
    assert county.li.native not in want.seats
    await county.world.join(county.chen, county.workshop, "observer")
    assert (await desired(county)).seats[county.chen.native] == (-1, True)
