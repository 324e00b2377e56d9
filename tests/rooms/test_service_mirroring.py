"""Taking over rooms and mirroring a region as operations: who may, what again changes, and what letting go ends."""

from api.context import Context
from api.rooms.mirroring import adopt_room
from storage.base import new_pid
from storage.messaging import Chat
from storage.rooms import Room
from tests.support.county import County


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
