"""Answering: graded at once, once, by those it is for, while it is open; every attempt is a record."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, NotFound
from api.progress.service import my_progress
from api.quizzes import answering, pushes
from storage import quiz_pushes
from storage.quiz_pushes import Answer, Attempt
from storage.records import Record
from tests.support.clock import tick
from tests.support.quizzing import ONE, RIGHT, WRONG, Quizzing


def records(ctx: Context) -> list[tuple[str, dict[str, object]]]:
    """(verb, result) of everything recorded about attempts."""
    query = select(Record.verb, Record.result).where(Record.verb.in_(("quiz.attempted", "quiz.passed")))
    return [(verb, result) for verb, result in ctx.session.execute(query.order_by(Record.id))]


async def test_an_attempt_from_its_first_question_to_its_result(shop: Quizzing) -> None:
    run, push = shop.world.run, await shop.push()
    attempt = await run(answering.start_attempt, push.pid, actor=shop.li)
    assert (await run(answering.start_attempt, push.pid, actor=shop.li)).pid == attempt.pid
    for n, (picked, words) in enumerate((RIGHT[0], RIGHT[1], WRONG[2], RIGHT[3]), 1):
        asked = await run(answering.next_question, attempt, actor=shop.li)
        assert asked is not None and asked[0] == n
        done = await run(answering.answer_question, attempt.pid, n, picked, words, actor=shop.li)
        assert (done.correct, done.first) == (n != 3, True)
    assert await run(answering.next_question, attempt, actor=shop.li) is None
    result = await run(answering.get_result, attempt, actor=shop.li)
    result_attempt = (await run(answering.list_attempts, push.pid, actor=shop.li))[0].attempt
    assert (result_attempt.score, result.questions, result_attempt.passed, result.left) == (3, 4, True, 0)
    told = {"attempt": attempt.pid, "score": 3, "questions": 4}
    assert await run(records) == [("quiz.attempted", told), ("quiz.passed", told)]
    progress = await run(my_progress, actor=shop.li)
    assert progress.this_week == {"quiz.attempted": 1, "quiz.passed": 1}


@pytest.mark.parametrize(
    ("pass_mark", "given", "passed", "left"),
    [(60, WRONG, False, 1), (60, RIGHT, True, 0), (0, WRONG, None, 1), (0, RIGHT, None, 0), (100, RIGHT, True, 0)],
)
async def test_pass_marks_and_attempts(
    shop: Quizzing, pass_mark: int, given: tuple[tuple[tuple[int, ...], str], ...], passed: bool | None, left: int
) -> None:
    run, push = shop.world.run, await shop.push(pass_mark=pass_mark, attempts=2)
    await shop.answer(shop.li, push, given)
    result = (await run(answering.list_attempts, push.pid, actor=shop.li))[0]
    assert (result.attempt.passed, result.left) == (passed, left)
    if left:
        await shop.answer(shop.li, push, given)
    with pytest.raises(Conflict, match=r"quiz.no_attempt_left"):
        await run(answering.start_attempt, push.pid, actor=shop.li)


async def test_as_often_as_one_likes(shop: Quizzing) -> None:
    push = await shop.push(attempts=0)
    for _ in range(3):
        await shop.answer(shop.li, push, WRONG)
    found = await shop.world.run(answering.list_attempts, push.pid, actor=shop.li)
    assert [(each.attempt.n, each.left) for each in found] == [(1, None), (2, None), (3, None)]


@pytest.mark.parametrize(
    ("n", "picked", "words", "code"),
    [
        (1, (), "", "quiz.picked"), (1, (3,), "", "quiz.picked"), (1, (-1,), "", "quiz.picked"),
        (1, (0, 1), "", "quiz.one"), (2, (), "AC", "quiz.picked"), (2, (0, 9), "", "quiz.picked"),
        (3, (2,), "", "quiz.picked"), (3, (0, 1), "", "quiz.one"), (4, (0,), " ", "quiz.words"),
        (4, (), "长" * 501, "quiz.words"),
    ],
)  # fmt: skip
async def test_answers_that_do_not_fit(shop: Quizzing, n: int, picked: tuple[int, ...], words: str, code: str) -> None:
    push = await shop.push()
    attempt = await shop.world.run(answering.start_attempt, push.pid, actor=shop.li)
    with pytest.raises(Invalid) as refused:
        await shop.world.run(answering.answer_question, attempt.pid, n, picked, words, actor=shop.li)
    assert refused.value.code == code
    with pytest.raises(NotFound):
        await shop.world.run(answering.answer_question, attempt.pid, 5, (0,), actor=shop.li)


async def test_nothing_is_answered_twice_and_a_vote_counts_once(shop: Quizzing) -> None:
    run, push = shop.world.run, await shop.push()
    attempt = await run(answering.start_attempt, push.pid, actor=shop.li)
    one = await run(answering.answer_question, attempt.pid, 1, (0,), vote_key="vote-1", actor=shop.li)
    again = await run(answering.answer_question, attempt.pid, 1, (1,), vote_key="vote-1", actor=shop.li)
    assert (one.first, again.first, again.correct, again.picked) == (True, False, False, (0,))
    with pytest.raises(Conflict):
        await run(answering.answer_question, attempt.pid, 1, (1,), actor=shop.li)
    with pytest.raises(NotFound):
        await run(answering.answer_question, attempt.pid, 2, (1,), vote_key="vote-1", actor=shop.wang)
    with pytest.raises(NotFound):
        await run(answering.answer_question, attempt.pid, 2, (0, 2), actor=shop.wang)
    assert await run(lambda ctx: len(list(ctx.session.scalars(select(Answer))))) == 1


async def test_one_question_is_answered_on_the_spot_once(shop: Quizzing) -> None:
    run, push = shop.world.run, await shop.push(ONE, attempts=2)
    done = await run(answering.answer_push, push.pid, (0,), "k1", actor=shop.li)
    assert not done.correct and done.attempt.finished_at is not None
    assert not (await run(answering.answer_push, push.pid, (0,), "k1", actor=shop.li)).first
    with pytest.raises(Conflict, match=r"quiz.answered"):
        await run(answering.answer_push, push.pid, (0,), actor=shop.li)
    assert (await run(answering.answer_push, push.pid, (1,), actor=shop.li)).correct
    for picked in ((1,), (0,)):
        with pytest.raises(Conflict):
            await run(answering.answer_push, push.pid, picked, actor=shop.li)
    with pytest.raises(Invalid, match=r"quiz.several"):
        await run(answering.answer_push, (await shop.push()).pid, (1,), actor=shop.li)


async def test_two_presses_at_the_same_moment_are_one_answer(shop: Quizzing) -> None:
    run, push = shop.world.run, await shop.push(ONE, attempts=3)
    presses = [run(answering.answer_push, push.pid, (0,), actor=shop.li) for _ in range(4)]
    done = await asyncio.gather(*presses, return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in done) == 1
    assert all(isinstance(each, Conflict) for each in done if isinstance(each, Exception))
    assert await run(lambda ctx: len(list(ctx.session.scalars(select(Attempt))))) == 1


async def test_who_begins_is_waited_for_though_there_is_no_attempt_yet(shop: Quizzing) -> None:
    """Without it, of two presses the second may find the first one's attempt finished, and begin another."""
    push, looked = await shop.push(ONE, attempts=3), threading.Event()

    def attempts(ctx: Context) -> list[Attempt]:
        return quiz_pushes.attempts_of(ctx.session, push.id, ctx.me.id, lock=True)

    def begin(ctx: Context) -> None:
        assert attempts(ctx) == []
        looked.set()
        time.sleep(0.3)  # in which the other looks
        quiz_pushes.add_attempt(ctx.session, push.id, ctx.me.id, 1, ctx.now)

    def look(ctx: Context) -> int:
        assert looked.wait(20)
        return len(attempts(ctx))

    _, found = await asyncio.gather(shop.world.run(begin, actor=shop.li), shop.world.run(look, actor=shop.li))
    assert found == 1


