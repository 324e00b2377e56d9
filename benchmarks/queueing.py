"""Queueing: a push to a county is written and committed, against a bare INSERT ... SELECT of as many rows."""

import asyncio
import gc
import time
from datetime import timedelta
from statistics import median
from typing import Any

from api.communities.audiences import deliver_in_waking_hours
from api.context import Context
from api.messaging.outbox import write_message
from api.runtime import Runtime
from api.times import DEFAULT_ZONE, utcnow, zone_of
from benchmarks.bulk import execute
from benchmarks.county import add_county, fresh_database, open_runtime
from benchmarks.delivery import ROWS, TREE
from storage.communities import Community, select_audience

SIZES = (10_000, 100_000)
ROUNDS = 5
BARE = """
    INSERT INTO deliveries (pid, message_id, kind, lane, person_id, not_before, state, attempts, pending, unheard,
                            created_at)
    SELECT {random}, :message, 'send', 2, id, :now, 'ready', 0, false, 0, :now FROM persons
"""


def _push(ctx: Context, region_id: int) -> int:
    region = ctx.session.get_one(Community, region_id)
    return deliver_in_waking_hours(ctx, write_message(ctx, TREE, ROWS), select_audience(region))


def _bare(ctx: Context, message: int) -> None:
    execute(ctx, BARE, message=message)


def _forget(ctx: Context) -> None:
    execute(ctx, "DELETE FROM deliveries")


async def _timed(runtime: Runtime, operation: Any, *args: Any) -> float:
    began = time.perf_counter()
    await runtime.transact(operation, *args)
    took = time.perf_counter() - began
    await runtime.transact(_forget)
    return took


async def compare(kind: str, size: int) -> tuple[float, float]:
    """Medians of interleaved rounds: (ours, bare) in people a second."""
    ours, bare = [], []
    with fresh_database(kind) as url:
        runtime = open_runtime(url)
        noon = utcnow().astimezone(zone_of(DEFAULT_ZONE)).replace(hour=12) + timedelta(days=1)
        runtime.now = lambda: noon
        region = await runtime.transact(add_county, size)
        message = await runtime.transact(lambda ctx: write_message(ctx, TREE, ROWS).id)
        assert await runtime.transact(_push, region) == size
        gc.freeze()
        await runtime.transact(_forget)
        for n in range(ROUNDS + 1):
            figures = await _timed(runtime, _push, region), await _timed(runtime, _bare, message)
            if n:  # the first round warms caches
                ours.append(size / figures[0])
                bare.append(size / figures[1])
        await runtime.close()
    return median(ours), median(bare)


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    rows, wanted = [], 0.5
    for kind in ("sqlite", "postgres"):
        for size in SIZES:
            ours, bare = asyncio.run(compare(kind, size))
            what = f"queueing a push to {size:,} people, {kind}"
            print(f"{what}: {ours:.0f}/s, bare {bare:.0f}/s, ratio {ours / bare:.2f} (wanted >= {wanted})")
            rows.append((what, "of a bare INSERT ... SELECT", ours / bare))
    return rows
