"""Read receipts: for what was stored, few, and never in anybody's way."""

import asyncio
from typing import Any

import pytest

from bot.platforms.base import RetryAfter, Transient
from bot.platforms.matrix import marking
from tests.support.matrix import MatrixWorld, Somebody


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "PAUSE", 0.05)


async def read_up_to(li: Somebody, room: str, who: str) -> str:
    """Up to which event somebody has read a room, as another member's client is told."""
    answer = await li.ask("GET", "sync", timeout=0)
    events = answer["rooms"]["join"][room]["ephemeral"]["events"]
    receipts = [event["content"] for event in events if event["type"] == "m.receipt"]
    return next((event for content in receipts for event, how in content.items() if who in how.get("m.read", {})), "")


async def marked(world: MatrixWorld) -> None:
    task = world.matrix.marking._task
    if task is not None:
        await asyncio.wait([task], timeout=10)


async def test_what_was_stored_is_marked_as_read(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await li.make_room(world.bot.user_id, name="坊")
    await world.pump()
    event = await li.say(room, "看到了吗")
    await world.pump()
    await marked(world)
    assert await read_up_to(li, room, world.bot.user_id) == event


@pytest.fixture
def asked(world: MatrixWorld, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the homeserver is asked for by the bot, as far as it is a receipt; `fail` is raised once for the first."""
    found: list[str] = []
    call = world.matrix.connection.home.call

    async def counted(method: str, path: str, *args: Any, **named: Any) -> Any:
        if "/receipt/" in path:
            found.append(path.rpartition("/")[2])
        return await call(method, path, *args, **named)

    monkeypatch.setattr(world.matrix.connection.home, "call", counted)
    return found


async def test_a_busy_room_costs_one_receipt(world: MatrixWorld, asked: list[str]) -> None:
    li = await world.somebody()
    room = await li.make_room(world.bot.user_id, name="坊")
    await world.pump()
    await marked(world)
    asked.clear()
    for n in range(30):
        event = await li.say(room, f"第{n}句")
    await world.pump(settle=False)
    await marked(world)
    assert asked == [event.replace("$", "%24")]


async def test_nothing_is_marked_that_could_not_be_kept(
    world: MatrixWorld, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await world.somebody()
    room = await li.make_room(world.bot.user_id, name="坊")
    await world.pump()
    await marked(world)
    asked.clear()
    await li.say(room, "别丢了我")
    monkeypatch.setattr("bot.platforms.matrix.syncing.take_in", _fail)
    with pytest.raises(OSError):
        await world.matrix.syncing.step()
    await marked(world)
    assert asked == []


def _fail(*_args: Any) -> None:
    raise OSError("no")


@pytest.mark.parametrize("error", [Transient("away"), RetryAfter(0.2)], ids=["away", "limit"])
async def test_a_receipt_that_fails_disturbs_nobody(
    world: MatrixWorld, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    li = await world.somebody()
    room = await world.chat_with(li)
    await marked(world)
    call, fails = world.matrix.connection.home.call, [error]

    async def failing(method: str, path: str, *args: Any, **named: Any) -> Any:
        if "/receipt/" in path and fails:
            raise fails.pop()
        return await call(method, path, *args, **named)

    monkeypatch.setattr(world.matrix.connection.home, "call", failing)
    event = await li.say(room, "帮助")
    await world.pump()
    assert "!help" in (await li.shown(room))[-1]["content"]["body"]
    await marked(world)
    assert not fails
    # a limit is waited for, what failed otherwise comes with the next thing that is said
    assert (await read_up_to(li, room, world.bot.user_id) == event) is isinstance(error, RetryAfter)
