"""What is due is released, refreshed and closed one by one: a bad one stops no other, and is not tried for ever."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from api.clock import run_job
from api.journals.service import start_entry
from api.journals.submitting import submit_entry
from api.notices import jobs as notice_jobs
from api.notices.service import receive_notice, send_notice
from api.polls import jobs as poll_jobs
from api.polls.service import post_poll
from api.quizzes import jobs as quiz_jobs
from api.quizzes.pushes import push_quiz
from api.quizzes.service import add_quiz
from api.registry import JOBS
from api.resources import pushes
from api.resources.service import add_resource
from storage.broadcasts import Broadcast
from storage.communities import Community
from storage.engine import StorageUnavailable
from storage.journals import JournalDigest
from storage.messaging import Delivery
from tests.support.talk import Voice, World, a_world

FAILED = "没有发出：我这边出了错"
SOON = timedelta(minutes=5)


@dataclass
class Town:
    """Two workshops with a room and a member each, and their host, who sends."""

    world: World
    host: Voice
    workshops: list[Community]
    members: list[Voice]
    ends_at: Any = None

    async def send(self, kind: str, workshop: Community, later: timedelta = SOON) -> Broadcast:
        """Something of a kind that goes out in a while."""
        at = self.world.runtime.now() + later

        async def run(*args: Any, **how: Any) -> Any:
            return await self.world.run(*args, **how, release_at=at, actor=self.host)

        if kind == "notices":
            return await run(send_notice, workshop.pid, "周五交教案", place="people")
        if kind == "polls":
            return await run(post_poll, workshop.pid, "周几开会？", ["周四", "周五"], closes_at=self.ends_at)
        if kind == "quizzes":
            quiz = await self.world.run(add_quiz, workshop.pid, "1. 太阳从东边升起。（ ）\n答案：对", actor=self.host)
            return await run(push_quiz, quiz.pid, workshop.pid, place="people", closes_at=self.ends_at)
        resource = await self.world.run(add_resource, workshop.pid, "草船借箭", text="神机妙算", actor=self.host)
        return await run(pushes.push_resource, resource.pid, workshop.pid, place="people")

    async def tick(self, name: str) -> int:
        """Run one job; returns in how many batches."""
        return await run_job(self.world.runtime, next(job for job in JOBS if job.name == name))

    async def now(self, row: Broadcast) -> Any:
        """A row as it is stored."""
        return await self.world.run(lambda ctx: ctx.session.get_one(type(row), row.id))


@asynccontextmanager
async def a_town(database_url: str) -> AsyncIterator[Town]:
    """One on a fresh database."""
    async with a_world(database_url) as world:
        county = await world.region()
        school = await world.school(county, "第一小学")
        town = Town(world, await world.teacher("周坊主", school), [], [])
        for name in ("识字工坊", "朗读工坊"):
            workshop, member = await world.workshop(county, name), await world.teacher(f"{name}的老师", school)
            await world.room(workshop)
            await world.join(town.host, workshop, "host")
            await world.join(member, workshop)
            town.workshops.append(workshop)
            town.members.append(member)
        yield town


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url) as town:
        yield town


MODULES = {
    "notices": (notice_jobs, "release_notice", "refresh_notice"),
    "polls": (poll_jobs, "release_poll", "refresh_poll"),
    "quizzes": (quiz_jobs, "release_push", "refresh_push"),
    "pushes": (pushes, "release_push", "refresh_push"),
}


def fails_for(row: Broadcast, well: Callable[..., Any], tried: list[int]) -> Callable[..., Any]:
    """What fails for one row, after it wrote something; the others go well."""

    def act(ctx: Any, one: Broadcast, *more: Any, **named: Any) -> Any:
        tried.append(one.id)
        well(ctx, one, *more, **named)
        if one.id == row.id:
            raise ZeroDivisionError("mine")

    return act


@pytest.mark.parametrize("kind", MODULES)
async def test_one_that_cannot_be_released_stops_no_other(
    town: Town, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = [await town.send(kind, workshop) for workshop in town.workshops]
    module, release, _ = MODULES[kind]
    tried: list[int] = []
    monkeypatch.setattr(module, release, fails_for(bad, getattr(module, release), tried))
    town.world.pass_time(minutes=6)
    assert await town.tick(f"{kind}.release") == 3, "one a transaction, and once to see that nothing is left"
    await town.world.settle()
    assert tried == [bad.id, good.id]
    assert (await town.now(good)).released_at is not None
    row = await town.now(bad)
    assert (row.released_at, row.people_message_id, row.room_message_id) == (None, None, None)
    assert row.withdrawn_at is not None
    town.host.expect("识字工坊", FAILED)
    town.members[0].expect_nothing()
    await town.tick(f"{kind}.release")
    assert len(tried) == 2, "it is not tried for ever"


async def test_a_zone_that_is_gone_keeps_nobody_else_from_a_notice(town: Town) -> None:
    for workshop in town.workshops:
        await town.send("notices", workshop)
    gone = text("UPDATE communities SET zone = 'Asia/Nowhere' WHERE id = :id")
    await town.world.run(lambda ctx: ctx.session.execute(gone, {"id": town.workshops[0].id}) and None)
    town.world.pass_time(minutes=6)
    await town.tick("notices.release")
    await town.world.settle()
    town.host.expect("识字工坊", FAILED)
    town.members[1].expect("周五交教案")


@pytest.mark.parametrize("kind", MODULES)
async def test_figures_that_cannot_be_shown_stop_no_others(
    town: Town, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = [await town.send(kind, workshop) for workshop in town.workshops]
    town.world.pass_time(minutes=6)
    await town.tick(f"{kind}.release")
    module, _, refresh = MODULES[kind]
    tried: list[int] = []
    monkeypatch.setattr(module, refresh, fails_for(bad, getattr(module, refresh), tried))
    town.world.pass_time(minutes=1)
    assert await town.tick(f"{kind}.refresh") == 3
    assert sorted(tried) == [bad.id, good.id]
    town.world.pass_time(minutes=1)
    await town.tick(f"{kind}.refresh")
    assert tried.count(bad.id) == 1, "not with every tick"
    town.world.pass_time(minutes=60)
    await town.tick(f"{kind}.refresh")
    assert tried.count(bad.id) == 2 and (await town.now(bad)).settled_at is None
    town.world.pass_time(hours=48)
    for _ in range(3):
        await town.tick(f"{kind}.refresh")
        town.world.pass_time(hours=2)
    assert tried.count(bad.id) == 3 and (await town.now(bad)).settled_at is not None


async def test_who_answers_needs_no_figures(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they failed the clock looks again in an hour; until then 收到 does not try either."""
    notice = await town.send("notices", town.workshops[0])
    town.world.pass_time(minutes=6)
    await town.tick("notices.release")
    monkeypatch.setattr(notice_jobs, "refresh_notice", fails_for(notice, lambda *_: None, []))
    town.world.pass_time(minutes=1)
    await town.tick("notices.refresh")
    monkeypatch.setattr("api.notices.service._refresh", lambda *_: 1 / 0)
    _, first = await town.world.run(receive_notice, notice.pid, actor=town.members[0])
    assert first


