"""Private chats that the bot begins: with whom somebody is to be told something, once, and never against their will."""

import asyncio
from typing import Any

import pytest

from api.context import Context
from api.messaging.outbox import tell_person
from api.messaging.tree import Words
from api.people.texts import PRIVACY_VERSION
from storage.messaging import Chat, Delivery, Message
from storage.people import Identity, Person
from tests.support.matrix import CLIENT, MatrixWorld, Somebody, a_matrix_world
from tests.support.synapse import running_synapse

pytestmark = pytest.mark.slow

NOTICE = "会记录你的哪些信息"


async def bound(world: MatrixWorld, person: Somebody | str, **columns: Any) -> int:
    """A person whose only account is this one, without a private chat; their id."""
    school = await world.school(await world.region(), "第一小学")

    def add(ctx: Context) -> int:
        row = Person(
            name="李春华", school_id=school.id, region_id=school.parent_id, created_at=ctx.now,
            **{"privacy_version": PRIVACY_VERSION, **columns},
        )  # fmt: skip
        ctx.session.add(row)
        ctx.session.flush()
        native = person if isinstance(person, str) else person.user_id
        ctx.session.add(Identity(platform="matrix", native=native, name="李", person_id=row.id, created_at=ctx.now))
        return row.id

    return await world.run(add)


async def tell(world: MatrixWorld, person_id: int, text: str) -> None:
    def say(ctx: Context) -> None:
        tell_person(ctx, person_id, Words(text))

    await world.run(say)
    await world.settle()  # there is nowhere to tell it
    await world.pump()


async def words(person: Somebody, room: str, world: MatrixWorld) -> list[str]:
    return [one["content"]["body"] for one in await person.shown(room, world.bot.user_id)]


async def state_of(world: MatrixWorld, text: str) -> str:
    def read(ctx: Context) -> str:
        rows = ctx.session.query(Delivery, Message).join(Message, Message.id == Delivery.message_id)
        return next(delivery.state for delivery, message in rows if message.tree == text)

    return await world.run(read)


async def account(world: MatrixWorld, person: Somebody) -> Identity:
    return await world.run(lambda ctx: ctx.session.query(Identity).filter_by(native=person.user_id).one())


async def test_what_is_to_be_told_opens_a_private_chat(world: MatrixWorld) -> None:
    li = await world.somebody()
    person_id = await bound(world, li)
    await tell(world, person_id, "只给你看")
    (room,) = await li.invitations()
    assert await state_of(world, "只给你看") == "sent"
    await li.join(room)
    await world.pump()
    assert await words(li, room, world) == ["只给你看"], "nobody is greeted twice"
    assert await li.ask("GET", f"rooms/{room}/state/m.room.canonical_alias") == {}, "it is called as the bot is"
    await li.say(room, "账号")
    await world.pump()
    assert "Matrix" in (await words(li, room, world))[-1]
    chat = await world.run(lambda ctx: ctx.session.query(Chat).filter_by(native=room).one())
    identity = await account(world, li)
    assert (chat.kind, chat.identity_id, identity.chat_id) == ("private", identity.id, chat.id)
    assert (await world.run(lambda ctx: ctx.session.get_one(Person, person_id))).home_chat_id == chat.id
    known = world.matrix.connection.rooms[room]
    assert known.direct and known.kind == "private" and (known.joined, known.invited) == (2, 0)
    await tell(world, person_id, "还有")
    assert await li.invitations() == [] and (await words(li, room, world))[-1] == "还有"


async def test_who_was_connected_by_the_list_reads_the_notice_first(world: MatrixWorld) -> None:
    li = await world.somebody()
    person_id = await bound(world, li, privacy_version=None)
    await tell(world, person_id, "明天开会")
    (room,) = await li.invitations()
    await li.join(room)
    said = await words(li, room, world)
    assert NOTICE in said[0] and said[1] == "明天开会" and len(said) == 2
    person = await world.run(lambda ctx: ctx.session.get_one(Person, person_id))
    assert person.privacy_version == PRIVACY_VERSION


