"""Several real processes on one PostgreSQL: pages live across them, and little asked while nothing happens."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import psycopg
import pytest
from sqlalchemy import make_url

from tests.faults.crew import Crew, a_crew
from tests.faults.day import TEACHERS, WORKSHOP
from tests.faults.page import BOT, Page
from tests.support.databases import Databases

SOON = 1.0  # seconds until what is said at one process is seen at another
QUIET = 15.0
ASKED = re.compile(r"LOG:  (?:statement|execute [^:]+): (.{1,90})")
# of each process; the clock's jobs look every few seconds
MOST = 1.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
async def crew(tmp_path: Path, databases: Databases) -> AsyncIterator[Crew]:
    with databases.empty("postgres") as url:
        async with a_crew(tmp_path, url, ("api", "api", "bot", "bot", "worker")) as made:
            made.prepare()
            yield made


async def arrives(page: Page, chat: str, text: str) -> float:
    """Seconds until a page shows a text in a chat."""
    began = time.monotonic()
    async with asyncio.timeout(30):
        while not any(text in post.text for post in page.posts[page.chats[chat]].values()):
            await asyncio.sleep(0.01)
    return time.monotonic() - began


async def test_a_page_sees_what_is_said_at_another_process(crew: Crew, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [crew.claim_code(number) for number in TEACHERS]
    await crew.start()
    await crew.is_ready()
    one, two = crew.of("api")
    li, zhou = Page(one.address, "林晓岚", Random(1)), Page(two.address, "周明月", Random(2))
    for page, code in zip((li, zhou), codes, strict=True):
        await page.enter(code)
    elsewhere = Page(two.address, "林晓岚", Random(3))  # the same person at the other process
    elsewhere.http.cookies.update(li.http.cookies)
    await elsewhere.reload()
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(li.listen())
        await asyncio.sleep(2)
        took = []
        for n in range(5):
            await zhou.say(f"大家好，第{n}次", chat=WORKSHOP)
            took.append(await arrives(li, WORKSHOP, f"第{n}次"))
            await elsewhere.say(f"提醒我 明天下午3点 备课{n}号", chat=BOT)
            took.append(await arrives(li, BOT, f"备课{n}号"))
            await li.hears("我会这样提醒你", f"备课{n}号")
            await elsewhere.say("取消", chat=BOT)
            await asyncio.sleep(0.3)
        listening.cancel()
    for page in (li, zhou, elsewhere):
        await page.http.aclose()
    with capsys.disabled():
        print(f"\nseen at another process after {[round(seconds, 2) for seconds in took]} s")
    assert sorted(took)[len(took) // 2] < SOON, "by the bell, not by looking every two seconds"
    assert await crew.end(15) == 0, crew.log()


async def test_little_is_asked_while_nothing_happens(crew: Crew, capsys: pytest.CaptureFixture[str]) -> None:
    await crew.start()
    await crew.is_ready()
    url = make_url(crew.database)
    log = Path(str(url.query["host"])) / "log"
    await asyncio.sleep(5)
    with psycopg.connect(crew.database, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
    try:
        await asyncio.sleep(1)
        before = log.stat().st_size
        await asyncio.sleep(QUIET)
        with log.open("rb") as written:
            written.seek(before)
            asked = Counter(ASKED.findall(written.read().decode(errors="replace")))
    finally:
        with psycopg.connect(crew.database, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("SELECT pg_reload_conf()")
    del asked["BEGIN"], asked["COMMIT"], asked["ROLLBACK"]
    with capsys.disabled():
        print(f"\n{sum(asked.values()) / QUIET:.1f} questions a second of {len(crew.members)} processes")
        for question, times in asked.most_common(40):
            print(f"{times / QUIET:6.2f}/s {question}")
    often = {question: times for question, times in asked.items() if times / QUIET > MOST * len(crew.members)}
    assert not often
