"""SIGKILL and SIGTERM at random moments while people talk: nothing of what they said, did, heard is lost or doubled."""

import asyncio
import os
import signal
from random import Random

import pytest

from tests.faults.school import School, a_school
from tests.faults.site import Site

KILLS = int(os.environ.get("GONGFANG_TIMES") or 20)
AT_ONCE = 0.25  # of the kills: before anything was heard from it
WHILE_STARTING = 0.2
STOPS = 6

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900 + 30 * KILLS)]


async def kill_again_and_again(school: School, chance: Random, times: int) -> None:
    """Kill the running service `times` times, most while it works, some while it starts; at the end it runs."""
    site = school.site
    for n in range(times):
        if n and chance.random() < WHILE_STARTING:
            site.spawn()
            await asyncio.sleep(chance.uniform(0, 2))
        else:
            if n:
                await site.start()
            # a slow machine gets nothing done in a second: most lives last until something came of them
            if chance.random() > AT_ONCE:
                await school.wait_for_news(20)
            await asyncio.sleep(chance.uniform(0, 1.2))
        await site.end()
    await site.start()


async def test_killed_twenty_times(
    site: Site, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_school(site, chance) as school:
        async with school.at_work():
            await kill_again_and_again(school, chance, KILLS)
        account = await school.close_the_day()
    rounds = [somebody.rounds for somebody in school.people]
    with capsys.disabled():
        print(f"\nseed {seed}, starts {site.starts}, rounds {rounds}, looked at {dict(account.looked_at)}")
        print(f"kills {KILLS}, lost {len(account.lost)}, doubled {len(account.doubled)}")
    assert (account.lost, account.doubled, account.odd) == ([], [], [])


async def test_stopped_and_started(site: Site, chance: Random) -> None:
    async with a_school(site, chance) as school:
        async with school.at_work():
            for _ in range(STOPS):
                await school.wait_for_news(20)
                await asyncio.sleep(chance.uniform(0, 1.2))
                assert await site.end(signal.SIGTERM) == 0, site.log()
                await site.start()
        account = await school.close_the_day()
    assert (account.lost, account.doubled, account.odd) == ([], [], [])
    assert "Traceback" not in site.logs()
