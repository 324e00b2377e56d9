"""A push to everybody goes as fast as Telegram permits, hardly a message is refused, and answers overtake it.

$GONGFANG_PUSH people are pushed to (10,000 take six minutes); by default a few, for each number of processes.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from pydantic import SecretStr

from api.config import Config
from api.ringing import keep_ringing
from api.runtime import Runtime
from bot.sharing import MAKE_ROOM_SECONDS
from storage.blobs import Blobs
from storage.engine import Database
from storage.messaging import Share
from tests.emulators.telegram import Emulator
from tests.emulators.telegram.world import Accepted
from tests.faults.crowd import NEWS, Asker, a_fleet, add_people, asking, meet, p95, push
from tests.support.databases import Databases

PEOPLE = int(os.environ.get("GONGFANG_PUSH") or 600)
ASKERS, PAUSE = 6, 3.0  # seconds, on average, between two questions of one of them
IDLE_SECONDS = 15.0
PERMITTED = 30.0  # messages a second
PER_CHAT = 1.0  # seconds
FLEETS = [("sqlite", 1), ("postgres", 1), ("postgres", 2), ("postgres", 4)]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]


@pytest.fixture(params=FLEETS, ids=lambda fleet: f"{fleet[0]}-{fleet[1]}")
def fleet(request: pytest.FixtureRequest) -> tuple[str, int]:
    """(kind of database, number of processes)"""
    return request.param


@pytest.fixture
def url(databases: Databases, fleet: tuple[str, int]) -> Iterator[str]:
    with databases.fresh(fleet[0]) as url:
        yield url


@pytest.fixture
async def telegram() -> AsyncIterator[Emulator]:
    async with Emulator() as emulator:
        yield emulator


async def test_a_push_at_the_permitted_rate_is_overtaken_by_answers(
    telegram: Emulator, url: str, fleet: tuple[str, int], tmp_path: Path, chance: Random, seed: int,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    world = telegram.world
    bot = world.add_bot(privacy=False)
    phones = meet(telegram, bot, PEOPLE)
    database = Database(url)
    runtime = Runtime(Config(web={"secret": SecretStr("for tests only")}), database, Blobs("memory:"))
    try:
        await runtime.transact(add_people, str(bot.id), phones)
        async with a_fleet(telegram, bot, tmp_path, url.replace("+psycopg", ""), fleet[1]):
            if fleet[0] == "postgres":  # the push wakes all of them, as it does from wherever it is confirmed
                runtime.spawn(keep_ringing(runtime), "ringing")
                await all_share(runtime, fleet[1])
            askers = [Asker(telegram, phone) for phone in phones[:ASKERS]]
            async with asking(askers, chance, PAUSE / 2) as idle:
                await asyncio.sleep(IDLE_SECONDS)
            refused, before = telegram.limits.refused, len(world.accepted)
            async with asking(askers, chance, PAUSE) as during:
                await runtime.transact(push)
                await until_told(world.accepted, before, 60 + 1.3 * PEOPLE / PERMITTED)
    finally:
        await runtime.close()
    sent = [one for one in world.accepted[before:] if one.method.startswith("send")]
    times = [one.at for one in sent if told(one)]
    within = sum(times[0] <= one.at <= times[-1] for one in sent)
    rate, refusals = (within - 1) / (times[-1] - times[0]), telegram.limits.refused - refused
    with capsys.disabled():
        print(f"\n{fleet[0]}, {fleet[1]} process(es), seed {seed}: {PEOPLE} people in {times[-1] - times[0]:.1f} s, "
              f"{rate:.2f}/s of {PERMITTED:.0f} ({rate / PERMITTED:.1%}), {refusals} refused; answers p95 "
              f"{p95(idle):.3f} s idle ({len(idle)}), {p95(during):.3f} s during ({len(during)})")  # fmt: skip
    assert len(times) == PEOPLE, "each was told once"
    assert rate >= 0.95 * PERMITTED
    assert refusals < max(1, 0.001 * len(sent))
    assert p95(during) <= 1.5 * p95(idle) + PER_CHAT


def told(one: Accepted) -> bool:
    """Whether a call said the news to somebody."""
    return NEWS in str(one.parameters.get("text", ""))


async def all_share(runtime: Runtime, number: int) -> None:
    """Wait until all processes have their part."""
    async with asyncio.timeout(120):
        while await runtime.read(lambda ctx: ctx.session.query(Share).count()) < number:
            await asyncio.sleep(0.5)
    await asyncio.sleep(MAKE_ROOM_SECONDS + 2)


async def until_told(accepted: Sequence[Accepted], looked: int, seconds: float) -> None:
    """Wait until everybody was told, looking at each call once."""
    number = 0
    async with asyncio.timeout(seconds):
        while number < PEOPLE:
            await asyncio.sleep(0.2)
            number += sum(told(one) for one in accepted[looked:])
            looked = len(accepted)
