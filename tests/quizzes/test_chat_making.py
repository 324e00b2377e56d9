"""A host types questions, mends what is wrong, and keeps them in the workshop's bank (G8)."""

import pytest

from tests.support.quizzing import FOUR, ONE, Quizzing


async def test_questions_are_just_sent_looked_at_and_kept(shop: Quizzing) -> None:
    host = shop.host
    await host.say(FOUR)
    host.expect("新测验", "标题：第三单元小测", "题库：科学工坊", "答案：B．太阳", "解析：一年转一圈", "多选", "A、C")
    await host.press("加标签")
    await host.say("#三年级 科学")
    host.expect("标签：#三年级 #科学")
    await host.press("改标题")
    await host.say("第三单元 <b>小测</b>")
    host.expect("标题：第三单元 <b>小测</b>")
    await host.say("5．三角形有几个角？\n答案：3；三")
    host.expect("三角形有几个角")
    await host.press("存入题库")
    assert "已存入科学工坊的题库" in host.sheets()[-2].text
    await host.press("看一看")
    host.expect("第三单元 <b>小测</b>", "#三年级 #科学", "以下任一算对：「北京」「北京市」", "「3」「三」")
    await host.press("修改")
    host.expect("修改测验")
    await host.press("取消")
    host.expect_nothing()


async def test_every_fault_is_named_by_its_line_and_mended(shop: Quizzing) -> None:
    host = shop.host
    await host.say("/newquiz")
    host.expect("把题目发给我", "1．地球绕着谁转？", "答案：B")
    await host.say("1．甲？\nA．一\nB．二\n答案：C\n2．乙？\nA．一\nA．二\n答案：A")
    host.expect("有 2 处要改", "第 4 行：答案“C”对不上选项", "「答案：C」", "第 7 行：选项 A 出现了两次")
    assert not [label for label, _ in host.sheets()[-1].buttons if "存入" in label]
    await host.press("改一道题")
    host.expect("改哪一题")
    await host.press("⚠1")
    host.expect("把第 1 题改好再发一遍", "A．一")
    await host.say("甲？\nA．一\nB．二\n答案：A")
    host.expect("有 1 处要改", "第 7 行：选项 A 出现了两次")
    await host.press("改一道题")
    await host.press("⚠2")
    await host.say("2．乙？\nA．一\nB．二\n答案：A")
    host.expect("标题：甲？", "乙？")
    await host.press("存入题库")
    assert "已存入科学工坊的题库" in host.sheets()[-2].text


async def test_in_aiken_one_question_is_replaced_without_touching_its_neighbours(shop: Quizzing) -> None:
    host = shop.host
    await host.say("出题 Who wrote it?\nA. Li Bai\nB. Du Fu\nANSWER: D\n\nIs it round?\nA. yes\nB. no\nANSWER: A")
    host.expect("第 4 行：答案“D”对不上选项")
    await host.press("改一道题")
    await host.press("⚠1")
    await host.say("1. Who wrote it?\nA. Li Bai\nB. Du Fu\nANSWER: A")
    sheet = host.expect("标题：Who wrote it?")
    assert sheet.text.count("答案：") == 2


async def test_more_text_while_something_is_wrong_is_asked_about(shop: Quizzing) -> None:
    host = shop.host
    await host.say("出题")
    await host.say("1．甲？\nA．一\nB．二\n答案：C")
    host.expect("有 1 处要改")
    await host.say(ONE)
    host.expect("这是新加的题目，还是全部重发")
    await host.say("随便")
    host.expect("点下面的按钮")
    await host.press("全部重发")
    sheet = host.expect("标题：地球绕着谁转？")
    assert "甲" not in sheet.text
    await host.say("取消")
    host.expect("已取消")


async def test_one_dialogue_survives_nonsense_and_too_much(shop: Quizzing) -> None:
    host = shop.host
    await host.say("出题")
    await host.say("随便说说")
    host.expect("没有答案")
    await host.say("取消")
    host.unread()
    await host.say("出题")
    await host.say("长" * 25_000)
    host.expect("太长了")
    await host.say(ONE)
    host.expect("标题：地球绕着谁转？")
    await host.press("全部重写")
    host.expect("把题目发给我")
    await host.press("不改了")
    host.expect("标题：地球绕着谁转？")
    await host.press("改标题")
    await host.say("长" * 200)
    host.expect("太长了")


