"""What was said long ago goes, and nobody who looks at figures, lists, discussions or old buttons sees a difference."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from api.clock import run_job
from api.communities.tree import ensure_web_room
from api.context import Context
from api.messaging.outbox import PERSONAL, deliver_to_people, edit_message, tell_person, write_message
from api.messaging.render import Reader, plain
from api.messaging.tree import Words, unpack
from api.notices import service as notices
from api.quizzes.answering import answer_push
from api.quizzes.pushes import get_statistics, push_quiz
from api.quizzes.service import add_quiz
from api.registry import JOBS
from api.resources import pushes
from api.resources.service import add_resource
from api.times import zone_of
from api.topics.service import list_posts, open_topic, view_topic
from storage import retention, schema
from storage.base import new_pid
from storage.engine import Database
from storage.messaging import Delivery, Incoming, Message, SentEvent
from storage.people import Person
from tests.support.browser import a_web_world
from tests.support.clock import tick
from tests.support.databases import Databases
from tests.support.talk import NOW, World, a_world

PRUNE = next(job for job in JOBS if job.name == "messaging.prune")
FORGET = next(job for job in JOBS if job.name == "messaging.forget")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def prune(world: World) -> int:
    return await run_job(world.runtime, PRUNE)


async def messages_with(world: World, word: str) -> int:
    """How many messages that are kept say a word."""

    def count(ctx: Context) -> int:
        reader = Reader("zh_CN", zone_of("Asia/Shanghai"), ctx.now)
        return sum(word in plain(unpack(tree), reader) for tree in ctx.session.scalars(select(Message.tree)))

    return await world.run(count)


async def count(world: World, table: Any, *where: Any) -> int:
    return await world.run(
        lambda ctx: ctx.session.scalar(select(func.count()).select_from(table).where(*where)))  # fmt: skip


async def nowhere_at_home(world: World, name: str) -> None:
    nowhere = update(Person).where(Person.name == name).values(home_chat_id=None)
    await world.run(lambda ctx: ctx.session.execute(nowhere))


async def test_nobody_sees_a_difference(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop = await world.workshop(county, "语文工坊")
    host, li, wang = [await world.teacher(name, school) for name in ("周坊主", "李老师", "王老师")]
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    await world.join(wang, workshop)
    lost = await world.teacher("赵老师", school)
    await world.join(lost, workshop)
    await nowhere_at_home(world, "赵老师")
    room = await world.room(workshop)
    notice = await world.run(notices.send_notice, workshop.pid, "周五交教案", place="both", actor=host)
    resource = await world.run(add_resource, workshop.pid, "草船借箭", text="教案一份", actor=host)
    push = await world.run(pushes.push_resource, resource.pid, workshop.pid, place="people", actor=host)
    quiz = await world.run(add_quiz, workshop.pid, "1. 太阳从东边升起。（ ）\n答案：对", actor=host)
    asked = await world.run(push_quiz, quiz.pid, workshop.pid, place="people", actor=host)
    topic = await world.run(open_topic, workshop.pid, "古诗", actor=host)
    await world.settle()
    await li.press("收到")
    await world.run(pushes.open_push, push.pid, actor=li)
    await world.run(answer_push, asked.pid, [0], "vote", actor=li)
    begin = world.paper.chats[room][-1]
    await wang.say("我读杜甫", room=room, event="e1", reply_to=begin.native)
    await li.say("帮助")
    for minute in range(3):
        world.pass_time(minutes=1 + minute)
        await tick(world)
    question = next(sheet for sheet in li.sheets() if "周五交教案" in sheet.text)

    async def what_they_see() -> list[Any]:
        found = await world.run(notices.get_notice_for, notice.pid, actor=host)
        missing = await world.run(notices.find_missing, notice.pid, actor=host)
        sent = await world.run(pushes.get_push_for, push.pid, actor=host)
        _, unsent, n = await world.run(pushes.find_lost, push.pid, actor=host)
        _, _, figures, answers = await world.run(get_statistics, asked.pid, actor=host)
        posts = await world.run(list_posts, topic.pid, actor=li)
        view = await world.run(view_topic, topic.pid, actor=li)
        return [
            await world.run(notices.figures, found), [one.name for one in missing[1]],
            await world.run(pushes.figures, sent), unsent, n, figures, answers,
            [str(post.said) for post in posts], view.posts,
        ]  # fmt: skip

    before = await what_they_see()
    assert before[3] == [("赵老师", "unreachable", "no_chat")]
    world.pass_time(days=179)
    await prune(world)
    assert await messages_with(world, "帮助") > 0, "not yet"
    world.pass_time(days=2)
    said, changes = await count(world, Message), await count(world, Delivery, Delivery.kind == "edit")
    await prune(world)
    assert await count(world, Message) < said and changes > 0
    assert await count(world, Delivery, Delivery.kind == "edit") == 0
    assert await messages_with(world, "周五交教案") > 0
    assert await what_they_see() == before
    # what is old still does what it says
    assert await wang.press("收到") and (await what_they_see())[0] != before[0]
    await li.say("再读一首", room=room, reply_to=begin.native)
    posts = await world.run(list_posts, topic.pid, actor=li)
    assert len(posts) == 2, "an answer to the beginning of a discussion belongs to it"
    await world.run(notices.withdraw_notice, notice.pid, actor=host)
    await world.settle()
    assert "周五交教案" not in question.text, "taking back reaches everybody"


async def test_pressing_what_was_forgotten_is_answered(world: World) -> None:
    li = await world.teacher("李老师")
    await li.say("日志")
    await li.say("帮助")
    old = [(sheet.native, button.action) for sheet in li.sheets() for _, button in sheet.buttons if button.action]
    assert old
    world.pass_time(days=200)
    await prune(world)
    assert await count(world, SentEvent) == 0
    for native, action in old:
        await li.press_action(action, native)
    await li.say("帮助", reply_to=old[0][0])
    li.expect("日志")
    assert await count(world, Incoming, Incoming.reason.is_not(None)) == 0, "nothing failed"


async def test_what_waits_or_was_lost_stays(world: World) -> None:
    li, wang = await world.teacher("李老师"), await world.teacher("王老师")

    def tell(ctx: Context) -> None:
        assert li.person is not None and wang.person is not None
        tell_person(ctx, li.person.id, Words("以后再说"), not_before=ctx.now + timedelta(days=300))
        tell_person(ctx, wang.person.id, Words("没送到"))
        tell_person(ctx, li.person.id, Words("送到了"))
        tell_person(ctx, li.person.id, Words("改过"))

    await world.run(tell)
    await nowhere_at_home(world, "王老师")
    await world.settle()
    world.pass_time(days=170)

    def change(ctx: Context) -> None:
        message = ctx.session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()
        edit_message(ctx, message, Words("又改过"))

    await world.run(change)
    await world.settle()
    world.pass_time(days=30)
    await prune(world)
    words = [await messages_with(world, one) for one in ("以后再说", "没送到", "送到了", "改过")]
    assert words == [1, 1, 0, 1], "what was changed 30 days ago is not 180 days old"
    world.pass_time(days=160)
    await world.settle()
    assert await prune(world) == 1, "it had come to the end: it begins anew"
    await prune(world)
    words = [await messages_with(world, one) for one in ("以后再说", "没送到", "改过")]
    assert words == [1, 1, 0], "what waited was sent just now; what nobody got stays for a year"
    world.pass_time(days=10)
    await prune(world)
    await prune(world)
    assert [await messages_with(world, one) for one in ("以后再说", "没送到")] == [1, 0]


def test_every_reference_is_known_and_found_by_an_index(databases: Databases) -> None:
    columns = {(column.table.name, column.name) for column in retention.references()}
    keys = {
        (table.name, column.name)
        for table in schema.metadata.sorted_tables
        for column in table.c
        if any(key.target_fullname == "messages.id" for key in column.foreign_keys)
    }
    assert keys - columns == {("deliveries", "message_id")}
    with databases.fresh("sqlite") as url:
        database = Database(url)
        with database.engine.connect() as connection:
            for table, column in columns:
                query = f"EXPLAIN QUERY PLAN SELECT {column} FROM {table} WHERE {column} IN (1, 2)"
                steps = [row[3] for row in connection.exec_driver_sql(query)]
                assert all(step.startswith("SEARCH") for step in steps), f"{table}.{column} needs an index: {steps}"
        database.close()


async def test_in_small_batches(world: World) -> None:
    """A message to many goes in parts, each in a transaction of its own."""
    people = [{"id": n, "pid": new_pid(), "name": "老师", "created_at": NOW} for n in range(1, 1201)]

    def tell(ctx: Context) -> None:
        ctx.session.execute(insert(Person), people)
        message = write_message(ctx, Words("给大家"))
        deliver_to_people(ctx, message, [one["id"] for one in people], PERSONAL)
        ctx.session.execute(update(Delivery).values(state="sent"))
        for n in range(250):
            write_message(ctx, Words(f"第{n}"))

    await world.run(tell)
    world.pass_time(days=200)
    left = [await count(world, Delivery)]
    while await world.run(PRUNE.operation):
        left.append(await count(world, Delivery))
    assert max(a - b for a, b in pairwise(left)) <= retention.MOST_ROWS
    assert (await count(world, Delivery), await count(world, Message)) == (0, 0)


async def test_what_arrived_is_kept_as_long_as_configured(world: World) -> None:
    li = await world.teacher("李老师")
    await li.say("帮助")

    def die(ctx: Context) -> None:
        dead = {"platform": "paper", "chat_id": 1, "raw": {}, "state": "dead", "received_at": ctx.now}
        ctx.session.execute(insert(Incoming), [{**dead, "event_id": f"dead{n}"} for n in range(3)])

    await world.run(die)
    world.pass_time(days=4)
    await run_job(world.runtime, FORGET)
    assert await count(world, Incoming) == 3
    world.pass_time(days=362)
    await run_job(world.runtime, FORGET)
    assert await count(world, Incoming) == 0


async def test_shorter_by_configuration(world: World) -> None:
    li = await world.teacher("李老师")
    await li.say("帮助")
    world.runtime.config.retention.said_days = 31
    world.pass_time(days=32)
    await prune(world)
    assert await count(world, Message) == 0


async def test_pages_keep_what_they_show(databases: Databases, database_kind: str) -> None:
    with databases.fresh(database_kind) as url:
        async with a_web_world(url) as world:
            county = await world.region()
            workshop = await world.workshop(county, "语文工坊")
            li = await world.teacher("李老师")
            await world.join(li, workshop)
            await world.run(ensure_web_room, workshop)
            page = await world.browser(li)
            await page.say("帮助")
            await world.settle()
            shown = [post.text for post in await page.read()]
            assert len(shown) > 1
            world.pass_time(days=200)
            await prune(world)
            assert await count(world, Message) == 0
            page = await world.browser(li)
            assert [post.text for post in await page.read()][: len(shown)] == shown
