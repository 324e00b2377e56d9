"""What people do in a room is followed in its community, or asked of a host: the other way of C2."""

from typing import Any

from api.communities.joining import join_workshop
from api.communities.members import remove_member
from api.communities.offers import answer_offer, invite_person
from api.context import Context
from api.messaging.tree import T
from api.privacy import erase_person
from api.rooms.passes import Outcome, Todo, finish, lease_rooms
from api.rooms.planning import Action, Plan
from api.rooms.questions import vouch_for
from api.rooms.wanting import desired_of
from storage.communities import Community
from storage.mirrors import AT_ONCE
from storage.people import Audit, Identity, Person
from storage.rooms import Room, RoomAccount
from tests.support.county import County
from tests.support.talk import Voice


async def a_room(county: County, community: Community | None = None, policy: str = "follow") -> str:
    """A room that is kept in step; its id."""
    place = community or county.workshop
    native = await county.world.room(place)

    def keep(ctx: Context) -> None:
        room = ctx.session.query(Room).filter_by(community_id=place.id, platform="").one()
        room.platform, room.manages, room.due_at = "paper", ["members", "ranks"], AT_ONCE
        ctx.session.get_one(Community, place.id).room_policy = policy

    await county.run(keep)
    return native


async def desired(county: County, community: Community | None = None) -> Any:
    """What the room should be."""
    place = community or county.workshop

    def look(ctx: Context) -> Any:
        return desired_of(ctx, ctx.session.query(Room).filter_by(community_id=place.id, platform="paper").one())

    return await county.run(look)


async def happens(county: County, room: str, kind: str, who: Voice, by: Voice | None = None, **payload: Any) -> None:
    """An event of the platform."""
    payload["by"] = (by or who).native
    await county.world.arrive(who, room, kind, payload=payload)


async def acts(county: County) -> list[str]:
    return await county.run(lambda ctx: [one.act for one in ctx.session.query(Audit).order_by(Audit.id)])


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


async def account_pid(county: County, who: Voice) -> str:
    return await county.run(lambda ctx: ctx.session.query(RoomAccount.pid).filter_by(native=who.native).scalar())


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


async def test_an_erased_person_is_taken_out_and_forgotten(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "joined", county.li)

    def erase(ctx: Context) -> None:
        assert county.li.person is not None
        erase_person(ctx, ctx.session.get_one(Person, county.li.person.id))

    await county.run(erase)
    want = await desired(county)
    assert want.out == {county.li.native: False} and county.li.native not in want.seats
    await county.run(_taken_out, county.li.native)
    assert await county.run(lambda ctx: ctx.session.query(RoomAccount).count()) == 0


def _taken_out(ctx: Context, native: str) -> None:
    """The worker took somebody out."""
    leased = lease_rooms(ctx, ["paper"], 1)[0]
    todo = Todo(Plan((Action("remove", native),)), {}, 1)
    finish(ctx, leased, Outcome(todo=todo, done=[f"remove:{native}"]))


async def test_who_was_turned_away_asks_a_host(county: County) -> None:
    closed = await county.world.workshop(county.county, "名师工坊", policy="invitation")
    await county.world.join(county.wang, closed, "host")
    room = await a_room(county, closed)
    await happens(county, room, "asked_to_join", county.chen)
    county.chen.expect("“名师工坊”的群只对成员开放")
    assert (await desired(county, closed)).out == {county.chen.native: False}
    await county.chen.press("请坊主同意")
    county.wang.expect("陈老师", "名师工坊")
    assert await county.standing(county.chen, closed) == ("pending", "member")
    await county.wang.press("同意加入")
    want = await desired(county, closed)
    assert want.out == {} and want.seats[county.chen.native].invited
    # nobody else gets at the hosts of what they do not know
    assert await county.li.press_action(f"room.ask:{closed.pid}") != []
    assert await county.standing(county.li, closed) is None


async def test_a_stranger_at_the_door_is_told_how_to_come_in(county: County) -> None:
    room = await a_room(county)
    stranger = await county.world.teacher("路人", bound=False)
    await happens(county, room, "asked_to_join", stranger, chat=stranger.chat)
    stranger.expect("我还不认识你", "绑定码")


