"""Rules and excuses in chat: a host sets a rule, members are reminded, ask for leave, any host decides."""

from datetime import date, datetime

from api.reminders import excuses, rules
from api.reminders.rules import RuleWish
from tests.reminders.conftest import Town


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


async def test_the_usual_rule_by_two_presses(town: Town) -> None:
    await town.host.say("催交规则")
    town.host.expect("语文工坊", "还没有规则")
    await town.host.press("新规则")
    town.host.expect("周五 18:00", "两篇日志")
    await town.host.press("就用这个")
    sheet = town.host.expect("每周五 18:00 前交 2 篇研修日志", "11月26日 周四 17:00", "2 位成员")
    assert "免打扰" not in sheet.text
    await town.host.press("保存")
    town.host.expect("已保存")
    town.world.set_time(at("2026-11-26T17:00"))
    await town.tick()
    town.li.expect("语文工坊", "还来得及")
    town.li.expect_button("写日志")
    town.host.expect("还有 2 人")
    await town.host.press("看名单")
    town.host.expect("张老师", "李老师", "2 人没交齐")
    await town.host.press("李老师免交")
    await town.world.settle()
    town.li.expect("请好假了")
    assert await town.host.press("李老师免交") == ["这一项已经处理过了。"]


async def test_every_step_by_hand_and_a_warning_at_night(town: Town) -> None:
    host = town.host
    await host.say("/rule")
    await host.press("新规则")
    await host.press("自己定")
    host.expect("要交什么")
    await host.say("作业")
    host.expect("要交什么")
    await host.say("日志")
    host.expect("每次交几篇")
    await host.say("六十")
    await host.say("三篇")
    host.expect("每周哪天")
    await host.say("不知道")
    host.expect("每周哪天")
    await host.press("周日")
    host.expect("几点截止")
    await host.say("晚上11点半")
    host.expect("什么时候提醒")
    await host.say("1小时")
    host.expect("节假日")
    await host.say("嗯")
    host.expect("节假日")
    await host.press("照常提醒")
    sheet = host.expect("每周日 23:30 前交 3 篇研修日志", "22:30", "免打扰")
    assert "免交" not in sheet.text
    await host.press("重新来")
    host.expect("常用的规则")
    await host.say("一篇日志 每周三12:00前，周二17:00提醒")
    host.expect("每周三 12:00 前交 1 篇研修日志", "明天（周二）17:00")
    await host.press("不用了")
    host.expect("没有新建")
    assert await town.world.run(rules.list_rules, town.workshop.pid, actor=host) == []


async def test_a_button_of_an_earlier_step_does_nothing_at_a_later_one(town: Town) -> None:
    """However late it is pressed, or twice: “2” is two logs, and no Wednesday."""
    host = town.host
    await host.say("催交规则")
    await host.press("新规则")
    await host.press("自己定")
    earlier = []
    for label, asked in (("研修日志", "每次交几篇"), ("2", "每周哪天截止")):
        earlier.append(next(button.action for text, button in host.sheets()[-1].buttons if text == label))
        await host.press_action(earlier[-1])
        host.expect(asked)
    for action in earlier:
        assert await host.press_action(action) == ["这是之前的一步，请看最新的一条。"]
    host.expect_nothing()
    await host.press("周五")
    host.expect("当天几点截止")


async def test_a_sentence_that_lacks_something_says_what(town: Town) -> None:
    host = town.host
    await host.say("催交规则")
    await host.press("新规则")
    for said, missing in (
        ("两篇日志 每周五前", "几点截止"),
        ("两篇日志 18点前", "每周哪天截止"),
        ("两篇日志 每周五6点前", "上午还是下午"),
        ("两篇日志 每周五18点前，到时候提醒", "什么时候提醒"),
    ):
        host.unread()
        await host.say(said)
        host.expect(missing)
    await host.say("两篇日志 每周五下午六点前，前一天提醒")
    host.expect("每周五 18:00 前交 2 篇研修日志", "11月26日 周四 18:00")
    await host.press("重新来")
    await host.say("每周两篇日志，周五18点前，周四17点提醒")
    host.expect("每周五 18:00 前交 2 篇研修日志", "11月26日 周四 17:00")
    await host.press("重新来")
    await host.say("two logs every Friday by 6pm")
    host.expect("每周五 18:00 前交 2 篇研修日志")


