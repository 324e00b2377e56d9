"""What a bot may have on its way: never more than its part in any second, answers first, however slow Telegram is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.platforms.base import Transient
from bot.platforms.telegram import flow
from bot.platforms.telegram.flow import Flow


async def go(line: Flow, ended: list[str], name: str, seconds: float, push: bool = False) -> None:
    async with line.turn(1, push):
        await asyncio.sleep(seconds)
    ended.append(name)


async def test_answers_go_while_telegram_answers_no_push() -> None:
    line, ended = Flow(10), list[str]()
    pushes = [asyncio.create_task(go(line, ended, "push", 60, push=True)) for _ in range(30)]
    await asyncio.sleep(1.5)
    assert line.pushes == 8, "two of ten are for answers"
    await asyncio.wait_for(go(line, ended, "answer", 0.01), 1.0)
    assert ended == ["answer"]
    for push in pushes:
        push.cancel()
    await asyncio.gather(*pushes, return_exceptions=True)
    assert line.flying == 0


async def test_whoever_waits_too_long_is_sent_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "LONGEST_TURN", 0.1)
    line = Flow(0)  # others have all of it
    with pytest.raises(Transient):
        async with line.turn():
            pass
    assert (line.flying, line.pushes) == (0, 0)
    line.resize(5)
    await asyncio.sleep(1.01)
    async with line.turn():
        pass


async def test_what_was_cancelled_takes_no_place() -> None:
    line = Flow(1)
    held: asyncio.Task[None] = asyncio.create_task(go(line, [], "one", 0.2))
    await asyncio.sleep(0.01)
    gone = asyncio.create_task(go(line, [], "gone", 0.2))
    await asyncio.sleep(0.01)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    await held
    await asyncio.wait_for(go(line, [], "next", 0.0), 3.0)
    assert line.flying == 0


@pytest.mark.parametrize("way", [lambda _n: 0.02, lambda n: 0.01 + n % 3 * 0.03])
async def test_never_more_than_its_part_in_a_second(way: Callable[[int], float]) -> None:
    """Telegram counts somewhere between the call and its answer: wherever that is."""
    most, line = 20, Flow(20)
    calls: list[tuple[float, float]] = []

    async def send(n: int) -> None:
        async with line.turn(1, push=True):
            left = line.clock()
            await asyncio.sleep(way(n))
            calls.append((left, line.clock()))

    began = line.clock()
    await asyncio.gather(*[send(n) for n in range(60)])
    assert line.clock() - began < 4.5
    for ends in (0, 1):
        moments = sorted(call[ends] for call in calls)
        assert all(later - earlier > 0.97 for earlier, later in zip(moments, moments[most:], strict=False))
