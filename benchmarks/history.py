"""History: handling what a teacher sends after 10,000,000 records, against the same after 10,000."""

import asyncio
import gc
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from statistics import median

from api.messaging.receiving import Arrival, receive
from api.registry import GUARDS
from benchmarks.bulk import count_rows
from benchmarks.county import TEACHERS, fresh_database, open_runtime
from benchmarks.past import fill, parts_of_past, settle_county
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.handle import Handlers
from tests.support.paper import Paper

SIZES = (10_000, 10_000_000)
ROUNDS = 9
# what each of them sends, one after the other
SENT = ("帮助", "日志 今天的课上得很顺利，孩子们自己提出了三个问题。", "提交", "我的进度", "我的日志")


class County:
    """One database with its past, and the workers that handle and answer."""

    def __init__(self, url: str, records: int) -> None:
        self.records, self.runtime = records, open_runtime(url, time={"quiet_hours": ""})
        bots = Bots.of(Paper())
        self.handlers = Handlers(self.runtime, Dispatcher(FEATURES), bots)
        self.deliverers = Deliverers(self.runtime, bots, GUARDS)
        self.seconds: dict[str, list[float]] = defaultdict(list)  # a message, by what was sent
        self._numbers = iter(range(10**9))

    async def prepare(self) -> None:
        """Write the past, and let the database count it."""
        workshop = await self.runtime.transact(settle_county)
        for part in parts_of_past(self.records):
            await self.runtime.transact(fill, workshop, *part)
        await asyncio.to_thread(count_rows, self.runtime.database)

    async def converse(self) -> None:
        """Each teacher sends each of SENT; noted is how long a message takes from arrival to delivered answer."""
        for words in SENT:
            arrivals = [self._arrival(teacher, words) for teacher in range(1, TEACHERS + 1)]
            began = time.perf_counter()
            await self.runtime.transact(receive, "paper", "", arrivals)
            await self.handlers.drain()
            await self.deliverers.drain()
            self.seconds[words].append((time.perf_counter() - began) / TEACHERS)

    def _arrival(self, teacher: int, words: str) -> Arrival:
        event = f"e{next(self._numbers)}"
        raw = {"kind": "said", "sender": str(teacher), "name": "老师", "text": words, "event": event}
        return Arrival(event, str(teacher), "private", raw)

    def medians(self) -> dict[str, float]:
        """Seconds a message, by what was sent; the first round warmed caches."""
        return {words: median(seconds[1:]) for words, seconds in self.seconds.items()}


async def compare(kind: str, sizes: Sequence[int]) -> list[dict[str, float]]:
    """Medians of interleaved rounds: seconds a message, by what was sent, for each size."""
    with ExitStack() as stack:
        counties = [County(stack.enter_context(fresh_database(kind, in_memory=False)), size) for size in sizes]
        for county in counties:
            await county.prepare()
        gc.freeze()
        for _ in range(ROUNDS + 1):
            for county in counties:
                await county.converse()
        for county in counties:
            await county.runtime.close()
        return [county.medians() for county in counties]


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    return [row for kind in ("sqlite", "postgres") for row in _rows(kind)]


def _rows(kind: str) -> Iterator[tuple[str, str, float]]:
    wanted = 1.2
    few, many = asyncio.run(compare(kind, SIZES))
    for words in SENT:
        print(f"  {words[:8]}: {1000 * few[words]:.2f} and {1000 * many[words]:.2f} ms, {many[words] / few[words]:.2f}")
    ratio = sum(many.values()) / sum(few.values())
    print(f"history {kind}: {1000 * sum(many.values()) / len(SENT):.2f} ms a message after {SIZES[1]:,} records, "
          f"{1000 * sum(few.values()) / len(SENT):.2f} after {SIZES[0]:,}, "
          f"ratio {ratio:.2f} (wanted <= {wanted})")  # fmt: skip
    yield f"a message after {SIZES[1]:,} records, {kind}", f"times one after {SIZES[0]:,}", ratio
