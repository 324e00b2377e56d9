"""A workshop with two rooms, each on a platform of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from api.context import Context
from bot.bots import Bots
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from storage.communities import Community
from storage.messaging import Chat
from storage.people import Person
from storage.rooms import Room
from tests.support.lane import Lane, a_lane
from tests.support.paper import Paper, Sheet
from tests.support.synapse import Synapse
from tests.support.talk import FEATURES, Voice, World, a_world


@dataclass(slots=True)
class Village:
    """`here` and `there` are two platforms of one county. Li speaks here, Wang there, the host in both."""

    here: World
    there: World
    workshop: Community
    room: str
    other: str
    host: Voice
    li: Voice
    wang: Voice

    def heard(self, there: bool = True) -> list[Sheet]:
        """What stands in the other room (or in the first one)."""
        world, room = (self.there, self.other) if there else (self.here, self.room)
        return [sheet for sheet in world.paper.chats[room] if not sheet.deleted]

    def texts(self, there: bool = True) -> list[str]:
        """The words of it."""
        return [sheet.text for sheet in self.heard(there)]

    async def change_room(self, platform: str, native: str, **columns: object) -> None:
        """Set columns of a room."""

        def change(ctx: Context) -> None:
            session = ctx.session
            row = session.query(Room).join(Chat).filter(Chat.native == native, Chat.platform == platform).one()
            for name, value in columns.items():
                setattr(row, name, value)

        await self.here.run(change)


class Lively(World):
    """Whatever is said has an event of its own, as on every real platform."""

    said = count(1)

    async def arrive(self, voice: Voice, chat: str, kind: str, **inbound: Any) -> None:
        await super().arrive(voice, chat, kind, **{"event": f"said-{next(self.said)}", **inbound})


def joined(first: World, second: World) -> None:
    """Both worlds have both platforms, as one process has."""
    bots = Bots.of(first.paper, second.paper)
    for world in (first, second):
        world.handlers = Handlers(world.runtime, Dispatcher(FEATURES), bots)
        world.deliverers = Deliverers(world.runtime, bots, first.deliverers.guards)
        world.fetchers = Fetchers(world.runtime, bots, first.fetchers.followers)


async def account_there(world: World, person: Person, name: str) -> Voice:
    """An account of somebody on another platform."""
    voice = world.new_voice(name)
    await world.run(lambda ctx: world._add_account(ctx, voice, ctx.session.get_one(Person, person.id), "zh_CN"))
    voice.person = person
    return voice


@pytest.fixture
async def village(database_url: str) -> AsyncIterator[Village]:
    async with a_world(database_url) as world:
        here, there = Lively(world.runtime, world.paper), Lively(world.runtime, Paper("other"))
        joined(here, there)
        county = await here.region()
        school = await here.school(county, "第一小学")
        workshop = await here.workshop(county, "识字工坊")
        host, li = await here.teacher("沈坊主", school), await here.teacher("李春华", school)
        wang = await there.teacher("王芳", school)
        for voice, role in ((host, "host"), (li, "member"), (wang, "member")):
            await here.join(voice, workshop, role)
        yield Village(here, there, workshop, await here.room(workshop), f"{await there.room(workshop)}", host, li, wang)


@pytest.fixture
async def lane(database_url: str, synapse: Synapse, tmp_path: Path) -> AsyncIterator[Lane]:
    """A room on the web, on Telegram and on Matrix."""
    async with a_lane(database_url, synapse, tmp_path) as lane:
        yield lane
