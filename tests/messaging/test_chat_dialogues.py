"""Dialogues survive, can be left, and end politely; what fails is said; nothing stalls the rest."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from api.messaging.jobs import end_dialogues
from api.messaging.tree import Lines, T, Words
from bot.commands import help
from bot.registry import Command, Feature, Talk
from bot.turn import Turn
from tests.support.talk import Voice, World, a_world


def ask(turn: Turn) -> None:
    turn.ask("wish", "what", Words("想要什么？"), [[(Words("苹果"), "apple"), (Words("梨"), "pear")]], n=1)


def take(turn: Turn) -> None:
    assert turn.dialogue is not None
    turn.say(Lines(Words(f"好的：{turn.choice or turn.text}"), Words(str(turn.dialogue.data["n"]))))
    turn.end()


def fail(turn: Turn) -> None:
    turn.say(Words("这句不该出现"))
    raise RuntimeError("ours")


WORD = T("what I can do for you")
FEATURE = Feature(
    commands=(Command("wish", ("许愿",), WORD, ask), Command("fail", ("坏了",), WORD, fail)),
    dialogues=(("wish", Talk(WORD, take)),),
)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url, features=(help.FEATURE, FEATURE)) as world:
        yield world


@pytest.fixture
async def li(world: World) -> Voice:
    return await world.teacher("李老师", await world.school(await world.region(), "第一小学"))


async def test_a_choice_is_pressed_or_typed(li: Voice) -> None:
    await li.say("许愿")
    li.expect("想要什么")
    await li.press("梨")
    li.expect("好的：pear", "1")
    await li.say("许愿")
    await li.say("西瓜")
    li.expect("好的：西瓜")


async def test_a_choice_pressed_twice_counts_once(li: Voice) -> None:
    await li.say("许愿")
    await li.press("梨")
    li.expect("pear")
    assert await li.press("梨") == ["这一项已经结束了。"]
    li.expect_nothing()


async def test_somebody_elses_dialogue_button_does_nothing(world: World, li: Voice) -> None:
    await li.say("许愿")
    wang = await world.teacher("王老师")
    action = li.sheets()[-1].buttons[0][1].action
    assert await wang.press_action(action) == ["这一项已经结束了。"]
    wang.expect_nothing()


@pytest.mark.parametrize("word", ["取消", "/cancel", "Cancel"])
async def test_every_dialogue_can_be_cancelled(li: Voice, word: str) -> None:
    await li.say("许愿")
    await li.say(word)
    li.expect("已取消")
    await li.say("梨")
    li.expect("没听懂")


async def test_a_commands_word_is_heard_in_a_dialogue_which_stays_open(li: Voice) -> None:
    await li.say("许愿")
    await li.say("帮助")
    for part, sheet in zip(("想要什么", "许愿", "还没结束"), li.unread(), strict=True):
        assert part in sheet.text
    await li.say("帮助我吧")
    li.expect("好的：帮助我吧")
    await li.say("帮助")
    assert "还没结束" not in li.sheets()[-1].text, "nothing is open any more"


async def test_a_command_that_fails_leaves_the_dialogue(li: Voice) -> None:
    await li.say("许愿")
    await li.say("坏了")
    await li.press("梨")
    li.expect("好的：pear")


async def test_a_dialogue_nobody_answers_ends_politely_and_once(world: World, li: Voice) -> None:
    await li.say("许愿")
    li.expect("想要什么")
    await world.run(end_dialogues)
    world.pass_time(hours=25)
    await world.run(end_dialogues)
    await world.run(end_dialogues)
    await world.settle()
    li.expect("先放下了")
    assert len([sheet for sheet in li.sheets() if "先放下了" in sheet.text]) == 1


async def test_a_handler_that_fails_says_a_number_and_stops_nothing(li: Voice) -> None:
    before = REGISTRY.get_sample_value("gongfang_handler_failures_total") or 0
    await li.say("坏了")
    assert REGISTRY.get_sample_value("gongfang_handler_failures_total") == before + 1
    told = li.expect("系统出了点问题", "编号")
    assert not [sheet for sheet in li.sheets() if "不该出现" in sheet.text]
    assert len(told.text.split("：")[-1].strip()) == 8
    await li.say("许愿")
    li.expect("想要什么")


async def test_ten_thousand_characters_and_strange_ones_are_heard(li: Voice) -> None:
    for text in ("字" * 10_000, "䶮𠮷", "👩‍🏫🏳️‍🌈", "\u202eabc\u200b", "<b>x</b>*_`[a](javascript:1)", "\x00nul"):
        await li.say("许愿")
        li.expect("想要什么")
        await li.say(text)
        answer = li.expect("好的：")
        shown = answer.text.split("：", 1)[1].rsplit("\n", 1)[0]
        assert shown == text.strip().replace("\u202e", "").replace("\x00", "")


async def test_choices_by_number_where_there_are_no_buttons(database_url: str) -> None:
    async with a_world(database_url, features=(help.FEATURE, FEATURE), buttons=False) as world:
        li = await world.teacher("李老师")
        await li.say("许愿")
        await li.say("2")
        li.expect("好的：pear")


async def test_a_very_long_number_is_no_choice(database_url: str) -> None:
    async with a_world(database_url, features=(help.FEATURE, FEATURE), buttons=False) as world:
        li = await world.teacher("李老师")
        await li.say("许愿")
        await li.say("7" * 5000)
        li.expect("好的：777")
