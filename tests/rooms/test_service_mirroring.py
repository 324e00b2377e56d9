"""Taking over rooms and mirroring a region as operations: who may, what again changes, and what letting go ends."""

import pytest

from api.context import Context
from api.rooms.mirroring import adopt_room, mirror_region, release_region
from api.rooms.passes import grow
from storage.base import new_pid
from storage.communities import Community
from storage.messaging import Chat
from storage.mirrors import AT_ONCE
from storage.rooms import Room
from tests.support.county import County


@pytest.fixture
def with_matrix(county: County) -> None:
    county.world.runtime.config.matrix.homeserver = "https://matrix.example.org"


async def a_group(county: County) -> str:
    """A group that nobody bound; its id."""
    native = new_pid()

    def add(ctx: Context) -> None:
        ctx.session.add(Chat(platform="paper", native=native, kind="room", created_at=ctx.now))

    await county.run(add)
    return native


async def bound(county: County) -> list[int]:
    """The communities that have a room on paper."""
    return await county.run(
        lambda ctx: [n for (n,) in ctx.session.query(Room.community_id).filter_by(platform="paper")]
    )


async def test_only_who_administers_the_region_takes_a_room_over_from_outside(county: County) -> None:
    native = await a_group(county)
    inner = await county.world.workshop(county.first, "校本工坊")
    await county.world.join(county.zhou, county.workshop, "cohost")
    await county.world.appoint(county.chen, county.first, "school_admin")
    for who, place in ((county.wang, county.w), (county.zhou, county.w), (county.chen, inner.pid)):
        await county.refused("rooms.bind_there", adopt_room, place, native, "paper", actor=who)
        # nobody learns here which rooms we are in
        await county.refused("rooms.bind_there", adopt_room, place, "nothing", "paper", actor=who)
    await county.refused("forbidden", adopt_room, county.w, native, "paper", actor=county.li)
    assert await bound(county) == []
    await county.run(adopt_room, county.w, native, "paper", actor=county.lin)
    await county.refused("rooms.not_inside", adopt_room, inner.pid, "nothing", "paper", actor=county.lin)
    await county.run(adopt_room, inner.pid, await a_group(county), "paper")
    assert sorted(await bound(county)) == sorted([county.workshop.id, inner.id])


async def made(county: County) -> dict[str, bool]:
    """community -> whether its room or space on Matrix that we make is encrypted; what spaces let be made, is made."""

    def look(ctx: Context) -> dict[str, bool]:
        for (space,) in ctx.session.query(Room.id).filter_by(platform="matrix", part="space"):
            grow(ctx, space)
        ctx.session.expire_all()
        query = ctx.session.query(Community.name, Room.encrypted).join(Room, Room.community_id == Community.id)
        return {name: sealed for name, sealed in query.filter(Room.platform == "matrix", Room.origin == "created")}

    return await county.run(look)


async def test_rooms_once_to_be_encrypted_stay_so(county: County, with_matrix: None) -> None:
    await county.run(mirror_region, county.county.pid, encrypted=True)
    assert (await made(county))["语文工坊"]
    await county.run(mirror_region, county.county.pid)
    await county.world.workshop(county.county, "数学工坊")
    assert (await made(county))["数学工坊"]


async def test_encryption_may_be_had_later(county: County, with_matrix: None) -> None:
    await county.run(mirror_region, county.county.pid)
    assert not (await made(county))["语文工坊"]
    await county.run(mirror_region, county.county.pid, encrypted=True)
    await county.world.workshop(county.county, "数学工坊")
    assert (await made(county))["数学工坊"]


async def a_space(county: County, manages: list[str], community: Community) -> str:
    """A space that somebody made; its public id."""

    def add(ctx: Context) -> str:
        chat = Chat(platform="matrix", native=new_pid(), kind="room", created_at=ctx.now)
        ctx.session.add(chat)
        ctx.session.flush()
        room = Room(
            chat_id=chat.id, community_id=community.id, platform="matrix", part="space", manages=manages,
            due_at=AT_ONCE, created_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(room)
        ctx.session.flush()
        return room.pid

    return await county.run(add)


async def kept_of(county: County, pid: str) -> tuple[list[str], bool]:
    """What of a room is kept in step, and whether it is looked at."""

    def look(ctx: Context) -> tuple[list[str], bool]:
        room = ctx.session.query(Room).filter_by(pid=pid).one()
        return room.manages, room.due_at is not None

    return await county.run(look)


async def test_letting_go_ends_that_a_space_of_others_grows(county: County, with_matrix: None) -> None:
    top = await a_space(county, ["ranks"], county.county)
    inner = await a_space(county, ["tree"], county.first)
    await county.run(mirror_region, county.county.pid)
    assert await kept_of(county, top) == (["members", "ranks", "tree"], True)
    assert "语文工坊" in await made(county)
    await county.run(release_region, county.county.pid)
    assert await made(county) == {}  # none was made yet, and none is wanted again
    assert await kept_of(county, top) == (["members", "ranks"], True)
    assert await kept_of(county, inner) == ([], False)
    await county.run(mirror_region, county.county.pid)
    assert "语文工坊" in await made(county)
