"""Two workers that held one delivery: what was sent stays sent."""


import pytest

from api.context import Context
from api.messaging.delivering import Outcome, claim_work, finish_work
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Words
from storage.inbox import find_or_add_chat
from storage.messaging import Delivery
from tests.support.talk import a_world


def say(ctx: Context) -> None:
    """Something to deliver, in one chat."""
    say_in_chat(ctx, find_or_add_chat(ctx.session, "paper", "", "c", "private", "", ctx.now), Words("hello"))


@pytest.mark.parametrize("late", [Outcome(retry_after=3.0), Outcome(rejected=True), Outcome(gone=True)])
async def test_the_second_workers_failure_undoes_no_success_of_the_first(database_url: str, late: Outcome) -> None:
    async with a_world(database_url) as world:
        await world.run(say)
        [slow] = await world.run(claim_work, ["paper"], 5, {})
        world.pass_time(seconds=61)  # its lease runs out before it is heard
        [second] = await world.run(claim_work, ["paper"], 5, {})
        await world.run(finish_work, slow, Outcome(sent=["m1"]), {})
        await world.run(finish_work, second, late, {})
        world.pass_time(minutes=10)
        assert await world.run(claim_work, ["paper"], 5, {}) == []
        assert await world.run(lambda ctx: ctx.session.get_one(Delivery, slow.delivery_id).state) == "sent"


async def test_a_success_counts_even_where_the_lease_was_lost(database_url: str) -> None:
    async with a_world(database_url) as world:
        await world.run(say)
        [slow] = await world.run(claim_work, ["paper"], 5, {})
        world.pass_time(seconds=61)
        [second] = await world.run(claim_work, ["paper"], 5, {})
        assert await world.run(finish_work, second, Outcome(rejected=True), {}) is None
        assert await world.run(finish_work, slow, Outcome(sent=["m1"]), {}) is None
        assert await world.run(lambda ctx: ctx.session.get_one(Delivery, slow.delivery_id).state) == "sent"
