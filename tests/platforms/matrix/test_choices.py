"""Choices where there are no buttons: numbers, words and reactions, in private chats and in rooms."""

import pytest

from api.context import Context
from api.messaging.delivering import claim_work
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Button, Rows, Words
from bot.registry import Feature
from bot.turn import Turn
from storage.messaging import Chat
from storage.reach import Reach
from tests.platforms.matrix_driver import bind
from tests.support.matrix import MatrixWorld, Somebody, a_matrix_world
from tests.support.synapse import Synapse

ONE: Rows = [[Button(Words("收到"), "probe:1")]]
TWO: Rows = [[Button(Words("甲组"), "probe:1"), Button(Words("看看"), url="https://example.org/")],
             [Button(Words("乙组"), "probe:2")]]  # fmt: skip
MANY: Rows = [[Button(Words(f"第{n}"), f"probe:{n}")] for n in range(1, 8)]


class Probe:
    """Notes what is pressed, and answers as features do."""

    def __init__(self) -> None:
        self.pressed: list[tuple[str, str]] = []

    def press(self, turn: Turn, rest: str) -> None:
        self.pressed.append((turn.person.name, rest))
        turn.replace_pressed(Words(f"已选 {rest}"))
        turn.toast(Words("记下了"))

    def feature(self) -> Feature:
        return Feature(buttons=(("probe", self.press),), offers=(lambda turn: True,))


class Room:
    """A room with the bot, somebody bound, and somebody else."""

    def __init__(self, world: MatrixWorld, probe: Probe, li: Somebody, other: Somebody, chat: str, room: str) -> None:
        self.world, self.probe, self.li, self.other, self.chat, self.room = world, probe, li, other, chat, room

    async def ask(self, rows: Rows, where: str = "") -> str:
        """The bot asks; the id of its question."""
        await self.world.run(_say, where or self.room, rows)
        await self.world.settle()
        return str((await self.li.shown(where or self.room, of=self.world.bot.user_id))[-1]["event"])

    async def reactions(self, event: str) -> list[str]:
        """What the bot put under a message."""
        events = [e for e in await self.li.events(self.room) if e["type"] == "m.reaction"]
        mine = [e["content"]["m.relates_to"] for e in events if e["sender"] == self.world.bot.user_id]
        return [relation["key"] for relation in mine if relation["event_id"] == event]


def _say(ctx: Context, native: str, rows: Rows) -> None:
    say_in_chat(ctx, ctx.session.query(Chat).filter_by(native=native).one().id, Words("选一个"), rows)


@pytest.fixture
async def room(database_url: str, synapse: Synapse) -> Room:  # type: ignore[misc]
    probe = Probe()
    async with a_matrix_world(database_url, synapse, (probe.feature(),)) as world:
        li, other = await world.somebody(), await world.somebody("路人")
        chat = await world.chat_with(li)
        await world.run(bind, await world.teacher("李春华"), li.user_id)
        native = await li.make_room(world.bot.user_id, other.user_id, name="数学坊")
        await other.join(native)
        await world.pump()
        yield Room(world, probe, li, other, chat, native)


async def test_a_reply_with_the_word_or_the_number_presses(room: Room) -> None:
    for said in ("乙组", "2", " ２．"):
        await room.li.say(room.room, said, reply_to=await room.ask(TWO))
        await room.world.pump()
    assert room.probe.pressed == [("李春华", "2")] * 3
    await room.li.say(room.room, "2", reply_to=(await room.li.shown(room.room, of=room.world.bot.user_id))[-1]["event"])
    await room.world.pump()
    assert len(room.probe.pressed) == 3, "what became its outcome offers nothing any more"
    shown = await room.li.shown(room.room, of=room.world.bot.user_id)
    assert shown[-1]["content"]["body"] == "已选 2", "what was a question became its outcome, and nothing else was said"
    words = [m["content"]["body"] for m in await room.li.shown(room.chat, of=room.world.bot.user_id)]
    assert words.count("记下了") == 3, "the answer to a press is for the presser"


async def test_a_tap_on_a_reaction_of_the_bot_presses(room: Room) -> None:
    one, two = await room.ask(ONE), await room.ask(TWO)
    assert (await room.reactions(one), await room.reactions(two)) == (["✅"], ["1️⃣", "2️⃣"])
    await room.li.react(room.room, one, "✅")
    await room.li.react(room.room, two, "2️⃣")
    await room.world.pump()
    assert room.probe.pressed == [("李春华", "1"), ("李春华", "2")]
    assert await room.reactions(await room.ask(MANY)) == []


async def test_any_yes_means_the_only_choice_and_none_of_several(room: Room) -> None:
    one, two = await room.ask(ONE), await room.ask(TWO)
    for event in (one, two):
        for key in ("👍🏽", "😂", "3️⃣"):
            await room.li.react(room.room, event, key)
    await room.world.pump()
    assert room.probe.pressed == [("李春华", "1")]


async def test_what_people_say_to_each_other_chooses_nothing(room: Room) -> None:
    event = await room.ask(TWO)
    hello = await room.other.say(room.room, "大家好")
    await room.li.say(room.room, "2")
    await room.li.say(room.room, "乙组")
    await room.li.say(room.room, "2", reply_to=hello)
    await room.li.react(room.room, hello, "1️⃣")
    await room.li.say(room.room, "我选乙组吧", reply_to=event)
    await room.world.pump()
    assert room.probe.pressed == []


async def test_a_stranger_who_reacts_is_not_answered_in_the_room(room: Room) -> None:
    event = await room.ask(ONE)
    before = len(await room.li.shown(room.room))
    await room.other.react(room.room, event, "✅")
    await room.world.pump()
    assert room.probe.pressed == [] and len(await room.li.shown(room.room)) == before


async def test_in_private_a_number_or_a_word_is_enough(room: Room) -> None:
    await room.ask(TWO, room.chat)
    shown = (await room.li.shown(room.chat, of=room.world.bot.user_id))[-1]["content"]["body"]
    assert "1. 甲组" in shown and "2. 乙组" in shown and "→ 看看 https://example.org/" in shown
    await room.li.say(room.chat, "甲组")
    await room.world.pump()
    assert room.probe.pressed == [("李春华", "1")]
    await room.li.say(room.chat, "2")
    await room.world.pump()
    assert room.probe.pressed == [("李春华", "1")], "a choice is of the last thing said, and that was the answer"


async def test_a_choice_counts_though_nobody_noted_that_its_question_was_sent(room: Room) -> None:
    """Killed between sending and noting it, the bot meets the answer first; its own event came before that."""
    for where in (room.chat, room.room):
        await room.world.run(_say, where, ONE)
        (work,) = await room.world.runtime.transact(claim_work, Reach(("matrix",)), 1, {})
        (event,) = await room.world.matrix.send(work)
        await (room.li.say(where, "1") if where == room.chat else room.li.react(where, event, "✅"))
        await room.world.pump(settle=False)
        await room.world.handlers.drain()
    assert room.probe.pressed == [("李春华", "1")] * 2


async def test_an_older_question_is_answered_by_a_reply(room: Room) -> None:
    event = await room.ask(TWO, room.chat)
    await room.ask([], room.chat)
    await room.li.say(room.chat, "2", reply_to=event)
    await room.world.pump()
    assert room.probe.pressed == [("李春华", "2")]
