"""What a bot may send is divided among the processes that send through it, and nobody goes on with a lost part."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from api.config import Config
from api.messaging.delivering import claim_work, when_next
from api.messaging.outbox import tell_person
from api.messaging.receiving import Arrival, lease_rows, receive
from api.messaging.sharing import GONE, leave_part, new_holder, take_part
from api.messaging.tree import Words
from api.runtime import Runtime
from api.times import utcnow
from bot import sharing
from bot.bots import Bots
from bot.platforms.base import Elsewhere
from bot.sharing import Portion
from storage.blobs import Blobs
from storage.engine import Database, StorageUnavailable
from storage.messaging import Share
from storage.reach import Reach
from tests.support.databases import Databases
from tests.support.paper import Paper
from tests.support.talk import a_world


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


async def test_clocks_of_machines_need_not_agree(processes: list[Runtime]) -> None:
    """Nor does one that was killed while its clock was fast keep its part."""
    one, two, late = list[int](), list[int](), processes[1]
    late.now = lambda: utcnow() + timedelta(hours=3)
    first, second = part_of(processes[0], one), part_of(late, two)
    await first.join()
    await second.join()
    await becomes(lambda: (one[-1], two[-1]) == (15, 15) and len(two) > 2)
    half = len(one)
    await becomes(lambda: len(one) > half + 5)
    assert set(one[half:]) == {15}
    assert second._beating is not None
    second._beating.cancel()
    await processes[0].transact(lambda ctx: ctx.session.execute(
        update(Share).where(Share.holder == second.holder).values(seen_at=utcnow() - GONE)))  # fmt: skip
    await becomes(lambda: one[-1] == 30)


@pytest.mark.both_databases
async def test_what_another_process_serves_is_left_to_it(database_url: str) -> None:
    """One that was started with other bots than this one."""
    async with a_world(database_url) as world:
        li, reach = await world.teacher("李老师"), Reach(("paper",), own=("paper:7",))
        holder = new_holder()
        await world.run(take_part, "paper", "", holder, 30)
        await world.run(tell_person, li.person.id, Words("好"))
        said = {"kind": "said", "sender": li.native, "name": "", "text": "帮助"}
        await world.runtime.transact(receive, "paper", "", [Arrival("e-1", li.chat, "private", said)])
        assert await world.runtime.transact(claim_work, reach, 5, {}) == []
        assert await world.runtime.transact(lease_rows, reach, 5) == []
        assert await world.runtime.read(when_next, reach) is None
        await world.run(leave_part, "paper", "", holder)
        assert len(await world.runtime.transact(claim_work, reach, 5, {})) == 1
        assert len(await world.runtime.transact(lease_rows, reach, 5)) == 1


def test_the_first_that_is_named_takes_over_whichever_is_open_first() -> None:
    one, two = Paper(), Paper()
    one.account, two.account = "1", "2"
    bots = Bots()
    for platform in (one, two):
        bots.wait_for(platform)
    bots.add(two)
    assert bots.serving("paper", "2") is two
    for account in ("1", "gone"):
        with pytest.raises(Elsewhere):
            bots.serving("paper", account)
    bots.add(one)
    assert bots.serving("paper", "gone") is one
