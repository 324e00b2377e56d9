"""Ticks, workers and confirmations of several processes at once: whatever goes out reaches everybody once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from api.clock import run_job
from api.registry import GUARDS, JOBS
from api.reminders import rules, service
from api.reminders.rules import RuleWish
from api.runtime import Runtime
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.handle import Handlers
from storage.blobs import Blobs
from storage.engine import Database
from storage.messaging import Delivery
from tests.messaging.test_service_releasing import MODULES, Town, a_town
from tests.support.talk import World

PROCESSES = 4
BROADCASTS = [job for job in JOBS if job.name.partition(".")[0] in {"notices", "pushes", "quizzes", "polls"}]
REMINDERS = [job for job in JOBS if job.name in {"reminders.ring", "reminders.rules"}]
SAID = {"notices": "周五交教案", "polls": "周几开会", "quizzes": "太阳从东边", "pushes": "草船借箭"}


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url) as town:
        yield town


@asynccontextmanager
async def processes(world: World, url: str) -> AsyncIterator[list[Runtime]]:
    """Several, each with a database connection of its own; their clock is the world's."""
    made = [
        Runtime(world.runtime.config, Database(url), Blobs("memory:"), now=lambda: world.runtime.now())
        for _ in range(PROCESSES)
    ]
    try:
        yield made
    finally:
        for runtime in made:
            await runtime.close()


async def tick_everywhere(runtimes: list[Runtime], jobs: list[Any]) -> None:
    """Every job twice in every process, all at the same time."""
    await asyncio.gather(*[run_job(runtime, job) for job in jobs for runtime in runtimes for _ in range(2)])


async def deliver_everywhere(world: World, runtimes: list[Runtime]) -> None:
    """All of them deliver what is due."""
    bots = Bots.of(world.paper)
    await asyncio.gather(*[Deliverers(runtime, bots, GUARDS).drain() for runtime in runtimes])


def _doubled(ctx: Any) -> list[Any]:
    """(message, person or chat) of what is to be sent, or was, more than once."""
    query = select(Delivery.message_id, Delivery.person_id, Delivery.chat_id).where(Delivery.kind == "send")
    return list(ctx.session.execute(
        query.group_by(Delivery.message_id, Delivery.person_id, Delivery.chat_id).having(func.count() > 1)
    ))  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", MODULES)
async def test_what_is_sent_to_many_reaches_each_once(town: Town, kind: str, database_url: str) -> None:
    town.ends_at = town.world.runtime.now() + timedelta(hours=2)
    rows = [await town.send(kind, workshop) for workshop in town.workshops for _ in range(3)]
    async with processes(town.world, database_url) as runtimes:
        for hours in (0.2, 0.2, 2.0, 50.0):
            town.world.pass_time(hours=hours)
            await tick_everywhere(runtimes, BROADCASTS)
            await deliver_everywhere(town.world, runtimes)
    assert all([(await town.now(row)).released_at is not None for row in rows])
    assert await town.world.run(_doubled) == []
    chats = {chat: [sheet.text for sheet in sheets if SAID[kind] in sheet.text]
             for chat, sheets in town.world.paper.chats.items() if chat != town.host.chat}  # fmt: skip
    assert {len(texts) for texts in chats.values() if texts} == {3}, chats
    assert sum(map(len, chats.values())) >= 6, "in both workshops"


@pytest.mark.both_databases
async def test_reminders_reach_each_once(town: Town, database_url: str) -> None:
    world, now = town.world, town.world.runtime.now()
    for member in town.members:
        for n in range(10):
            await world.run(service.create_reminder, f"第{n}件事", now + timedelta(minutes=5), actor=member)
    wished = [await world.run(rules.create_rule, workshop.pid, RuleWish(), actor=town.host)
              for workshop in town.workshops]  # fmt: skip
    async with processes(world, database_url) as runtimes:
        for moment in (now + timedelta(minutes=6), wished[0].next_at, wished[0].next_at + timedelta(minutes=1)):
            world.set_time(moment)
            await tick_everywhere(runtimes, REMINDERS)
            await deliver_everywhere(world, runtimes)
    for member in town.members:
        told = Counter(sheet.text for sheet in member.sheets())
        assert sum("件事" in text for text in told.elements()) == 10 and set(told.values()) == {1}, told
        assert len(told) == 11, "and once what the rule asks for"


@pytest.mark.both_databases
async def test_confirming_again_and_again_sends_once(town: Town, database_url: str) -> None:
    """The same press arrives four times, and several processes handle what arrives."""
    world, host = town.world, town.host
    await host.say("通知 周五交教案")
    if any("识字工坊" in label for sheet in host.sheets()[-1:] for label, _ in sheet.buttons):
        await host.press("识字工坊")
    sheet = host.sheets()[-1]
    action = next(button.action for label, button in sheet.buttons if "确认发送" in label)
    async with processes(world, database_url) as runtimes:
        bots = Bots.of(world.paper)
        others = [Handlers(runtime, Dispatcher(FEATURES), bots) for runtime in runtimes]
        presses = [host.press_action(action, sheet.native) for _ in range(4)]
        await asyncio.gather(*presses, *[one.drain() for one in others])
        await asyncio.gather(*[one.drain() for one in others])
        await tick_everywhere(runtimes, BROADCASTS)
        await deliver_everywhere(world, runtimes)
    await world.settle()
    told = [s for chat in world.paper.chats.values() for s in chat if "周五交教案" in s.text and "通知 ·" in s.text]
    assert len(told) == 1, [s.text for s in told]
