"""Accounts that are heard of for the first time."""

import asyncio
import time

from api.context import Context
from api.messaging.faces import recognise
from storage.messaging import Chat
from storage.people import Identity
from tests.support.talk import a_world


async def test_a_new_account_in_two_rooms_at_once_is_one(database_url: str) -> None:
    async with a_world(database_url) as world:
        county = await world.region()
        rooms = [await world.room(await world.school(county, name)) for name in ("一小", "二小")]

        def hear(ctx: Context, native: str) -> int:
            chat = ctx.session.query(Chat).filter_by(native=native).one()
            known = recognise(ctx, chat, "stranger", "新人").identity.id
            time.sleep(0.2)  # the other one hears of it before this is committed
            return known

        first, second = await asyncio.gather(*[world.run(hear, room) for room in rooms])
        assert first == second
        assert await world.run(lambda ctx: ctx.session.query(Identity).filter_by(native="stranger").count()) == 1
