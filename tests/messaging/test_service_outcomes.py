"""What became of a delivery, whoever held it: what was sent stays sent, parts too; what nobody heard of ends."""

import pytest
from prometheus_client import REGISTRY

from api.attachments.service import store_bytes
from api.context import Context
from api.messaging.claiming import SEND_SECONDS, SLOWEST_UPLOAD
from api.messaging.delivering import MOST_UNHEARD, Outcome, claim_work, return_work
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Words
from storage.inbox import find_or_add_chat
from storage.messaging import Delivery, SentEvent
from storage.reach import Reach
from tests.support.talk import a_world, finish_work


def say(ctx: Context) -> None:
    """Something to deliver, in one chat."""
    say_in_chat(ctx, find_or_add_chat(ctx.session, "paper", "", "c", "private", "", ctx.now), Words("hello"))


@pytest.mark.parametrize("late", [Outcome(retry_after=3.0), Outcome(rejected=True), Outcome(gone=True)])
async def test_the_second_workers_failure_undoes_no_success_of_the_first(database_url: str, late: Outcome) -> None:
    async with a_world(database_url) as world:
        await world.run(say)
        [slow] = await world.run(claim_work, Reach(("paper",)), 5, {})
        world.pass_time(seconds=61)  # its lease runs out before it is heard
        [second] = await world.run(claim_work, Reach(("paper",)), 5, {})
        await world.run(finish_work, slow, Outcome(sent=["m1"]), {})
        await world.run(finish_work, second, late, {})
        world.pass_time(minutes=10)
        assert await world.run(claim_work, Reach(("paper",)), 5, {}) == []
        assert await world.run(lambda ctx: ctx.session.get_one(Delivery, slow.delivery_id).state) == "sent"


async def test_a_success_counts_even_where_the_lease_was_lost(database_url: str) -> None:
    async with a_world(database_url) as world:
        await world.run(say)
        [slow] = await world.run(claim_work, Reach(("paper",)), 5, {})
        world.pass_time(seconds=61)
        [second] = await world.run(claim_work, Reach(("paper",)), 5, {})
        assert await world.run(finish_work, second, Outcome(rejected=True), {}) is None
        assert await world.run(finish_work, slow, Outcome(sent=["m1"]), {}) is None
        assert await world.run(lambda ctx: ctx.session.get_one(Delivery, slow.delivery_id).state) == "sent"


async def test_a_day_of_failures_ends_it_and_is_counted_as_lost(database_url: str) -> None:
    def counted(state: str) -> float:
        return REGISTRY.get_sample_value("gongfang_deliveries_total", {"platform": "paper", "state": state}) or 0.0

    async with a_world(database_url) as world:
        await world.run(say)
        before = counted("dead"), counted("retried")
        [work] = await world.run(claim_work, Reach(("paper",)), 5, {})
        await world.run(finish_work, work, Outcome(error="503"), {})
        assert (counted("dead"), counted("retried")) == (before[0], before[1] + 1)
        world.pass_time(hours=25)
        [work] = await world.run(claim_work, Reach(("paper",)), 5, {})
        await world.run(finish_work, work, Outcome(retry_after=2.0), {})
        world.pass_time(seconds=3)
        [work] = await world.run(claim_work, Reach(("paper",)), 5, {})  # to be told to wait is no failure
        await world.run(finish_work, work, Outcome(error="503"), {})
        assert counted("dead") == before[0] + 1
        row = await world.run(lambda ctx: ctx.session.get_one(Delivery, work.delivery_id))
        assert (row.state, row.reason) == ("dead", "gave_up")


async def test_what_is_never_heard_is_given_up(database_url: str) -> None:
    async with a_world(database_url) as world:
        await world.run(say)
        for n in range(MOST_UNHEARD):
            world.pass_time(hours=1)
            [work] = await world.run(claim_work, Reach(("paper",)), 5, {})
            assert work.unheard == n
            await world.run(finish_work, work, Outcome(unheard=True, error="cut"), {})
        world.pass_time(hours=1)
        assert await world.run(claim_work, Reach(("paper",)), 5, {}) == []
        row = await world.run(lambda ctx: ctx.session.get_one(Delivery, work.delivery_id))
        assert (row.state, row.unheard) == ("dead", 3) and "it may have been sent" in (row.error or "")


async def test_a_worker_that_died_counts_as_unheard_and_one_that_gave_back_does_not(database_url: str) -> None:
    async with a_world(database_url) as world:
        await world.run(say)
        seen = []
        for begun in (True, False, False):
            [work] = await world.run(claim_work, Reach(("paper",)), 5, {})
            seen.append((work.repeat, work.unheard))
            if begun:
                world.pass_time(seconds=61)  # it died
            else:
                await world.run(return_work, work, False)
        assert seen == [(False, 0), (True, 1), (True, 1)]


async def test_parts_that_were_sent_are_remembered_for_whoever_goes_on(database_url: str) -> None:
    async with a_world(database_url) as world:
        await world.run(say)
        [work] = await world.run(claim_work, Reach(("paper",)), 5, {})
        work.begun.append("m1")
        await world.run(finish_work, work, Outcome(retry_after=3.0), {})
        world.pass_time(seconds=4)
        [work] = await world.run(claim_work, Reach(("paper",)), 5, {})
        assert work.begun == ["m1"]
        work.begun.append("m2")
        await world.run(return_work, work, True)
        [work] = await world.run(claim_work, Reach(("paper",)), 5, {})
        assert work.begun == ["m1", "m2"]
        await world.run(finish_work, work, Outcome(sent=[*work.begun, "m3"]), {})

        def natives(ctx: Context) -> list[str]:
            return [row.native for row in ctx.session.query(SentEvent).order_by(SentEvent.n)]

        assert await world.run(natives) == ["m1", "m2", "m3"]


async def test_a_large_file_is_leased_for_as_long_as_a_slow_line_needs(database_url: str) -> None:
    async with a_world(database_url) as world:

        def say_file(ctx: Context) -> None:
            video = store_bytes(ctx, "课.mp4", "video/mp4", b"v" * 20 * SLOWEST_UPLOAD, kind="video")
            chat = find_or_add_chat(ctx.session, "paper", "", "c", "private", "", ctx.now)
            say_in_chat(ctx, chat, Words("hello"), files=[video.pid])

        await world.run(say_file)
        [slow] = await world.run(claim_work, Reach(("paper",)), 5, {})
        assert slow.seconds == SEND_SECONDS + 20
        world.pass_time(seconds=75)
        assert await world.run(claim_work, Reach(("paper",)), 5, {}) == []
        await world.run(finish_work, slow, Outcome(sent=["m1"]), {})
        assert await world.run(lambda ctx: ctx.session.get_one(Delivery, slow.delivery_id).state) == "sent"
