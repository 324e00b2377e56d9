"""Personal reminders in chat, in Chinese and in English (C4)."""

from datetime import datetime

import pytest

from api.reminders import service
from tests.reminders.conftest import Town


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


async def test_a_reminder_from_words_to_its_ring(town: Town) -> None:
    zhang = town.zhang
    await zhang.say("提醒我 明天下午3点 交教案")
    zhang.expect("明天（周二）15:00", "交教案", "对吗")
    await zhang.press("对，提醒我")
    zhang.expect("明天（周二）15:00", "交教案")
    town.world.set_time(at("2026-11-24T15:00"))
    await town.tick()
    zhang.expect("提醒", "交教案")
    [toast] = await zhang.press("10 分钟后")
    assert "15:10" in toast
    assert zhang.sheets()[-1].edits == 1 and not zhang.sheets()[-1].buttons
    town.world.set_time(at("2026-11-24T15:10"))
    await town.tick()
    zhang.expect("提醒", "交教案")
    await zhang.press("完成")
    assert "已完成" in zhang.sheets()[-1].text
    town.world.set_time(at("2026-11-25T15:10"))
    await town.tick()
    zhang.expect_nothing()


@pytest.mark.parametrize(
    "said",
    ["明天下午3点提醒我交教案", "提醒 明天下午3点 交教案", "提醒我明天下午3点交教案", "/remind 明天下午3点 交教案"],
)
async def test_many_ways_to_say_it(town: Town, said: str) -> None:
    await town.zhang.say(said)
    town.zhang.expect("明天（周二）15:00", "交教案", "对吗")


async def test_what_is_missing_is_asked(town: Town) -> None:
    zhang = town.zhang
    await zhang.say("提醒")
    zhang.expect("什么时候", "明天下午3点")
    await zhang.say("随便吧")
    zhang.expect("没找到时间")
    await zhang.say("每周四下午五点")
    zhang.expect("提醒你什么事")
    await zhang.say("写 <b>日志</b>")
    zhang.expect("每周四", "11月26日", "写 <b>日志</b>")
    await zhang.say("哦")
    zhang.expect("对吗")
    await zhang.say("每周五 8点")
    zhang.expect("每周五", "日志")
    await zhang.press("对，提醒我")
    zhang.expect("每周五")
    await zhang.say("提醒我 交表")
    zhang.expect("没找到时间")
    await zhang.say("明天9点")
    zhang.expect("交表")
    await zhang.press("改时间")
    zhang.expect("什么时候")
    await zhang.say("后天9点")
    zhang.expect("后天", "交表")
    await zhang.say("取消")
    zhang.expect("已取消")
    assert len(await town.world.run(service.list_reminders, actor=zhang)) == 1


async def test_a_second_one_has_its_own_matter(town: Town) -> None:
    zhang = town.zhang
    await zhang.say("提醒我后天交教案")
    zhang.expect("后天", "交教案")
    await zhang.say("提醒我周五接孩子")
    sheet = zhang.expect("周五", "接孩子", "“交教案”你没有确认")
    await zhang.press("对，提醒我")
    [row] = await town.world.run(service.list_reminders, actor=zhang)
    assert row.matter == "接孩子" and row.start == at("2026-11-27T09:00"), sheet.text


async def test_a_second_one_without_a_time_is_asked_for_it(town: Town) -> None:
    await town.zhang.say("提醒我后天交教案")
    await town.zhang.say("提醒我接孩子")
    town.zhang.expect("没找到时间")
    await town.zhang.say("周五")
    town.zhang.expect("周五", "接孩子")


async def test_correcting_the_hour_keeps_the_day_and_the_rule(town: Town) -> None:
    zhang = town.zhang
    await zhang.say("提醒我明天开会")
    zhang.expect("明天（周二）09:00", "没有说具体几点，我先按 09:00")
    await zhang.say("下午3点")
    assert "没有说" not in zhang.expect("明天（周二）15:00", "开会").text
    await zhang.press("改时间")
    await zhang.say("改成4点半")
    zhang.expect("明天（周二）16:30", "开会", "没说上午还是下午，我先按 16:30")
    await zhang.say("后天")
    zhang.expect("后天（周三）16:30", "开会")
    await zhang.say("提醒我每周四写日志")
    await zhang.say("下午五点")
    zhang.expect("每周四", "11月26日 周四 17:00", "写日志")


async def test_a_guessed_half_of_the_day_is_said_back(town: Town) -> None:
    await town.zhang.say("提醒我3点开会")
    sheet = town.zhang.expect("今天 15:00", "没说上午还是下午，我先按 15:00")
    assert "具体几点" not in sheet.text


async def test_half_understood_is_asked_and_the_matter_kept(town: Town) -> None:
    await town.zhang.say("提醒我每天早上8点和下午2点吃药")
    town.zhang.expect("“和下午2点”我没弄明白", "什么时候")
    await town.zhang.say("每天早上8点")
    town.zhang.expect("每天", "08:00", "吃药")
    await town.zhang.say("直到周五每天")
    town.zhang.expect("没弄明白")
    assert await town.world.run(service.list_reminders, actor=town.zhang) == []


@pytest.mark.parametrize(("said", "when"), [("40分钟", "10:40"), ("半小时", "10:30"), ("20 minutes", "10:20")])
async def test_a_bare_span_answers_when(town: Town, said: str, when: str) -> None:
    await town.zhang.say("提醒我 收作业")
    await town.zhang.say(said)
    town.zhang.expect(f"今天 {when}", "收作业")


