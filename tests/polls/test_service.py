"""Open polls: who may ask, who may vote, what counts, when it ends; nothing is recorded."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, NotFound
from api.polls import service
from api.polls.keeping import export_polls
from api.polls.reading import read_options, read_poll
from api.privacy import erase_person
from storage.messaging import Message
from storage.polls import OpenPoll
from storage.records import Record
from tests.support.clock import tick
from tests.support.quizzing import Quizzing
from tests.support.talk import NOW

DAYS = ("周二", "周三", "周四")


async def post(shop: Quizzing, **named: Any) -> OpenPoll:
    """A poll in the workshop's room."""
    if not hasattr(shop.world, "has_room"):
        shop.world.has_room = await shop.world.room(shop.workshop)  # type: ignore[attr-defined]
    how = {"actor": shop.host, **named}
    return await shop.world.run(service.post_poll, shop.workshop.pid, "周几教研？", DAYS, **how)


async def names(shop: Quizzing, poll: OpenPoll) -> list[tuple[str, ...]]:
    """Who chose each option."""
    outcome = await shop.world.run(lambda ctx: service.outcome_of(ctx, ctx.session.get_one(OpenPoll, poll.id)))
    assert all(chosen.n == len(chosen.names) for chosen in outcome.options)
    return [chosen.names for chosen in outcome.options]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("周几？\n周二\n周三", ("周几？", ["周二", "周三"])),
        ("周几？ A．周二 B．周三", ("周几？", ["周二", "周三"])),
        ("周几？（Ａ）周二\n（Ｂ）周三", ("周几？", ["周二", "周三"])),
        ("几点？\n1、三点\n2、四点", ("几点？", ["三点", "四点"])),
        ("几点？\n8.30\n9.30", ("几点？", ["8.30", "9.30"])),
        ("选A还是B？\n- 甲\n- 乙", ("选A还是B？", ["甲", "乙"])),
        ("A、B两个方案选哪个？\n甲\n乙", ("A、B两个方案选哪个？", ["甲", "乙"])),
        ("周几？", ("周几？", [])),
        (" \n ", ("", [])),
        ("你支持方案A、方案B、还是方案C？\nA. 甲\nB. 乙", ("你支持方案A、方案B、还是方案C？", ["甲", "乙"])),
        ("你支持方案A、方案B、还是方案C？\n方案A\n方案B", ("你支持方案A、方案B、还是方案C？", ["方案A", "方案B"])),
        ("A、B两地去哪？\n北京\n上海", ("A、B两地去哪？", ["北京", "上海"])),
    ],
)
def test_what_is_typed_is_read(text: str, read: tuple[str, list[str]]) -> None:
    assert read_poll(text) == read


def test_options_alone() -> None:
    assert read_options("A．周二 B．周三") == read_options("周二\n周三") == ["周二", "周三"]


async def test_a_changed_choice_replaces_the_old_one_and_nothing_takes_it_back(shop: Quizzing) -> None:
    run, poll = shop.world.run, await post(shop)
    await run(service.vote, poll.pid, [0], actor=shop.li)
    await run(service.vote, poll.pid, [2], actor=shop.wang)
    await run(service.vote, poll.pid, [2], actor=shop.li)
    await run(service.vote, poll.pid, [1], actor=shop.host)
    assert await names(shop, poll) == [(), ("周坊主",), ("李老师", "王老师")]
    await run(service.vote, poll.pid, [], actor=shop.wang)
    await run(service.vote, poll.pid, [], actor=shop.wang)
    assert await names(shop, poll) == [(), ("周坊主",), ("李老师",)]
    assert not await run(lambda ctx: ctx.session.query(Record).count())


async def test_several_choices_and_double_presses(shop: Quizzing) -> None:
    run, one, several = shop.world.run, await post(shop), await post(shop, multiple=True)
    presses = [run(service.choose, several.pid, option, actor=shop.li) for option in (0, 2, 0, 2)]
    await asyncio.gather(*presses, *[run(service.choose, one.pid, 1, actor=who) for who in (shop.li, shop.wang) * 2])
    assert await names(shop, several) == [("李老师",), (), ("李老师",)]
    assert [set(each) for each in await names(shop, one)] == [set(), {"李老师", "王老师"}, set()]
    await run(service.choose, one.pid, 2, actor=shop.li)
    assert await names(shop, one) == [(), ("王老师",), ("李老师",)]
    for picked in ([0, 1], [3], [-1]):
        with pytest.raises(Invalid, match=r"poll\.picked"):
            await run(service.vote, one.pid, picked, actor=shop.li)