async def test_who_leads_nothing_keeps_nothing(shop: Quizzing) -> None:
    for words in ("出题", "/newquiz"):
        await shop.li.say(words)
        shop.li.expect("没有这个权限", "坊主")
    await shop.li.say(ONE)  # to a teacher it is a text like any other
    sheet = shop.li.expect("怎么处理")
    assert "新测验" not in sheet.text
    stranger = await shop.world.teacher("路人", bound=False)
    await stranger.say(ONE)
    assert "新测验" not in stranger.sheets()[-1].text


async def test_in_a_room_it_is_begun_for_its_bank_and_goes_on_in_private(shop: Quizzing) -> None:
    other = await shop.world.workshop(shop.county, "语文工坊")
    await shop.world.join(shop.host, other, "host")
    room = await shop.world.room(other)
    await shop.host.say("出题", room=room)
    shop.host.expect_nothing(room=room)
    shop.host.expect("把题目发给我")
    await shop.host.say(ONE)
    shop.host.expect("题库：语文工坊")
    await shop.host.press("换题库")
    await shop.host.press("科学工坊")
    shop.host.expect("题库：科学工坊")


async def test_removing_asks_first_and_needs_the_right(shop: Quizzing) -> None:
    quiz = await shop.quiz(ONE)
    await shop.li.press_action(f"quiz.show:{quiz.pid}")
    assert "太阳" not in "".join(sheet.text for sheet in shop.li.sheets())
    await shop.host.press_action(f"quiz.show:{quiz.pid}")
    await shop.host.press("从题库删除")
    shop.host.expect("确定从题库删除")
    await shop.host.press("确定删除")
    await shop.host.say("测验")
    shop.host.expect("题库里还没有测验")


async def test_what_is_typed_under_the_preview_is_a_choice_or_more_questions_and_nothing_else(shop: Quizzing) -> None:
    host = shop.host
    for words in ("存入题库", "好的，保存", "好"):
        await host.say(ONE)
        host.expect("新测验")
        await host.say("谢谢，辛苦了")
        host.expect("没问题就点“存入题库”")
        await host.say(words)
        sheet = host.expect("发“测验”就能找到它")
        await host.press("看一看")
        sheet = host.expect("解析：一年转一圈。")
        assert not [part for part in ("谢谢", words) if part in sheet.text]
    await host.say(ONE)
    await host.say("标签：科学")
    host.expect("#科学")
    await host.say("改标题")
    host.expect("标题是什么？")
    await host.say("取消")


async def test_faulty_questions_are_not_saved_by_a_word(shop: Quizzing) -> None:
    await shop.host.say("出题 1．甲？\nA．一\nB．二\n答案：C")
    shop.host.expect("有 1 处要改")
    await shop.host.say("保存")
    shop.host.expect("点“改一道题”重发那一题")


@pytest.mark.parametrize("command", ["出题", "/newquiz", "出题："])
async def test_lines_are_counted_as_they_were_typed(shop: Quizzing, command: str) -> None:
    await shop.host.say(f"{command}\n1．甲？\nA．一\nB．二\n答案：C")
    shop.host.expect("第 5 行：答案“C”对不上选项", "「答案：C」")


async def test_answers_in_brackets_make_a_quiz_and_a_sentence_with_one_does_not(shop: Quizzing) -> None:
    await shop.host.say("1、我国的首都是（B）\nA、上海\nB、北京\n2、太阳从东边升起。（√）")
    shop.host.expect("新测验", "答案：B．北京", "答案：对")
    await shop.host.say("取消")
    shop.host.unread()
    await shop.host.say("明天照常开会（对）")
    assert "新测验" not in "".join(sheet.text for sheet in shop.host.unread())


async def test_a_question_that_begins_with_figures_is_replaced_by_one(shop: Quizzing) -> None:
    host = shop.host
    await host.say("1.3+4=？\n答案：7\n2.5+6=？\n答案：10\n3.太阳圆吗？\n答案：对")
    for given in ("2.5+7=？\n答案：12", "5+7=？\n答案：12"):
        await host.press("改一道题")
        await host.press("2")
        await host.say(given)
        sheet = host.sheets()[-1]
        assert "5+7=？" in sheet.text and sheet.text.count("答案：") == 3 and "2.5+7" not in sheet.text
