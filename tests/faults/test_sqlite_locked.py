"""Another process holds the SQLite file for longer than anybody waits, again and again, while people talk: it is said,
what is there can be read, and nothing of what they say is lost or doubled."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from storage.engine import BUSY_SECONDS
from tests.faults.page import BOT
from tests.faults.school import School, a_school
from tests.faults.site import Site

TIMES = int(os.environ.get("GONGFANG_TIMES") or 2)
SHORT = 3.0  # seconds: less than anybody waits

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300 + 120 * TIMES)]


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """This process writes, and nobody else can; as `sqlite3 gongfang.db` with an open transaction does."""
    holder = sqlite3.connect(site.database.removeprefix("sqlite:///"), timeout=60, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


async def test_locked_again_and_again(
    site: Site, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    held, refused_after = list[float](), list[float]()
    async with a_school(site, chance) as school:
        async with school.at_work():
            for number in range(TIMES):
                await school.wait_for_news(20)
                await asyncio.sleep(chance.uniform(0, 1))
                with locked(site):  # nobody is refused: they wait
                    await asyncio.sleep(SHORT)
                await school.wait_for_news(30)
                began = time.monotonic()
                with locked(site):
                    saying = await locked_out(school, number, refused_after)
                held.append(time.monotonic() - began)
                await site.is_ready()
                await saying
                await school.wait_for_news(60)
        account = await school.close_the_day()
    with capsys.disabled():
        print(f"\nseed {seed}, held for {[round(one) for one in held]} s, told after "
              f"{[round(one) for one in refused_after]} s, rounds {[one.rounds for one in school.people]}, "
              f"looked at {dict(account.looked_at)}; "
              f"lost {len(account.lost)}, doubled {len(account.doubled)}")  # fmt: skip
    assert (account.lost, account.doubled, account.odd) == ([], [], [])
    assert max(refused_after) < 2 * BUSY_SECONDS + 5, "nobody waits for those before them"
    assert "Traceback" not in site.logs()


async def locked_out(school: School, number: int, after: list[float]) -> "asyncio.Task[object]":
    """Everything that the service says meanwhile; what somebody is saying."""
    site = school.site
    status, wrong = await site.ready()
    assert (status, list(wrong)) == (503, ["database"]), wrong
    page = school.people[1].page
    read = await page.http.get(f"/web/chats/{page.chats[BOT]}")
    assert read.status_code == 200, "what is there can be read"

    async def refuse() -> None:
        began = time.monotonic()
        await school.is_refused()
        after.append(time.monotonic() - began)

    # several at once: whoever comes last must not wait for the others' waiting
    _, _, _, saying = await asyncio.gather(refuse(), refuse(), refuse(), school.say_meanwhile(f"锁住了{number}"))
    return saying
