"""Spaces and rooms of a county, made and kept in step on a real homeserver."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from api.context import Context
from api.rooms.mirroring import mirror_region
from api.times import utcnow
from storage.communities import Community
from storage.messaging import Chat
from storage.mirrors import make_due
from storage.rooms import Room
from tests.support.county import County, a_county
from tests.support.matrix import a_matrix_world
from tests.support.matrix_town import MatrixTown, MatrixVoice
from tests.support.synapse import Synapse


@pytest.fixture
async def county(database_url: str, synapse: Synapse) -> AsyncIterator[County]:
    async with a_matrix_world(database_url, synapse, kind=MatrixTown) as world:
        world.runtime.now = utcnow
        yield await a_county(world)


async def keep_up(county: County) -> None:
    """Let the bot do and read until nothing is left; what it would look at in a moment, it looks at now."""
    for _ in range(20):
        await county.world.settle()
        await county.run(soon)
        await county.world.mirrors.drain()
        if not await county.run(soon):
            return
    raise AssertionError("there is always something left to do")


def soon(ctx: Context) -> int:
    """Make due what is due within a minute; how many rooms that are."""
    ctx.session.flush()
    make_due(ctx.session, Room.due_at < ctx.now + timedelta(seconds=60))
    return ctx.session.query(Room).filter(Room.due_at <= ctx.now).count()


async def natives(county: County, community: Community) -> dict[str, str]:
    """part -> room id."""

    def look(ctx: Context) -> dict[str, str]:
        query = ctx.session.query(Room.part, Chat.native).join(Chat, Chat.id == Room.chat_id)
        return dict(query.filter(Room.community_id == community.id, Room.platform == "matrix").all())  # type: ignore[arg-type]

    return await county.run(look)


async def state(county: County, native: str) -> dict[tuple[str, str], Any]:
    """(type, key) -> content."""
    found = await county.world.matrix.connection.home.list(f"/_matrix/client/v3/rooms/{quote(native)}/state")
    return {(event["type"], event["state_key"]): event["content"] for event in found}


def client(voice: Any) -> Any:
    assert isinstance(voice, MatrixVoice)
    return voice.client


async def test_a_county_from_nothing(county: County) -> None:
    await county.run(mirror_region, county.county.pid, actor=county.lin)
    await keep_up(county)
    space = (await natives(county, county.county))["space"]
    school = await natives(county, county.first)
    workshop = (await natives(county, county.workshop))["room"]
    top = await state(county, space)
    assert top["m.room.create", ""]["type"] == "m.space"
    assert top["m.room.name", ""]["name"] == "晨光县"
    assert ("m.space.child", school["space"]) in top and ("m.space.child", workshop) in top
    assert top["m.room.member", client(county.li).user_id]["membership"] == "invite"
    staff = await state(county, school["room"])
    assert staff["m.room.join_rules", ""]["allow"][0]["room_id"] == school["space"]
    room = await state(county, workshop)
    assert room["m.room.join_rules", ""]["join_rule"] == "knock"
    await client(county.wang).join(workshop)
    await keep_up(county)
    room = await state(county, workshop)
    assert room["m.room.power_levels", ""]["users"] == {county.world.bot.user_id: 100, client(county.wang).user_id: 50}
