"""PostgreSQL goes away while people talk, as by a power cut, and comes back: it is said, and nothing is lost. Its
connections are cut again and again, those that listen and hold locks among them: what is said is answered once."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path
from random import Random

import psycopg
import pytest

from tests.faults.crew import Crew, a_crew
from tests.faults.school import a_school
from tests.faults.site import Site
from tests.support.postgres import Stoppable, create_database, running_postgres

AWAY_SECONDS = 6.0
TIMES = 2
CUTS = int(os.environ.get("GONGFANG_TIMES") or 6)
OURS = "datname = current_database() AND pid <> pg_backend_pid()"
# whose connection is cut, in turn
ALL, EARS, ONE = "all", "those that listen", "one"
WHOSE = {
    ALL: OURS,
    EARS: f"{OURS} AND (query ILIKE 'LISTEN%' OR query ILIKE '%pg_notify%' OR query = 'SELECT 1')",
    ONE: f"pid = (SELECT pid FROM pg_stat_activity WHERE {OURS} ORDER BY random() LIMIT 1)",
}

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600 + 30 * CUTS)]


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


def cut(crew: Crew, whose: str) -> int:
    """End connections of the service, as an administrator or a firewall does; how many."""
    with psycopg.connect(crew.database, autocommit=True) as other:
        row = other.execute(
            f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {WHOSE[whose]}"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_connections_are_cut_again_and_again(
    server_url: str, tmp_path: Path, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    done = Counter[str]()
    url = create_database(server_url, "county")
    async with a_crew(tmp_path, url, ("api", "bot", "worker")) as crew, a_school(crew, chance) as school:
        async with school.at_work():
            for _, whose in zip(range(CUTS), cycle(WHOSE)):
                await school.wait_for_news(20)
                await asyncio.sleep(chance.uniform(0, 1.5))
                async with asyncio.timeout(60):  # who listened before listens again after some seconds
                    while not (number := await asyncio.to_thread(cut, crew, whose)):
                        await asyncio.sleep(0.2)
                done[whose] += number
                await crew.is_ready(90)
            await school.wait_for_news(60)
        account = await school.close_the_day()
        failed = [line for line in crew.logs().splitlines() if '"a worker failed' in line]
    with capsys.disabled():
        print(f"\nseed {seed}, connections cut {dict(done)}, rounds {[one.rounds for one in school.people]}, looked at "
              f"{dict(account.looked_at)}; lost {len(account.lost)}, doubled {len(account.doubled)}")  # fmt: skip
    assert (account.lost, account.doubled, account.odd) == ([], [], [])
    assert not failed, failed[:3]
