"""A host pushes a quiz: which, to whom, until when; then sees how it goes and reminds the missing, in private (C4)."""

from datetime import datetime

from tests.support.clock import tick
from tests.support.quizzing import FOUR, ONE, RIGHT, WRONG, Quizzing


async def test_from_the_command_to_the_room(shop: Quizzing) -> None:
    host, room = shop.host, await shop.world.room(shop.workshop)
    await shop.quiz()
    await host.say("测验")
    host.expect("发哪份测验")
    await host.press("第三单元小测")
    host.expect("预览", "第三单元小测", "共 4 题", "截止：后天（周三）21:00", "科学工坊（3 人）")
    assert "作答次数：1\n及格线：60 %" in host.sheets()[-1].text
    await host.press("改作答次数")
    host.expect("作答次数：2")
    await host.press("改作答次数")
    await host.press("改作答次数")
    host.expect("作答次数：不限")
    await host.press("改及格线")
    host.expect("及格线：80 %")
    await host.press("改截止时间")
    host.expect("答到什么时候截止")
    await host.say("昨天")
    host.expect("没看懂")
    await host.say("明天中午12点")
    host.expect("预览", "截止：明天（周二）12:00", "作答次数：不限", "及格线：80 %")
    await host.press("确认发送")
    shop.li.expect("第三单元小测", "截止：明天（周二）12:00", "不限次数", room=room)
    host.expect("测验已发出", "已答完：0 人", "通过：0 人（及格线 80%）", "还没答：3 人")


async def test_never_closing_later_and_to_each_person(shop: Quizzing) -> None:
    host = shop.host
    quiz = await shop.quiz(ONE)
    await host.press_action(f"quiz.push:{quiz.pid}")
    host.expect("预览", "私聊发给每个人")
    await host.press("改截止时间")
    await host.press("不设截止")
    host.expect("截止：不截止")
    await host.press("定时发送")
    await host.say("今天下午4点")
    host.expect("今天 16:00", "截止：不截止")
    await host.press("确认发送")
    shop.li.expect_nothing()
    shop.world.set_time(datetime.fromisoformat("2026-11-23T16:00:30+08:00"))
    await tick(shop.world)
    await shop.world.settle()
    assert "截止" not in shop.li.expect("地球绕着谁转？").text
    await shop.host.press("撤回")


async def test_a_closing_time_before_it_goes_out_is_refused_in_words(shop: Quizzing) -> None:
    host = shop.host
    quiz = await shop.quiz(ONE)
    await host.press_action(f"quiz.push:{quiz.pid}")
    await host.press("改截止时间")
    await host.say("今天10:30")
    host.expect("预览", "今天 10:30")
    await host.press("定时发送")
    await host.say("今天下午4点")
    told = await host.press("确认发送")
    assert "截止时间比发出还早" in "".join([*told, *[sheet.text for sheet in host.unread()]])
    shop.li.expect_nothing()


async def test_live_figures_names_and_reminders_are_the_hosts_alone(shop: Quizzing) -> None:
    host, world = shop.host, shop.world
    room = await world.room(shop.workshop)
    push = await shop.push(place="rooms")
    await world.settle()
    status = host.expect("测验已发出")
    await shop.answer(shop.li, push, WRONG)
    world.pass_time(seconds=30)
    await shop.answer(shop.wang, push, RIGHT)
    world.pass_time(seconds=30)
    await tick(world)
    assert "已答完：2 人" in status.text and "通过：1 人" in status.text and "还没答：1 人" in status.text
    assert "1. 地球绕着谁转？　2 人答，1 人对" in status.text and "A 1 · B✓ 1 · C 0" in status.text
    await host.press("谁没答")
    sheet = host.expect("还有 1 人没答完", "赵老师")
    assert "李老师" not in sheet.text
    assert await host.press("提醒没答的（1）") == ["正在私下提醒 1 人。"]
    assert await host.press("提醒没答的（1）") == ["今天已经提醒过了。"]
    shop.zhao.expect("周坊主还在等你完成“第三单元小测”")
    await shop.zhao.press("作答")
    shop.zhao.expect("第 1/4 题")
    shop.li.expect_nothing()
    for action in ("missing", "remind", "stats", "withdrawn"):
        await shop.li.press_action(f"quiz.{action}:{push.pid}", room=room)
    said = "".join(each.text for voice in (shop.li, shop.wang) for each in [*voice.sheets(), *voice.sheets(room)])
    assert "赵老师" not in said and "还没答" not in said


async def test_many_questions_are_looked_at_ten_at_a_time(shop: Quizzing) -> None:
    push = await shop.push("\n".join(f"{n}．第{n}题（ ）\n答案：对" for n in range(1, 13)))
    await shop.answer(shop.li, push, (((0,), ""),) * 12)
    await shop.host.press_action(f"quiz.stats:{push.pid}")
    first = shop.host.expect("10. 第10题", "对✓ 1 · 错 0")
    assert "11. 第11题" not in first.text
    await shop.host.press("更多题目")
    shop.host.expect("11. 第11题", "12. 第12题")


async def test_a_new_one_is_typed_in_between_and_pushed(shop: Quizzing) -> None:
    host = shop.host
    await host.say("/quiz")
    host.expect("题库里还没有测验")
    await host.press("出一份新的")
    host.expect("把题目发给我")
    await host.say(FOUR)
    await host.press("存入题库")
    await host.press("发给大家")
    host.expect("预览", "第三单元小测")
    await host.press("确认发送")
    shop.wang.expect("第三单元小测")
    await host.say("测验 没有的")
    host.expect("没找到这样的测验")
    await host.say("水果")
    host.expect("发哪份测验")
    await host.say("取消")
    host.expect("已取消")
