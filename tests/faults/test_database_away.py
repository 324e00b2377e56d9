"""PostgreSQL goes away while people talk, as by a power cut, and comes back: it is said, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.school import a_school
from tests.faults.site import Site
from tests.support.postgres import Stoppable, create_database, running_postgres

AWAY_SECONDS = 6.0
TIMES = 2

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def server_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    # not somebody's server: this one is cut off
    monkeypatch.delenv("GONGFANG_TEST_POSTGRES", raising=False)
    # and it must keep what it promised to keep
    monkeypatch.setattr("tests.support.postgres.SETTINGS", {"max_connections": "50"})
    with running_postgres() as url:
        yield url


@pytest.fixture
def server(server_url: str) -> Iterator[Stoppable]:
    made = Stoppable(server_url)
    yield made
    if made.again is not None:
        made.stop()


@pytest.fixture
async def site_on_postgres(server_url: str, server: Stoppable, tmp_path: Path) -> AsyncIterator[Site]:
    url = create_database(server_url, "county").replace("+psycopg", "")
    made = Site(tmp_path, {"GONGFANG_DATABASE__URL": url})
    yield made
    await made.close()


async def test_postgresql_goes_away_and_comes_back(site_on_postgres: Site, server: Stoppable, chance: Random) -> None:
    site = site_on_postgres
    async with a_school(site, chance) as school:
        async with school.at_work():
            for number in range(TIMES):
                await school.wait_for_news(20)
                await asyncio.sleep(chance.uniform(0, 1))
                await asyncio.to_thread(server.stop)
                status, wrong = await site.ready()
                assert (status, list(wrong)) == (503, ["database"]), wrong
                await school.is_refused()
                saying = await school.say_meanwhile(f"停电了{number}")
                await asyncio.sleep(AWAY_SECONDS)
                await asyncio.to_thread(server.start)
                await site.is_ready()
                await saying
                await school.wait_for_news(60)
        account = await school.close_the_day()
    assert (account.lost, account.doubled, account.odd) == ([], [], [])
