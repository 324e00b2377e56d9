"""The bank of quizzes: who may type into it, what is found, what changing means once people have answered."""

from datetime import timedelta

import pytest

from api.errors import Forbidden, Invalid, NotFound
from api.quizzes import answering, service
from api.quizzes.keeping import erase_quizzes, export_quizzes
from api.quizzes.pushes import get_statistics, push_quiz
from tests.support.quizzing import ONE, WRONG, Quizzing
from tests.support.talk import NOW


async def test_a_quiz_is_kept_and_found_by_its_words(shop: Quizzing) -> None:
    quiz = await shop.quiz(tags=["#三年级", "科学 "])
    assert (quiz.title, quiz.tags) == ("第三单元小测", ["三年级", "科学"])
    run = shop.world.run
    questions = await run(service.questions_of, quiz, actor=shop.host)
    assert [q.kind for q in questions] == ["single", "multiple", "truth", "short"]
    assert [q.right for q in questions] == [(1,), (0, 2), (0,), ()]
    untitled = await shop.quiz(ONE)
    assert untitled.title == "地球绕着谁转？"
    for words, titles in {
        "": ["地球绕着谁转？", "第三单元小测"],
        "水果": ["第三单元小测"],
        "三年级 首都": ["第三单元小测"],
        "100%": [],
        "没有": [],
    }.items():
        found = await run(service.find_quizzes, words, actor=shop.host)
        assert [each.quiz.title for each in found] == titles, words
    assert [each.questions for each in await run(service.find_quizzes, actor=shop.host)] == [1, 4]
    assert [each.quiz.title for each in await run(service.find_quizzes, limit=1, actor=shop.host)] == ["地球绕着谁转？"]
    after = await run(service.find_quizzes, before=untitled.pid, actor=shop.host)
    assert [each.quiz.title for each in after] == ["第三单元小测"]


async def test_members_see_no_answers_and_strangers_nothing(shop: Quizzing) -> None:
    quiz = await shop.quiz()
    run, stranger = shop.world.run, await shop.world.teacher("路人")
    for who in (shop.li, stranger):
        with pytest.raises(NotFound):
            await run(service.get_quiz_for, quiz.pid, actor=who)
        assert await run(service.find_quizzes, actor=who) == []
        with pytest.raises(Forbidden):
            await run(service.add_quiz, shop.workshop.pid, ONE, actor=who)
        for operation in (service.edit_quiz, service.remove_quiz):
            with pytest.raises(NotFound):
                await run(operation, quiz.pid, actor=who)


async def test_faults_are_refused_with_their_lines(shop: Quizzing) -> None:
    with pytest.raises(Invalid) as refused:
        await shop.quiz("1. x\nA. 一\nB. 二\n答案：C\n2. y")
    assert refused.value.code == "quiz.faults"
    assert refused.value.data["faults"] == [
        {"line": 4, "code": "answer_unknown"}, {"line": 5, "code": "no_answer"},
    ]  # fmt: skip
    for code, named in {
        "quiz.too_long": {"text": "长" * 20_001}, "quiz.title_too_long": {"title": "长" * 121},
        "quiz.tags": {"tags": ["长" * 21]},
    }.items():  # fmt: skip
        with pytest.raises(Invalid) as refused:
            await shop.quiz(**{"text": ONE, **named})
        assert refused.value.code == code


async def test_what_people_answered_stays_what_it_was(shop: Quizzing) -> None:
    run = shop.world.run
    quiz = await shop.quiz()
    same = await run(service.edit_quiz, quiz.pid, title="新名字", text=ONE, actor=shop.host)
    assert same.pid == quiz.pid and len(await run(service.questions_of, same, actor=shop.host)) == 1
    push = await shop.push()
    await shop.answer(shop.li, push)
    pushed = (await run(get_statistics, push.pid, actor=shop.host))[1]
    renamed = await run(service.edit_quiz, pushed.pid, title="改名", tags=["新"], actor=shop.host)
    assert renamed.pid == pushed.pid
    other = await run(service.edit_quiz, pushed.pid, text=ONE, actor=shop.host)
    assert other.pid != pushed.pid and other.title == "改名" and other.tags == ["新"]
    with pytest.raises(NotFound):
        await run(service.get_quiz_for, pushed.pid, actor=shop.host)
    tallies = (await run(get_statistics, push.pid, actor=shop.host))[3]
    assert len(tallies) == 4 and tallies[0].correct == 1
    await run(service.remove_quiz, other.pid, actor=shop.host)
    await shop.answer(shop.wang, push)  # removing from the bank takes nothing from whom it was pushed to


async def test_what_waits_takes_the_new_questions_and_what_went_out_keeps_the_old(shop: Quizzing) -> None:
    run, quiz = shop.world.run, await shop.quiz()
    how = {"place": "people", "actor": shop.host}
    out = await run(push_quiz, quiz.pid, shop.workshop.pid, **how)
    waits = await run(push_quiz, quiz.pid, shop.workshop.pid, release_at=NOW + timedelta(hours=1), **how)
    other = await run(service.edit_quiz, quiz.pid, text=ONE, actor=shop.host)
    assert other.pid != quiz.pid
    counts = [len((await run(get_statistics, push.pid, actor=shop.host))[3]) for push in (out, waits)]
    assert counts == [4, 1]


async def test_a_persons_answers_are_handed_out_and_forgotten(shop: Quizzing) -> None:
    push = await shop.push()
    await shop.answer(shop.li, push, WRONG)
    run = shop.world.run
    told = await run(export_quizzes, shop.li.person)
    assert told["quizzes"] == [] and told["attempts"][0]["push"] == push.pid
    assert told["attempts"][0]["answers"][3]["words"] == "上海"
    assert [quiz["title"] for quiz in (await run(export_quizzes, shop.host.person))["quizzes"]] == ["第三单元小测"]
    await run(erase_quizzes, shop.li.person)
    assert "上海" not in str(await run(export_quizzes, shop.li.person))
    assert (await run(answering.list_attempts, push.pid, actor=shop.li))[0].attempt.score == 0
