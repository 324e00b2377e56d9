"""What arrived and could not be handled: seen by operators, handled again once where that makes sense."""

import asyncio
from typing import Any

import pytest

from api.context import Context
from api.letters.arrivals import list_arrivals, retry_arrivals
from api.messaging.receiving import Arrival, receive
from api.messaging.tree import T, Words
from bot.dispatch import Dispatcher
from bot.registry import Command, Feature
from bot.turn import Turn
from storage.arrivals import NO_KEY
from storage.messaging import Incoming
from tests.letters.conftest import Post

pytestmark = pytest.mark.both_databases
BROKEN = {"now": True}


def answer(turn: Turn) -> None:
    if BROKEN["now"]:
        raise RuntimeError("a bug")
    turn.say(Words("做好了"))


@pytest.fixture(autouse=True)
def broken(post: Post) -> None:
    """A handler that fails until it is mended."""
    BROKEN["now"] = True
    feature = Feature(commands=(Command("mine", ("我的",), T("what I can do for you"), answer),))
    post.world.handlers.dispatcher = Dispatcher((feature,))


async def test_a_failed_handler_is_tried_again_by_its_number(post: Post) -> None:
    world, li = post.world, post.county.li
    await li.say("我的")
    [row] = await world.run(list_arrivals)
    assert (row.kind, row.retriable, row.room) == ("failed", True, False) and row.reason in li.unread()[-1].text
    assert (await world.run(retry_arrivals)).n == 0, "they were told to try again: never all at once"
    assert (await world.run(retry_arrivals, ["12345678"])).n == 0
    BROKEN["now"] = False
    both = await asyncio.gather(*[world.run(retry_arrivals, [row.reason]) for _ in range(3)])
    assert sorted(one.n for one in both) == [0, 0, 1]
    await world.settle()
    assert [sheet.text for sheet in li.unread()] == ["做好了"]
    assert (await world.run(retry_arrivals, [row.reason, str(row.id)])).n == 0
    assert await world.run(list_arrivals) == []


async def test_what_could_not_be_read_is_read_by_a_newer_version(post: Post) -> None:
    world, li = post.world, post.county.li
    await world.arrive(li, li.chat, "said", text="我的", garbage=True)
    [row] = await world.run(list_arrivals, 5, "paper")
    assert (row.kind, row.retriable) == ("unreadable", True)
    assert await world.run(list_arrivals, 5, "matrix") == [] == await world.run(list_arrivals, 5, None, row.id)

    def mend(ctx: Context) -> None:
        stored = ctx.session.get_one(Incoming, row.id)
        stored.raw = {key: value for key, value in stored.raw.items() if key != "garbage"}

    await world.run(mend)
    BROKEN["now"] = False
    assert (await world.run(retry_arrivals)).n == 1
    await world.settle()
    assert [sheet.text for sheet in li.unread()] == ["做好了"]


async def test_what_has_no_place_was_asked_for_again_or_is_old_stays(post: Post) -> None:
    world, li = post.world, post.county.li

    def arrive(ctx: Context) -> None:
        raw: dict[str, Any] = {"kind": "said", "sender": li.native}
        receive(ctx, "paper", "", [Arrival("x1", "nowhere", "room", raw, dead="no place")])
        receive(ctx, "paper", "", [Arrival("x2", li.chat, "private", raw)])
        row = ctx.session.query(Incoming).filter_by(event_id="x2").one()
        row.state, row.reason, row.handled_at = "dead", NO_KEY, ctx.now

    await world.run(arrive)
    found = {row.kind: row.retriable for row in await world.run(list_arrivals)}
    assert found == {"unreadable": False, "given_up": False}
    await world.arrive(li, li.chat, "said", garbage=True)
    world.pass_time(days=4)
    assert not any(row.retriable for row in await world.run(list_arrivals))
    assert (await world.run(retry_arrivals)).n == 0
