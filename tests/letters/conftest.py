"""What the tests of dead letters stand on: a county whose platform can be made to fail."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from api.context import Context
from api.messaging.outbox import deliver_to_rooms, tell_person, write_message
from api.messaging.tree import Words
from bot.platforms.base import Rejected
from storage.messaging import Delivery, Message
from tests.support.county import County, a_county
from tests.support.talk import Voice, World, a_world


@dataclass
class Post:
    """What is told, and what became of it."""

    county: County

    @property
    def world(self) -> World:
        return self.county.world

    async def tell(self, who: Voice, text: str, **how: Any) -> str:
        """Tell somebody something; the public id of the delivery."""

        def tell(ctx: Context) -> str:
            assert who.person is not None
            message = tell_person(ctx, who.person.id, Words(text), **how)
            return ctx.session.query(Delivery).filter_by(message_id=message.id).one().pid

        pid: str = await self.world.run(tell)
        await self.world.settle()
        return pid

    async def refuse(self, who: Voice, text: str, **how: Any) -> str:
        """The same, and the platform refuses it."""
        self.world.paper.failures.append(Rejected("can't parse entities"))
        return await self.tell(who, text, **how)

    async def say(self, text: str) -> str:
        """Say something in the rooms of 语文工坊; the public id of the (one) delivery."""

        def say(ctx: Context) -> str:
            message = write_message(ctx, Words(text))
            deliver_to_rooms(ctx, message, self.county.workshop.id)
            return ctx.session.query(Delivery).filter_by(message_id=message.id).one().pid

        pid: str = await self.world.run(say)
        await self.world.settle()
        return pid

    async def rows(self) -> dict[str, Delivery]:
        """What was told (its text) -> the delivery."""

        def read(ctx: Context) -> dict[str, Delivery]:
            rows = ctx.session.query(Delivery, Message).join(Message, Message.id == Delivery.message_id)
            return {str(message.tree): delivery for delivery, message in rows}

        return await self.world.run(read)

    def got(self, who: Voice, texts: Sequence[str]) -> list[str]:
        """Which of these somebody got, in the order in which they came, each as often as it came."""
        return [sheet.text for sheet in who.sheets() if sheet.text in texts]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.fixture
async def post(world: World) -> Post:
    return Post(await a_county(world))
