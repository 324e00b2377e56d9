"""A room of 5,000: what happens in it asks the database as often as in a room of 50, and takes a bounded time."""

import os
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from api.communities.members import count_members, list_members
from api.communities.tree import ensure_web_room
from api.context import Context
from api.notices import service as notices
from api.quizzes import pushes as quizzes
from api.quizzes.service import add_quiz
from api.resources import pushes
from api.resources.service import add_resource
from api.rooms.planning import plan
from api.rooms.wanting import desired_of
from benchmarks.mirrored import fill, native, state
from bot.platforms.base import Place
from bot.platforms.matrix.mirroring import read_state
from storage.communities import Community, Membership
from storage.messaging import Chat, Delivery
from storage.people import Identity, Person
from storage.rooms import Room
from tests.support.classroom import LONG
from tests.support.talk import NOW, Voice, World, a_world

MANY = int(os.environ.get("GONGFANG_ROOM") or 5000)
FEW = 50
MORE = 6  # statements: rows go into the database in chunks
SECONDS, MEGABYTES = 20.0, 400  # on a machine that is slow; measured: below a second each
WORKSHOP = 2  # of benchmarks.mirrored

pytestmark = [pytest.mark.faults, pytest.mark.both_databases, pytest.mark.timeout(600)]


@dataclass
class Meter:
    """What each thing took: seconds, statements, rows written or read are not counted."""

    world: World
    took: dict[str, tuple[float, int]] = field(default_factory=dict)

    async def measure(self, what: str, work: Callable[[], Awaitable[Any]]) -> Any:
        with self._counted() as statements:
            began = time.monotonic()
            result = await work()
            self.took[what] = (time.monotonic() - began, len(statements))
        return result

    @contextmanager
    def _counted(self) -> Iterator[list[str]]:
        engine, seen = self.world.runtime.database.engine, list[str]()

        def count(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", count)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", count)


def settle_in(ctx: Context, people: int) -> None:
    """One workshop with so many members, on Matrix and each at home in a private chat on paper."""
    fill(ctx, 2, people, people)
    numbers = range(1, people + 1)
    chats = [{"id": 100 + n, "pid": f"c{n:011}", "platform": "paper", "account": "", "native": f"p-{n}",
              "kind": "private", "created_at": NOW} for n in numbers]  # fmt: skip
    accounts = [{"pid": f"i{n:011}", "platform": "paper", "native": f"{n}", "name": f"老师{n}", "person_id": n,
                 "chat_id": 100 + n, "created_at": NOW, "bound_at": NOW, "last_spoke_at": NOW}
                for n in numbers]  # fmt: skip
    ctx.session.execute(insert(Chat), chats)
    ctx.session.execute(insert(Identity), accounts)
    ctx.session.execute(text("UPDATE persons SET home_chat_id = 100 + id, privacy_version = 1"))
    ctx.session.execute(text("UPDATE chats SET identity_id = (SELECT id FROM identities WHERE chat_id = chats.id) "
                             "WHERE platform = 'paper'"))  # fmt: skip
    if ctx.session.get_bind().dialect.name == "postgresql":
        for table in ("communities", "persons", "chats", "rooms"):
            ctx.session.execute(text(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            ))
        ctx.session.execute(text("ANALYZE"))


@asynccontextmanager
async def a_room_of(url: str, people: int) -> AsyncIterator[tuple[World, Voice, Voice, str]]:
    """The world, its host, one of the others, and the workshop's public id."""
    async with a_world(url) as world:
        await world.run(settle_in, people)

        def voice_of(ctx: Context, who: int) -> Voice:
            voice = Voice(world, f"老师{who}", ctx.session.get_one(Person, who))
            voice.native, voice.chat = str(who), f"p-{who}"
            return voice

        def somebody(ctx: Context, role: str) -> Voice:
            row = ctx.session.query(Membership).filter_by(community_id=WORKSHOP, role=role).first()
            assert row is not None
            return voice_of(ctx, row.person_id)

        workshop: Community = await world.run(lambda ctx: ctx.session.get_one(Community, WORKSHOP))
        await world.run(lambda ctx: ensure_web_room(ctx, ctx.session.get_one(Community, WORKSHOP)))
        yield world, await world.run(somebody, "host"), await world.run(somebody, "member"), workshop.pid


