"""Spaces and rooms of a county, made and kept in step on a real homeserver."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from api.attachments.service import store_bytes
from api.communities.joining import decide_request
from api.communities.members import remove_member
from api.communities.offers import answer_offer, invite_person
from api.communities.pictures import set_picture
from api.communities.service import archive_workshop
from api.context import Context
from api.rooms.mirroring import adopt_room, look_again, mirror_region
from api.rooms.reports import list_rooms
from api.times import utcnow
from storage.communities import Community
from storage.messaging import Chat
from storage.mirrors import make_due
from storage.rooms import Room
from tests.support.county import County, a_county
from tests.support.matrix import a_matrix_world
from tests.support.matrix_town import MatrixTown, MatrixVoice
from tests.support.synapse import Synapse

pytestmark = pytest.mark.slow


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


async def mirrored(county: County) -> str:
    """The region is made; 王 (host) is in the workshop's room. Its id."""
    await county.run(mirror_region, county.county.pid, actor=county.lin)
    await keep_up(county)
    room = (await natives(county, county.workshop))["room"]
    await client(county.wang).join(room)
    await keep_up(county)
    return room


async def standing_there(county: County, room: str, who: Any) -> str | None:
    """join | invite | leave | ban of somebody, as the homeserver has it."""
    found = (await state(county, room)).get(("m.room.member", client(who).user_id))
    return found["membership"] if found else None


async def test_a_new_member_is_invited_a_former_one_put_out(county: County) -> None:
    room = await mirrored(county)
    await county.world.join(county.chen, county.workshop)
    await keep_up(county)
    assert await standing_there(county, room, county.chen) == "invite"
    await client(county.chen).join(room)
    await keep_up(county)
    await county.run(remove_member, county.w, county.chen.pid, actor=county.wang)
    await keep_up(county)
    assert await standing_there(county, room, county.chen) == "ban"
    await county.run(invite_person, county.w, county.chen.pid, actor=county.wang)
    await county.run(answer_offer, county.w, True, actor=county.chen)
    await keep_up(county)
    assert await standing_there(county, room, county.chen) == "invite"


async def test_leaving_there_is_leaving_here_and_not_asked_back(county: County) -> None:
    room = await mirrored(county)
    await county.world.join(county.chen, county.workshop)
    await keep_up(county)
    await client(county.chen).join(room)
    await keep_up(county)
    await client(county.chen).leave(room)
    await keep_up(county)
    assert await county.standing(county.chen) == ("left", "member")
    county.chen.expect("你退出了“语文工坊”的群")
    assert await standing_there(county, room, county.chen) == "leave"
    await client(county.chen).ask("POST", f"knock/{quote(room)}", {})
    await keep_up(county)
    assert await standing_there(county, room, county.chen) == "knock"
    await county.run(decide_request, county.w, county.chen.pid, True, actor=county.wang)
    await keep_up(county)
    assert await standing_there(county, room, county.chen) == "invite"


async def test_whom_a_host_invites_or_puts_out_there_is_a_member_or_none(county: County) -> None:
    room = await mirrored(county)
    await client(county.wang).ask("POST", f"rooms/{quote(room)}/invite", {"user_id": client(county.chen).user_id})
    await client(county.chen).join(room)
    await keep_up(county)
    assert await county.standing(county.chen) == ("active", "member")
    await client(county.wang).ask("POST", f"rooms/{quote(room)}/kick", {"user_id": client(county.chen).user_id})
    await keep_up(county)
    assert await county.standing(county.chen) == ("removed", "member")


async def test_power_given_there_is_a_role_here(county: County) -> None:
    room = await mirrored(county)
    await county.world.join(county.li, county.workshop)
    await keep_up(county)
    await client(county.li).join(room)
    await keep_up(county)
    levels = (await state(county, room))["m.room.power_levels", ""]
    levels["users"][client(county.li).user_id] = 50
    await client(county.wang).ask("PUT", f"rooms/{quote(room)}/state/m.room.power_levels", levels, expect=403)
    await lift(county, room, county.wang)
    await client(county.wang).ask("PUT", f"rooms/{quote(room)}/state/m.room.power_levels", {
        **levels, "users": {**levels["users"], client(county.wang).user_id: 100},
    })  # fmt: skip
    await keep_up(county)
    assert await county.standing(county.li) == ("active", "cohost")


async def lift(county: County, room: str, who: Any) -> None:
    """Somebody with the bot's account gives more than we would."""
    levels = (await state(county, room))["m.room.power_levels", ""]
    levels["users"][client(who).user_id] = 100
    await county.world.matrix.mirroring.home.call(
        "PUT", f"/_matrix/client/v3/rooms/{quote(room)}/state/m.room.power_levels/", levels
    )


