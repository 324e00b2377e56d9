"""Several processes deliver at once, some die with work in hand, the platform refuses and fails: in each lane of a chat
everything comes in order, and once on a platform that knows what it has."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from api.context import Context
from api.messaging.delivering import Work
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Words
from api.runtime import Runtime
from bot.bots import Bots
from bot.deliver import Deliverers
from bot.platforms.base import RetryAfter, SendError, Transient
from storage.blobs import Blobs
from storage.engine import Database
from storage.inbox import find_or_add_chat
from storage.messaging import Delivery
from tests.support.paper import Paper
from tests.support.talk import NOW, World, a_world

PROCESSES, CHATS, LANES, EACH = 3, 5, (0, 1, 2), 12
LEASE_SECONDS = 61
MOST_ROUNDS = 300


class Moody(Paper):
    """Takes its time, fails often, and shows what it was given twice once."""

    def __init__(self, chance: Random) -> None:
        super().__init__(idempotent=True)
        self.chance = chance
        self.shown: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.known: set[str] = set()
        self.refusals = 0

    async def send(self, work: Work) -> Sequence[str]:
        await asyncio.sleep(self.chance.uniform(0, 0.004))
        fate = self.chance.random()
        if fate < 0.25:
            self.refusals += 1
            raise self._mood()
        assert isinstance(work.tree, Words)
        lane, number = work.tree.text.split(".")
        if work.pid not in self.known:
            self.known.add(work.pid)
            self.shown[work.chat.native, lane].append(int(number))
        await asyncio.sleep(self.chance.uniform(0, 0.004))  # whoever dies now sent it, and nobody knows
        return [f"n-{work.pid}"]

    def _mood(self) -> SendError:
        return self.chance.choice([RetryAfter(2.0), RetryAfter(1.0, whole_bot=True), Transient("network")])


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


def _say_everything(ctx: Context) -> None:
    for number in range(EACH):
        for chat in range(CHATS):
            chat_id = find_or_add_chat(ctx.session, "paper", "", f"c{chat}", "room", "", ctx.now)
            for lane in LANES:
                say_in_chat(ctx, chat_id, Words(f"{lane}.{number}"), lane=lane)


@pytest.mark.both_databases
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_in_order_whoever_sends_and_dies(world: World, database_url: str, seed: int) -> None:
    chance, clock = Random(seed), NOW

    def now() -> datetime:
        return clock

    def process() -> Deliverers:
        runtime = Runtime(world.runtime.config, Database(database_url), Blobs("memory:"), now=now)
        return Deliverers(runtime, Bots.of(platform), {})

    platform, deaths = Moody(chance), 0
    await world.run(_say_everything)
    fleet = [process() for _ in range(PROCESSES)]
    everything = CHATS * len(LANES) * EACH
    for _ in range(MOST_ROUNDS):
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(one.drain()) for one in fleet]
        if chance.random() < 0.5:  # one of them is killed, with what it has in hand
            await asyncio.sleep(chance.uniform(0.0, 0.03))
            number = chance.randrange(PROCESSES)
            tasks[number].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await fleet[number].runtime.close()
            fleet[number], deaths = process(), deaths + 1
            clock += timedelta(seconds=LEASE_SECONDS)
        await asyncio.gather(*tasks, return_exceptions=True)
        clock += timedelta(seconds=chance.choice([0.5, 3.0]))
        for (_, _), shown in platform.shown.items():
            assert shown == list(range(len(shown))), "out of order, or one was left out"
        if len(platform.known) == everything and not await world.run(_waiting):
            break
    for one in fleet:
        await one.runtime.close()
    assert len(platform.known) == everything and deaths and platform.refusals, (len(platform.known), deaths)
    assert sum(map(len, platform.shown.values())) == everything


def _waiting(ctx: Context) -> int:
    return ctx.session.query(Delivery).filter_by(state="ready").count()
