"""What is sent at the same time is committed in one transaction, and one failure spoils nobody else's."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from api.messaging import delivering
from api.messaging.delivering import Guard, Outcome, Work, finish_works
from api.messaging.outbox import tell_person
from api.messaging.tree import Words
from bot import deliver
from storage.messaging import Delivery
from tests.support.talk import Voice, World, a_world


async def tell(world: World, who: Voice, *texts: str) -> None:
    for text in texts:
        assert who.person is not None
        await world.run(tell_person, who.person.id, Words(text))


async def states(world: World) -> list[str]:
    return await world.run(lambda ctx: [row.state for row in ctx.session.query(Delivery).order_by(Delivery.id)])


async def test_what_is_sent_together_is_committed_together(database_url: str, monkeypatch: Any) -> None:
    sizes: list[int] = []

    def counted(ctx: Any, done: Sequence[tuple[Work, Outcome]], guards: Mapping[str, Guard]) -> list[Work | None]:
        sizes.append(len(done))
        return finish_works(ctx, done, guards)

    monkeypatch.setattr(deliver, "finish_works", counted)
    async with a_world(database_url) as world:
        people = [await world.teacher(f"老师{n}") for n in range(12)]
        for person in people:
            await tell(world, person, "一", "二")
        await world.deliverers.drain()
        assert [[sheet.text for sheet in person.sheets()] for person in people] == [["一", "二"]] * 12
        assert set(await states(world)) == {"sent"}
        assert sum(sizes) >= 24 and max(sizes) > 6, sizes


@pytest.mark.both_databases
async def test_one_that_cannot_be_committed_spoils_nobody_elses(database_url: str, monkeypatch: Any) -> None:
    async with a_world(database_url) as world:
        li, zhang = await world.teacher("李老师"), await world.teacher("张老师")
        record = delivering._record_sent

        def spoiled(ctx: Any, sent: Sequence[tuple[Work, Sequence[str]]]) -> None:
            record(ctx, sent)
            if any(work.tree == Words("坏") for work, _ in sent):
                raise RuntimeError("cannot be kept")

        monkeypatch.setattr(delivering, "_record_sent", spoiled)
        await tell(world, li, "坏")
        await tell(world, zhang, "一", "二")
        works = await world.deliverers.lease(deliver.KEPT_FREE + 9)
        ended = await asyncio.gather(*[world.deliverers._serve(work) for work in works], return_exceptions=True)
        assert [type(one) for one in ended].count(RuntimeError) == 1
        assert await states(world) == ["ready", "sent", "sent"]
