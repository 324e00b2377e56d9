"""Which room mirrors which community: both rights are needed, a room has one community, built-in rooms stay."""

from api.communities.tree import ensure_web_room
from api.context import Context
from api.rooms.service import bind_room, unbind_room
from storage.base import new_pid
from storage.messaging import Chat
from storage.rooms import rooms_of
from tests.support.county import County
from tests.support.talk import Voice


async def a_chat(county: County, kind: str = "room") -> Chat:
    def add(ctx: Context) -> Chat:
        chat = Chat(pid=new_pid(), platform="paper", native=f"group-{new_pid()}", kind=kind, created_at=ctx.now)
        ctx.session.add(chat)
        return chat

    return await county.run(add)


async def rooms(county: County) -> int:
    return await county.run(lambda ctx: len(rooms_of(ctx.session, county.workshop.id)))


async def test_binding_takes_both_rights(county: County) -> None:
    chat = await a_chat(county)
    await county.refused("room.not_platform_admin", bind_room, chat, county.w, False, actor=county.wang)
    await county.refused("forbidden", bind_room, chat, county.w, True, actor=county.li)
    private = await a_chat(county, "private")
    await county.refused("room.private", bind_room, private, county.w, True, actor=county.wang)
    assert await rooms(county) == 0
    for _ in range(2):
        await county.run(bind_room, chat, county.w, True, actor=county.wang)
    assert await rooms(county) == 1
    other = await county.world.workshop(county.county, "数学工坊")
    await county.world.join(county.wang, other, "host")
    await county.refused("room.bound", bind_room, chat, other.pid, True, actor=county.wang)


async def test_unbinding_takes_a_host_or_administrator(county: County) -> None:
    chat = await a_chat(county)
    await county.run(bind_room, chat, county.w, True, actor=county.wang)

    async def refused(who: Voice, code: str) -> None:
        await county.refused(code, unbind_room, chat.pid, actor=who)

    await county.world.join(county.zhou, county.workshop, "cohost")
    await refused(county.zhou, "forbidden")
    await refused(county.li, "forbidden")
    await county.run(unbind_room, chat.pid, actor=county.lin)
    assert await rooms(county) == 0
    await refused(county.wang, "room.unbound")
    await county.refused("room.unknown", unbind_room, "nothing", actor=county.wang)


async def test_built_in_rooms_stay(county: County) -> None:
    def built_in(ctx: Context) -> str:
        workshop = ctx.session.merge(county.workshop)
        return ctx.session.get_one(Chat, ensure_web_room(ctx, workshop)).pid

    await county.refused("room.built_in", unbind_room, await county.run(built_in), actor=county.wang)
    assert await rooms(county) == 1