async def test_an_hour_of_either_half_is_asked_step_by_step(town: Town) -> None:
    host = town.host
    await host.say("催交规则")
    await host.press("新规则")
    await host.press("自己定")
    await host.press("研修日志")
    await host.press("1")
    host.unread()
    await host.say("5")  # not the fifth button
    host.expect("每周哪天截止")
    await host.say("周五")
    await host.say("6点")
    host.expect("上午还是下午")
    await host.say("晚上十点")
    host.expect("什么时候提醒")
    await host.say("周四7点")
    host.expect("上午还是下午")
    await host.say("前一天下午五点")
    await host.press("照常提醒")
    host.expect("每周五 22:00 前交 1 篇研修日志", "11月26日 周四 17:00")


async def test_once_by_a_date_and_cancelling(town: Town) -> None:
    host = town.host
    await host.say("催交规则")
    await host.press("新规则")
    await host.press("自己定")
    assert [label for label, _ in host.sheets()[-1].buttons] == ["研修日志", "资源库里的资源"]
    await host.press("研修日志")
    await host.press("1")
    await host.say("12月31日")
    await host.press("17:00")
    await host.press("前一天 17:00")
    host.expect("2026-12-31 17:00 前交 1 篇研修日志", "12月30日 周三 17:00")
    await host.say("取消")
    host.expect("已取消")


async def test_pause_resume_stop_from_the_list(town: Town) -> None:
    await town.world.run(rules.create_rule, town.workshop.pid, RuleWish(), actor=town.host)
    await town.host.say("催交规则")
    assert await town.host.press("暂停 1") == ["已暂停。"]
    assert "已暂停" in town.host.sheets()[-1].text
    town.world.pass_time(seconds=10)
    assert await town.host.press("继续 1") == ["已继续。"]
    town.world.pass_time(seconds=10)
    [rule] = await town.world.run(rules.list_rules, town.workshop.pid, actor=town.host)
    assert await town.host.press("停止 1") == ["已停止。"]
    assert await town.host.press_action(f"rule.stop:{rule.pid}") == ["这一项已经处理过了。"]


async def test_members_cannot_and_are_told_who_can(town: Town) -> None:
    rule = await town.world.run(rules.create_rule, town.workshop.pid, RuleWish(), actor=town.host)
    await town.zhang.say("催交规则")
    town.zhang.expect("你没有负责的工坊")
    room = await town.world.room(town.workshop)
    await town.zhang.say("催交规则", room=room)
    town.zhang.expect("可以操作的人", "坊主")
    town.zhang.expect_nothing(room=room)
    for action in (f"rule.list:{town.workshop.pid}", f"rule.new:{town.workshop.pid}", f"rule.missing:{rule.pid}",
                   f"rule.pause:{rule.pid}", f"rule.stop:{rule.pid}",
                   f"rule.excuse:{rule.pid}:{town.zhang.person.pid}"):  # fmt: skip
        [toast] = await town.zhang.press_action(action)
        assert "没有这个权限" in toast, action
    [toast] = await town.zhang.press_action("rule.missing:nonsense")
    assert "没有找到" in toast


async def test_names_never_reach_the_room(town: Town) -> None:
    room = await town.world.room(town.workshop)
    rule = await town.world.run(rules.create_rule, town.workshop.pid, RuleWish(), actor=town.host)
    await town.host.press_action(f"rule.missing:{rule.pid}", room=room)
    town.host.expect_nothing(room=room)
    town.host.expect("张老师", "李老师")


