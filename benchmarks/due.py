"""Due work: what a tick of the clock and a look of the deliverers cost while 1,000,000 wait, against 1,000."""

import asyncio
import gc
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from statistics import median

from api.context import Context
from api.messaging.delivering import claim_work, when_next
from api.messaging.outbox import write_message
from api.registry import GUARDS
from api.reminders.jobs import REMINDERS_AT_ONCE, ring_reminders
from benchmarks.bulk import count_rows, make, without_indexes
from benchmarks.county import TEACHERS, add_teachers, fresh_database, open_runtime
from benchmarks.delivery import ROWS, TREE
from storage.base import new_pid
from storage.messaging import Delivery
from storage.reach import Reach
from storage.reminders import Reminder
from storage.writing import table_of

SIZES = (1_000, 1_000_000)
ROUNDS, TICKS = 9, 40
# over the year to come: `minutes` says how long ago
LATER = "(SELECT n, 1 + n % :people AS who, -60 - n % 500000 AS minutes FROM numbers) AS waiting"
REMINDERS = f"""
    INSERT INTO reminders (pid, person_id, matter, start, skip_holidays, zone, next_at, created_at)
    {{numbers}}
    SELECT {{pid}}, who, '交听课记录', {{at}}, false, 'Asia/Shanghai', {{at}}, :now FROM {LATER}
"""
DELIVERIES = f"""
    INSERT INTO deliveries (pid, message_id, kind, lane, person_id, not_before, state, attempts, pending, unheard,
                            created_at)
    {{numbers}}
    SELECT {{pid}}, :message, 'send', 2, who, {{at}}, 'ready', 0, false, 0, :now FROM {LATER}
"""
REACH = Reach(("paper",))
NOTHING, RINGING, LOOKING = "a tick that finds nothing", "a tick that rings 100 reminders", "a look into the outbox"


class Waiting:
    """One database in which so much waits."""

    def __init__(self, url: str, size: int) -> None:
        self.size, self.runtime = size, open_runtime(url)
        self.seconds: dict[str, list[float]] = defaultdict(list)

    async def prepare(self) -> None:
        """Write what waits: reminders for the year to come, and as many deliveries for later."""
        await self.runtime.transact(_wait, self.size)
        await asyncio.to_thread(count_rows, self.runtime.database)

    async def measure(self) -> None:
        """One round of everything; noted is one tick or look of each."""
        await self._time(NOTHING, TICKS, lambda: self.runtime.transact(ring_reminders, via="clock", system=True))
        await self._time(LOOKING, TICKS, self._look)
        await self.runtime.transact(_make_due)
        await self._time(RINGING, 1, lambda: self.runtime.transact(ring_reminders, via="clock", system=True))
        assert await self.runtime.transact(_forget_rung) == REMINDERS_AT_ONCE

    async def _look(self) -> None:
        assert not await self.runtime.transact(claim_work, REACH, 80, GUARDS)
        assert await self.runtime.read(when_next, REACH) is not None

    async def _time(self, what: str, times: int, act: Callable[[], Awaitable[object]]) -> None:
        for _ in range(times):
            began = time.perf_counter()
            await act()
            self.seconds[what].append(time.perf_counter() - began)

    def medians(self) -> dict[str, float]:
        """Seconds of each; the first ones warmed caches."""
        return {what: median(seconds[len(seconds) // (ROUNDS + 1) :]) for what, seconds in self.seconds.items()}


def _wait(ctx: Context, size: int) -> None:
    add_teachers(ctx)
    message = write_message(ctx, TREE, ROWS).id
    with without_indexes(ctx, table_of(Reminder), table_of(Delivery)):
        make(ctx, REMINDERS, size, people=TEACHERS)
        make(ctx, DELIVERIES, size, people=TEACHERS, message=message)


def _make_due(ctx: Context) -> None:
    ctx.session.add_all([
        Reminder(pid=new_pid(), person_id=1 + n % TEACHERS, matter="交听课记录", start=ctx.now, zone="Asia/Shanghai",
                 next_at=ctx.now - timedelta(seconds=1), created_at=ctx.now)
        for n in range(REMINDERS_AT_ONCE)
    ])  # fmt: skip


def _forget_rung(ctx: Context) -> int:
    """How many went out to people; the looks into the outbox shall find nothing again."""
    return ctx.session.query(Delivery).filter(Delivery.lane == 1, Delivery.state == "ready").delete()


async def compare(kind: str) -> list[dict[str, float]]:
    """Medians of interleaved rounds: seconds of each tick and look, for each size."""
    with ExitStack() as stack:
        sides = [Waiting(stack.enter_context(fresh_database(kind)), size) for size in SIZES]
        for side in sides:
            await side.prepare()
        gc.freeze()
        for _ in range(ROUNDS + 1):
            for side in sides:
                await side.measure()
        for side in sides:
            await side.runtime.close()
        return [side.medians() for side in sides]


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    return [row for kind in ("sqlite", "postgres") for row in _rows(kind)]


def _rows(kind: str) -> Iterator[tuple[str, str, float]]:
    wanted = 1.5
    few, many = asyncio.run(compare(kind))
    for what in few:
        ratio = many[what] / few[what]
        print(f"{what}, {kind}: {1000 * many[what]:.2f} ms while {SIZES[1]:,} wait, {1000 * few[what]:.2f} while "
              f"{SIZES[0]:,} do, ratio {ratio:.2f} (wanted <= {wanted})")  # fmt: skip
        yield f"{what} while {SIZES[1]:,} wait, {kind}", f"times the same while {SIZES[0]:,} do", ratio
