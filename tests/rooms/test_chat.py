"""/mirror and /rooms: a region is made on Matrix, and whoever leads looks after rooms in private."""

from datetime import timedelta
from typing import Any

import pytest

from api.context import Context
from api.rooms.mirroring import look_again
from api.rooms.passes import grow
from api.rooms.questions import ask_hosts
from storage.communities import Community
from storage.mirrors import AT_ONCE
from storage.rooms import Room, RoomAccount, account_in
from tests.support.county import County
from tests.support.talk import World


@pytest.fixture
def with_matrix(world: World) -> None:
    world.runtime.config.matrix.homeserver = "https://matrix.example.org"


async def rooms(county: County) -> list[tuple[str, str, str]]:
    """(community's name, part, origin) of every room on Matrix."""
    from storage.communities import Community

    def look(ctx: Context) -> Any:
        query = ctx.session.query(Community.name, Room.part, Room.origin).join(Room, Room.community_id == Community.id)
        return [tuple(row) for row in query.filter(Room.platform == "matrix").order_by(Room.id)]

    return await county.run(look)


async def test_a_region_is_mirrored_after_a_preview(county: County, with_matrix: None) -> None:
    await county.lin.say("/mirror matrix")
    county.lin.expect("“晨光县”会在 Matrix 上成为一个空间", "2 所学校", "1 个工作坊")
    assert await rooms(county) == []
    await county.lin.press("是的，建吧")
    county.lin.expect("正在建聊天室")
    assert await rooms(county) == [("晨光县", "space", "created")]
    await county.run(lambda ctx: grow(ctx, ctx.session.query(Room.id).filter_by(platform="matrix").scalar()))
    assert await rooms(county) == [
        ("晨光县", "space", "created"), ("第一小学", "space", "created"), ("第二小学", "space", "created"),
        ("语文工坊", "room", "created"),
    ]  # fmt: skip
    await county.lin.say("聊天室")
    await county.lin.press("晨光县")
    county.lin.expect("“晨光县”的聊天室", "Matrix：4 个，正在建", "照群里的做")


async def test_letting_go_keeps_what_is_there(county: County, with_matrix: None) -> None:
    await county.lin.say("建聊天室 加密")
    county.lin.expect("聊天室会加密，加密后不能取消")
    await county.lin.press("是的，建吧")
    await county.lin.say("/mirror matrix off")
    county.lin.expect("不再维护“晨光县”在 Matrix 上的聊天室吗")
    await county.lin.press("是的，停止维护")
    county.lin.expect("已停止维护 0 个聊天室")  # none was made yet
    assert await rooms(county) == []


async def test_who_does_not_administer_a_region_makes_no_rooms(county: County, with_matrix: None) -> None:
    for voice in (county.wang, county.zhou, county.li):
        await voice.say("/mirror matrix")
        voice.expect("区域管理员")
    assert await rooms(county) == []


async def test_without_matrix_it_says_what_is_missing(county: County) -> None:
    await county.lin.say("/mirror")
    county.lin.expect("还没有接通 Matrix")
    await county.lin.say("/mirror telegram")
    county.lin.expect("我只能在 Matrix 上建聊天室", "/bind")


async def adopted(county: County) -> str:
    """A group that the workshop has; its id."""
    native = await county.world.room(county.workshop)

    def keep(ctx: Context) -> None:
        room = ctx.session.query(Room).filter_by(community_id=county.workshop.id).one()
        room.platform, room.manages, room.due_at = "telegram", ["members", "ranks"], AT_ONCE
        room.findings = {
            "members": 12, "left": [["invite", "u1", None], ["invite", "u2", None]],
            "lacking": [["rank", "u3", 50]], "failed": {"invite:u2": "400 unknown user"},
        }  # fmt: skip

    await county.run(keep)
    return native


async def test_a_host_sees_what_is_wrong_and_what_is_kept_in_step(county: County) -> None:
    room = await adopted(county)
    await county.wang.say("/rooms", room=room)
    county.wang.expect("“语文工坊”的聊天室", "Telegram：1 个，有事没做成", "12 人")
    county.wang.expect_nothing(room=room)
    await county.wang.press("语文工坊")
    county.wang.expect("我在那里没有权限", "调整 1 人的权限", "放 1 人进来", "invite:u2：400 unknown user")
    await county.wang.press("✓ 管理权")
    county.wang.expect("我在这里维护")
    county.wang.expect_button("✓ 成员")
    assert (await county.run(lambda ctx: ctx.session.query(Room.manages).filter_by(platform="telegram").scalar())) == [
        "members"
    ]
    await county.wang.say("聊天室")
    await county.wang.press("先问坊主")
    county.wang.expect("先问坊主")
    await county.wang.press("再看看")
    tries = await county.run(lambda ctx: ctx.session.query(Room.due_at).filter_by(platform="telegram").scalar())
    assert tries == AT_ONCE


