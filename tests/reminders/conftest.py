"""A workshop with a host and two teachers, and a clock that ticks when told."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from api.clock import run_job
from api.registry import JOBS
from storage.communities import Community
from tests.support.talk import Voice, World, a_world

NAMES = {"reminders.ring", "reminders.rules"}


@dataclass
class Town:
    """Who is there."""

    world: World
    county: Community
    school: Community
    workshop: Community
    host: Voice
    zhang: Voice
    li: Voice

    async def tick(self) -> None:
        """The clock looks for what is due, and everything is delivered."""
        for job in JOBS:
            if job.name in NAMES:
                await run_job(self.world.runtime, job)
        await self.world.settle()


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.fixture
async def town(world: World) -> Town:
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop = await world.workshop(county, "语文工坊")
    host, zhang, li = [await world.teacher(name, school) for name in ("王坊主", "张老师", "李老师")]
    await world.join(host, workshop, "host")
    await world.join(zhang, workshop)
    await world.join(li, workshop)
    return Town(world, county, school, workshop, host, zhang, li)
