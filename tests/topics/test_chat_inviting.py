"""A topic is opened to another workshop: asked, accepted, declined, taken back, left (G12)."""

from collections.abc import AsyncIterator

import pytest

from tests.support.discussing import two_workshops
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_asked_and_accepted_it_stands_in_the_rooms_of_both(world: World) -> None:
    two = await two_workshops(world)
    await two.open()
    begin = two.li.expect("研讨 · 古诗", room=two.here)
    await two.wang.press("请别的工坊参加")
    two.wang.expect("请哪些工坊一起来")
    await two.wang.press("＋ 数学工坊")
    two.wang.expect("准备邀请", "数学工坊")
    two.zhao.expect_nothing()
    await two.wang.press("邀请（1 个工坊）")
    assert two.wang.sheets()[-1].text == "✓ 已邀请，对方答复了我就告诉你。"
    two.zhao.expect("王老师（“语文工坊”）想请“数学工坊”一起研讨", "古诗", "谈谈", "同意后")
    two.chen.expect_nothing()
    two.chen.expect_nothing(room=two.there)
    assert await two.zhao.press("同意参加") == ["✓ 工坊参加了，研讨已经发到群里。"]
    question = two.zhao.sheets()[-1]
    assert question.text == "✓ “数学工坊”参加研讨“古诗”（赵老师已同意）。" and not question.buttons
    two.wang.expect("“数学工坊”参加了研讨“古诗”")
    two.chen.expect("研讨 · 古诗", "谈谈", "发起人：王老师 · 语文工坊", "参加：语文工坊 / 数学工坊", room=two.there)
    world.pass_time(seconds=20)
    await world.settle()
    assert "参加：语文工坊 / 数学工坊" in begin.text, "where it was before one reads who joined"
    for who in (two.chen, two.zhao):
        await who.say("研讨")
        await who.press("1. 古诗")
        who.expect("古诗", "参加：语文工坊 / 数学工坊")


async def test_of_two_hosts_the_first_answer_counts(world: World) -> None:
    two = await two_workshops(world)
    qian = await world.teacher("钱老师")
    await world.join(qian, two.maths, "cohost")
    await two.open()
    await two.invite()
    yes, no = [b.action for _, b in two.zhao.sheets()[-1].buttons]
    await qian.press("不了，谢谢")
    assert [who.sheets()[-1].text for who in (qian, two.zhao)] == ["“数学工坊”不参加研讨“古诗”（钱老师答复）。"] * 2
    two.wang.expect("“数学工坊”这次不方便参加研讨“古诗”", "下次")
    for action in (yes, no):
        assert await two.zhao.press_action(action) == ["钱老师已经答复过了。"]
    two.chen.expect_nothing(room=two.there)
    await two.chen.say("研讨")
    two.chen.expect("还没有研讨")


async def test_declined_once_they_may_be_asked_again_the_next_day(world: World) -> None:
    two = await two_workshops(world)
    await two.open()
    await two.invite()
    await two.zhao.press("不了，谢谢")
    questions = len(two.zhao.sheets())
    await two.wang.say("研讨")
    await two.wang.press("1. 古诗")
    await two.wang.press("请别的工坊参加")
    await two.wang.press("＋ 数学工坊")
    two.wang.expect("“数学工坊”前不久刚问过", "以后可以再邀请")
    assert len(two.zhao.sheets()) == questions
    world.pass_time(days=1)
    await two.wang.say("研讨")
    await two.wang.press("1. 古诗")
    await two.invite()
    await two.zhao.press("同意参加")
    two.chen.expect("研讨 · 古诗", room=two.there)


async def test_an_invitation_is_taken_back_before_it_is_answered(world: World) -> None:
    two = await two_workshops(world)
    await two.open()
    await two.invite()
    yes = two.zhao.sheets()[-1].buttons[0][1].action
    await two.wang.say("研讨")
    await two.wang.press("1. 古诗")
    two.wang.expect("已邀请，还没答复：数学工坊")
    uninvite = next(b.action for label, b in two.wang.sheets()[-1].buttons if label == "收回邀请：数学工坊")
    assert "没有找到" in (await two.zhao.press_action(uninvite))[0]
    assert "没有这个权限" in (await two.li.press_action(uninvite))[0]
    assert await two.wang.press("收回邀请：数学工坊") == ["邀请已收回。"]
    assert two.zhao.sheets()[-1].text == "请“数学工坊”参加研讨“古诗”的邀请已经收回。"
    assert "没有找到" in (await two.zhao.press_action(yes))[0]
    two.chen.expect_nothing(room=two.there)


async def test_what_was_asked_is_found_in_the_list_and_answered_there(world: World) -> None:
    two = await two_workshops(world)
    await two.open()
    await two.invite()
    await two.chen.say("研讨")
    two.chen.expect("还没有研讨")
    await two.zhao.say("研讨")
    two.zhao.expect("✉ 有人请“数学工坊”参加研讨“古诗”")
    await two.zhao.press("答复：古诗")
    two.zhao.expect("王老师（“语文工坊”）想请“数学工坊”一起研讨")
    await two.zhao.press("同意参加")
    assert two.zhao.sheets()[-1].text == "✓ 工坊参加了，研讨已经发到群里。"
    await two.zhao.say("研讨")
    assert "✉" not in two.zhao.sheets()[-1].text