async def go_through(world: World, host: Voice, member: Voice, pid: str) -> Meter:
    """A day in the life of a room."""
    meter, run = Meter(world), world.run
    room = await world.room(await run(lambda ctx: ctx.session.get_one(Community, WORKSHOP)))
    await member.say("大家好", room=room)  # the first time something is looked up once and kept
    await meter.measure("somebody talks", lambda: member.say(LONG, room=room, event="e1"))
    notice = await meter.measure(
        "a notice to all", lambda: run(notices.send_notice, pid, "周五交教案", place="people", actor=host)
    )
    await meter.measure("收到", lambda: run(notices.receive_notice, notice.pid, actor=member))
    _, missing, more = await meter.measure(
        "who is missing", lambda: run(notices.find_missing, notice.pid, actor=host)
    )
    assert len(missing) < 200 and more is not None, "a page of them"
    meter.took["-"] = (0.0, 0)
    quiz = await run(add_quiz, pid, "1. 太阳从东边升起。（ ）\n答案：对", actor=host)
    asked = await meter.measure("a quiz", lambda: run(quizzes.push_quiz, quiz.pid, pid, place="people", actor=host))
    await meter.measure("who has not answered", lambda: run(quizzes.find_missing, asked.pid, actor=host))
    thing = await run(add_resource, pid, "教案", text="《秋天的雨》", actor=host)
    await meter.measure("a push", lambda: run(pushes.push_resource, thing.pid, pid, place="people", actor=host))
    people = await meter.measure("the list of members", lambda: run(list_members, pid, actor=host))
    assert len(people) <= 51
    await meter.measure("how many members", lambda: run(count_members, pid, actor=host))
    await meter.measure("the plan of its room", lambda: run(planned))
    del meter.took["-"]
    return meter


def planned(ctx: Context) -> None:
    """What a mirror pass works out, with what a homeserver says of the room."""
    room = ctx.session.query(Room).filter_by(community_id=WORKSHOP, platform="matrix").one()
    people = ctx.session.query(Membership).filter_by(community_id=WORKSHOP).count()
    place = Place(room.pid, native(WORKSHOP), room.part, {}, {})
    actual = read_state(place, state(WORKSHOP, 2, people, people), "@gongfang:example.org", NOW.replace(year=2020))
    made = plan(desired_of(ctx, room, actual), actual)
    assert not made.actions, made.actions[:3]


async def test_a_room_of_thousands(database_url: str, databases: Any, database_kind: str,
                                   capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    with databases.fresh(database_kind) as other:
        async with a_room_of(other, FEW) as (world, host, member, pid):
            few = await go_through(world, host, member, pid)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with a_room_of(database_url, MANY) as (world, host, member, pid):
        many = await go_through(world, host, member, pid)
        told = await world.run(lambda ctx: ctx.session.query(Delivery).filter(Delivery.person_id.is_not(None)).count())
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with capsys.disabled():
        print(f"\n{database_kind}, a room of {MANY} against one of {FEW}, {told} deliveries, memory +{grown:.0f} MB:")
        for what, (seconds, statements) in many.took.items():
            print(f"  {what}: {seconds:.2f} s, {statements} statements (of {FEW}: {few.took[what][1]})")
    assert told >= 3 * (MANY - 1)
    for what, (seconds, statements) in many.took.items():
        assert statements <= few.took[what][1] + MORE, f"{what}: asked for each of them"
        assert seconds < SECONDS, what
    assert grown < MEGABYTES
