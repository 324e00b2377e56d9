"""Rooms in which things happen, and what follows from them."""


from typing import Any

from api.context import Context
from api.rooms.wanting import desired_of
from storage.communities import Community
from storage.mirrors import AT_ONCE
from storage.people import Audit
from storage.rooms import Room, RoomAccount
from tests.support.county import County
from tests.support.talk import Voice


async def a_room(county: County, community: Community | None = None, policy: str = "follow") -> str:
    """A room that is kept in step; its id."""
    place = community or county.workshop
    native = await county.world.room(place)

    def keep(ctx: Context) -> None:
        room = ctx.session.query(Room).filter_by(community_id=place.id, platform="").one()
        room.platform, room.manages, room.due_at = "paper", ["members", "ranks"], AT_ONCE
        ctx.session.get_one(Community, place.id).room_policy = policy

    await county.run(keep)
    return native


async def desired(county: County, community: Community | None = None) -> Any:
    """What the room should be."""
    place = community or county.workshop

    def look(ctx: Context) -> Any:
        return desired_of(ctx, ctx.session.query(Room).filter_by(community_id=place.id, platform="paper").one())

    return await county.run(look)


async def happens(county: County, room: str, kind: str, who: Voice, by: Voice | None = None, **payload: Any) -> None:
    """An event of the platform."""
    payload["by"] = (by or who).native
    await county.world.arrive(who, room, kind, payload=payload)


async def acts(county: County) -> list[str]:
    return await county.run(lambda ctx: [one.act for one in ctx.session.query(Audit).order_by(Audit.id)])


async def account_pid(county: County, who: Voice) -> str:
    return await county.run(lambda ctx: ctx.session.query(RoomAccount.pid).filter_by(native=who.native).scalar())
