"""A host opens a topic; its members find it again (G12 研讨)."""

from collections.abc import AsyncIterator

import pytest

from tests.support.discussing import two_workshops
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


def topic_pid(host: Voice) -> str:
    """The topic on the newest card."""
    actions = [b.action for sheet in reversed(host.sheets()) for _, b in sheet.buttons]
    return next(one for one in actions if one.startswith("topic.close:")).split(":")[1]


async def test_said_at_once_in_the_room_it_is_previewed_privately_and_stands_there(world: World) -> None:
    two = await two_workshops(world)
    await two.wang.say("研讨 怎么教古诗\n低年级读得懂吗？大家怎么做的？", room=two.here)
    two.wang.expect_nothing(room=two.here)
    two.wang.expect("预览", "怎么教古诗", "低年级读得懂吗", "发到：语文工坊（1 人，1 个群）")
    await two.wang.press("发起研讨")
    words = "低年级读得懂吗", "发起人：王老师 · 语文工坊", "回复这条消息就能参加"
    two.li.expect("研讨 · 怎么教古诗", *words, room=two.here)
    two.wang.expect("怎么教古诗", "王老师发起于", "语文工坊", "已有 0 条发言")
    two.chen.expect_nothing(room=two.there)
    assert two.wang.sheets()[-2].text == "✓ 研讨已发起。"


async def test_step_by_step_with_changes(world: World) -> None:
    two = await two_workshops(world)
    await two.wang.say("/topic", room=two.here)
    two.wang.expect("研讨什么")
    await two.wang.say("长" * 81)
    two.wang.expect("标题最多 80 个字")
    await two.wang.say("怎么教古诗")
    two.wang.expect("再写几句开场的话")
    await two.wang.say("长" * 10_000)
    two.wang.expect("最多 2000 个字", "8000")
    await two.wang.press("跳过")
    two.wang.expect("预览", "怎么教古诗")
    await two.wang.say("好的")
    two.wang.expect("预览")
    await two.wang.press("改开场的话")
    await two.wang.say("<b>谁</b> *来*说？")
    two.wang.expect("<b>谁</b> *来*说？")
    await two.wang.press("改标题")
    await two.wang.say("古诗")
    await two.wang.press("发起研讨")
    two.li.expect("研讨 · 古诗", "<b>谁</b> *来*说？", room=two.here)
    await two.wang.press_action(two.wang.sheets()[-3].buttons[0][1].action)
    assert len([s for s in two.li.sheets(two.here) if s.text.startswith("研讨")]) == 1


async def test_cancelled_half_way_nothing_is_said(world: World) -> None:
    two = await two_workshops(world)
    await two.wang.say("研讨 古诗", room=two.here)
    await two.wang.press("取消")
    assert two.wang.sheets()[-1].text == "已取消。"
    two.li.expect_nothing(room=two.here)


async def test_in_private_who_leads_several_places_chooses(world: World) -> None:
    two = await two_workshops(world)
    lin = await world.teacher("林主任")
    await world.appoint(lin, two.county, "region_admin")
    await lin.say("研讨 县里的事")
    lin.expect("在哪里研讨")
    await lin.say("没有的")
    lin.expect("没找到叫这个名字的")
    await lin.say("坊")
    lin.expect("哪一个")
    await lin.say("数学")
    lin.expect("再写几句开场的话")
    await lin.press("跳过")
    lin.expect("发到：数学工坊")
    await lin.press("发起研讨")
    two.chen.expect("研讨 · 县里的事", "发起人：林主任 · 数学工坊", room=two.there)


async def test_a_place_without_a_room_is_told_at_once(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    head = await world.teacher("王校长", school)
    await world.appoint(head, school, "principal")
    await head.say("研讨 校务")
    head.expect("第一小学在这里还没有群")


async def test_members_and_strangers_open_nothing(world: World) -> None:
    two = await two_workshops(world)
    await two.li.say("研讨 我也想开一个", room=two.here)
    two.li.expect_nothing(room=two.here)
    two.li.expect_nothing()
    await two.li.say("/topic 我也想开一个", room=two.here)
    two.li.expect("没有这个权限")
    await two.li.say("研讨 我也想开一个")
    two.li.expect("没有这个权限")
    await two.guest.say("研讨")
    two.guest.expect("还没有研讨")
    await two.guest.press_action("topic.new:")
    assert not any("研讨什么" in sheet.text for sheet in two.guest.sheets())
    stranger = await world.teacher("路人", bound=False)
    await stranger.say("研讨")
    stranger.expect("绑定码")


async def test_members_find_it_again_and_nobody_else(world: World) -> None:
    two = await two_workshops(world)
    for n in range(9):
        await two.wang.say(f"研讨 第{n}个题目\n谈谈", room=two.here)
        await two.wang.press("发起研讨")
    pid = topic_pid(two.wang)
    await two.li.say("/topic", room=two.here)
    sheet = two.li.expect("研讨", "1. 第8个题目 · 语文工坊 · 0 条发言")
    assert "第0个题目" not in sheet.text
    await two.li.press("更早的")
    two.li.expect("1. 第0个题目")
    await two.li.press("1. 第0个题目")
    two.li.expect("第0个题目", "谈谈", "参加")
    assert not two.li.sheets()[-1].buttons, "a member can do nothing about it"
    for who in (two.chen, two.guest):
        await who.say("研讨")
        who.expect("还没有研讨")
        for action in ("card", "posts", "close", "closed", "others"):
            assert "没有找到" in (await who.press_action(f"topic.{action}:{pid}"))[0], action
    for action in ("close", "closed", "others"):
        assert "没有这个权限" in (await two.li.press_action(f"topic.{action}:{pid}"))[0], action


async def test_closed_it_is_said_once_and_the_beginning_says_so(world: World) -> None:
    two = await two_workshops(world)
    await two.wang.say("研讨 古诗\n谈谈", room=two.here)
    await two.wang.press("发起研讨")
    pid = topic_pid(two.wang)
    begin = two.li.expect("研讨 · 古诗", room=two.here)
    await two.wang.press("结束研讨")
    two.wang.expect("结束研讨“古诗”吗")
    two.li.expect_nothing(room=two.here)
    await two.wang.press("确定结束")
    world.pass_time(seconds=20)
    await world.settle()
    two.li.expect("研讨“古诗”结束了，一共 0 条发言", room=two.here)
    assert "已经结束" in begin.text and "回复这条消息" not in begin.text
    assert await two.wang.press_action(f"topic.closed:{pid}") == ["这个研讨已经结束了。"]
    assert await two.wang.press_action(f"topic.others:{pid}") == ["这个研讨已经结束了。"]
    await two.wang.say("研讨")
    two.wang.expect("1. 古诗 · 语文工坊 · 0 条发言 · 已结束")
    await two.wang.press("1. 古诗")
    two.wang.expect("结束于")
    assert "结束研讨" not in [label for label, _ in two.wang.sheets()[-1].buttons]


async def test_who_was_removed_meanwhile_sees_and_does_nothing(world: World) -> None:
    two = await two_workshops(world)
    await two.wang.say("研讨 古诗\n谈谈", room=two.here)
    await two.wang.press("发起研讨")
    pid = topic_pid(two.wang)
    for who in (two.li, two.wang):
        await two.remove(who, two.chinese)
        for action in ("card", "posts", "close", "closed", "others"):
            assert "没有找到" in (await who.press_action(f"topic.{action}:{pid}"))[0], action
        await who.say("研讨")
        assert "古诗" not in who.sheets()[-1].text
