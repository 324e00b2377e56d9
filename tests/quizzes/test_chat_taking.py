"""A teacher answers in private, one question after the other; in a room nobody sees anything of anybody (C4)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from api.context import Context
from storage.communities import Membership
from storage.journals import JournalEntry
from tests.support.clock import tick
from tests.support.quizzing import FOUR, ONE, RIGHT, Quizzing, quizzing_in
from tests.support.talk import NOW, a_world


@pytest.fixture
async def numbers(database_url: str) -> AsyncIterator[Quizzing]:
    """The workshop on a platform without buttons and private words to a presser."""
    async with a_world(database_url, buttons=False, acks=False) as world:
        yield await quizzing_in(world)


async def test_a_whole_quiz_with_buttons_letters_and_words(shop: Quizzing) -> None:
    li = shop.li
    await shop.push()
    await shop.world.settle()
    li.expect("周坊主出了一份微测 · 科学工坊", "第三单元小测", "共 4 题", "答案只有你自己看得到")
    await li.press("作答")
    first = li.expect("第 1/4 题", "地球绕着谁转？", "A．月亮", "C．火星")
    assert [label for label, _ in first.buttons] == ["A", "B", "C"]
    assert await li.press("A") == ["✗ 不对。正确答案：B．太阳"]
    assert "你的答案：A．月亮" in first.text and "解析：一年转一圈。" in first.text and not first.buttons
    second = li.expect("第 2/4 题", "多选", "AC")
    assert await li.press("A") == ["已选：A"]
    assert await li.press("B") == ["已选：A、B"]
    assert await li.press("B") == ["已选：A"]
    assert await li.press("C") == ["已选：A、C"]
    assert "☑ A．苹果" in second.text and "☑ C．香蕉" in second.text and "☑ B" not in second.text
    assert await li.press("提交答案") == ["✓ 答对了！"]
    li.expect("第 3/4 题", "太阳从东边升起")
    await li.say("对")
    li.expect("✓ 答对了！")
    assert "第 4/4 题" in li.sheets()[-1].text and not li.sheets()[-1].buttons
    await li.say(" 北京 市。")
    li.expect("答完了：4 题答对 3 题", "通过了")
    await li.say("我的进度")
    li.expect("做测验 1 次", "通过测验 1 次")
    await shop.host.press_action(f"progress.members:{shop.workshop.pid}")
    shop.host.expect("李老师：做测验 1 次 / 通过测验 1 次")


async def test_letters_may_be_typed_and_nonsense_is_answered_kindly(shop: Quizzing) -> None:
    li, push = shop.li, await shop.push()
    await shop.world.settle()
    await li.press("作答")
    await li.say("我猜是太阳")
    li.expect("点选项，或者打出字母")
    await li.say("长" * 10_000)
    li.expect("点选项")
    await li.say("Ｂ")
    li.expect("✓ 答对了！", "一年转一圈")
    await li.say("a、c")
    li.expect("✓ 答对了！")
    await li.say("也许")
    li.expect("点“对”或“错”")
    await li.say("×")
    li.expect("✗ 不对。正确答案：对")
    await li.say("长" * 600)
    li.expect("最多 500 个字")
    await li.say("<b>上海</b> *北京*")
    li.expect("✗ 不对。正确答案：北京 / 北京市")
    figures = (await shop.world.run(_statistics, push.pid, actor=shop.host))[2]
    assert (figures.answered, figures.passed) == (1, 0)


async def test_nothing_marked_cannot_be_handed_in_and_hand_in_may_be_said(shop: Quizzing) -> None:
    li = shop.li
    await shop.push("1．水果？\nA．苹果\nB．白菜\nC．梨\n答案：AC")
    await shop.world.settle()
    await li.press("作答")
    assert await li.press("提交答案") == ["请先点选正确的选项。"]
    await li.press("A")
    await li.press("C")
    await li.say("交卷")
    li.expect("✓ 答对了！")
    li.unread()
    assert await li.press_action(_action(li, "quiz.hand")) == ["这道题你已经答过了。"]


async def test_put_away_taken_up_again_and_after_another_command(shop: Quizzing) -> None:
    li = shop.li
    await shop.push()
    await shop.world.settle()
    await li.press("作答")
    await li.press("B")
    await li.say("取消")
    li.expect("先放着", "接着答")
    await li.press("接着答")
    li.expect("第 2/4 题")
    await li.say("帮助")
    await li.press("A")
    assert await li.press("提交答案") == ["✗ 不对。正确答案：A、C"]
    li.expect("第 3/4 题")
    await li.say("测验")
    li.expect("有 1 份测验等你作答")
    await li.press("第三单元小测")
    li.expect("第 3/4 题")


async def test_double_presses_and_old_buttons_change_nothing(shop: Quizzing) -> None:
    li, push = shop.li, await shop.push()
    await shop.world.settle()
    await li.press("作答")
    pick = _action(li, "quiz.pick")
    assert await li.press_action(pick) == ["✗ 不对。正确答案：B．太阳"]
    li.unread()
    assert await li.press_action(pick) == ["这道题你已经答过了。"]
    li.expect_nothing()
    assert "没有找到" in (await shop.wang.press_action(pick))[0]
    for forged in ("pick:nonsense.1.0", f"{pick[5:-2]}.99", "pick:", "mark:x", "vote:x.y", "hand:", "hand:x.1"):
        await li.press_action(f"quiz.{forged}")
        assert not any("系统出了点问题" in sheet.text for sheet in li.sheets()), forged
    figures = (await shop.world.run(_statistics, push.pid, actor=shop.host))[3]
    assert [tally.answers for tally in figures] == [1, 0, 0, 0]


async def test_one_question_in_the_room_is_answered_on_the_spot_for_the_presser_only(shop: Quizzing) -> None:
    world, room = shop.world, await shop.world.room(shop.workshop)
    await shop.push(ONE, place="rooms")
    await world.settle()
    sheet = shop.li.expect("周坊主出了一份微测", "地球绕着谁转？", "A．月亮", room=room)
    assert [label for label, _ in sheet.buttons] == ["A", "B", "C"]
    assert await shop.li.press("B", room=room) == ["✓ 答对了！\n解析：一年转一圈。"]
    assert await shop.li.press("B", room=room) == ["这道题你已经答过了。"]
    assert await shop.wang.press("A", room=room) == ["✗ 不对。正确答案：B．太阳\n解析：一年转一圈。"]
    assert await shop.wang.press("B", room=room) == ["作答次数用完了：1 题答对 0 题。"]
    stranger = await world.teacher("路人", bound=False)
    guest = await world.teacher("外校老师")
    assert "绑定码" in (await stranger.press("B", room=room))[0]
    assert await guest.press("B", room=room) == ["这份测验不是发给你的，没有计入。"]
    assert await shop.host.press("B", room=room) == ["这是你自己发的测验，作答不计入。"]
    world.pass_time(seconds=20)
    await tick(world)
    assert "已有 2 人作答" in sheet.text
    assert [each.text for each in shop.li.sheets(room)] == [sheet.text], "nothing else was said in the room"
    shop.li.expect_nothing()


async def test_a_toast_is_short_whatever_the_question_says(shop: Quizzing) -> None:
    room = await shop.world.room(shop.workshop)
    text = f"1．？\nA．{'甲' * 200}\nB．{'乙' * 200}\n答案：B\n解析：{'因为' * 250}"
    await shop.push(text, place="rooms", attempts=2)
    await shop.world.settle()
    [toast] = await shop.li.press("A", room=room)
    assert "不对" in toast and "B．乙" in toast and "因为" in toast and len(toast) < 200


async def test_with_attempts_left_the_presser_is_told_so(shop: Quizzing) -> None:
    room = await shop.world.room(shop.workshop)
    await shop.push(ONE, place="rooms", attempts=2)
    await shop.world.settle()
    assert (await shop.li.press("A", room=room))[0].endswith("还可以再答 1 次。")
    assert await shop.li.press("A", room=room) == ["这道题你已经答过了。"]
    assert (await shop.li.press("B", room=room))[0].startswith("✓ 答对了！")


async def test_several_questions_lead_from_the_room_to_the_private_chat(shop: Quizzing) -> None:
    room = await shop.world.room(shop.workshop)
    await shop.push(place="rooms")
    await shop.world.settle()
    shop.li.expect("第三单元小测", "共 4 题", room=room)
    assert await shop.li.press("作答", room=room) == ["题目发到我们的私聊里了。"]
    shop.li.expect_nothing(room=room)
    shop.li.expect("第 1/4 题")
    await shop.li.press("B")
    shop.li.expect("第 2/4 题")


async def test_in_private_one_question_is_answered_with_one_press(shop: Quizzing) -> None:
    await shop.push(ONE, attempts=2)
    await shop.world.settle()
    mine = shop.li.expect("地球绕着谁转？")
    assert (await shop.li.press("C"))[0].startswith("✗ 不对")
    assert "你的答案：C．火星" in mine.text and [label for label, _ in mine.buttons] == ["再答一次"]
    await shop.li.press("再答一次")
    shop.li.expect("第 1/1 题")
    await shop.li.press("B")
    shop.li.expect("答完了：1 题答对 1 题", "通过了")
    assert "你的答案" not in shop.wang.sheets()[-1].text, "everybody else's copy stays"


async def test_after_the_end_and_after_taking_back_there_is_a_clear_word(shop: Quizzing) -> None:
    await shop.push(closes_at=NOW + timedelta(hours=1))
    await shop.world.settle()
    await shop.li.press("作答")
    shop.world.pass_time(hours=2)
    assert await shop.li.press("B") == ["这份测验已截止，不再计入了。"]
    await tick(shop.world)
    assert await shop.wang.press("作答") == ["这份测验已截止，不再计入了。"]
    await shop.li.say("B")
    shop.li.expect("已截止")
    await shop.li.say("帮助")  # nothing is waited for any more
    assert "还没结束" not in shop.li.sheets()[-1].text and len(shop.li.unread()) == 1
    taken_back = await shop.push(ONE)
    await shop.world.settle()
    await shop.host.press("撤回")
    shop.host.expect("确定撤回这份测验")
    await shop.host.press("确定撤回")
    assert shop.li.sheets()[-1].text == "这份测验已撤回。"
    assert await shop.li.press_action(f"quiz.vote:{taken_back.pid}.1") == ["这份测验已撤回。"]


async def test_who_left_the_workshop_in_between_is_told_so(shop: Quizzing) -> None:
    await shop.push()
    await shop.world.settle()
    await shop.li.press("作答")
    await shop.li.press("B")

    def leave(ctx: Context) -> None:
        assert shop.li.person is not None
        mine = ctx.session.query(Membership).filter_by(person_id=shop.li.person.id)
        mine.update({"status": "left"})

    await shop.world.run(leave)
    await shop.li.say("AC")
    shop.li.expect("这份测验不是发给你的")
    await shop.li.say("你好")
    shop.li.expect("没听懂")


async def test_without_buttons_numbers_answer_and_the_room_shows_no_options_to_press(numbers: Quizzing) -> None:
    shop, li = numbers, numbers.li
    room = await shop.world.room(shop.workshop)
    await shop.push(ONE, place="rooms")
    await shop.world.settle()
    assert [label for label, _ in li.expect("地球绕着谁转？", room=room).buttons] == ["作答"]
    await li.press("作答", room=room)
    li.expect("第 1/1 题", "B．太阳")
    await li.say("2")
    li.expect("✓ 答对了！")
    await shop.push(FOUR)
    await shop.world.settle()
    li.expect("第三单元小测")
    await li.say("1")
    li.expect("第 1/4 题")
    await li.say("1")
    li.expect("✗ 不对", "一年转一圈")
    await li.say("1")
    li.expect("☑ A．苹果")
    await li.say("3")
    li.expect("☑ C．香蕉")
    await li.say("4")
    li.expect("✓ 答对了！")
    await li.say("1")
    li.expect("✓ 答对了！")
    await li.say("1")
    li.expect("✗ 不对。正确答案：北京 / 北京市")
    assert "答完了：4 题答对 2 题" in li.sheets()[-1].text


@pytest.mark.parametrize("key", ["✅", "1️⃣"])
async def test_a_reaction_that_everybody_sees_chooses_no_option(numbers: Quizzing, key: str) -> None:
    room = await numbers.world.room(numbers.workshop)
    push = await numbers.push(ONE, place="rooms")
    await numbers.world.settle()
    sheet = numbers.li.expect("地球绕着谁转？", room=room)
    await numbers.world.arrive(numbers.li, room, "reacted", event=sheet.native, payload={"key": key})
    numbers.li.expect("第 1/1 题")
    assert [tally.answers for tally in (await numbers.world.run(_statistics, push.pid, actor=numbers.host))[3]] == [0]


async def test_without_buttons_one_question_in_private(numbers: Quizzing) -> None:
    await numbers.push(ONE)
    await numbers.world.settle()
    numbers.li.expect("地球绕着谁转？")
    await numbers.li.say("2")
    numbers.li.expect("你的答案：B．太阳", "✓ 答对了！")


async def test_teachers_find_what_waits(shop: Quizzing) -> None:
    await shop.li.say("测验")
    shop.li.expect("现在没有等你作答的测验")
    push = await shop.push()
    await shop.li.say("/quiz")
    shop.li.expect("有 1 份测验等你作答")
    await shop.answer(shop.li, push, RIGHT)
    await shop.li.say("测验")
    shop.li.expect("现在没有等你作答的测验")


def _action(voice: object, name: str) -> str:
    actions = [b.action for sheet in voice.sheets() for _, b in sheet.buttons]  # type: ignore[attr-defined]
    return [action for action in actions if action.startswith(f"{name}:")][-1]


def _statistics(ctx: object, pid: str) -> object:
    from api.quizzes.pushes import get_statistics

    return get_statistics(ctx, pid)  # type: ignore[arg-type]


async def test_buttons_of_the_private_chat_change_nothing_in_a_room(shop: Quizzing) -> None:
    """A hostile client presses what belongs to its own attempt under the message that everybody reads."""
    room = await shop.world.room(shop.workshop)
    push = await shop.push(place="rooms")
    await shop.world.settle()
    sheet = shop.li.expect("第三单元小测", room=room)
    before = sheet.text
    await shop.li.press("作答", room=room)
    pick = _action(shop.li, "quiz.pick")
    assert await shop.li.press_action(pick, sheet.native, room=room) == ["题目发到我们的私聊里了。"]
    await shop.li.press("B")
    for name in ("quiz.mark", "quiz.hand"):
        action = _action(shop.li, name)
        assert await shop.li.press_action(action, sheet.native, room=room) == ["题目发到我们的私聊里了。"]
    assert (sheet.text, [label for label, _ in sheet.buttons]) == (before, ["作答"])
    assert [each.answers for each in (await shop.world.run(_statistics, push.pid, actor=shop.host))[3]] == [1, 0, 0, 0]


async def test_a_log_that_is_open_stays_open(shop: Quizzing) -> None:
    li = shop.li
    push = await shop.push()
    await shop.world.settle()
    await li.say("日志")
    await li.say("今天我上了一节识字课，孩子们很积极，读得很响亮。")
    await li.press("作答")
    await li.press("B")
    sheet = li.expect("第 2/4 题")
    assert "打字母" not in sheet.text, "what is typed now belongs to the log"
    await li.press("A")
    assert await li.press("C") == ["已选：A、C"]
    assert await li.press("提交答案") == ["✓ 答对了！"]
    await li.press("对")
    li.expect("下一题要打字回答")
    await li.say("下午我们又一起听写了二十个生字，大家都很认真。")
    await li.press("接着答")
    li.expect("下一题要打字回答")
    assert [each.answers for each in (await shop.world.run(_statistics, push.pid, actor=shop.host))[3]] == [1, 1, 1, 0]
    await li.press("提交")
    li.expect("已交到科学工坊")
    kept = await shop.world.run(lambda ctx: ctx.session.query(JournalEntry).one().body)
    assert "识字课" in kept and "听写" in kept, "nothing of the log was lost"
    await li.press("接着答")
    li.expect("第 4/4 题")
    await li.say("北京")
    li.expect("答完了：4 题答对 4 题")


async def test_a_mark_pressed_twice_is_one_mark(shop: Quizzing) -> None:
    await shop.push("1．水果？\nA．苹果\nB．白菜\nC．梨\n答案：AC")
    await shop.world.settle()
    await shop.li.press("作答")
    mark = _action(shop.li, "quiz.mark")
    assert await shop.li.press_action(mark) == await shop.li.press_action(mark) == ["已选：C"]


async def test_whoever_sees_the_bank_is_not_scored(shop: Quizzing) -> None:
    cohost = await shop.world.teacher("陈老师", shop.school)
    await shop.world.join(cohost, shop.workshop, "cohost")
    push = await shop.push(ONE)
    await shop.world.settle()
    assert await cohost.press("B") == ["题库里的答案你都看得到，作答不计入。"]
    await cohost.say("测验")
    assert "等你作答" not in "".join(sheet.text for sheet in cohost.unread())
    assert await cohost.press_action(f"quiz.stats:{push.pid}") == [
        "这份测验是周坊主发的，答得怎么样只有周坊主看得到。"
    ]  # fmt: skip


async def test_who_had_begun_learns_how_it_ended(shop: Quizzing) -> None:
    await shop.push(closes_at=NOW + timedelta(hours=1))
    await shop.world.settle()
    await shop.li.press("作答")
    await shop.li.press("B")
    await shop.wang.press("作答")
    for voice in (shop.li, shop.wang):
        voice.unread()
    shop.world.pass_time(hours=1, seconds=5)
    await tick(shop.world)
    await shop.world.settle()
    shop.li.expect("“第三单元小测”已截止", "4 题答对 1 题", "这次没有通过")
    shop.wang.expect_nothing()
