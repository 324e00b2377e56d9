"""Notices as they are lived: a head teacher tells the school, a host the workshop (G13)."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from storage.communities import Community
from tests.support.clock import tick
from tests.support.talk import Voice, World, a_world

TONIGHT = datetime.fromisoformat("2026-11-23T22:30:00+08:00")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def a_school(world: World, members: int = 3, room: bool = True) -> tuple[Community, Voice, list[Voice], str]:
    """A school, its administrator, teachers, and its room."""
    county = await world.region()
    school = await world.school(county, "第一小学")
    admin = await world.teacher("王校长", school)
    await world.appoint(admin, school, "school_admin")
    teachers = [await world.teacher(f"老师{n}", school) for n in range(members)]
    return school, admin, teachers, await world.room(school) if room else ""


async def test_a_notice_in_the_room_is_previewed_privately_and_answered_there(world: World) -> None:
    _, admin, (li, zhang, _), room = await a_school(world)
    await admin.say("通知 周五下午三点全体教师会议，请带教案。", room=room)
    admin.expect_nothing(room=room)
    admin.expect("预览", "周五下午三点", "发给：第一小学（3 人）", "发到群里", "时间：现在")
    await admin.press("确认发送")
    sheet = li.expect("通知 · 第一小学", "周五下午三点", "发布人：王校长", room=room)
    admin.expect("通知已发出", "已收到 0/3")
    li.expect_nothing()
    assert await li.press("收到", room=room) == ["已收到，谢谢。"]
    assert await li.press("收到", room=room) == ["你已经点过收到了。"]
    world.pass_time(seconds=20)
    await zhang.press("收到", room=room)
    world.pass_time(seconds=20)
    await tick(world)
    assert "已收到 2/3" in sheet.text and "老师" not in sheet.text
    assert any("已收到 2/3" in s.text for s in admin.sheets())


async def test_who_has_not_is_told_to_the_sender_alone_and_only_they_are_reminded(world: World) -> None:
    _, admin, (li, zhang, zhao), room = await a_school(world)
    await admin.say("/notice 明天交计划", room=room)
    await admin.press("确认发送")
    await li.press("收到", room=room)
    for voice in (admin, li, zhang, zhao):
        voice.unread()
    await admin.press("谁没收到")
    sheet = admin.expect("还有 2 人没点收到", "老师1", "老师2")
    assert "老师0" not in sheet.text
    assert await admin.press("提醒未收到的") == ["正在私下提醒 2 人。"]
    li.expect_nothing()
    zhang.expect("王校长还在等你点“收到”", "明天交计划")
    zhao.expect("明天交计划")
    assert await admin.press("提醒未收到的") == ["今天已经提醒过了。"]
    await zhang.press("收到")
    assert "✓ 已收到" in zhang.sheets()[-1].text and not zhang.sheets()[-1].buttons
    assert "✓ 已收到" not in zhao.sheets()[-1].text
    asked = next(b.action for s in admin.sheets() for label, b in s.buttons if label == "谁没收到")
    assert await li.press_action(asked) != []
    assert not any("老师2" in s.text for s in li.sheets())


async def test_no_reminder_reaches_who_answered_meanwhile(world: World) -> None:
    _, admin, (li, *_), room = await a_school(world)
    await admin.say("/notice 交表", room=room)
    await admin.press("确认发送")
    world.set_time(TONIGHT)
    await admin.press("提醒未收到的")
    await li.press("收到", room=room)
    li.unread()
    world.pass_time(hours=9)
    await world.settle()
    li.expect_nothing()


async def test_at_night_the_sender_reads_that_reminders_wait_for_the_morning(world: World) -> None:
    _, admin, (li, zhang, zhao), room = await a_school(world)
    await admin.say("/notice 交表", room=room)
    await admin.press("确认发送")
    world.set_time(TONIGHT)
    await zhang.say("免打扰")
    await zhang.press("不要免打扰")
    zhang.unread()
    answer = ["正在私下提醒 1 人。\n2 人正在免打扰，等时段结束再私下提醒，最早明天（周二）07:00。"]
    assert await admin.press("提醒未收到的") == answer
    zhang.expect("还在等你点“收到”")
    li.expect_nothing()
    again = ["今天已经提醒过了。\n2 人正在免打扰，等时段结束再私下提醒，最早明天（周二）07:00。"]
    assert await admin.press("提醒未收到的") == again
    world.set_time(datetime.fromisoformat("2026-11-24T07:00:00+08:00"))
    await world.settle()
    li.expect("还在等你点“收到”")
    zhao.expect("还在等你点“收到”")


async def test_what_i_sent_is_listed_and_leads_to_what_can_be_done(world: World) -> None:
    _, admin, (li, *_), room = await a_school(world)
    await admin.say("我的通知")
    admin.expect("还没发过通知")
    for n in range(9):
        await admin.say(f"/notice 第{n}件事", room=room)
        await admin.press("确认发送")
    await admin.say("/notice 交作业", room=room)
    await admin.press("定时发送")
    await admin.press("今天 18:00")
    await admin.press("确认发送")
    admin.unread()
    admin.unread(room)
    await admin.say("/notices", room=room)
    admin.expect_nothing(room=room)
    sheet = admin.expect("我的通知", "1. 交作业 · 第一小学 · ⏰ 今天 18:00发出", "2. 第8件事 · 第一小学 · 今天 10:00")
    assert "第2件事" in sheet.text and "第1件事" not in sheet.text
    await admin.press("更早的")
    admin.expect("1. 第1件事", "2. 第0件事")
    await admin.press("2. 第0件事")
    card = admin.expect("通知已发出 · 第一小学", "第0件事", "已收到 0/3")
    opening = next(b.action for s in li.sheets(room) if "第0件事" in s.text for _, b in s.buttons)
    await li.press_action(opening, room=room)
    world.pass_time(seconds=20)
    await tick(world)
    assert "已收到 1/3" in card.text, "the newest card is the live one"
    assert await admin.press("提醒未收到的（2）") == ["正在私下提醒 2 人。"]
    await admin.press("撤回")
    await admin.press("确定撤回")
    world.pass_time(seconds=20)
    await tick(world)
    await admin.say("我的通知")
    await admin.press("更早的")
    admin.expect("2. 第0件事 · 第一小学 · 已撤回")


async def test_a_scheduled_notice_is_stopped_from_the_list(world: World) -> None:
    _, admin, (li, *_), room = await a_school(world)
    await admin.say("/notice 交作业", room=room)
    await admin.press("定时发送")
    await admin.press("今天 18:00")
    await admin.press("确认发送")
    await admin.say("我的通知")
    await admin.press("1. 交作业")
    admin.expect("给第一小学的通知", "今天 18:00发出", "交作业")
    await admin.press("不发了")
    admin.expect("还没发出去。确定不发了吗？")
    yes = next(b.action for _, b in admin.sheets()[-1].buttons)
    await admin.press("确定撤回")
    assert admin.sheets()[-1].text == "✓ 好的，不发了。"
    assert await admin.press_action(yes) == ["已经撤回过了。"]
    world.pass_time(hours=9)
    await tick(world)
    li.expect_nothing(room=room)
    admin.unread()
    await admin.say("我的通知")
    admin.expect("1. 交作业 · 第一小学 · 已撤回")


async def test_a_card_seen_before_it_goes_out_does_not_swallow_the_figures(world: World) -> None:
    _, admin, _, room = await a_school(world)
    await admin.say("/notice 交作业", room=room)
    await admin.press("定时发送")
    await admin.press("今天 18:00")
    await admin.press("确认发送")
    await admin.say("我的通知")
    await admin.press("1. 交作业")
    admin.unread()
    world.set_time(datetime.fromisoformat("2026-11-26T18:00:05+08:00"))
    await tick(world)
    admin.expect("通知已发出", "已收到 0/3")


async def test_nobody_else_opens_a_card(world: World) -> None:
    _, admin, (li, *_), room = await a_school(world)
    await admin.say("/notice 开会", room=room)
    await admin.press("确认发送")
    pid = _pid(admin)
    for place in (None, room):
        li.unread()
        assert "没有找到" in (await li.press_action(f"notice.card:{pid}", room=place))[0]
        li.expect_nothing()
    await li.press_action(f"notice.sent:{pid}")
    li.expect("还没发过通知")


async def test_in_private_words_and_files_in_any_order_then_the_audience(world: World) -> None:
    school, admin, (li, *_), _room = await a_school(world)
    workshop = await world.workshop(school, "语文工坊")
    await world.join(admin, workshop, "host")
    await world.join(li, workshop)
    await admin.say("通知")
    admin.expect("要通知什么")
    await admin.send_file("安排.docx", b"x" * 10)
    admin.expect("收到了")
    await admin.say("本周活动安排见附件")
    await admin.say("<b>不要</b> *迟到*")
    await admin.press("完成")
    admin.expect("发给谁")
    await admin.press("语文工坊")
    admin.expect("预览", "<b>不要</b> *迟到*", "安排.docx", "语文工坊（1 人）", "私聊发给每个人")
    await admin.press("确认发送")
    sheet = li.expect("通知 · 语文工坊", "<b>不要</b> *迟到*")
    assert len(sheet.files) == 1


async def test_a_preview_that_was_changed_cannot_be_sent_any_more(world: World) -> None:
    _school, admin, (li, *_), room = await a_school(world)
    await admin.say("/notice 停水", room=room)
    old = next(b.action for label, b in admin.sheets()[-1].buttons if label == "确认发送")
    await admin.press("改为发给每个人")
    admin.expect("私聊发给每个人")
    assert await admin.press_action(old) == ["这是之前的一步，请看最新的一条。"]
    li.expect_nothing(room=room)
    await admin.press("取消")
    await admin.press_action(old)
    li.expect_nothing(room=room)
    li.expect_nothing()


async def test_free_text_under_a_preview_repeats_what_is_waited_for(world: World) -> None:
    _, admin, _, room = await a_school(world)
    await admin.say("/notice 停水", room=room)
    await admin.say("好的")
    admin.expect("确认发送")
    await admin.say("取消")
    admin.expect("已取消")


async def test_at_night_people_sleep_and_urgent_wakes_them(world: World) -> None:
    _, admin, (li, *_), room = await a_school(world)
    world.set_time(TONIGHT)
    await admin.say("/notice 明早停课", room=room)
    await admin.press("改为都发")
    admin.expect("免打扰时段")
    await admin.press("确认发送")
    li.expect("明早停课", room=room)
    li.expect_nothing()
    world.set_time(datetime.fromisoformat("2026-11-24T07:00:00+08:00"))
    await world.settle()
    li.expect("明早停课")
    world.set_time(datetime.fromisoformat("2026-11-24T23:00:00+08:00"))
    await admin.say("/notice 台风，停课", room=room)
    await admin.press("改为发给每个人")
    await admin.press("标为紧急")
    admin.expect("免打扰的人也会马上收到")
    await admin.press("确认发送")
    li.expect("台风，停课")


async def test_later_means_later_and_then_to_those_who_belong_there(world: World) -> None:
    school, admin, _, room = await a_school(world)
    await admin.say("/notice 交作业", room=room)
    await admin.press("改为发给每个人")
    await admin.press("定时发送")
    admin.expect("什么时候发")
    await admin.say("以后吧")
    admin.expect("没看懂")
    await admin.say("今天下午4点")
    admin.expect("预览", "今天 16:00")
    await admin.press("确认发送")
    newcomer = await world.teacher("新老师", school)
    await tick(world)
    newcomer.expect_nothing()
    world.pass_time(hours=6, minutes=1)
    await tick(world)
    await tick(world)
    newcomer.expect("交作业")
    newcomer.expect_nothing()
    admin.expect("通知已发出", "0/4")


async def test_taken_back_everywhere_and_before_it_arrives(world: World) -> None:
    _, admin, (li, zhang, _), room = await a_school(world)
    world.set_time(TONIGHT)
    await admin.say("/notice 发错了", room=room)
    await admin.press("改为都发")
    await admin.press("确认发送")
    posted, pid = li.sheets(room)[-1], _pid(admin)
    await admin.press("撤回")
    admin.expect("确定撤回")
    await admin.press("确定撤回")
    await world.settle()
    assert posted.text == "这条通知已撤回。" and not posted.buttons
    world.pass_time(hours=12)
    await tick(world)
    li.expect_nothing()
    assert any("已撤回" in s.text and not s.buttons for s in admin.sheets())
    toasts = await zhang.press_action(f"notice.received:{pid}", posted.native, room=room)
    assert toasts == ["这条通知已撤回。"]


async def test_without_rights_it_is_just_talk_and_commands_say_who_can(world: World) -> None:
    _, _, (li, *_), room = await a_school(world)
    await li.say("通知 我要发通知", room=room)
    li.expect_nothing(room=room)
    li.expect_nothing()
    await li.say("通知 我要发通知")
    li.expect("没有这个权限", "学校管理员")
    await li.say("/notice 我要发通知", room=room)
    li.expect("没有这个权限")
    li.expect_nothing(room=room)


async def test_presses_of_people_it_is_not_for_do_nothing(world: World) -> None:
    _, admin, _, room = await a_school(world)
    other = await world.school(await world.region("邻县"), "别的学校")
    guest = await world.teacher("外校老师", other)
    stranger = await world.teacher("路人", bound=False)
    await admin.say("/notice 开会", room=room)
    await admin.press("确认发送")
    assert await guest.press("收到", room=room) == ["这条通知不是发给你的，不用点收到。"]
    assert await admin.press("收到", room=room) == ["这是你自己发的通知，不用点收到。"]
    assert "绑定码" in (await stranger.press("收到", room=room))[0]
    assert (await guest.press_action(f"notice.withdrawn:{_pid(admin)}"))[0].startswith("你在这里没有这个权限")
    assert "没有找到" in (await guest.press_action("notice.received:nonsense"))[0]
    world.pass_time(minutes=1)
    await tick(world)
    assert any("已收到 0/3" in s.text for s in admin.sheets())


async def test_too_long_says_by_how_much(world: World) -> None:
    _, admin, _, _room = await a_school(world)
    await admin.say("通知")
    await admin.say("长" * 10_000)
    admin.expect("最多 4000 个字", "6000")
    await admin.say("短的")
    admin.expect("收到了")


async def test_a_region_reaches_each_person_since_few_sit_in_its_room(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    officer = await world.teacher("县管理员")
    await world.appoint(officer, county, "region_admin")
    li = await world.teacher("李老师", school)
    unbound = await world.teacher("没绑定", bound=False)
    await officer.say("通知 全县教研活动")
    officer.expect("发给谁")
    await officer.press("晨光县")
    officer.expect("晨光县（1 人）", "私聊发给每个人")
    await officer.press("确认发送")
    li.expect("全县教研活动")
    unbound.expect_nothing()


def _pid(author: Voice) -> str:
    actions = [button.action for sheet in author.sheets() for _, button in sheet.buttons]
    return next(action for action in actions if action.startswith("notice.withdraw:")).split(":")[1]


async def test_a_made_up_moment_is_refused_in_words(world: World) -> None:
    _, admin, _, room = await a_school(world)
    await admin.say("/notice 交作业", room=room)
    await admin.press("定时发送")
    dialogue = next(b.action for _, b in admin.sheets()[-1].buttons).split(":")[1]
    for made_up in ("at:9999999999", "at:" + "9" * 300):
        admin.unread()
        await admin.press_action(f"d:{dialogue}:{made_up}")
        answer = admin.expect("").text
        assert "系统出了点问题" not in answer and answer


async def test_the_places_of_ones_own_are_offered_first(world: World) -> None:
    county = await world.region("晨光县")
    admin = await world.teacher("县管理员")
    await world.appoint(admin, county, "region_admin")
    for n in range(9):
        await world.school(county, f"第{n}小学")
    mine = await world.workshop(county, "我的工坊")
    await world.join(admin, mine, "host")
    await world.workshop(county, "别的工坊")
    await admin.say("通知")
    await admin.say("请各校核对名册。")
    await admin.press("完成")
    labels = [label for label, _ in admin.sheets()[-1].buttons]
    assert labels[:3] == ["我的工坊", "晨光县", "别的工坊"], "a county's own administrator never has to look for it"
