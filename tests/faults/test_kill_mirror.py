"""SIGKILL at random moments while the real program makes a county on Matrix: in the end every room exists once, and
is what it should be."""

import asyncio
import time
from pathlib import Path
from random import Random

import pytest

from tests.support.large_county import AS_NAMED
from tests.support.mirroring_site import MirroringSite, a_mirroring_site
from tests.support.synapse import Synapse

KILLS = 20
MOST = 18  # things that are done until it is killed
WHILE_STARTING = 0.15  # of all kills
IN_STEP = 300.0  # seconds for what is left in the end

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


async def kill_again_and_again(one: MirroringSite, chance: Random) -> int:
    """Kill it while it makes the county, or while it starts; returns how often it had something left to do."""
    early = 0
    for n in range(KILLS):
        await one.site.start()
        starting = chance.random() < WHILE_STARTING
        wanted = 0 if starting else chance.randint(1, MOST)
        began = time.monotonic()
        while one.done() < wanted and time.monotonic() - began < 40:
            await asyncio.sleep(0.01)
        early += one.done() >= wanted
        await asyncio.sleep(chance.uniform(0, 2 if starting else 0.2))
        await one.site.end()
        if n == KILLS // 2:
            for who in [*one.county.people][:10]:
                await one.accept(who)
    return early


async def test_killed_twenty_times_while_it_makes_a_county(
    tmp_path: Path, synapse: Synapse, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_mirroring_site(tmp_path, synapse, AS_NAMED) as one:
        began = time.monotonic()
        early = await kill_again_and_again(one, chance)
        before = one.actions().total()
        await one.site.start()
        await one.is_in_step(IN_STEP)
        for who in [*one.county.people][:20]:
            await one.accept(who)
        await asyncio.sleep(4)  # until the last of them is looked at
        await one.is_in_step(IN_STEP)
        assert await one.site.end(15) == 0, one.site.log()
        actions = one.actions()
        wrong = await one.faults()
        with capsys.disabled():
            print(f"\nseed {seed}, kills {KILLS} ({early} with something left to do, {before} things done before the "
                  f"last start), rooms {len(one.county.rooms())}, done {dict(actions)}, "
                  f"{time.monotonic() - began:.0f} s, wrong: {len(wrong)}")  # fmt: skip
        assert wrong == []
        assert early >= KILLS * 3 // 4
