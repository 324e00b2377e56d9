"""Who speaks in a thread is answered there, and nobody else."""

from typing import Any

from api.context import Context
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Words
from storage.messaging import Chat
from tests.platforms.matrix.test_secrecy import chat_of
from tests.support.matrix import MatrixWorld, in_thread
from tests.support.sealed import Sealed


async def relations(world: MatrixWorld, room: str) -> list[Any]:
    """How each of the bot's words relates to others."""
    shown = await world.people[0].shown(room, of=world.bot.user_id)
    return [message["content"].get("m.relates_to") for message in shown]


def answer_in(root: str, event: str) -> dict[str, Any]:
    return {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": event}}


async def test_an_answer_goes_into_the_thread(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await li.make_room(world.bot.user_id, name="坊")
    await world.pump()
    root = await li.say(room, "开头")
    event = await li.say(room, "！help", **in_thread(root))
    await world.pump()
    await li.say(room, "！help")
    await world.pump()
    assert (await relations(world, room))[-2:] == [answer_in(root, event), None]


async def test_a_dialogue_stays_in_its_thread(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await world.chat_with(li)
    root = await li.say(room, "开头")
    await world.pump()
    event = await li.say(room, "我没有绑定码", **in_thread(root))
    await world.pump()
    assert (await relations(world, room))[-1] == answer_in(root, event)


async def test_an_answer_in_an_encrypted_thread_is_found_there_by_every_client(
    world: MatrixWorld, sealed: Sealed
) -> None:
    room = await chat_of(world, sealed)
    root = await sealed.do("send", room=room, content={"msgtype": "m.text", "body": "开头"})
    content = {"msgtype": "m.text", "body": "帮助", **in_thread(root)}
    event = await sealed.do("send", room=room, content=content)
    await world.pump()
    heard = [said for said in await sealed.read(room) if said["sender"] == world.bot.user_id]
    assert heard[-1]["content"]["m.relates_to"] == answer_in(root, event)


async def test_a_thread_that_is_not_here_does_not_swallow_the_answer(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await world.chat_with(li)
    elsewhere = await li.say(await li.make_room(), "别处")
    await world.run(_say, room, f"{elsewhere} {elsewhere}")
    await world.settle()
    assert (await li.shown(room))[-1]["content"] == {"msgtype": "m.text", "body": "说在哪儿"}


def _say(ctx: Context, room: str, thread: str) -> None:
    say_in_chat(ctx, ctx.session.query(Chat).filter_by(native=room).one().id, Words("说在哪儿"), handle=thread)
