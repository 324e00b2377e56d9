"""Polls as Matrix has them: drawn by clients, counted by us, encrypted like everything else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.context import Context
from api.messaging.delivering import Work, claim_work
from api.messaging.outbox import edit_message, say_in_chat
from api.messaging.polls import Poll
from api.messaging.tree import Button, Node, Rows, Words
from bot.platforms.matrix.polls import END, RESPONSE, START, TEXT
from storage.messaging import Chat, Incoming, Message
from storage.reach import Reach
from tests.platforms.driver import Heard
from tests.platforms.matrix.test_secrecy import spy_events
from tests.support.matrix import MatrixWorld, Somebody, a_matrix_world, in_thread
from tests.support.sealed import Sealed
from tests.support.synapse import Synapse

WHERE = Poll("probe:1", Words("去哪儿"), (Words("一中"), Words("二中")))
ROWS: Rows = [[Button(Words("一中"), "probe:a"), Button(Words("二中"), "probe:b")]]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def world(database_url: str, synapse: Synapse, heard: Heard) -> AsyncIterator[MatrixWorld]:
    async with a_matrix_world(database_url, synapse, (heard.feature(),)) as world:
        yield world


def ask(ctx: Context, native: str, poll: Poll, tree: Node = Words("去哪儿"), **how: Any) -> int:  # noqa: B008
    chat = ctx.session.query(Chat).filter_by(native=native).one()
    return say_in_chat(ctx, chat.id, tree, ROWS, poll=poll, **how).id


async def a_room(world: MatrixWorld, li: Somebody) -> str:
    room = await li.make_room(world.bot.user_id, name="坊")
    await world.pump()
    return room


async def asked(world: MatrixWorld, room: str, **how: Any) -> str:
    """A poll in a room; its event."""
    await world.run(ask, room, WHERE, **how)
    await world.settle()
    return str((await world.people[0].shown(room, of=world.bot.user_id))[-1]["event"])


async def test_a_poll_is_what_clients_draw(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await a_room(world, li)
    event = await asked(world, room)
    (drawn,) = [e for e in await li.events(room) if e["event_id"] == event]
    assert drawn["type"] == START == "org.matrix.msc3381.poll.start"
    poll = drawn["content"][START]
    assert poll["question"][TEXT] == "去哪儿" and poll["kind"] == "org.matrix.msc3381.poll.disclosed"
    assert poll["answers"] == [{"id": "0", TEXT: "一中"}, {"id": "1", TEXT: "二中"}] and poll["max_selections"] == 1
    assert drawn["content"]["body"] == drawn["content"][TEXT] == "去哪儿\n1. 一中\n2. 二中"


@pytest.mark.parametrize("stable", [False, True])
async def test_votes_are_heard_as_clients_send_them_and_as_they_should(
    world: MatrixWorld, heard: Heard, stable: bool
) -> None:
    li = await world.somebody()
    room = await a_room(world, li)
    event = await asked(world, room)
    await li.vote(room, event, "1", stable=stable)
    await world.pump()
    assert heard.votes == [(li.user_id, "1", [1])]


async def test_the_polls_of_others_are_none_of_our_business(world: MatrixWorld, heard: Heard) -> None:
    li = await world.somebody()
    room = await a_room(world, li)
    theirs = await li.send(room, {START: {"question": {TEXT: "吃什么"}, "answers": [{"id": "0", TEXT: "面"}]}}, START)
    await li.vote(room, theirs, "0")
    await world.pump()
    assert heard.votes == [] and await world.run(waiting) == []


def waiting(ctx: Context) -> list[str]:
    return [row.state for row in ctx.session.query(Incoming) if row.state != "done"]


async def test_a_vote_counts_though_whoever_sent_the_poll_died(world: MatrixWorld, heard: Heard) -> None:
    """The homeserver's echo says which delivery the poll is."""
    li = await world.somebody()
    room = await a_room(world, li)
    await world.run(ask, room, WHERE)
    work: Work
    (work,) = await world.runtime.transact(claim_work, Reach(("matrix",)), 1, {})
    event, poll = await world.matrix.send(work)
    assert poll == f"poll:{event}"
    await li.vote(room, event, "0")
    await world.pump(settle=False)
    await world.handlers.drain()
    assert heard.votes == [(li.user_id, "1", [0])]
    assert list(await world.matrix.send(work)) == [event, poll], "sent again it is the same poll"


async def test_in_encrypted_rooms_polls_and_votes_are_encrypted(
    world: MatrixWorld, heard: Heard, sealed: Sealed
) -> None:
    room = str(await sealed.do("make_room", invite=[world.bot.user_id], direct=False))
    await world.pump()
    message = await world.run(ask, room, WHERE)
    await world.settle()
    poll = next(said for said in await sealed.read(room) if said["type"] == START)
    assert poll["content"][START]["question"][TEXT] == "去哪儿"
    relation = {"rel_type": "m.reference", "event_id": poll["event"]}
    vote = {"m.relates_to": relation, RESPONSE: {"answers": ["1"]}}
    await sealed.do("send", room=room, content=vote, kind=RESPONSE)
    await world.pump()
    assert heard.votes == [(sealed.user_id, "1", [1])]
    await world.run(close, message)
    world.pass_time(minutes=1)
    await world.settle()
    ended = [said for said in await sealed.read(room) if said["type"] == END]
    assert [said["content"]["m.relates_to"]["event_id"] for said in ended] == [poll["event"]]
    seen = {event["type"] for event in await spy_events(world, room)}
    assert not seen & {START, RESPONSE, END}, "the homeserver reads none of it"


def close(ctx: Context, message: int, words: str = "定了") -> None:
    closed = Poll(WHERE.about, WHERE.question, WHERE.options, closed=True)
    edit_message(ctx, ctx.session.get_one(Message, message), Words(words), poll=closed)


async def test_a_poll_ends_once(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await a_room(world, li)
    message = await world.run(ask, room, WHERE)
    await world.settle()
    for words in ("定了", "真的定了"):
        await world.run(close, message, words)
        world.pass_time(minutes=1)
        await world.settle()
    assert [event["content"]["body"] for event in await li.events(room) if event["type"] == END] == ["定了"]


async def test_where_polls_are_not_drawn_a_number_chooses(world: MatrixWorld, heard: Heard) -> None:
    li = await world.somebody()
    room = await a_room(world, li)
    event = await asked(world, room)
    await li.say(room, "2", reply_to=event)
    await world.pump()
    assert heard.pressed == ["b"]


async def test_a_quiz_is_asked_in_words(world: MatrixWorld) -> None:
    """No poll here keeps to one vote and tells what was right."""
    li = await world.somebody()
    room = await world.chat_with(li)
    await world.run(ask, room, Poll("probe:1", Words("问"), WHERE.options, right=(1,)), Words("测验"))
    await world.settle()
    assert "msgtype" in (last := (await li.shown(room))[-1]["content"]) and START not in last
    assert last["body"].startswith("测验")


async def test_a_poll_in_a_thread_stays_there(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await a_room(world, li)
    root = await li.say(room, "开头")
    inner = await li.say(room, "投个票吧", **in_thread(root))
    await asked(world, room, handle=f"{root} {inner}")
    content = (await li.shown(room))[-1]["content"]
    assert START in content and content["m.relates_to"]["event_id"] == root