async def test_who_may_not_answer(shop: Quizzing) -> None:
    run, push = shop.world.run, await shop.push()
    stranger = await shop.world.teacher("路人")
    for who in (stranger, shop.host):
        with pytest.raises(Forbidden):
            await run(answering.start_attempt, push.pid, actor=who)
    with pytest.raises(NotFound):
        await run(answering.start_attempt, "nonsense", actor=shop.li)
    waiting = await shop.push(release_at=shop.world.runtime.now() + timedelta(hours=1))
    with pytest.raises(NotFound):
        await run(answering.start_attempt, waiting.pid, actor=shop.li)
    await run(pushes.withdraw_push, push.pid, actor=shop.host)
    with pytest.raises(Conflict, match=r"quiz_push.withdrawn"):
        await run(answering.start_attempt, push.pid, actor=shop.li)


async def test_when_it_closes_answers_are_refused_and_begun_attempts_end(shop: Quizzing) -> None:
    run, world = shop.world.run, shop.world
    push = await shop.push(closes_at=world.runtime.now() + timedelta(hours=2), pass_mark=25)
    attempt = await run(answering.start_attempt, push.pid, actor=shop.li)
    await run(answering.answer_question, attempt.pid, 1, (1,), actor=shop.li)
    await run(answering.start_attempt, push.pid, actor=shop.zhao)
    assert [each[0].pid for each in await run(answering.find_waiting, actor=shop.wang)] == [push.pid]
    world.pass_time(hours=2)
    with pytest.raises(Conflict, match=r"quiz_push.closed"):
        await run(answering.answer_question, attempt.pid, 2, (0, 2), actor=shop.li)
    assert await run(answering.find_waiting, actor=shop.wang) == []
    await tick(world)
    await tick(world)
    result = (await run(answering.list_attempts, push.pid, actor=shop.li))[0]
    assert (result.attempt.score, result.attempt.passed) == (1, True)
    assert [verb for verb, _ in await run(records)] == ["quiz.attempted", "quiz.passed"]
    looked = (await run(answering.list_attempts, push.pid, actor=shop.zhao))[0]
    assert looked.attempt.finished_at is None, "who only looked has not tried"
    with pytest.raises(Conflict, match=r"quiz_push.closed"):
        await run(answering.start_attempt, push.pid, actor=shop.wang)


async def test_answering_takes_as_many_statements_for_fifty_questions_as_for_two(shop: Quizzing) -> None:
    run, engine = shop.world.run, shop.world.runtime.database.engine
    taken = []
    for count in (2, 50):
        push = await shop.push("\n".join(f"{n}．第{n}题（ ）\n答案：对" for n in range(1, count + 1)))
        attempt = await run(answering.start_attempt, push.pid, actor=shop.li)
        statements: list[str] = []

        def note(_c: object, _k: object, statement: str, *_rest: object, into: list[str] = statements) -> None:
            into.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        await run(answering.answer_question, attempt.pid, 1, (0,), actor=shop.li)
        event.remove(engine, "before_cursor_execute", note)
        taken.append(len(statements))
    assert taken[0] == taken[1] < 40, taken
