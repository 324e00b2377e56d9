"""Queueing: a push to a county is written and committed, against a bare INSERT ... SELECT of as many rows."""

import asyncio
import gc
import time
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import text

from api.communities.audiences import deliver_in_waking_hours
from api.context import Context
from api.messaging.outbox import write_message
from api.runtime import Runtime
from api.times import DEFAULT_ZONE, utcnow, zone_of
from benchmarks.county import fresh_database, open_runtime
from benchmarks.delivery import ROWS, TREE
from storage.base import new_pid
from storage.communities import Community, select_audience

SIZES = (10_000, 100_000)
SCHOOLS = 100
ROUNDS = 5
RANDOM = {
    "sqlite": "lower(hex(randomblob(6)))",
    "postgres": "substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)",
}  # fmt: skip
PEOPLE = """
    INSERT INTO persons (pid, name, school_id, region_id, subject, stage, relayed, language, home_chosen,
                         privacy_version, sample, created_at)
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :size)
    SELECT {random}, 'somebody', :first + n % :schools, :region, '', '', true, 'zh_CN', false, 1, false, :now
    FROM numbers
"""
BARE = """
    INSERT INTO deliveries (pid, message_id, kind, lane, person_id, not_before, state, attempts, pending, unheard,
                            created_at)
    SELECT {random}, :message, 'send', 2, id, :now, 'ready', 0, false, 0, :now FROM persons
"""


def _county(ctx: Context, kind: str, size: int) -> int:
    """A region with schools and people; the id of the region."""
    region = Community(pid=new_pid(), kind="region", level="county", name="晨光县", path=new_pid(), created_at=ctx.now)
    ctx.session.add(region)
    ctx.session.flush()
    region.path = f"/{region.id}/"
    schools = [
        Community(
            pid=new_pid(), kind="school", name=f"学校{n}", parent_id=region.id, path=new_pid(), created_at=ctx.now
        )
        for n in range(SCHOOLS)
    ]
    ctx.session.add_all(schools)
    ctx.session.flush()
    for school in schools:
        school.path = f"{region.path}{school.id}/"
    given = {"size": size, "first": min(school.id for school in schools), "schools": SCHOOLS, "region": region.id}
    _execute(ctx, PEOPLE.format(random=RANDOM[kind]), now=ctx.now, **given)
    return region.id


def _execute(ctx: Context, statement: str, **values: Any) -> None:
    if "now" in values and ctx.session.get_bind().dialect.name == "sqlite":
        values["now"] = values["now"].strftime("%Y-%m-%d %H:%M:%S.%f")
    ctx.session.execute(text(statement), values)


def _push(ctx: Context, region_id: int) -> int:
    region = ctx.session.get_one(Community, region_id)
    return deliver_in_waking_hours(ctx, write_message(ctx, TREE, ROWS), select_audience(region))


def _bare(ctx: Context, kind: str, message: int) -> None:
    _execute(ctx, BARE.format(random=RANDOM[kind]), message=message, now=ctx.now)


def _forget(ctx: Context) -> None:
    _execute(ctx, "DELETE FROM deliveries")


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
        region = await runtime.transact(_county, kind, size)
        message = await runtime.transact(lambda ctx: write_message(ctx, TREE, ROWS).id)
        assert await runtime.transact(_push, region) == size
        gc.freeze()
        await runtime.transact(_forget)
        for n in range(ROUNDS + 1):
            figures = await _timed(runtime, _push, region), await _timed(runtime, _bare, kind, message)
            if n:  # the first round warms caches
                ours.append(size / figures[0])
                bare.append(size / figures[1])
        await runtime.close()
    return median(ours), median(bare)


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    rows, wanted = [], 0.5
    for kind in RANDOM:
        for size in SIZES:
            ours, bare = asyncio.run(compare(kind, size))
            what = f"queueing a push to {size:,} people, {kind}"
            print(f"{what}: {ours:.0f}/s, bare {bare:.0f}/s, ratio {ours / bare:.2f} (wanted >= {wanted})")
            rows.append((what, "of a bare INSERT ... SELECT", ours / bare))
    return rows
