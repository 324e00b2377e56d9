"""Who may come, is put out, brought back or forgotten; and hosts who are asked no more than they can read."""



from api.communities.members import remove_member
from api.communities.offers import answer_offer, invite_person
from api.context import Context
from api.messaging.tree import T
from api.privacy import erase_person
from api.rooms.passes import Outcome, Todo, finish, lease_rooms
from api.rooms.planning import Action, Plan
from api.rooms.questions import vouch_for
from storage.mirrors import AT_ONCE
from storage.people import Identity, Person
from storage.reach import Reach
from storage.rooms import Room, RoomAccount
from tests.rooms.happening import a_room, account_pid, desired, happens
from tests.support.county import County


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
    leased = lease_rooms(ctx, Reach(("paper",)), 1)[0]
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
        leased = lease_rooms(ctx, Reach(("paper",)), 1)[0]
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
