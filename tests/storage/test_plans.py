"""What happens all the time looks at a few rows, however many there are: SQLite's plan of every statement."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from api.journals import service as journals
from api.journals.submitting import submit_entry
from api.notices import service as notices
from api.quizzes.answering import answer_push, find_waiting
from api.quizzes.pushes import get_statistics, push_quiz
from api.quizzes.service import add_quiz
from api.registry import JOBS
from tests.support.browser import WebWorld, a_web_world
from tests.support.databases import Databases

# tables that grow with people or with time; looking at all of one is a fault where it happens all the time
GROWING = frozenset({
    "persons", "identities", "chats", "inbox", "messages", "deliveries", "sent_events", "web_posts", "web_uploads",
    "web_sessions", "records", "tallies", "journal_entries", "receipts", "openings", "audit", "attachments",
    "memberships", "idempotent", "claim_codes", "claim_failures", "reminders", "notices", "pushes", "resources",
    "quizzes", "questions", "quiz_pushes", "attempts", "answers", "polls", "votes",
})  # fmt: skip
HOURLY = (
    "DELETE FROM web_sessions WHERE web_sessions.expires_at < ?",
    "DELETE FROM claim_codes WHERE claim_codes.expires_at < ?",
)
SCAN = re.compile(r"^SCAN (\w+)(?! USING (?:COVERING )?INDEX ix_\w*(?:next_at|due|open|ready|waiting|unrouted))")
LOG = "今天听了一节语文课，收获很大，回去要试一试。"


@pytest.fixture
async def world(databases: Databases) -> AsyncIterator[WebWorld]:
    with databases.fresh("sqlite") as url:
        async with a_web_world(url) as world:
            yield world


@contextmanager
def watched(world: WebWorld) -> Iterator[list[str]]:
    """The full scans of growing tables in everything that is executed within the block."""
    engine, seen, found = world.runtime.database.engine, {}, []  # type: ignore[var-annotated]

    def look(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH"):
            seen.setdefault(statement, parameters[0] if many else parameters)

    event.listen(engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", look)
    with engine.connect() as connection:
        for statement, parameters in seen.items():
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                scan = SCAN.match(step[3])
                if scan and statement not in HOURLY and re.sub(r"_\d+$", "", scan[1]) in GROWING:
                    found.append(f"{step[3]}: {' '.join(statement.split())}")


async def test_nothing_that_happens_all_the_time_looks_at_everything(world: WebWorld) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop = await world.workshop(county, "语文工坊")
    host, li = await world.teacher("周坊主", school), await world.teacher("李老师", school)
    for who, role in ((host, "host"), (li, "member")):
        await world.join(who, workshop, role)
    await world.appoint(host, county, "region_admin")
    page = await world.browser(li)
    # this one does look at everybody it is for
    notice = await world.run(notices.send_notice, county.pid, "周五交教案", place="people", actor=host)
    quiz = await world.run(add_quiz, workshop.pid, "1. 太阳从东边升起。（ ）\n答案：对", actor=host)
    push = await world.run(push_quiz, quiz.pid, workshop.pid, place="people", actor=host)
    with watched(world) as found:
        for words in ("日志", LOG, "取消", "我的", "帮助", "提醒我 明天下午3点 交教案", "取消", "123"):
            await li.say(words)
        entry = await world.run(journals.start_entry, workshop.pid, LOG, actor=li)
        await world.run(submit_entry, entry.pid, actor=li)
        await world.settle()
        await world.run(notices.receive_notice, notice.pid, actor=li)
        await world.run(find_waiting, actor=li)
        await world.run(answer_push, push.pid, [0], "vote", actor=li)
        await world.run(get_statistics, push.pid, actor=host)
        await page.say("你好")
        await page.open(f"/web/chats/{await page.chat()}")
        for job in JOBS:
            await world.run(job.operation)
    assert not found, "\n".join(dict.fromkeys(found))
