"""What happens all the time looks at a few rows, however many there are: SQLite's plan of every statement."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from api.communities.tree import ensure_web_room
from api.journals import service as journals
from api.journals.submitting import submit_entry
from api.letters.arrivals import list_arrivals, retry_arrivals
from api.letters.service import count_letters, drop_letters, list_letters, retry_letters
from api.notices import service as notices
from api.quizzes.answering import answer_push, find_waiting
from api.quizzes.pushes import get_statistics, push_quiz
from api.quizzes.service import add_quiz
from api.registry import JOBS
from api.topics.service import list_posts, list_topics, open_topic, view_topic
from storage import inbox, leasing, outbox
from storage.engine import Database
from storage.messaging import Chat, Delivery, Message
from storage.people import Person
from storage.reach import Reach
from tests.support.browser import WebWorld, a_web_world
from tests.support.databases import Databases
from tests.support.talk import NOW

# tables that grow with people or with time; looking at all of one is a fault where it happens all the time
GROWING = frozenset({
    "persons", "identities", "chats", "inbox", "messages", "deliveries", "sent_events", "web_posts", "web_uploads",
    "web_sessions", "records", "tallies", "journal_entries", "receipts", "openings", "audit", "attachments",
    "memberships", "idempotent", "claim_codes", "claim_failures", "reminders", "notices", "notice_places", "pushes",
    "resources", "quizzes", "questions", "quiz_pushes", "attempts", "answers", "polls", "votes", "relays",
    "relay_parts", "topics", "topic_places",
})  # fmt: skip
HOURLY = (
    "FROM web_sessions WHERE web_sessions.expires_at < ?",
    "FROM claim_codes WHERE claim_codes.expires_at < ?",
)
PARTIAL = "next_at|due|open|ready|waiting|unrouted|lost|failed"  # what indexes of a few rows are called
SCAN = re.compile(rf"^SCAN (\w+)(?! USING (?:COVERING )?INDEX ix_\w*(?:{PARTIAL}))")
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
            flat = " ".join(statement.split())
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                scan = SCAN.match(step[3])
                if scan and not any(text in flat for text in HOURLY) and re.sub(r"_\d+$", "", scan[1]) in GROWING:
                    found.append(f"{step[3]}: {flat}")


async def test_nothing_that_happens_all_the_time_looks_at_everything(world: WebWorld) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop = await world.workshop(county, "语文工坊")
    host, li = await world.teacher("周坊主", school), await world.teacher("李老师", school)
    for who, role in ((host, "host"), (li, "member")):
        await world.join(who, workshop, role)
    await world.appoint(host, county, "region_admin")
    await world.run(ensure_web_room, workshop)
    room, page = await world.room(workshop), await world.browser(li)
    # this one does look at everybody it is for
    notice = await world.run(notices.send_notice, county.pid, "周五交教案", place="people", actor=host)
    quiz = await world.run(add_quiz, workshop.pid, "1. 太阳从东边升起。（ ）\n答案：对", actor=host)
    push = await world.run(push_quiz, quiz.pid, workshop.pid, place="people", actor=host)
    topic = await world.run(open_topic, workshop.pid, "古诗", actor=host)
    await world.settle()
    begin = (await page.read("语文工坊"))[-1]
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
        await li.say(LOG, room=room, event="e1")
        await li.say("好", room=room, event="e2", reply_to="e1")
        await page.say("先画后读", "语文工坊", reply=begin.pid)
        await world.run(list_posts, topic.pid, actor=li)
        await world.run(view_topic, topic.pid, actor=li)
        await world.run(list_topics, actor=li)
        await world.run(count_letters, actor=host)
        await world.run(list_letters, reason="rejected", platform="web", actor=host)
        await world.run(retry_letters, "rejected", actor=host)
        await world.run(drop_letters, "rejected", actor=host)
        await world.run(list_arrivals)
        await world.run(retry_arrivals)
        copy = (await page.read("语文工坊"))[-1]
        await page.say("谢谢", "语文工坊", reply=copy.pid)
        for kind in ("edited", "deleted"):
            await world.arrive(li, room, kind, event="e1", text="改一下")
        await page.open(f"/web/chats/{await page.chat()}")
        for job in JOBS:
            await world.run(job.operation)
    assert not found, "\n".join(dict.fromkeys(found))


@pytest.fixture
def crowded(database_url: str) -> Iterator[Database]:
    """Nearly every chat is on the platforms that are asked for, and idle; a push to all waits for the morning."""
    database = Database(database_url)
    people = range(1, 3001)
    chats = [{"id": n, "pid": f"{n:012}", "platform": "paper", "native": str(n), "kind": "private", "created_at": NOW}
             for n in people]  # fmt: skip
    persons = [{"id": n, "pid": f"{n:012}", "name": "老师", "home_chat_id": n, "created_at": NOW} for n in people]
    push = [{"pid": f"{n:012}", "message_id": 1, "person_id": n, "lane": 2, "created_at": NOW,
             "not_before": NOW + timedelta(hours=9)} for n in people]  # fmt: skip
    with database.transaction() as session:
        session.execute(insert(Chat), chats)
        session.execute(insert(Person), persons)
        session.add(Message(id=1, tree="早上好", created_at=NOW))
        session.flush()
        session.execute(insert(Delivery), push)
        if not database.is_sqlite:  # where it happens by itself
            session.execute(text("ANALYZE"))
    yield database
    database.close()


@contextmanager
def planned(database: Database, *tables: str) -> Iterator[list[str]]:
    """The plan of each SELECT from one of these tables within the block."""
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    plans: list[str] = []

    def look(conn: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT") and any(f"FROM {table}" in statement for table in tables):
            cursor.execute(f"{explain} {statement}", parameters)
            plans.append(" ".join(str(row[-1]) for row in cursor.fetchall()))

    event.listen(database.engine, "before_cursor_execute", look)
    try:
        yield plans
    finally:
        event.remove(database.engine, "before_cursor_execute", look)


BOTH = ("paper", "web")
WEB = leasing.Capacity(most={("web", ""): None}, others=False)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("ask", "nothing", "tables", "indexes"),
    [
        (partial(inbox.lease_chats, reach=Reach(BOTH), now=NOW, limit=32, seconds=30.0), [], ["chats"],
         ["ix_chats_in_next_at"]),
        (partial(leasing.lease_chats, reach=Reach(BOTH), now=NOW, limit=32, seconds=30.0), [], ["chats", "deliveries"],
         ["ix_deliveries_asked_ready", "ix_deliveries_personal_ready", "ix_chats_next_at"]),
        (partial(leasing.lease_chats, reach=Reach(BOTH), now=NOW, limit=32, seconds=30.0, capacity=WEB), [],
         ["chats", "deliveries"],
         ["ix_deliveries_asked_ready", "ix_deliveries_personal_ready", "ix_chats_next_at"]),
        (partial(outbox.next_due, reach=Reach(BOTH)), NOW + timedelta(hours=9), ["chats", "deliveries"],
         ["ix_chats_next_at", "ix_deliveries_unrouted"]),
        (partial(outbox.route_to_people, now=NOW), 0, ["deliveries"], ["ix_deliveries_unrouted"]),
    ],
)  # fmt: skip
def test_workers_look_at_what_is_due_only(
    crowded: Database, ask: Any, nothing: Any, tables: list[str], indexes: list[str]
) -> None:
    with planned(crowded, *tables) as plans, crowded.transaction() as session:
        assert ask(session) == nothing
    assert len(plans) == len(indexes), plans
    for plan, index in zip(plans, indexes, strict=True):
        assert f"{index} " in f"{plan} " and "TEMP B-TREE" not in plan and "Sort" not in plan, plan


@pytest.mark.both_databases
def test_what_a_chat_is_sent_next_is_found_by_its_chat(crowded: Database) -> None:
    with planned(crowded, "deliveries") as plans, crowded.transaction() as session:
        assert outbox.heads(session, [1, 2, 3], NOW) == {1: [], 2: [], 3: []}
    assert len(plans) == 1 and "ix_deliveries_ready" in plans[0], plans


@pytest.mark.parametrize(
    ("statement", "index"),
    [(outbox.HEADS, "ix_deliveries_ready"), (outbox.RELEASE_IDLE, "ix_deliveries_ready"),
     (inbox.FINISH, "ix_inbox_waiting"), (inbox.RELEASE, "ix_inbox_waiting"), (inbox.OLDEST, "ix_inbox_waiting")],
    ids=["heads", "release-idle", "finish", "release", "oldest"],
)  # fmt: skip
def test_what_is_planned_once_for_all_values_uses_the_indexes_of_what_waits(
    databases: Databases, statement: Any, index: str
) -> None:
    with databases.fresh("postgres") as url:
        database = Database(url)
        names: dict[str, int] = {}
        written = str(statement.compile(dialect=database.engine.dialect))
        numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.setdefault(found[1], len(names) + 1)}", written)
        with database.engine.connect() as connection:
            connection.execute(text("SET enable_seqscan = off"))  # so few rows
            plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {numbered}")]
        database.close()
    assert any(index in line for line in plan), "\n".join(plan)
