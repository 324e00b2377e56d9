"""Rooms that were replaced by others: the bot goes along, with all that belongs to the room."""

from typing import Any

import pytest

from api.context import Context
from api.messaging.delivering import claim_work
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Words
from storage.communities import Community
from storage.messaging import Chat, Delivery
from storage.reach import Reach
from storage.rooms import Room
from tests.platforms.matrix.test_rooms import chat_state, membership
from tests.support.matrix import MatrixWorld, Somebody, a_matrix_world
from tests.support.synapse import Synapse


def bind(ctx: Context, native: str, workshop: Community) -> None:
    chat = ctx.session.query(Chat).filter_by(native=native).one()
    ctx.session.add(Room(chat_id=chat.id, community_id=workshop.id, created_at=ctx.now))


def bound(ctx: Context) -> list[str]:
    """The rooms in which communities are."""
    return [chat.native for chat, _ in ctx.session.query(Chat, Room).filter(Room.chat_id == Chat.id)]


def speak(ctx: Context, native: str, text: str) -> None:
    say_in_chat(ctx, ctx.session.query(Chat).filter_by(native=native).one().id, Words(text))


async def a_bound_room(world: MatrixWorld, li: Somebody, **how: Any) -> str:
    room = await li.make_room(world.bot.user_id, name="数学坊", **how)
    await world.pump()
    await world.run(bind, room, await world.workshop(await world.region(), "数学坊"))
    return room


async def upgrade(li: Somebody, room: str, version: str = "12") -> str:
    return str((await li.ask("POST", f"rooms/{room}/upgrade", {"new_version": version}))["replacement_room"])


async def words(li: Somebody, room: str, of: str) -> list[str]:
    return [message["content"]["body"] for message in await li.shown(room, of=of)]


@pytest.mark.parametrize(("before", "after"), [("10", "11"), ("11", "12"), ("12", "12")])
async def test_the_bot_follows_with_all_that_belongs_to_the_room(world: MatrixWorld, before: str, after: str) -> None:
    li = await world.somebody()
    old = await a_bound_room(world, li, preset="public_chat", room_version=before)
    await li.say(old, "！help")
    new = await upgrade(li, old, after)
    await world.run(speak, old, "说给这个房间")
    await world.pump(settle=False)
    await world.pump()
    assert await world.run(bound) == [new]
    said = await words(li, new, world.bot.user_id)
    assert "说给这个房间" in said and any("绑定码" in text for text in said)
    await li.say(new, "！help")
    await world.pump()
    assert len(await words(li, new, world.bot.user_id)) == len(said) + 1
    assert await membership(li, old, world.bot.user_id) == "leave", "nothing happens there any more"
    assert await world.run(dead) == []


def dead(ctx: Context) -> list[str | None]:
    return [row.error for row in ctx.session.query(Delivery).filter_by(state="dead")]


async def test_where_one_has_to_be_asked_in_the_bot_waits_for_that(database_url: str, synapse: Synapse) -> None:
    """Whoever asks it in need not be known: it was in the room before."""
    async with a_matrix_world(database_url, synapse) as world:
        li = await world.somebody()
        old = await a_bound_room(world, li)
        world.matrix.connection.config.allowed_servers = ["elsewhere.example"]
        new = await upgrade(li, old)
        await world.pump()
        assert await world.run(bound) == [old]
        await li.ask("POST", f"rooms/{new}/invite", {"user_id": world.bot.user_id})
        await world.pump()
        assert await world.run(bound) == [new]
        assert await membership(li, new, world.bot.user_id) == "join"


async def test_a_room_that_does_not_say_what_it_replaces_is_left(world: MatrixWorld) -> None:
    li, wang = await world.somebody(), await world.somebody("王建国")
    old = await a_bound_room(world, li)
    strange = await wang.make_room(preset="public_chat")
    await li.ask("PUT", f"rooms/{old}/state/m.room.tombstone", {"body": "", "replacement_room": strange})
    await world.pump()
    assert await membership(wang, strange, world.bot.user_id) == "leave"
    assert (await world.run(bound), await world.run(chat_state, old)) == ([old], ("room", "active"))
    await li.say(old, "！help")
    await world.pump()
    assert any("绑定码" in text for text in await words(li, old, world.bot.user_id))


async def test_a_room_that_calls_itself_the_replacement_gets_nothing(world: MatrixWorld) -> None:
    """Its maker had no power in the room before."""
    li, wang = await world.somebody(), await world.somebody("王建国")
    old = await a_bound_room(world, li)
    claim = {"predecessor": {"room_id": old, "event_id": "$x"}}
    false = await wang.make_room(world.bot.user_id, creation_content=claim)
    await world.pump()
    assert await membership(wang, false, world.bot.user_id) == "join"
    assert await world.run(bound) == [old]
    await world.run(speak, old, "说给这个房间")
    await world.settle()
    assert "说给这个房间" not in await words(wang, false, world.bot.user_id)


async def test_a_replacement_known_before_it_is_named_takes_over_too(world: MatrixWorld) -> None:
    """As clients do that make the room first and ask everybody in."""
    li = await world.somebody()
    old = await a_bound_room(world, li)
    claim = {"predecessor": {"room_id": old, "event_id": "$x"}}
    new = await li.make_room(world.bot.user_id, name="数学坊", creation_content=claim)
    await world.pump()
    assert await world.run(bound) == [old]
    await li.ask("PUT", f"rooms/{old}/state/m.room.tombstone", {"body": "", "replacement_room": new})
    await world.pump()
    assert await world.run(bound) == [new]


async def test_a_move_that_could_not_be_kept_is_made_again(world: MatrixWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    li = await world.somebody()
    old = await a_bound_room(world, li, preset="public_chat")
    new = await upgrade(li, old)
    await world.matrix.syncing.step()
    with monkeypatch.context() as patch:
        patch.setattr("bot.platforms.matrix.syncing.take_in", _fail)
        with pytest.raises(OSError):
            await world.matrix.syncing.step()
    await world.pump()
    assert await world.run(bound) == [new]


def _fail(*_args: Any) -> None:
    raise OSError("no")


async def test_a_private_chat_begins_anew(world: MatrixWorld) -> None:
    li, wang = await world.somebody(), await world.somebody("王建国")
    room = await world.chat_with(li)
    new = await upgrade(li, room)
    await li.ask("POST", f"rooms/{new}/invite", {"user_id": wang.user_id})
    await li.ask("POST", f"rooms/{new}/invite", {"user_id": world.bot.user_id})
    await world.pump()
    await world.run(speak, room, "只给你看")
    await world.settle()
    assert await world.run(chat_state, room) == ("private", "active")
    assert "只给你看" not in await words(li, new, world.bot.user_id)


async def test_what_is_just_being_sent_goes_to_the_new_room(world: MatrixWorld) -> None:
    li = await world.somebody()
    old = await a_bound_room(world, li, preset="public_chat")
    await world.settle()
    await world.run(speak, old, "正在路上")
    (work,) = await world.runtime.transact(claim_work, Reach(("matrix",)), 1, {})
    new = await upgrade(li, old)
    await world.pump(settle=False)
    assert await world.deliverers.work(work) is None
    await world.settle()
    assert "正在路上" in await words(li, new, world.bot.user_id)
    assert await world.run(bound) == [new]
