"""Questions of a quiz in the private chat as Telegram's own: one votes and is told at once (C4)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.context import Context
from api.messaging.delivering import Work
from api.messaging.polls import Poll
from api.messaging.receiving import Arrival, receive
from api.messaging.render import Reader
from api.messaging.tree import Words
from bot.platforms.telegram.polls import fields_of
from storage.messaging import Chat, Incoming, SentPoll
from storage.quiz_pushes import Answer, Attempt
from tests.emulators.telegram import Message
from tests.support.clock import tick
from tests.support.quizzing import FOUR, ONE, Quizzing, quizzing_in
from tests.support.telegram import TelegramWorld


@pytest.fixture
async def shop(world: TelegramWorld) -> AsyncIterator[Quizzing]:
    yield await quizzing_in(world)


async def asked(shop: Quizzing, who: Any, text: str = FOUR, **how: Any) -> Message:
    """A quiz was pushed and somebody takes it; returns the first question."""
    await shop.push(text, **how)
    await shop.world.settle()
    if any(message.buttons for message in who.messages()):
        await who.press("作答")
    return question(who)


def question(who: Any) -> Message:
    """The last question that Telegram drew for somebody."""
    return [message for message in who.messages() if message.poll is not None][-1]


async def votes(shop: Quizzing, who: Any, message: Message, *positions: int) -> None:
    who.phone.vote(message, *positions)
    await shop.world.settle()


async def test_a_whole_quiz_by_voting(shop: Quizzing) -> None:
    li: Any = shop.li
    first = await asked(shop, li)
    assert first.poll is not None
    assert (first.poll.settings["type"], first.poll.settings["is_anonymous"]) == ("quiz", False)
    assert "第 1/4 题" in first.poll.question and "地球绕着谁转？" in first.poll.question
    assert ([option["text"] for option in first.poll.options], first.poll.correct) == (["月亮", "太阳", "火星"], [1])
    assert first.poll.explanation["explanation"] == "一年转一圈。"
    await votes(shop, li, first, 0)
    second = question(li)
    assert second.poll is not None and second.poll.settings["allows_multiple_answers"]
    await votes(shop, li, second, 0, 2)
    third = question(li)
    assert third.poll is not None and [option["text"] for option in third.poll.options] == ["对", "错"]
    await votes(shop, li, third, 0)
    assert question(li) is third
    li.expect("第 4/4 题", "中国的首都是哪里？")
    await li.say("北京")
    li.expect("答完了：4 题答对 3 题")


async def test_a_typed_letter_counts_as_well_and_the_late_vote_does_not(shop: Quizzing) -> None:
    li: Any = shop.li
    first = await asked(shop, li)
    await li.say("B")
    li.expect("✓ 答对了！")
    await votes(shop, li, first, 0)
    li.expect("这道题你已经答过了")
    assert await shop.world.run(answers) == [(2, True)]


async def test_whoever_it_was_passed_on_to_changes_nothing(shop: Quizzing) -> None:
    li, wang, world = shop.li, shop.wang, shop.world
    stranger: Any = world.new_voice("路人")
    first = await asked(shop, li)
    copy = li.phone.forward(first, world.owner.create_group("闲聊", li.phone, wang.phone, stranger.phone))
    await votes(shop, wang, copy, 1)
    wang.expect("这份测验不是发给你的")
    await votes(shop, stranger, copy, 1)
    assert stranger.sheets() == []
    assert await world.run(answers) == [] and question(li) is first


async def test_a_pushed_question_counts_in_ones_own_copy_only(shop: Quizzing) -> None:
    li, wang, world = shop.li, shop.wang, shop.world
    await shop.push(ONE)
    await world.settle()
    copy = li.phone.forward(question(li), world.owner.create_group("闲聊", li.phone, wang.phone))
    await votes(shop, wang, copy, 1)
    wang.expect("这是别人转给你的，没有计入")
    assert await world.run(answers) == []
    await votes(shop, wang, question(wang), 1)
    assert await world.run(answers) == [(2, True)]


def test_a_question_cannot_be_passed_on_and_an_open_poll_can() -> None:
    reader = Reader("zh_CN", ZoneInfo("Asia/Shanghai"), datetime.now(UTC))
    quiz = Poll("quiz:x.1", Words("地球绕着谁转？"), (Words("月亮"), Words("太阳")), right=(1,))
    protected = [(fields_of(poll, reader) or {}).get("protect_content") for poll in (quiz, replace(quiz, right=()))]
    assert protected == [True, None]


async def test_a_vote_leaves_an_open_log_alone(shop: Quizzing) -> None:
    li: Any = shop.li
    first = await asked(shop, li, "1．甲？\nA．一\nB．二\n答案：B\n2．首都？\n答案：北京")
    await li.say("日志")
    await votes(shop, li, first, 1)
    li.expect("下一题要打字回答")
    await li.say("下午我们又一起听写了二十个生字，大家都很认真。")
    assert await shop.world.run(answers) == [(2, True)]


async def test_after_the_closing_time_a_vote_does_nothing(shop: Quizzing) -> None:
    li: Any = shop.li
    first = await asked(shop, li, ONE, closes_at=shop.world.runtime.now() + timedelta(days=60))
    assert first.poll is not None and "close_date" not in first.poll.settings  # Telegram's polls live for 30 days
    shop.world.pass_time(days=61)
    await votes(shop, li, first, 1)
    li.expect("这份测验已截止")
    assert await shop.world.run(answers) == []


async def test_telegram_closes_the_question_with_the_quiz(shop: Quizzing) -> None:
    closes = shop.world.runtime.now() + timedelta(days=2)
    first = await asked(shop, shop.li, ONE, closes_at=closes)
    assert first.poll is not None and first.poll.settings["close_date"] == int(closes.timestamp())


async def test_what_does_not_fit_into_a_poll_has_buttons(shop: Quizzing) -> None:
    li: Any = shop.li
    await shop.push(f"1．哪个对？\nA．{'长' * 101}\nB．短\n答案：B")
    await shop.world.settle()
    assert all(message.poll is None for message in li.messages())
    assert await li.press("B") == ["✓ 答对了！"]


async def test_a_vote_that_comes_before_its_poll_is_known_waits_and_counts(
    shop: Quizzing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody is quicker than the commit of what Telegram answered to our own call."""
    li: Any = shop.li
    world: Any = shop.world
    send, waited = world.telegram.send, []

    async def send_to_somebody_quick(work: Work) -> Sequence[str]:
        sent = await send(work)
        if work.poll is not None and work.chat.native == li.native:
            li.phone.vote(question(li), 1)
            async with asyncio.timeout(5):
                while not waited:
                    await world.handlers.drain()
                    waited.extend(await world.run(waiting))
        return list(sent)

    monkeypatch.setattr(world.telegram, "send", send_to_somebody_quick)
    first = await asked(shop, li, ONE)
    assert first.poll is not None and waited == [f"poll:{first.poll.id}"]
    await world.settle()
    assert await world.run(waiting) == [] and await world.run(answers) == [(2, True)]


