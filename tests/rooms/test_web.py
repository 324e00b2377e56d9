"""The built-in rooms go through the same planner: what the web chat shows is what should be there, whatever happens."""

from typing import Any

from api.communities.joining import leave_workshop
from api.communities.members import remove_member
from api.communities.service import archive_workshop, edit_workshop
from api.communities.tree import ensure_web_room
from api.context import Context
from api.people.websessions import web_identity
from api.rooms.planning import Plan, plan
from api.rooms.wanting import desired_of
from api.webchat.mirroring import look_at_room
from storage.communities import Community
from storage.messaging import Chat
from storage.people import Person
from storage.rooms import Room, rooms_of
from tests.support.county import County


def plans(ctx: Context) -> dict[str, Plan]:
    """community's name -> what would be done in its built-in room."""
    found = {}
    for room, community, chat in (
        ctx.session.query(Room, Community, Chat).join(Community, Community.id == Room.community_id)
        .join(Chat, Chat.id == Room.chat_id).filter(Room.origin == "built_in")
    ):  # fmt: skip
        actual = look_at_room(ctx, chat.native)
        assert actual is not None
        found[community.name] = plan(desired_of(ctx, room, actual), actual)
    return found


async def all_on_the_web(county: County) -> None:
    def open_all(ctx: Context) -> None:
        for community in ctx.session.query(Community):
            ensure_web_room(ctx, community)
        for person in ctx.session.query(Person):
            web_identity(ctx, person)

    await county.run(open_all)


async def test_there_is_never_anything_to_do(county: County) -> None:
    await all_on_the_web(county)

    async def nothing() -> None:
        assert {name: made for name, made in (await county.run(plans)).items() if made != Plan()} == {}

    await nothing()
    for voice, role in ((county.li, "member"), (county.chen, "observer"), (county.zhou, "cohost")):
        await county.world.join(voice, county.workshop, role)
        await nothing()
    await county.run(leave_workshop, county.w, actor=county.li)
    await county.run(remove_member, county.w, county.chen.pid, actor=county.wang)
    await nothing()
    await county.run(edit_workshop, county.w, name="阅读工坊", actor=county.wang)
    await nothing()
    await county.run(_move, county.li.person, county.second)
    await nothing()
    await county.run(archive_workshop, county.w, actor=county.wang)
    await nothing()


def _move(ctx: Context, person: Any, school: Community) -> None:
    ctx.session.get_one(Person, person.id).school_id = school.id


async def test_a_title_that_is_wrong_is_noticed(county: County) -> None:
    await all_on_the_web(county)

    def spoil(ctx: Context) -> None:
        ctx.session.get_one(Chat, rooms_of(ctx.session, county.workshop.id)[0]).title = "别的"

    await county.run(spoil)
    (action,) = (await county.run(plans))["语文工坊"].actions
    assert (action.kind, action.value) == ("name", "语文工坊")
