"""SIGKILL of any of several processes at random moments while people talk: nothing is lost, nothing doubled."""

import os
from pathlib import Path
from random import Random

import pytest

from tests.faults.crew import ROLES, a_crew, kill_again_and_again
from tests.faults.school import a_school
from tests.support.databases import Databases

TIMES = int(os.environ.get("GONGFANG_TIMES") or 4)  # of each role

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300 + 90 * TIMES)]


async def test_processes_killed_while_people_talk_on_the_web(
    tmp_path: Path, databases: Databases, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with databases.empty("postgres") as url:
        async with a_crew(tmp_path, url) as crew, a_school(crew, chance) as school:
            school.people[1].page.http.base_url = crew.of("api")[1].address
            async with school.at_work():
                killed = await kill_again_and_again(crew, chance, TIMES * len(set(ROLES)))
            account = await school.close_the_day()
    rounds = [somebody.rounds for somebody in school.people]
    with capsys.disabled():
        print(f"\nseed {seed}, rounds {rounds}, looked at {dict(account.looked_at)}")
        print(f"kills {killed}, lost {len(account.lost)}, doubled {len(account.doubled)}")
    assert set(killed) == set(ROLES) and min(killed.values()) >= TIMES
    assert (account.lost, account.doubled, account.odd) == ([], [], [])