async def test_who_may_ask_vote_look_close_and_take_back(shop: Quizzing) -> None:
    run, stranger = shop.world.run, await shop.world.teacher("外人", shop.school)
    poll = await post(shop)
    for who in (shop.li, stranger):
        with pytest.raises((Forbidden, NotFound)):
            await post(shop, actor=who)
        for operation in (service.close_poll, service.withdraw_poll):
            with pytest.raises((Forbidden, NotFound)):
                await run(operation, poll.pid, actor=who)
    with pytest.raises(Forbidden, match=r"poll\.not_yours"):
        await run(service.vote, poll.pid, [0], actor=stranger)
    with pytest.raises(NotFound):
        await run(service.get_poll_for, poll.pid, actor=stranger)
    assert (await run(service.get_poll_for, poll.pid, actor=shop.li)).id == poll.id
    later = await post(shop, release_at=NOW + timedelta(days=1))
    for operation, more in ((service.get_poll_for, ()), (service.vote, ([0],))):
        with pytest.raises(NotFound):
            await run(operation, later.pid, *more, actor=shop.li)
    assert await names(shop, poll) == [(), (), ()]


@pytest.mark.parametrize(
    ("question", "options", "named", "code"),
    [
        (" ", DAYS, {}, "poll.no_question"), ("问" * 201, DAYS, {}, "poll.question_too_long"),
        ("问", ("一",), {}, "poll.options"), ("问", tuple(map(str, range(13))), {}, "poll.options"),
        ("问", ("一", " "), {}, "poll.option_empty"), ("问", ("一", "二" * 101), {}, "poll.option_too_long"),
        ("问", ("一", "一 "), {}, "poll.options_alike"),
        ("问", DAYS, {"closes_at": NOW - timedelta(hours=1)}, "poll.closes_before"),
    ],
)  # fmt: skip
async def test_what_does_not_do(
    shop: Quizzing, question: str, options: tuple[str, ...], named: dict[str, Any], code: str
) -> None:
    await shop.world.room(shop.workshop)
    with pytest.raises(Invalid) as caught:
        await shop.world.run(service.post_poll, shop.workshop.pid, question, options, actor=shop.host, **named)
    assert caught.value.code == code


async def test_a_community_without_a_room_has_no_open_polls(shop: Quizzing) -> None:
    with pytest.raises(Invalid, match=r"broadcast\.no_room"):
        await shop.world.run(service.post_poll, shop.workshop.pid, "问", DAYS, actor=shop.host)


async def test_it_closes_by_the_clock_or_by_hand_and_counts_no_more(shop: Quizzing) -> None:
    run, world = shop.world.run, shop.world
    poll, other = await post(shop, closes_at=NOW + timedelta(hours=1)), await post(shop)
    await run(service.vote, poll.pid, [0], actor=shop.li)
    world.pass_time(hours=1)
    with pytest.raises(Conflict, match=r"poll\.closed"):
        await run(service.vote, poll.pid, [1], actor=shop.li)
    await tick(world)
    assert (await run(service.get_poll_for, poll.pid, actor=shop.li)).closed_at is not None
    await run(service.close_poll, other.pid, actor=shop.host)
    for operation, more in ((service.close_poll, ()), (service.vote, ([0],))):
        with pytest.raises(Conflict, match=r"poll\.closed"):
            await run(operation, other.pid, *more, actor=shop.host)
    await run(service.withdraw_poll, other.pid, actor=shop.host)
    with pytest.raises(Conflict, match=r"poll\.withdrawn"):
        await run(service.vote, other.pid, [0], actor=shop.li)
    assert await names(shop, poll) == [("李老师",), (), ()]


async def test_a_person_gets_their_votes_and_is_forgotten_in_the_room(shop: Quizzing) -> None:
    run, poll = shop.world.run, await post(shop)
    await run(service.vote, poll.pid, [0], actor=shop.li)
    shop.world.pass_time(seconds=30)
    await run(service.vote, poll.pid, [1], actor=shop.wang)
    assert shop.li.person is not None and shop.host.person is not None
    assert (await run(export_polls, shop.li.person))["votes"][0]["picked"] == ["周二"]
    assert (await run(export_polls, shop.host.person))["polls"][0]["question"] == "周几教研？"

    def said(ctx: Context) -> str:
        row = ctx.session.get_one(OpenPoll, poll.id)
        return str(ctx.session.get_one(Message, row.room_message_id).tree)

    assert "李老师" in await run(said)
    await run(lambda ctx: erase_person(ctx, ctx.session.merge(shop.li.person)))
    assert "李老师" not in await run(said) and "王老师" in await run(said)
    await run(lambda ctx: erase_person(ctx, ctx.session.merge(shop.host.person)))
    assert "周几教研" not in await run(said)
