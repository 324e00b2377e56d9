"""What a bot may send is divided among the processes that send through it, and nobody goes on with a lost part."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from api.config import Config
from api.runtime import Runtime
from bot import sharing
from bot.sharing import Portion
from storage.blobs import Blobs
from storage.engine import Database, StorageUnavailable
from tests.support.databases import Databases


@pytest.fixture
async def processes(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Runtime]]:
    for name, seconds in (("LOOK_SECONDS", 0.02), ("BEAT_SECONDS", 0.05), ("MAKE_ROOM_SECONDS", 0.2)):
        monkeypatch.setattr(sharing, name, seconds)
    with databases.fresh("postgres") as url:
        made = [Runtime(Config(), Database(url), Blobs("memory:")) for _ in range(2)]
        yield made
        for runtime in made:
            await runtime.close()


def part_of(runtime: Runtime, parts: list[int]) -> Portion:
    return Portion(runtime, "telegram", "7", 30, parts.append)


async def becomes(expected: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not expected():
            await asyncio.sleep(0.02)


async def test_who_comes_gets_a_part_and_who_leaves_gives_it_back(processes: list[Runtime]) -> None:
    one, two = list[int](), list[int]()
    first, second = part_of(processes[0], one), part_of(processes[1], two)
    await first.join()
    assert one[-1] == 30
    await second.join()
    await becomes(lambda: (one[-1], two[-1]) == (15, 15) and len(two) > 2)
    await processes[1].close()
    await becomes(lambda: one[-1] == 30)


@pytest.mark.parametrize("error", [StorageUnavailable("away"), RuntimeError("a deadlock, once more")])
async def test_a_look_that_fails_ends_nothing(
    processes: list[Runtime], error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = list[int]()
    share = part_of(processes[0], parts)
    await share.join()
    look, failed = share._look, 0

    async def fail_twice() -> tuple[int, bool]:
        nonlocal failed
        failed += 1
        if failed < 3:
            raise error
        return await look()

    monkeypatch.setattr(share, "_look", fail_twice)
    await becomes(lambda: failed > 4)
    assert parts[-1] == 30
