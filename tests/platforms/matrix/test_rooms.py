"""Coming and going: whose invitations are accepted, being thrown out, and a private chat that others join."""

from typing import Any

import pytest

from api.context import Context
from api.messaging.outbox import tell_person
from api.messaging.tree import Words
from storage.messaging import Chat, Delivery, Incoming
from storage.people import Identity, Person
from tests.platforms.matrix_driver import bind
from tests.support.matrix import MatrixWorld, Somebody, a_matrix_world
from tests.support.synapse import Synapse
from tests.support.talk import Voice


async def membership(li: Somebody, room: str, of: str) -> str:
    return str((await li.ask("GET", f"rooms/{room}/state/m.room.member/{of}"))["membership"])


def chat_state(ctx: Context, native: str) -> tuple[str, str]:
    chat = ctx.session.query(Chat).filter_by(native=native).one()
    return chat.kind, chat.state


async def test_a_private_chat_begins_with_a_greeting(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await world.chat_with(li)
    assert await world.run(chat_state, room) == ("private", "active")
    (hello,) = await li.shown(room)
    assert hello["sender"] == world.bot.user_id and "1. 我没有绑定码" in hello["content"]["body"]


async def test_only_allowed_servers_and_bound_people_may_invite(database_url: str, synapse: Synapse) -> None:
    async with a_matrix_world(database_url, synapse, allowed_servers=["elsewhere.example"]) as world:
        li = await world.somebody()
        room = await li.make_room(world.bot.user_id, direct=True)
        await world.pump()
        assert await membership(li, room, world.bot.user_id) == "leave"
        await world.run(known, await world.teacher("李春华"), li.user_id)
        room = await li.make_room(world.bot.user_id, direct=True)
        await world.pump()
        assert await membership(li, room, world.bot.user_id) == "join"


def known(ctx: Context, voice: Voice, native: str) -> None:
    assert voice.person is not None
    row = Identity(platform="matrix", native=native, person_id=voice.person.id, created_at=ctx.now)
    ctx.session.add(row)


@pytest.mark.parametrize("how", ["kick", "ban"])
async def test_thrown_out_means_gone_until_invited_again(world: MatrixWorld, how: str) -> None:
    li = await world.somebody()
    room = await li.make_room(world.bot.user_id, name="坊")
    await world.pump()
    await li.ask("POST", f"rooms/{room}/{how}", {"user_id": world.bot.user_id})
    await world.pump()
    assert await world.run(chat_state, room) == ("room", "gone")
    if how == "ban":
        await li.ask("POST", f"rooms/{room}/unban", {"user_id": world.bot.user_id})
    await li.ask("POST", f"rooms/{room}/invite", {"user_id": world.bot.user_id})
    await world.pump()
    await li.say(room, "！help")
    await world.pump()
    assert await world.run(chat_state, room) == ("room", "active")
    assert (await li.shown(room))[-1]["sender"] == world.bot.user_id


async def test_a_deserted_chat_is_left_and_nothing_personal_goes_there(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await world.chat_with(li)
    voice = await world.teacher("李春华")
    await world.run(bind, voice, li.user_id)
    await li.leave(room)
    await world.pump()
    assert world.matrix.connection.rooms[room].membership == "leave"
    await world.run(_tell, voice, "只给你看")
    await world.settle()
    assert await world.run(delivery_states, "只给你看") == ["unreachable"]


async def test_when_a_third_joins_it_is_no_private_chat_any_more(world: MatrixWorld) -> None:
    li, wang = await world.somebody(), await world.somebody("王建国")
    room = await world.chat_with(li)
    voice = await world.teacher("李春华")
    await world.run(bind, voice, li.user_id)
    await li.ask("POST", f"rooms/{room}/invite", {"user_id": wang.user_id})
    await world.run(_tell, voice, "没人来得及听见")  # claimed for a private chat while somebody is being invited
    await world.pump()
    assert await world.run(chat_state, room) == ("room", "active")
    await wang.join(room)
    await world.run(_tell, voice, "只给你看")
    await world.pump()
    assert await world.run(home_of, voice) not in (None, await world.run(chat_id, room)), "another one was begun"
    assert not [m for m in await wang.shown(room) if m["content"]["body"] in ("只给你看", "没人来得及听见")]


def chat_id(ctx: Context, native: str) -> int:
    return ctx.session.query(Chat).filter_by(native=native).one().id


def _tell(ctx: Context, voice: Voice, text: str) -> None:
    assert voice.person is not None
    tell_person(ctx, voice.person.id, Words(text))


def delivery_states(ctx: Context, text: str) -> list[str]:
    from storage.messaging import Message

    rows = ctx.session.query(Delivery, Message).join(Message, Message.id == Delivery.message_id)
    return [delivery.state for delivery, message in rows if message.tree == text]


def home_of(ctx: Context, voice: Voice) -> int | None:
    assert voice.person is not None
    return ctx.session.get_one(Person, voice.person.id).home_chat_id


@pytest.mark.parametrize("version", ["11", "12"])
async def test_who_administers_a_room(world: MatrixWorld, version: str) -> None:
    owner, helper, member = [await world.somebody(name) for name in ("周敏", "陈刚", "李春华")]
    others = [helper.user_id, member.user_id]
    levels = {"users": {helper.user_id: 50}}
    room = await owner.make_room(world.bot.user_id, *others, room_version=version)
    for person in (helper, member):
        await person.join(room)
    now = await owner.ask("GET", f"rooms/{room}/state/m.room.power_levels")
    users = {**now.get("users", {}), **levels["users"]}
    await owner.ask("PUT", f"rooms/{room}/state/m.room.power_levels", {**now, "users": users})
    await world.pump()
    for person, rules in ((owner, True), (helper, True), (member, False)):
        await person.say(room, "大家好")
        await world.pump(settle=False)
        raw = await world.run(newest)
        assert raw["event"]["sender"] == person.user_id
        assert await world.matrix.administers(raw) is rules
    await owner.ask("PUT", f"rooms/{room}/state/m.room.power_levels", now)
    await helper.say(room, "我还是吗")
    await world.pump(settle=False)
    assert await world.matrix.administers(await world.run(newest)) is False


def newest(ctx: Context) -> dict[str, Any]:
    return dict(ctx.session.query(Incoming).order_by(Incoming.id.desc()).limit(1).one().raw)


async def test_commands_are_named_as_clients_let_them_be_typed(world: MatrixWorld) -> None:
    """A line that begins with / never leaves Element or Nheko."""
    li = await world.somebody()
    room = await li.make_room(world.bot.user_id, name="坊")
    await world.pump()
    world.pass_time(seconds=10)
    await world.pump()
    content = (await li.shown(room))[-1]["content"]
    assert "!bind" in content["body"] and "<code>!bind</code>" in content["formatted_body"]
    assert "/bind" not in content["body"] and ">/bind" not in content["formatted_body"]
