"""One notice to several communities, chosen in the dialogue (G12: workshops connected)."""

from collections.abc import AsyncIterator

import pytest

from storage.communities import Community
from tests.support.clock import tick
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def a_host(world: World, workshops: int = 3) -> tuple[list[Community], Voice, list[Voice], list[str]]:
    """工坊0, 工坊1 ... hosted by 王, each with a member of its own, all with 李, each with a room."""
    county = await world.region()
    school = await world.school(county, "第一小学")
    wang, li = await world.teacher("王老师", school), await world.teacher("李老师", school)
    places, rooms, members = [], [], [li]
    for n in range(workshops):
        places.append(await world.workshop(county, f"工坊{n}"))
        rooms.append(await world.room(places[n]))
        members.append(await world.teacher(f"成员{n}", school))
        for one, role in ((wang, "host"), (li, "member"), (members[-1], "member")):
            await world.join(one, places[n], role)
    return places, wang, members, rooms


async def test_said_in_a_room_it_goes_to_another_room_too(world: World) -> None:
    _, wang, (li, _, second, third), rooms = await a_host(world)
    await wang.say("通知 周五开会", room=rooms[0])
    wang.expect("发给：工坊0（2 人）")
    await wang.press("还要发给别处")
    wang.expect("已选：工坊0", "要加谁就点谁")
    await wang.press("＋ 工坊1")
    wang.expect("已选：工坊0 / 工坊1")
    await wang.press("完成")
    wang.expect(
        "发给 2 个社区，一共 3 人（同在几处的只算一次）", "工坊0（2 人，1 个群）", "工坊1（2 人，1 个群）", "发到群里"
    )
    await wang.press("确认发送")
    wang.expect("通知已发出 · 工坊0 / 工坊1", "已收到 0/3")
    sheets = [li.expect("通知 · 工坊0 / 工坊1", "周五开会", room=room) for room in rooms[:2]]
    li.expect_nothing(room=rooms[0])
    third.expect_nothing(room=rooms[2])
    assert await li.press("收到", room=rooms[0]) == ["已收到，谢谢。"]
    assert await li.press("收到", room=rooms[1]) == ["你已经点过收到了。"]
    world.pass_time(seconds=20)
    await second.press("收到", room=rooms[1])
    world.pass_time(seconds=20)
    await tick(world)
    assert all("已收到 2/3" in sheet.text for sheet in sheets), "each room shows the figures of the whole notice"
    assert await third.press_action("notice.received:" + _pid(wang)) == ["这条通知不是发给你的，不用点收到。"]
    await wang.say("我的通知")
    wang.expect("1. 周五开会 · 工坊0 / 工坊1 · 今天 10:00")


async def test_all_my_workshops_one_taken_away_and_taken_back_everywhere(world: World) -> None:
    _, wang, _, rooms = await a_host(world, 5)
    await wang.say("通知")
    await wang.say("停课")
    await wang.press("完成")
    await wang.press("工坊0")
    await wang.press("还要发给别处")
    await wang.press("我的全部工坊（5）")
    wang.expect("已选：工坊0 / 工坊1 / 工坊2 / 工坊3 / 工坊4")
    await wang.press("✓ 工坊3")
    await wang.press("完成")
    wang.expect("发给 4 个社区，一共 5 人")
    await wang.press("确认发送")
    wang.expect("通知已发出 · 工坊0 / 工坊1 / 工坊2，还有 1 个")
    texts = [[sheet.text for sheet in wang.sheets(room)] for room in rooms]
    assert [len(one) for one in texts] == [1, 1, 1, 0, 1]
    await wang.press("撤回")
    await wang.press("确定撤回")
    assert {sheet.text for room in rooms for sheet in wang.sheets(room)} == {"这条通知已撤回。"}


async def test_a_part_of_a_name_finds_more(world: World) -> None:
    places, wang, _, rooms = await a_host(world)
    await wang.say("/notice 开会", room=rooms[0])
    await wang.press("还要发给别处")
    await wang.say("没有的")
    wang.expect("没找到别的叫这个名字的")
    await wang.say("工坊2")
    wang.expect("已选：工坊0 / 工坊2")
    await wang.say("坊")
    wang.expect("已选：工坊0 / 工坊2")
    dialogue = next(b.action for _, b in wang.sheets()[-1].buttons).split(":")[1]
    await wang.press_action(f"d:{dialogue}:a:{places[2].pid}")
    wang.expect("已选：工坊0 / 工坊2")
    await wang.press_action(f"d:{dialogue}:a:nonsense")
    await wang.press("完成")
    wang.expect("发给 2 个社区")
    await wang.press("换发送对象")
    await wang.press("工坊1")
    wang.expect("发给：工坊1（2 人）")
    await wang.press("取消")
    wang.expect_nothing()
    assert not any(sheet.text.startswith("通知") for room in rooms for sheet in wang.sheets(room))


async def test_who_may_notify_in_one_place_only_is_offered_no_other(world: World) -> None:
    _, wang, _, rooms = await a_host(world, 1)
    await wang.say("通知 开会", room=rooms[0])
    assert "还要发给别处" not in [label for label, _ in wang.sheets()[-1].buttons]


async def test_a_place_that_is_not_mine_cannot_be_slipped_in(world: World) -> None:
    _, wang, (li, *_), rooms = await a_host(world)
    other = await world.workshop(await world.region("邻县"), "别的工坊")
    there = await world.room(other)
    await wang.say("通知 开会", room=rooms[0])
    await wang.press("还要发给别处")
    dialogue = next(b.action for _, b in wang.sheets()[-1].buttons).split(":")[1]
    await wang.press_action(f"d:{dialogue}:a:{other.pid}")
    wang.expect("没有这个权限")
    await wang.press("完成")
    await wang.press("确认发送")
    li.expect_nothing(room=there)


async def test_received_is_typed_in_either_room(world: World) -> None:
    _, wang, (li, first, *_), rooms = await a_host(world)
    await wang.say("通知 开会", room=rooms[0])
    await wang.press("还要发给别处")
    await wang.press("＋ 工坊1")
    await wang.press("完成")
    await wang.press("确认发送")
    await li.say("收到", room=rooms[1])
    await first.say("收到")
    first.expect("✓ 已收到，谢谢：开会")
    world.pass_time(seconds=20)
    await tick(world)
    assert any("已收到 2/3" in sheet.text for sheet in wang.sheets())


def _pid(author: Voice) -> str:
    actions = [button.action for sheet in author.sheets() for _, button in sheet.buttons]
    return next(action for action in actions if action.startswith("notice.withdraw:")).split(":")[1]