async def test_hosts_are_told_when_we_are_put_out_and_when_rights_lack(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await county.world.arrive(county.li, room, "bot_removed")
    county.wang.expect("我已不在“语文工坊”的群", "把我拉回去")
    await county.world.arrive(county.li, room, "bot_added")

    def look(ctx: Context) -> None:
        leased = lease_rooms(ctx, ["paper"], 1)[0]
        todo = Todo(Plan(), {}, 1, [Action("invite")])
        finish(ctx, leased, Outcome(todo=todo, guidance=T("Ask a host")))
        ctx.session.query(Room).filter_by(platform="paper").one().due_at = AT_ONCE

    for _ in range(2):
        await county.run(look)
    await county.world.settle()
    county.wang.expect("关于“语文工坊”的群", "请坊主同意")
    county.wang.expect_nothing()


async def test_whoever_was_put_out_needs_somebody_to_bring_them_again(county: County) -> None:
    opened = await county.world.workshop(county.county, "数学工坊", policy="open")
    await county.world.join(county.wang, opened, "host")
    room = await a_room(county, opened)
    await happens(county, room, "invited", county.chen, county.wang)
    await happens(county, room, "joined", county.chen)
    await happens(county, room, "left", county.chen, county.wang, how="removed")
    await happens(county, room, "joined", county.chen)
    assert await county.standing(county.chen, opened) == ("removed", "member")
    county.wang.expect("陈老师 进了“数学工坊”的群，但不是成员")


async def test_whom_a_host_brings_back_is_not_put_out(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "left", county.li, county.wang, how="banned")
    assert (await desired(county)).out == {county.li.native: True}
    await happens(county, room, "invited", county.li, county.wang)
    assert (await desired(county)).out == {}
    await happens(county, room, "joined", county.li)
    assert await county.standing(county.li) == ("active", "member")


async def test_a_ban_ends_when_they_are_taken_back(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "left", county.li, county.wang, how="banned")
    county.world.pass_time(minutes=5)
    await county.run(invite_person, county.w, county.li.pid, actor=county.wang)
    await county.run(answer_offer, county.w, True, actor=county.li)
    want = await desired(county)
    assert county.li.native in want.lifted and county.li.native not in want.stay_out


async def test_what_was_said_about_a_rank_keeps_nobody_in(county: County) -> None:
    room = await a_room(county)
    for voice in (county.li, county.chen):
        await county.world.join(voice, county.workshop)
    await happens(county, room, "joined", county.li)
    await happens(county, room, "ranked", county.chen, ranks={county.li.native: [0, 50]})
    await county.wang.press("不用管")
    assert county.li.native in (await desired(county)).spared
    await county.run(remove_member, county.w, county.li.pid, actor=county.wang)
    assert (await desired(county)).out == {county.li.native: True}


async def test_while_a_host_is_asked_nobody_is_invited_again(county: County) -> None:
    room = await a_room(county, policy="ask")
    await county.world.join(county.li, county.workshop)
    await happens(county, room, "left", county.li, county.chen, how="removed")
    assert county.li.native in (await desired(county)).stay_out
    await happens(county, room, "joined", county.li)
    assert "又回到群里了" in county.wang.sheets()[-1].text
    assert await county.wang.press_action(f"room.answer:end.{await account_pid(county, county.li)}") != []
    assert await county.standing(county.li) == ("active", "member")


async def test_leaving_with_one_of_two_accounts_is_not_leaving(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    phone = await county.world.teacher("李老师的旧手机", bound=False)

    def lend(ctx: Context) -> None:
        ctx.session.query(Identity).filter_by(native=phone.native).one().person_id = county.li.person.id

    await county.run(lend)
    for voice in (county.li, phone):
        await happens(county, room, "joined", voice)
    await happens(county, room, "left", phone, how="left")
    assert await county.standing(county.li) == ("active", "member")


async def test_hosts_are_not_flooded(county: County) -> None:
    room = await a_room(county)
    stranger = await county.world.teacher("路人", bound=False)
    for _ in range(10):
        await happens(county, room, "joined", stranger)
        await happens(county, room, "left", stranger, how="left")
    assert len(county.wang.unread()) == 1
    for n in range(10):
        await happens(county, room, "joined", await county.world.teacher(f"路人{n}", bound=False))
    assert len(county.wang.unread()) == 5  # four more questions, and where the rest is
    await county.wang.press("待处理")
    county.wang.expect("路人")
    for _ in range(3):
        await county.world.arrive(county.li, room, "bot_removed")
        await county.world.arrive(county.li, room, "bot_added")
    assert len([sheet for sheet in county.wang.sheets() if "我已不在" in sheet.text]) == 1


async def test_names_that_nobody_has_cost_nothing(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    ranks: dict[str, list[int]] = {f"@{n}:x": [0, 50] for n in range(500)}
    await happens(county, room, "ranked", county.chen, ranks={**ranks, county.li.native: [0, 2**60]})
    assert await county.run(lambda ctx: [(row.native, row.rank) for row in ctx.session.query(RoomAccount)]) == [
        (county.li.native, 1_000_000)
    ]


async def test_whoever_vouches_is_named_and_gives_no_number(county: County) -> None:
    room = await a_room(county)
    stranger = await county.world.teacher("小陈", bound=False)
    await happens(county, room, "joined", stranger)
    pid = await account_pid(county, stranger)
    await county.run(vouch_for, pid, county.chen.pid, actor=county.wang)
    await county.world.settle()
    sheet = county.lin.expect("陈老师", "这是王老师（“语文工坊”）说的")
    assert "填写的工号" not in sheet.text
    await county.refused("room.decided", vouch_for, pid, county.li.pid, actor=county.wang)
