"""A host pushes a quiz: which, to whom, until when; then sees how it goes and reminds the missing, in private (C4)."""

from datetime import datetime, timedelta

from tests.support.clock import tick
from tests.support.quizzing import FOUR, ONE, RIGHT, WRONG, Quizzing
from tests.support.talk import NOW


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


async def _scheduled(shop: Quizzing) -> str:
    """A quiz of the bank goes out tomorrow at eight; returns its pid."""
    quiz = await shop.quiz(ONE)
    await shop.host.press_action(f"quiz.push:{quiz.pid}")
    await shop.host.press("定时发送")
    await shop.host.say("明天早上8点")
    await shop.host.press("确认发送")
    shop.host.unread()
    return quiz.pid


async def _tomorrow(shop: Quizzing) -> None:
    shop.world.set_time(datetime.fromisoformat("2026-11-24T08:00:30+08:00"))
    await tick(shop.world)
    await shop.world.settle()


async def test_what_is_scheduled_goes_out_as_it_was_mended(shop: Quizzing) -> None:
    host, pid = shop.host, await _scheduled(shop)
    await host.press_action(f"quiz.show:{pid}")
    await host.press("修改")
    await host.press("改一道题")
    await host.say("地球绕着谁转呢？\nA．月亮\nB．太阳\n答案：B")
    await host.press("存入题库")
    await _tomorrow(shop)
    shop.li.expect("地球绕着谁转呢？")
    host.expect("测验已发出")


async def test_what_is_removed_does_not_go_out_and_that_is_said(shop: Quizzing) -> None:
    host, pid = shop.host, await _scheduled(shop)
    cohost = await shop.world.teacher("陈老师", shop.school)
    await shop.world.join(cohost, shop.workshop, "cohost")
    await cohost.press_action(f"quiz.push:{pid}")
    await cohost.press("定时发送")
    await cohost.say("明天早上8点")
    await cohost.press("确认发送")
    cohost.unread()
    await host.press_action(f"quiz.show:{pid}")
    await host.press("从题库删除")
    host.expect("确定从题库删除", "还有 2 次定时发送没有发出")
    await host.press("确定删除")
    host.unread()
    cohost.expect("定时发给科学工坊的测验“地球绕着谁转？”没有发出：它已从题库删除")
    await _tomorrow(shop)
    shop.li.expect_nothing()
    host.expect_nothing()


async def test_what_was_over_before_it_went_out_is_said(shop: Quizzing) -> None:
    await shop.push(ONE, release_at=NOW + timedelta(hours=1), closes_at=NOW + timedelta(hours=2))
    shop.world.pass_time(hours=3)
    await tick(shop.world)
    await shop.world.settle()
    shop.host.expect("没有发出：截止时间已经过了")
    shop.li.expect_nothing()


async def test_what_was_sent_is_found_again(shop: Quizzing) -> None:
    host = shop.host
    await host.say("我的测验")
    host.expect("你还没发过测验")
    await shop.push()
    await _scheduled(shop)
    await host.say("/quizzes")
    host.expect("我的测验", "1. 地球绕着谁转？ · 科学工坊 · ⏰ 明天（周二）08:00", "2. 第三单元小测 · 科学工坊")
    await host.press("2. 第三单元小测")
    host.expect("测验已发出 · 第三单元小测 · 科学工坊", "还没答：3 人")
    await host.press("1. 地球绕着谁转？")
    sheet = host.expect("测验定时发出：明天（周二）08:00 · 地球绕着谁转？")
    assert [label for label, _ in sheet.buttons] == ["撤回"]
    await host.press("撤回")
    host.expect("还没发出去")
    await host.press("确定撤回")
    await _tomorrow(shop)
    assert "地球绕着谁转" not in "".join(sheet.text for sheet in shop.li.unread())
    await shop.li.press_action(f"quiz.card:{(await shop.push(ONE)).pid}")
    assert "还没答" not in "".join(sheet.text for sheet in shop.li.sheets())


async def test_at_the_end_no_old_words_remain(shop: Quizzing) -> None:
    await shop.push(ONE, closes_at=NOW + timedelta(hours=1))
    await shop.world.settle()
    live = shop.host.expect("测验已发出")
    shop.world.pass_time(hours=1, seconds=5)
    await tick(shop.world)
    await shop.world.settle()
    assert "测验已截止" in live.text and not live.buttons
    assert "谁没答" in [label for label, _ in shop.host.expect("测验已截止").buttons]