async def test_only_those_who_lead_the_invited_workshop_answer(world: World) -> None:
    two = await two_workshops(world)
    await two.open()
    await two.invite()
    yes, no = [b.action for _, b in two.zhao.sheets()[-1].buttons]
    for who in (two.chen, two.li, two.wang, two.guest):
        for action in (yes, no, yes.replace("yes", "asked")):
            assert "没有这个权限" in (await who.press_action(action))[0], who.name
    await two.remove(two.zhao, two.maths)
    assert "没有这个权限" in (await two.zhao.press_action(yes))[0]
    stranger = await world.teacher("路人", bound=False)
    assert "没有这个权限" in (await stranger.press_action(yes))[0]
    two.chen.expect_nothing(room=two.there)


async def test_leaving_is_said_there_and_told_to_who_opened_it(world: World) -> None:
    two = await two_workshops(world)
    await two.open_to_both()
    for who in (two.chen, two.wang, two.zhao):
        who.unread(two.there)
        await who.say("研讨")
        await who.press("1. 古诗")
    leave = next(b.action for label, b in two.zhao.sheets()[-1].buttons if label == "“数学工坊”退出")
    for who in (two.chen, two.wang):
        who.unread()
        assert not any("退出" in label for label, _ in who.sheets()[-1].buttons)
        assert "没有这个权限" in (await who.press_action(leave))[0]
        assert "没有这个权限" in (await who.press_action(leave.replace("leave", "left")))[0]
    await two.zhao.press("“数学工坊”退出")
    two.zhao.expect("让“数学工坊”退出研讨“古诗”吗")
    yes = two.zhao.sheets()[-1].buttons[0][1].action
    await two.zhao.press_action(yes, two.zhao.sheets()[-1].native)
    two.chen.expect("“数学工坊”退出了研讨“古诗”", "只有本群看得到", room=two.there)
    two.wang.expect("“数学工坊”退出了研讨“古诗”")
    two.li.expect("研讨 · 古诗", room=two.here)
    two.li.expect_nothing(room=two.here)
    assert "没有找到" in (await two.zhao.press_action(yes))[0]
    await two.chen.say("研讨")
    two.chen.expect("还没有研讨")


async def test_closing_is_said_in_both_and_ends_what_was_asked(world: World) -> None:
    two = await two_workshops(world)
    other = await world.workshop(two.county, "英语工坊")
    await world.room(other)
    sun = await world.teacher("孙老师")
    await world.join(sun, other, "host")
    await two.open_to_both()
    await two.wang.say("研讨")
    await two.wang.press("1. 古诗")
    await two.wang.press("请别的工坊参加")
    await two.wang.say("英语")
    await two.wang.press("邀请（1 个工坊）")
    sun.expect("想请“英语工坊”一起研讨")
    await two.wang.say("研讨")
    await two.wang.press("1. 古诗")
    await two.wang.press("结束研讨")
    await two.wang.press("确定结束")
    two.li.expect("研讨“古诗”结束了", room=two.here)
    two.chen.expect("研讨“古诗”结束了", room=two.there)
    assert "已经收回" in sun.sheets()[-1].text
    await two.zhao.say("研讨")
    await two.zhao.press("1. 古诗")
    two.zhao.expect("结束于")


async def test_ones_own_workshops_take_part_at_once(world: World) -> None:
    two = await two_workshops(world)
    await world.join(two.wang, two.maths, "cohost")
    await two.open()
    await two.wang.press("请别的工坊参加")
    await two.wang.press("＋ 数学工坊")
    await two.wang.press("邀请（1 个工坊）")
    assert two.wang.sheets()[-1].text == "✓ 已经参加了。"
    two.zhao.expect_nothing()
    two.chen.expect("研讨 · 古诗", room=two.there)


async def test_choosing_finds_workshops_of_the_region_only(world: World) -> None:
    two = await two_workshops(world)
    far = await world.workshop(await world.region("远县"), "远方数学工坊")
    hidden = await world.workshop(two.county, "秘密数学工坊", policy="invitation")
    pid = await two.open()
    await two.wang.press("请别的工坊参加")
    await two.wang.say("没有的")
    two.wang.expect("没找到别的叫这个名字的工坊")
    await two.wang.say("数学")
    two.wang.expect("准备邀请", "数学工坊")
    labels = [label for label, _ in two.wang.sheets()[-1].buttons]
    assert "✓ 数学工坊" in labels and not any("秘密" in one or "远方" in one for one in labels)
    dialogue = two.wang.sheets()[-1].buttons[0][1].action.split(":")[1]
    for one in (far, hidden, two.chinese):
        two.wang.unread()
        await two.wang.press_action(f"d:{dialogue}:a:{one.pid}")
        assert any("没有找到" in sheet.text or "已经在参加了" in sheet.text for sheet in two.wang.unread()), one.name
    await two.wang.press("✓ 数学工坊")
    assert "邀请（" not in "".join(label for label, _ in two.wang.sheets()[-1].buttons)
    await two.wang.press("取消")
    assert two.wang.sheets()[-1].text == "已取消。"
    two.zhao.expect_nothing()
    assert pid


async def test_a_host_who_lost_the_right_half_way_asks_nobody(world: World) -> None:
    two = await two_workshops(world)
    await two.open()
    await two.wang.press("请别的工坊参加")
    await two.wang.press("＋ 数学工坊")
    await two.remove(two.wang, two.chinese)
    await two.wang.press("邀请（1 个工坊）")
    two.wang.expect("没有找到")
    two.zhao.expect_nothing()
