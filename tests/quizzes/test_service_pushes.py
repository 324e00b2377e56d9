"""Pushing a quiz: to whom, until when, how it goes, who is reminded; nothing of anybody in a room."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete, event

from api.closing import usual_closing
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, NotFound
from api.quizzes import answering, pushes
from storage.communities import Membership
from storage.excuses import Excuse
from storage.records import Record
from tests.support.clock import tick
from tests.support.quizzing import ONE, RIGHT, WRONG, Quizzing
from tests.support.talk import NOW

NIGHT = datetime.fromisoformat("2026-11-23T23:00:00+08:00")


async def test_figures_and_every_option_by_first_attempts(shop: Quizzing) -> None:
    run, push = shop.world.run, await shop.push(attempts=2)
    await shop.answer(shop.li, push, WRONG)
    await shop.answer(shop.li, push, RIGHT)
    await shop.answer(shop.wang, push, RIGHT)
    started = await run(answering.start_attempt, push.pid, actor=shop.zhao)
    await run(answering.answer_question, started.pid, 1, (2,), actor=shop.zhao)
    _, quiz, figures, tallies = await run(pushes.get_statistics, push.pid, actor=shop.host)
    assert (quiz.title, figures.answered, figures.passed, figures.missing) == ("第三单元小测", 2, 2, 1)
    assert [(t.answers, t.correct, t.options) for t in tallies] == [
        (3, 1, (1, 1, 1)), (2, 1, (2, 0, 1)), (2, 1, (1, 1)), (2, 1, ()),
    ]  # fmt: skip
    names = (await run(pushes.find_missing, push.pid, actor=shop.host))[1]
    assert [person.name for person in names] == ["赵老师"]


async def test_the_sender_alone_learns_names(shop: Quizzing) -> None:
    run, push = shop.world.run, await shop.push()
    cohost = await shop.world.teacher("陈老师", shop.school)
    await shop.world.join(cohost, shop.workshop, "cohost")
    for who in (shop.li, cohost):
        for operation in (pushes.get_statistics, pushes.find_missing, pushes.remind_missing):
            with pytest.raises((NotFound, Forbidden)):
                await run(operation, push.pid, actor=who)
        with pytest.raises(Forbidden):
            await run(pushes.withdraw_push, push.pid, actor=who)
    await run(lambda ctx: ctx.session.execute(delete(Membership).where(Membership.role == "host")))
    with pytest.raises(Forbidden):
        await run(pushes.find_missing, push.pid, actor=shop.host)


async def test_cohosts_observers_and_the_excused_owe_nothing(shop: Quizzing) -> None:
    run, world = shop.world.run, shop.world
    for name, role in (("陈老师", "cohost"), ("郑老师", "observer")):
        await world.join(await world.teacher(name, shop.school), shop.workshop, role)
    push = await shop.push()

    def excuse(ctx: Context) -> None:
        assert shop.wang.person is not None
        days = {"since": date(2026, 11, 22), "until": date(2026, 11, 30)}
        ctx.session.add(Excuse(community_id=shop.workshop.id, person_id=shop.wang.person.id, state="approved",
                               created_at=ctx.now, **days))  # fmt: skip

    await run(excuse)
    names = (await run(pushes.find_missing, push.pid, actor=shop.host))[1]
    assert sorted(person.name for person in names) == ["李老师", "赵老师"]
    first = (await run(pushes.find_missing, push.pid, 0, 1, actor=shop.host))[1]
    second = (await run(pushes.find_missing, push.pid, 1, 1, actor=shop.host))[1]
    assert [first[0].name, second[0].name] == [person.name for person in names]


async def test_a_school_gets_a_quiz_too_and_all_its_people_owe_it(shop: Quizzing) -> None:
    run, world = shop.world.run, shop.world
    head = await world.teacher("方校长", shop.school)
    await world.appoint(head, shop.school, "principal")
    from api.quizzes.service import add_quiz

    quiz = await run(add_quiz, shop.school.pid, ONE, actor=head)
    push = await run(pushes.push_quiz, quiz.pid, shop.school.pid, place="people", actor=head)
    assert (await run(pushes.figures, push)).missing == 4
    await run(answering.answer_push, push.pid, (1,), actor=shop.host)
    assert (await run(pushes.figures, push)).missing == 3
    await world.appoint(shop.li, shop.school, "school_trainer")  # who sees the bank from now on
    names = (await run(pushes.find_missing, push.pid, actor=head))[1]
    assert sorted(person.name for person in names) == ["王老师", "赵老师"]
    assert await run(answering.find_waiting, actor=shop.li) == []
    with pytest.raises(Forbidden, match=r"quiz.knows"):
        await run(answering.answer_push, push.pid, (1,), actor=shop.li)


async def test_only_the_missing_are_reminded_once_a_day_and_not_at_night(shop: Quizzing) -> None:
    run, world, push = shop.world.run, shop.world, await shop.push(closes_at=NOW + timedelta(days=3))
    await shop.answer(shop.li, push)
    await world.settle()
    for voice in (shop.li, shop.wang, shop.zhao):
        voice.unread()
    world.set_time(NIGHT)
    assert await run(pushes.remind_missing, push.pid, actor=shop.host) == 2
    assert await run(pushes.remind_missing, push.pid, actor=shop.host) == 0
    await world.settle()
    shop.wang.expect_nothing()
    await shop.answer(shop.zhao, push)
    world.pass_time(hours=9)
    await world.settle()
    shop.wang.expect("周坊主还在等你完成“第三单元小测”")
    shop.zhao.expect_nothing()
    shop.li.expect_nothing()


async def test_no_reminder_comes_after_the_end(shop: Quizzing) -> None:
    shop.world.set_time(NIGHT)
    push = await shop.push(urgent=False, closes_at=NIGHT + timedelta(hours=2))
    assert await shop.world.run(pushes.remind_missing, push.pid, actor=shop.host) == 0
    shop.world.pass_time(hours=9)
    await shop.world.settle()
    shop.wang.expect_nothing()
    with pytest.raises(Conflict, match=r"quiz_push.closed"):
        await shop.world.run(pushes.remind_missing, push.pid, actor=shop.host)


async def test_a_quiz_waits_for_its_moment_and_is_recorded(shop: Quizzing) -> None:
    run, world = shop.world.run, shop.world
    push = await shop.push(release_at=NOW + timedelta(hours=1), closes_at=NOW + timedelta(hours=3))
    await tick(world)
    shop.li.expect_nothing()
    with pytest.raises(Conflict, match=r"quiz_push.waiting"):
        await run(pushes.remind_missing, push.pid, actor=shop.host)
    world.pass_time(hours=1)
    await tick(world)
    await tick(world)
    shop.li.expect("周坊主出了一份微测", "第三单元小测", "共 4 题", "截止：今天 13:00")
    shop.li.expect_nothing()
    await run(pushes.withdraw_push, push.pid, actor=shop.host)
    amounts = await run(
        lambda ctx: [row.amount for row in ctx.session.query(Record).filter_by(verb="quiz.pushed").order_by(Record.id)]
    )
    assert amounts == [1, -1]


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"closes_at": NOW - timedelta(hours=1)}, "quiz.closes_before"),
        ({"release_at": NOW + timedelta(days=1), "closes_at": NOW + timedelta(hours=1)}, "quiz.closes_before"),
        ({"closes_at": NOW + timedelta(days=400)}, "quiz.closes_too_far"),
        ({"attempts": 11}, "quiz.attempts"), ({"attempts": -1}, "quiz.attempts"),
        ({"pass_mark": 101}, "quiz.pass_mark"), ({"place": "rooms"}, "broadcast.no_room"),
    ],
)  # fmt: skip
async def test_terms_that_cannot_be(shop: Quizzing, named: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        await shop.push(**named)  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_the_usual_closing_is_in_the_evening_after_tomorrow(shop: Quizzing) -> None:
    at = await shop.world.run(usual_closing, shop.workshop, None)
    assert at == datetime.fromisoformat("2026-11-25T21:00:00+08:00")
    at = await shop.world.run(usual_closing, shop.workshop, NOW + timedelta(days=1))
    assert at == datetime.fromisoformat("2026-11-26T21:00:00+08:00")


async def test_in_a_room_it_says_how_many_and_never_who(shop: Quizzing) -> None:
    world, room = shop.world, await shop.world.room(shop.workshop)
    push = await shop.push(place="rooms", closes_at=NOW + timedelta(hours=5))
    await world.settle()
    sheet = shop.li.expect("第三单元小测", room=room)
    await shop.answer(shop.li, push, WRONG)
    world.pass_time(seconds=20)
    await shop.answer(shop.wang, push)
    world.pass_time(seconds=20)
    await tick(world)
    assert "已有 2 人作答" in sheet.text
    world.pass_time(hours=5)
    await tick(world)
    assert "已截止，共 2 人作答" in sheet.text and not sheet.buttons
    said = "".join(each.text for each in shop.li.sheets(room))
    assert not [name for name in ("李老师", "王老师", "赵老师", "北京") if name in said]
    shop.host.expect("测验已截止", "已答完：2 人", "还没答：1 人", "B✓ 1")


async def test_statistics_take_as_many_statements_for_many_questions_and_people(shop: Quizzing) -> None:
    run, engine = shop.world.run, shop.world.runtime.database.engine
    taken = []
    for count, people in ((1, [shop.li]), (20, [shop.li, shop.wang, shop.zhao])):
        push = await shop.push("\n".join(f"{n}．第{n}题（ ）\n答案：对" for n in range(1, count + 1)))
        for who in people:
            await shop.answer(who, push, (((0,), ""),) * count)
        statements: list[str] = []

        def note(_c: object, _k: object, statement: str, *_rest: object, into: list[str] = statements) -> None:
            into.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        await run(pushes.get_statistics, push.pid, actor=shop.host)
        event.remove(engine, "before_cursor_execute", note)
        taken.append(len(statements))
    assert taken[0] == taken[1] < 20, taken