async def test_the_matter_may_be_said_as_a_reminder(town: Town) -> None:
    await town.zhang.say("提醒我每周四下午五点")
    town.zhang.expect("什么事")
    await town.zhang.say("提醒我写日志")
    town.zhang.expect("每周四", "17:00", "写日志")


@pytest.mark.parametrize(
    "said",
    ["帮我设个提醒，明天下午3点交教案", "明天下午3点叫我交教案", "定个闹钟 明天下午3点 交教案",
     "能不能明天下午3点提醒我交教案", "can you remind me tomorrow at 3pm 交教案"],
)  # fmt: skip
async def test_other_words_for_it(town: Town, said: str) -> None:
    await town.zhang.say(said)
    sheet = town.zhang.expect("明天（周二）15:00", "\n交教案")
    assert "闹钟" not in sheet.text


async def test_no_reminder_without_a_time_or_a_wish(town: Town) -> None:
    for said in ("老师叫我去办公室", "明天下午3点交教案"):
        await town.zhang.say(said)
        town.zhang.expect("没听懂")


@pytest.mark.parametrize("said", ["取消提醒", "删除提醒", "停止提醒", "cancel reminders"])
async def test_taking_one_back_leads_to_the_list(town: Town, said: str) -> None:
    await town.zhang.say("提醒我 明天9点 交表")
    await town.zhang.press("对，提醒我")
    await town.zhang.say(said)
    town.zhang.expect("你的提醒", "交表")
    town.zhang.expect_button("停止 1")


async def test_the_list_and_stopping(town: Town) -> None:
    zhang = town.zhang
    await zhang.say("我的提醒")
    zhang.expect("没有提醒", "提醒我 明天")
    for said in ("提醒我 明天9点 交表", "提醒我 每天早上8点 签到"):
        await zhang.say(said)
        await zhang.press("对，提醒我")
    zhang.unread()
    await zhang.say("我的提醒")
    zhang.expect("交表", "签到")
    assert await zhang.press("停止 1") == ["已停止。"]  # the nearest: at eight
    assert "交表" in zhang.sheets()[-1].text and "签到" not in zhang.sheets()[-1].text
    gone = (await town.world.run(service.list_reminders, actor=zhang))[0].pid
    await zhang.press_action(f"reminder.remove:{gone}")
    assert await zhang.press_action(f"reminder.remove:{gone}") == ["这一项已经处理过了。"]


async def test_a_repeating_one_can_be_stopped_where_it_rings(town: Town) -> None:
    zhang = town.zhang
    await zhang.say("提醒我 每天中午12点 喝水")
    await zhang.press("对，提醒我")
    town.world.set_time(at("2026-11-23T12:00"))
    await town.tick()
    await zhang.press("停止重复")
    town.world.set_time(at("2026-11-24T12:00"))
    zhang.unread()
    await town.tick()
    zhang.expect_nothing()


async def test_from_a_room_it_goes_on_privately(town: Town) -> None:
    room = await town.world.room(town.workshop)
    await town.zhang.say("/remind 明天下午3点 交教案", room=room)
    town.zhang.expect("交教案", "对吗")
    await town.zhang.say("我的提醒", room=room)
    town.zhang.expect("没有提醒")
    town.zhang.expect_nothing(room=room)


async def test_others_cannot_press_my_buttons(town: Town) -> None:
    await town.zhang.say("提醒我 今天11点 开会")
    await town.zhang.press("对，提醒我")
    [row] = await town.world.run(service.list_reminders, actor=town.zhang)
    for action in ("done", "stop", "remove"):
        [toast] = await town.li.press_action(f"reminder.{action}:{row.pid}")
        assert "没有找到" in toast
    [toast] = await town.li.press_action("reminder.snooze:nonsense:x")
    assert "没有找到" in toast
    [toast] = await town.zhang.press_action(f"reminder.snooze:{row.pid}:{'9' * 20}")
    assert "不能推迟" in toast


async def test_too_much_and_strange_text(town: Town) -> None:
    await town.zhang.say("提醒我 明天9点 " + "很" * 10000)
    town.zhang.expect("一条提醒最多 500 个字")
    await town.zhang.say("提醒我 明天9点 䶮\u200b👩‍🏫 *不加粗* {name}")
    town.zhang.expect("䶮", "*不加粗* {name}")


async def test_in_english(town: Town) -> None:
    smith = await town.world.teacher("Smith", town.school, language="en")
    await smith.say("remind me to hand in the plan tomorrow at 3pm")
    smith.expect("tomorrow (Tue) 15:00", "hand in the plan", "Is that right")
    await smith.press("Yes, remind me")
    smith.expect("tomorrow (Tue) 15:00")
    await smith.say("remind me to call home")
    smith.expect("found no time")
    await smith.say("in half an hour")
    assert "remind me to" not in smith.expect("today 10:30", "call home").text
    await smith.say("at 4")
    smith.expect("today 16:00", "call home", "You did not say morning or afternoon; I took 16:00.")
    await smith.say("remind me every day until Friday to tidy up")
    smith.expect("not sure about “until Friday”")


async def test_a_stranger_cannot(town: Town) -> None:
    stranger = await town.world.teacher("路人", bound=False)
    await stranger.say("提醒我 明天9点 交表")
    assert "对吗" not in "".join(sheet.text for sheet in stranger.unread())