async def test_asking_for_leave_and_one_host_decides_for_all(town: Town) -> None:
    second = await town.world.teacher("赵副坊主", town.school)
    await town.world.join(second, town.workshop, "cohost")
    await town.li.say("请假")
    town.li.expect("哪几天")
    await town.li.say("家里有事")
    town.li.expect("没看出是哪几天")
    await town.li.say("明天到周五")
    town.li.expect("什么原因")
    await town.li.say("孩子 *生病*")
    town.li.expect("2026-11-24 至 2026-11-27", "孩子 *生病*")
    await town.li.press("发给坊主")
    town.li.expect("已发给坊主")
    town.host.expect("李老师申请请假", "孩子 *生病*")
    second.expect("李老师申请请假")
    town.zhang.expect_nothing()
    assert await second.press("同意") == ["已同意。"]
    town.li.expect("请好假了", "2026-11-24")
    assert "赵副坊主已同意" in town.host.sheets()[-1].text and not town.host.sheets()[-1].buttons
    [found] = await town.world.run(excuses.list_there, town.workshop.pid, 10, actor=town.host)
    excuse = found.excuse
    assert await town.host.press_action(f"excuse.decline:{excuse.pid}") == ["这一项已经处理过了。"]
    assert excuse.state == "approved"


async def test_the_days_may_follow_the_word(town: Town) -> None:
    li = town.li
    for said, days in (
        ("请假 明天", "2026-11-24"),
        ("请假三天", "2026-11-23 至 2026-11-25"),
        ("请假 11月27日到11月30日", "2026-11-27 至 2026-11-30"),
        ("/excuse 11.27-11.30", "2026-11-27 至 2026-11-30"),
    ):
        await li.say(said)
        li.expect("什么原因")
        await li.press("不写原因")
        li.expect(days)
        await li.say("取消")
    await li.say("请假 下周，产假")
    li.expect("2026-11-30 至 2026-12-06", "产假", "发给坊主")
    await li.say("取消")
    await li.say("请假 家里有事")
    li.expect("没看出是哪几天")
    await li.say("从明天开始3天")
    li.expect("什么原因")


async def test_too_many_days_are_refused_at_once(town: Town) -> None:
    await town.li.say("请假")
    await town.li.say("999天")
    town.li.expect("这有 999 天，一次最多请 366 天")
    await town.li.say("366天")
    town.li.expect("什么原因")
    await town.li.say("长" * 501)
    town.li.expect("原因最多 500 个字")
    await town.li.say("产假")
    await town.li.press("发给坊主")
    town.host.expect("李老师申请请假", "产假")


async def test_with_two_workshops_the_days_are_kept(town: Town) -> None:
    other = await town.world.workshop(town.county, "数学工坊")
    await town.world.join(town.li, other)
    await town.li.say("请假 明天")
    town.li.expect("哪个工坊")
    await town.li.press("数学工坊")
    town.li.expect("什么原因")


async def test_a_host_owes_nothing(town: Town) -> None:
    await town.host.say("请假 明天")
    town.host.expect("你是坊主", "不用请假")
    room = await town.world.room(town.workshop)
    await town.host.say("请假", room=room)
    town.host.expect("你是坊主", "不用请假")


async def test_declined_and_asked_twice(town: Town) -> None:
    days = (date(2026, 11, 24), date(2026, 11, 24))
    await town.world.run(excuses.ask_excuse, town.workshop.pid, *days, "", actor=town.zhang)
    await town.world.settle()
    await town.zhang.say("请假")
    await town.zhang.press("今天")
    await town.zhang.press("不写原因")
    await town.zhang.press("发给坊主")
    town.zhang.expect("还在等坊主处理")
    await town.host.press("不同意")
    town.zhang.expect("没有通过")


async def test_leave_that_is_not_mine_to_decide(town: Town) -> None:
    days = (date(2026, 11, 24), date(2026, 11, 24))
    asked = await town.world.run(excuses.ask_excuse, town.workshop.pid, *days, "病", actor=town.zhang)
    for who in (town.zhang, town.li):
        [toast] = await who.press_action(f"excuse.approve:{asked.excuse.pid}")
        assert "没有这个权限" in toast
    loner = await town.world.teacher("路人", town.school)
    await loner.say("请假")
    loner.expect("没有加入工坊")


async def test_ask_to_be_excused_under_a_reminder(town: Town) -> None:
    await town.world.run(rules.create_rule, town.workshop.pid, RuleWish(), actor=town.host)
    town.world.set_time(at("2026-11-26T17:00"))
    await town.tick()
    await town.li.press("请假")
    town.li.expect("哪几天")
    await town.zhang.press("1 小时后")
    town.world.set_time(at("2026-11-26T18:00"))
    town.zhang.unread()
    await town.tick()
    town.zhang.expect("语文工坊", "还来得及")