async def test_known_again_from_the_state_after_a_restart(world: MatrixWorld) -> None:
    """The room was made, and the process died before it was written down: it is found by its alias."""
    li = await world.somebody()
    person_id = await bound(world, li)
    pid = (await account(world, li)).pid
    bot = Somebody(world.synapse, world.bot, "工坊")
    world.people.append(bot)
    made = await bot.make_room(
        li.user_id, direct=True, preset="trusted_private_chat", room_alias_name=f"gongfang-dm-{pid}"
    )
    await world.pump()
    assert world.matrix.connection.rooms[made].kind == "private"
    assert await world.run(lambda ctx: ctx.session.query(Chat).filter_by(native=made).count()) == 0
    await tell(world, person_id, "只给你看")
    assert await li.invitations() == [made]
    await li.join(made)
    assert await words(li, made, world) == ["只给你看"]


async def test_who_comes_in_before_it_is_written_down_is_at_home_there(world: MatrixWorld) -> None:
    li = await world.somebody()
    person_id = await bound(world, li)
    bot = Somebody(world.synapse, world.bot, "工坊")
    world.people.append(bot)
    made = await bot.make_room(li.user_id, direct=True, preset="trusted_private_chat")
    await tell_quietly(world, person_id, "只给你看")
    await li.join(made)
    await world.pump()
    assert await words(li, made, world) == ["只给你看"]


async def tell_quietly(world: MatrixWorld, person_id: int, text: str) -> None:
    def say(ctx: Context) -> None:
        tell_person(ctx, person_id, Words(text))

    await world.run(say)
    await world.settle()
    assert await state_of(world, text) == "unreachable"


async def test_who_declines_is_not_asked_again(world: MatrixWorld) -> None:
    li = await world.somebody()
    person_id = await bound(world, li)
    await tell(world, person_id, "一")
    (room,) = await li.invitations()
    await li.leave(room)
    await world.pump()
    assert (await account(world, li)).state == "gone"
    assert world.matrix.connection.rooms[room].membership == "leave"
    for text in ("二", "三"):
        await tell(world, person_id, text)
        assert await state_of(world, text) == "unreachable" and await li.invitations() == []
    own = await world.chat_with(li)
    await li.say(own, "账号")
    await world.pump()
    await tell(world, person_id, "四")
    assert (await words(li, own, world))[-1] == "四", "whoever begins one is told again"


async def test_one_that_cannot_be_opened_stops_nobody(world: MatrixWorld) -> None:
    li = await world.somebody()
    wrong = [await bound(world, f"@nobody{n}") for n in range(4)]
    person_id = await bound(world, li)

    def say(ctx: Context) -> None:
        for who in (*wrong, person_id):
            tell_person(ctx, who, Words(f"给{who}"))

    await world.run(say)
    await world.settle()
    for _ in range(3):
        await world.pump()
    (room,) = await li.invitations()
    await li.join(room)
    assert await words(li, room, world) == [f"给{person_id}"]
    assert await state_of(world, f"给{wrong[0]}") == "unreachable"


async def test_where_others_came_in_another_one_begins(world: MatrixWorld) -> None:
    li, wang = await world.somebody(), await world.somebody("王建国")
    person_id = await bound(world, li)
    await tell(world, person_id, "一")
    (room,) = await li.invitations()
    await li.join(room)
    await li.ask("POST", f"rooms/{room}/invite", {"user_id": wang.user_id})
    await wang.join(room)
    await world.pump()
    await tell(world, person_id, "二")
    (other,) = await li.invitations()
    await li.join(other)
    assert other != room and await words(li, other, world) == ["二"]
    assert "二" not in await words(wang, room, world)


async def test_a_homeserver_that_limits_rooms_is_waited_for(database_url: str) -> None:
    with running_synapse(lifted=False, more="rc_room_creation: {per_second: 0.3, burst_count: 2}") as synapse:
        async with a_matrix_world(database_url, synapse) as world:
            li = await world.somebody()
            person_id = await bound(world, li)
            bot = Somebody(synapse, world.bot, "工坊")
            world.people.append(bot)
            for _ in range(20):
                answer = await bot.http.post(f"{CLIENT}/createRoom", json={})
                if answer.status_code == 429:
                    break
            assert answer.status_code == 429
            await tell(world, person_id, "一")
            (chore,) = [one for one in world.matrix.syncing.chores if one.name == "private chats"]
            assert chore._at > asyncio.get_running_loop().time(), "as long as the homeserver said"
            assert await state_of(world, "一") == "unreachable"
            await asyncio.sleep(answer.json()["retry_after_ms"] / 1000 + 1)
            await world.pump()
            (room,) = await li.invitations()
            await li.join(room)
            assert await words(li, room, world) == ["一"]