async def test_looking_again_takes_a_minute(county: County) -> None:
    """What fails keeps its patience, and whoever is asked its peace, however often somebody presses."""
    await adopted(county)
    tries = {"rank:@u1": [3, (county.world.runtime.now() + timedelta(hours=1)).isoformat()]}

    def looked(ctx: Context) -> None:
        room = ctx.session.query(Room).filter_by(platform="telegram").one()
        room.looked_at, room.tries, room.due_at = ctx.now, tries, ctx.now + timedelta(hours=1)

    async def pressed() -> tuple[str, bool, bool]:
        (toast,) = await county.wang.press("再看看")
        room = await county.run(lambda ctx: ctx.session.query(Room).filter_by(platform="telegram").one())
        return toast, room.due_at == AT_ONCE, room.tries == tries

    await county.run(looked)
    await county.wang.say("聊天室")
    assert await pressed() == ("刚刚都看过了，过一分钟再点吧。", False, True)
    county.world.pass_time(seconds=61)
    assert await pressed() == ("正在检查 1 个聊天室", True, False)
    await county.run(looked)
    assert await county.run(look_again, county.w) == 1, "whoever runs the service may always"


async def test_a_cohost_looks_and_is_offered_nothing_else(county: County) -> None:
    await adopted(county)
    await county.world.join(county.li, county.workshop, "cohost")
    await county.wang.say("聊天室")
    policy = next(b.action for label, b in county.wang.sheets()[-1].buttons if label == "恢复原样")
    await county.wang.press("语文工坊")
    manage, unbind = [b.action for label, b in county.wang.sheets()[-1].buttons if label in ("✓ 管理权", "解绑")]
    await county.li.say("聊天室")
    county.li.expect("“语文工坊”的聊天室", "照群里的做")
    assert [label for label, _ in county.li.sheets()[-1].buttons] == ["语文工坊", "再看看"]
    await county.li.press("语文工坊")
    county.li.expect("我在那里没有权限", "我在这里维护", "成员", "管理权")
    assert not county.li.sheets()[-1].buttons
    for action in (policy, manage, unbind):
        assert (await county.li.press_action(action))[-1].startswith("你在这里没有这个权限")
    kept = await county.run(lambda ctx: ctx.session.query(Room.manages).filter_by(platform="telegram").scalar())
    place = await county.run(lambda ctx: ctx.session.get_one(type(county.workshop), county.workshop.id))
    assert (kept, place.room_policy) == (["members", "ranks"], "follow")
    await county.li.say("聊天室")
    await county.li.press("再看看")


async def test_others_are_told_that_there_is_nothing_for_them(county: County) -> None:
    room = await adopted(county)
    await county.world.join(county.chen, county.workshop)
    await county.chen.say("聊天室")
    county.chen.expect("你没有负责的社区")
    await county.chen.say("/rooms", room=room)
    county.chen.expect("你在这里没有这个权限")
    assert (await county.chen.press_action(f"rooms.again:{county.w}"))[-1].startswith("你在这里没有这个权限")


async def test_a_host_decides_and_insists_from_the_list(county: County) -> None:
    await adopted(county)
    await county.world.join(county.li, county.workshop)

    def happen(ctx: Context) -> None:
        room = ctx.session.query(Room).filter_by(platform="telegram").one()
        ctx.session.add(RoomAccount(room_id=room.id, native="u1", state="leave", stays_out=True, at=ctx.now))
        ask_hosts(ctx, room, ctx.session.get_one(Community, county.workshop.id),
                  account_in(ctx.session, room.id, "u9", ctx.now), "unknown")  # fmt: skip

    await county.run(happen)
    await county.wang.say("聊天室")
    await county.wang.press("语文工坊")
    county.wang.expect("有 1 位成员自己退了群")
    await county.wang.press("待处理（1）")
    county.wang.expect("有一个我不认识的账号：u9")
    await county.wang.press("再邀请他们")
    assert await county.run(lambda ctx: ctx.session.query(RoomAccount).filter_by(stays_out=True).count()) == 0
    await county.world.join(county.chen, county.workshop)
    pid = await county.run(lambda ctx: ctx.session.query(Room.pid).filter_by(platform="telegram").scalar())
    for action in ("rooms.insist", "rooms.asked", "rooms.one"):
        assert (await county.chen.press_action(f"{action}:{pid}"))[-1].startswith("你在这里没有这个权限")