async def test_what_others_change_is_put_back(county: County) -> None:
    room = await mirrored(county)
    await client(county.wang).ask("PUT", f"rooms/{quote(room)}/state/m.room.name", {"name": "别的名字"})
    await client(county.wang).ask("PUT", f"rooms/{quote(room)}/state/m.room.topic", {"topic": "别的主题"})
    await keep_up(county)
    now = await state(county, room)
    assert (now["m.room.name", ""], now["m.room.topic", ""]) == ({"name": "语文工坊"}, {"topic": ""})


async def test_an_archived_workshop_is_read_only(county: County) -> None:
    room = await mirrored(county)
    await county.run(archive_workshop, county.w, actor=county.wang)
    await keep_up(county)
    assert (await state(county, room))["m.room.power_levels", ""]["events_default"] == 50


async def test_an_open_workshop_lets_in_whoever_is_in_the_region(county: County) -> None:
    opened = await county.world.workshop(county.county, "数学工坊", policy="open")
    await county.world.join(county.wang, opened, "host")
    await mirrored(county)
    await client(county.chen).join((await natives(county, county.county))["space"])
    room = (await natives(county, opened))["room"]
    await client(county.chen).join(room)
    await keep_up(county)
    assert await county.standing(county.chen, opened) == ("active", "member")
    stranger = await county.world.somebody("路人")
    await stranger.ask("POST", f"rooms/{quote(room)}/join", {}, expect=403)


async def test_a_stranger_is_reported_and_removed(county: County) -> None:
    room = await mirrored(county)
    stranger = await county.world.somebody("路人")
    await client(county.wang).ask("POST", f"rooms/{quote(room)}/invite", {"user_id": stranger.user_id})
    await stranger.join(room)
    await keep_up(county)
    county.wang.expect("有一个我不认识的账号：路人")
    await county.wang.press("移除")
    await keep_up(county)
    found = (await state(county, room))["m.room.member", stranger.user_id]
    assert found["membership"] == "leave"


async def test_encrypted_rooms_are_made_encrypted_and_their_spaces_are_not(county: County) -> None:
    await county.run(mirror_region, county.county.pid, "matrix", True, actor=county.lin)
    await keep_up(county)
    room = await state(county, (await natives(county, county.workshop))["room"])
    assert room["m.room.encryption", ""]["algorithm"] == "m.megolm.v1.aes-sha2"
    assert ("m.room.encryption", "") not in await state(county, (await natives(county, county.county))["space"])


async def test_what_somebody_else_made_is_adopted_in_part(county: County) -> None:
    owner = client(county.lin)
    room = await owner.make_room(county.world.bot.user_id, name="老群", room_version="12")
    await county.world.settle()
    await owner.ask("PUT", f"rooms/{quote(room)}/state/m.room.power_levels", {
        **await owner.ask("GET", f"rooms/{quote(room)}/state/m.room.power_levels"),
        "users": {county.world.bot.user_id: 50},
    })  # fmt: skip
    await county.run(adopt_room, county.w, room, actor=None)
    await keep_up(county)
    now = await state(county, room)
    assert now["m.room.name", ""]["name"] == "老群"
    assert now["m.room.member", client(county.wang).user_id]["membership"] == "invite"
    await client(county.wang).join(room)
    await keep_up(county)
    # 50 may not give 50 where giving takes more: it is said, and not tried again and again
    report = (await county.run(list_rooms, county.w, actor=county.wang))[0]
    assert report.state == "lacking" and [one.kind for one in report.lacking] == ["rank"]


async def test_a_picture_here_is_one_there(county: County) -> None:
    room = await mirrored(county)
    pid = await county.run(_picture, actor=county.wang)
    await county.run(set_picture, county.w, pid, actor=county.wang)
    await keep_up(county)
    address = (await state(county, room))["m.room.avatar", ""]["url"]
    assert (await client(county.wang).download(address)).startswith(b"\x89PNG")
    again = (await state(county, room))["m.room.avatar", ""]
    await county.run(look_again, county.w)
    await keep_up(county)
    assert (await state(county, room))["m.room.avatar", ""] == again, "it is uploaded once"


def _picture(ctx: Context) -> str:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 60), "#7fa37a").save(drawn, "PNG")
    return store_bytes(ctx, "工坊.png", "image/png", drawn.getvalue(), holder="", kind="photo").pid