@pytest.mark.parametrize(("kind", "close"), [("polls", "end_poll"), ("quizzes", "close_push")])
async def test_one_that_cannot_be_closed_stops_no_other(
    town: Town, kind: str, close: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.ends_at = town.world.runtime.now() + timedelta(hours=2)
    bad, good = [await town.send(kind, workshop) for workshop in town.workshops]
    town.world.pass_time(minutes=6)
    await town.tick(f"{kind}.release")
    module, tried = MODULES[kind][0], list[int]()
    monkeypatch.setattr(module, close, fails_for(bad, getattr(module, close), tried))
    town.world.pass_time(hours=2)
    assert await town.tick(f"{kind}.close") == 3
    await town.tick(f"{kind}.close")
    assert sorted(tried) == [bad.id, good.id]
    assert (await town.now(bad)).closed_at == (await town.now(good)).closed_at is not None


async def test_one_host_who_cannot_be_told_stops_no_other(town: Town) -> None:
    """Of logs that wait; and they are tried with no tick, but when the next digest is due."""
    world, workshop, teacher = town.world, town.workshops[0], town.members[0]
    other = await world.teacher("李坊主")
    await world.join(other, workshop, "cohost")
    entry = await world.run(start_entry, workshop.pid, "今天听了一节语文课，收获很大，回去要试一试。", actor=teacher)
    await world.run(submit_entry, entry.pid, actor=teacher)
    gone = text("UPDATE persons SET zone = 'Asia/Nowhere' WHERE id = :id")
    await world.run(lambda ctx: ctx.session.execute(gone, {"id": town.host.person.id}) and None)
    await town.tick("journals.digests")
    messages = await world.run(lambda ctx: list(ctx.session.scalars(select(Delivery.person_id))))
    assert other.person.id in messages and town.host.person.id not in messages
    marked = await world.run(lambda ctx: list(ctx.session.scalars(select(JournalDigest.person_id))))
    assert sorted(marked) == sorted([other.person.id, town.host.person.id])


async def test_a_database_that_is_away_takes_nothing_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = await town.send("notices", town.workshops[0])

    def away(_ctx: Any, _row: Any) -> None:
        raise StorageUnavailable

    town.world.pass_time(minutes=6)
    with monkeypatch.context() as patch:
        patch.setattr(notice_jobs, "release_notice", away)
        await town.tick("notices.release")
    assert (await town.now(notice)).withdrawn_at is None
    await town.tick("notices.release")
    assert (await town.now(notice)).released_at is not None