async def test_a_vote_that_was_missed_in_that_moment_is_found_by_the_clock(shop: Quizzing) -> None:
    """With several processes the vote may be put aside in the very moment in which its poll becomes known."""
    li, world = shop.li, shop.world
    first = await asked(shop, li, ONE)
    kept = await world.run(forget)
    await votes(shop, li, first, 1)
    assert first.poll is not None and await world.run(waiting) == [f"poll:{first.poll.id}"]
    await world.run(know, kept)
    await tick(world)
    assert await world.run(waiting) == [] and await world.run(answers) == [(2, True)]


async def test_a_vote_whose_poll_never_becomes_known_is_asked_for_again(shop: Quizzing) -> None:
    li, world = shop.li, shop.world
    first = await asked(shop, li, ONE)
    await world.run(forget)
    await votes(shop, li, first, 1)
    await tick(world)
    assert await world.run(waiting) == [f"poll:{first.poll.id}"]
    world.pass_time(minutes=11)
    await tick(world)
    li.expect("没认出你刚才答的是哪一题")
    assert await world.run(waiting) == []


async def test_a_vote_counts_once(shop: Quizzing) -> None:
    """Telegram sends an update again when it did not hear that we have it; under another number it is a second one."""
    li: Any = shop.li
    first = await asked(shop, li, ONE, attempts=0)
    await votes(shop, li, first, 0)
    await shop.world.run(repeat_vote)
    await shop.world.settle()
    assert await shop.world.run(answers) == [(1, False)] and await shop.world.run(attempts) == 1


def waiting(ctx: Context) -> list[str | None]:
    """The polls that votes wait for."""
    return [row.reason for row in ctx.session.query(Incoming).filter_by(state="waiting_poll")]


def answers(ctx: Context) -> list[tuple[int, bool]]:
    """(options as bits, right) of every answer."""
    return [(row.picked, row.correct) for row in ctx.session.query(Answer)]


def attempts(ctx: Context) -> int:
    return ctx.session.query(Attempt).count()


def forget(ctx: Context) -> list[dict[str, Any]]:
    """As it is before the sending of a poll is committed."""
    found = ctx.session.query(SentPoll).all()
    kept = [{name: getattr(one, name) for name in ("platform", "account", "native", "delivery_id")} for one in found]
    for one in found:
        ctx.session.delete(one)
    return kept


def know(ctx: Context, kept: list[dict[str, Any]]) -> None:
    ctx.session.add_all([SentPoll(**one) for one in kept])


def repeat_vote(ctx: Context) -> None:
    """The vote comes once more under another number."""
    row = ctx.session.query(Incoming).order_by(Incoming.id.desc()).first()
    assert row is not None and "poll_answer" in row.raw
    again = Arrival("again", ctx.session.get_one(Chat, row.chat_id).native, "private", row.raw)
    receive(ctx, row.platform, row.account, [again])
