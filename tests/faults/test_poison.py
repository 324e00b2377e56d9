"""Rows that nothing can be done with, among others: each is tried once and put away, its person is told where that can
be, operators see it, and whatever comes after it in the chat is answered."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.letters.arrivals import list_arrivals
from api.messaging.delivering import Work
from api.messaging.outbox import REPLY, say_in_chat, tell_person
from api.messaging.receiving import Arrival, receive
from api.messaging.render import plain
from api.messaging.tree import T, Words
from bot.handle import Handlers
from bot.inbound import Inbound
from bot.registry import Command, Feature
from bot.turn import Turn
from storage.base import new_pid
from storage.messaging import Chat, Delivery, Incoming, Message
from tests.support.paper import Paper
from tests.support.talk import Voice, World, a_world

ROWS = int(os.environ.get("GONGFANG_TIMES") or 200)
CHATS = 8
SLOW = 0.2  # seconds of a handler that takes its time

pytestmark = [pytest.mark.faults, pytest.mark.both_databases, pytest.mark.timeout(300 + ROWS)]


def _raise(error: type[BaseException]) -> Callable[[Turn], None]:
    def handler(turn: Turn) -> None:
        tried[turn.text] += 1
        turn.say(Words("这句话谁也不该看到"))
        raise error("poison")

    return handler


def _deep(turn: Turn) -> None:
    tried[turn.text] += 1
    _deeper(turn)


def _deeper(turn: Turn) -> None:
    _deeper(turn)


def _slow(turn: Turn) -> None:
    tried[turn.text] += 1
    time.sleep(SLOW)
    turn.say(Words("慢慢做完了"))


def _unsaid(turn: Turn) -> None:
    """What it says cannot be rendered."""
    tried[turn.text] += 1
    turn.say(T("“{missing}” is not there", other="x"))


def _good(turn: Turn) -> None:
    tried[turn.text.partition(" ")[0]] += 1
    turn.say(Words(f"好 {turn.args}"))


tried: Counter[str] = Counter()
HANDLERS = {"错误": _raise(ValueError), "没内存": _raise(MemoryError), "太深": _deep, "太慢": _slow, "说不出": _unsaid,
            "好": _good}  # fmt: skip
COMMANDS = [Command(f"c{n}", (word,), T("what I can do for you"), handler)
            for n, (word, handler) in enumerate(HANDLERS.items())]  # fmt: skip


def parse(paper: Paper, raw: dict[str, Any]) -> Inbound | None:
    """An adapter with a mistake of its own."""
    if raw.get("poison"):
        tried["解析"] += 1
        return raw["no such key"]
    return Paper.parse(paper, raw)


async def test_poison_among_what_people_say(
    database_url: str, chance: Random, seed: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried.clear()
    async with a_world(database_url, [Feature(commands=tuple(COMMANDS))]) as world:
        monkeypatch.setattr(world.paper, "parse", lambda raw: parse(world.paper, raw))
        world.handlers.patience.most = 0
        voices = [await world.teacher(f"老师{n}") for n in range(CHATS)]
        sent: Counter[str] = Counter()
        wanted: dict[str, list[str]] = {voice.chat: [] for voice in voices}
        for n in range(ROWS):
            voice = chance.choice(voices)
            kind = chance.choice(["好", "好", "好", *HANDLERS, "看不懂", "解析"])
            sent[kind] += 1
            if kind == "好":
                wanted[voice.chat].append(f"好 {n}")
            await store(world, voice, kind, n)
        began = time.monotonic()
        await work_until_done(world, world.handlers)
        seconds = time.monotonic() - began
        arrivals = await world.run(list_arrivals, 500)
        lost = [text for voice in voices for text in wanted[voice.chat]
                if text not in [sheet.text for sheet in voice.sheets()]]  # fmt: skip
        order = [[sheet.text for sheet in v.sheets() if sheet.text.startswith("好 ")] for v in voices]
        told = sum("系统出了点问题" in sheet.text for voice in voices for sheet in voice.sheets())
        seen = Counter(sheet.text for voice in voices for sheet in voice.sheets())
        states = await world.run(lambda ctx: Counter(s for (s,) in ctx.session.query(Incoming.state)))
        dead = await world.run(lambda ctx: ctx.session.query(Delivery).filter_by(state="dead").count())
    failing = sent["错误"] + sent["没内存"] + sent["太深"]
    doubled = [text for text, count in seen.items() if text.startswith("好 ") and count > 1]
    with capsys.disabled():
        print(f"\nseed {seed}: {ROWS} rows in {CHATS} chats, {dict(sent)}; handled in {seconds:.1f} s; told {told} of "
              f"{failing}; operators see {len(arrivals)} arrivals and {dead} letters; lost "
              f"{len(lost)}, doubled {len(doubled)}")  # fmt: skip
    assert (lost, doubled) == ([], [])
    assert dead == sent["说不出"]
    assert order == [wanted[voice.chat] for voice in voices], "in order"
    assert {kind: tried[kind] for kind in sent if kind != "看不懂"} == {
        kind: count for kind, count in sent.items() if kind != "看不懂"
    }, "each was tried once, and never again"
    assert told == failing and "这句话谁也不该看到" not in seen
    assert len(arrivals) == failing + sent["看不懂"] + sent["解析"]
    assert states == Counter(done=ROWS - sent["看不懂"] - sent["解析"], dead=sent["看不懂"] + sent["解析"])


async def test_a_failure_of_the_refusal_itself_puts_the_row_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(database_url, [Feature(commands=tuple(COMMANDS))]) as world:
        li = await world.teacher("李老师")
        monkeypatch.setattr("bot.handle.sorry", _raise_key_error)
        await store(world, li, "错误", 1)
        await store(world, li, "好", 2)
        await work_until_done(world, world.handlers)
        assert [sheet.text for sheet in li.sheets()] == ["好 2"]
        [seen] = await world.run(list_arrivals)
        assert "KeyError" in seen.reason and seen.retriable


async def test_a_text_that_cannot_be_rendered_holds_up_nobody(database_url: str) -> None:
    async with a_world(database_url) as world:
        li = await world.teacher("李老师")

        def say(ctx: Any) -> None:
            chat = ctx.session.query(Chat).filter_by(native=li.chat).one()
            broken = say_in_chat(ctx, chat.id, Words("坏的"), lane=REPLY)
            ctx.session.get_one(Message, broken.id).tree = {"no": "such node"}
            say_in_chat(ctx, chat.id, Words("后面的"), lane=REPLY)

        await world.run(say)
        await world.settle()
        assert [sheet.text for sheet in li.sheets()] == ["后面的"]
        states = await world.run(lambda ctx: [row.state for row in ctx.session.query(Delivery).order_by(Delivery.id)])
        assert states == ["dead", "sent"]


def _raise_key_error(number: str) -> None:
    raise KeyError(number)


async def store(world: World, voice: Voice, kind: str, n: int) -> None:
    raw: dict[str, Any] = {"kind": "said", "sender": voice.native, "name": voice.name, "text": kind}
    if kind == "好":
        raw["text"] = f"好 {n}"
    elif kind in ("看不懂", "解析"):
        raw = {"garbage" if kind == "看不懂" else "poison": True}
    await world.runtime.transact(receive, "paper", "", [Arrival(new_pid(), voice.chat, "private", raw)])


async def work_until_done(world: World, handlers: Handlers) -> None:
    """The workers as they really run, until nothing waits. (What they log of a thousand frames is drawn for minutes
    where nobody catches it.)"""
    with capture_logs():
        await _work_until_done(world, handlers)


async def _work_until_done(world: World, handlers: Handlers) -> None:
    task = world.runtime.spawn(handlers.run(), "handlers")
    async with asyncio.timeout(240):
        while await world.run(lambda ctx: ctx.session.query(Incoming).filter_by(state="new").count()):
            await asyncio.sleep(0.1)
    world.runtime.stop()
    await task
    world.runtime.stopping = False
    await world.deliverers.drain()


async def test_an_adapter_that_always_fails_with_one_message_gives_it_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a platform where sending again shows nothing twice it would be tried for a day, and the chat would wait."""
    async with a_world(database_url, idempotent=True) as world:
        li, send = await world.teacher("李老师"), world.paper.send

        async def fail(work: Work) -> Any:
            if plain(work.tree, work.reader) == "坏的":
                raise RuntimeError("a mistake in an adapter")
            return await send(work)

        monkeypatch.setattr(world.paper, "send", fail)
        for words in ("坏的", "后面的"):
            await world.run(tell_person, li.person.id, Words(words))
        for _ in range(4):
            with capture_logs():
                await world.deliverers.drain()
            world.pass_time(seconds=20)
        assert [sheet.text for sheet in li.sheets()] == ["后面的"]
        states = await world.run(lambda ctx: [row.state for row in ctx.session.query(Delivery).order_by(Delivery.id)])
        assert states == ["dead", "sent"]
