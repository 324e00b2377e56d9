"""The tree of communities and their built-in rooms."""

from api.communities.tree import add_community, ensure_web_room, rename_community
from api.context import Context
from storage.communities import Community
from storage.messaging import Chat
from storage.rooms import community_of_chat, rooms_of
from tests.support.talk import World


async def test_a_community_knows_its_place_and_has_its_web_room(world: World) -> None:
    def grow(ctx: Context) -> None:
        county = add_community(ctx, kind="region", name="晨光县", level="county", language="en")
        school = add_community(ctx, kind="school", name="第一小学", parent=county, code="3301")
        workshop = add_community(ctx, kind="workshop", name="语文工坊", parent=school, policy="open")
        assert workshop.path == f"/{county.id}/{school.id}/{workshop.id}/"
        assert (workshop.language, workshop.parent_id, county.created_by) == ("en", school.id, None)
        for community in (county, school, workshop):
            [room] = rooms_of(ctx.session, community.id)
            chat = ctx.session.get_one(Chat, room)
            assert (chat.platform, chat.kind, chat.native) == ("web", "room", f"room-{community.pid}")
            assert chat.title == community.name
            assert ensure_web_room(ctx, community) == room
            assert community_of_chat(ctx.session, room) == community
        rename_community(ctx, school, "实验小学")
        ctx.session.flush()
        ctx.session.expire_all()
        assert ctx.session.get_one(Chat, rooms_of(ctx.session, school.id)[0]).title == "实验小学"

    await world.run(grow)


async def test_communities_met_without_a_room_get_one(world: World) -> None:
    county = await world.region()

    def mend(ctx: Context) -> None:
        here = ctx.session.get_one(Community, county.id)
        assert rooms_of(ctx.session, here.id) == []
        ensure_web_room(ctx, here)
        assert len(rooms_of(ctx.session, here.id)) == 1

    await world.run(mend)
