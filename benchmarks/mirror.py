"""Mirroring: planning a thousand rooms, and a sweep over 500 that are in step, against asking the same of the
homeserver."""

import asyncio
import json
import time
from datetime import UTC, datetime

import structlog
from sqlalchemy import text

from api.context import Context
from api.rooms.planning import ASPECTS, LEADS, SPEAKS, Actual, Desired, Seat, Standing, plan
from api.rooms.wanting import desired_of
from api.runtime import Runtime
from benchmarks.county import fresh_database, open_runtime
from benchmarks.mirrored import SERVER, SPACE, fill, native, state
from benchmarks.service import python
from bot.platforms.base import Place
from bot.platforms.matrix.mirroring import read_state
from storage.rooms import Room

PLANNED, MEMBERS = 1000, 100
ROOMS, EACH, PEOPLE = 500, 20, 2000
MOST_SECONDS, MOST_MB = 2.0, 300.0
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
KINDS = frozenset("name topic picture access history encrypt hush unhush link unlink hang unhang unban admit refuse "
                  "invite remove ban rank".split())  # fmt: skip


def plan_seconds() -> float:
    """Planning alone: rooms in which a tenth of the members is missing, one has to go and one has a wrong rank."""
    seats = {f"@t{n}:{SERVER}": Seat(LEADS if n == 0 else SPEAKS) for n in range(MEMBERS)}
    desired = Desired(frozenset(ASPECTS), name="语文工坊", seats=seats, out={f"@gone:{SERVER}": False})
    members = {who: Standing("join", LEADS) for who in [*seats][: MEMBERS * 9 // 10]} | {
        f"@gone:{SERVER}": Standing("join")
    }
    actual = Actual(100, KINDS, members=members)
    began = time.perf_counter()
    done = [plan(desired, actual) for _ in range(PLANNED)]
    took = time.perf_counter() - began
    assert all(len(one.actions) > MEMBERS // 10 for one in done)
    return took


def _plan_all(ctx: Context) -> float:
    """The same from the database and from what a homeserver says, which is taken apart before."""
    me, kept = f"@gongfang:{SERVER}", {}
    rooms = ctx.session.query(Room).filter(Room.id != SPACE).order_by(Room.id).all()
    found = [read_state(Place(room.pid, native(room.id), room.part, kept, {}),
                        state(room.id, PLANNED + 1, MEMBERS, PEOPLE), me, LONG_AGO) for room in rooms]  # fmt: skip
    began = time.perf_counter()
    for room, actual in zip(rooms, found, strict=True):
        made = plan(desired_of(ctx, room, actual), actual)
        assert not made.actions and not made.lacking, made
    return time.perf_counter() - began


async def prepare(runtime: Runtime, rooms: int, each: int) -> None:
    """Fill a database. What happens by itself where rows come one by one: PostgreSQL knows how many there are."""
    await runtime.transact(fill, rooms, each, PEOPLE)
    if not runtime.database.is_sqlite:
        await runtime.transact(lambda ctx: ctx.session.execute(text("ANALYZE")))


async def plan_from_database(kind: str) -> float:
    """Seconds for so many rooms."""
    with fresh_database(kind) as url:
        runtime = open_runtime(url)
        await prepare(runtime, PLANNED + 1, MEMBERS)
        took: float = await runtime.read(_plan_all)
        await runtime.close()
    return took


def sweep(kind: str) -> dict[str, float]:
    """What the process that sweeps says."""
    with fresh_database(kind) as url:

        async def fill_it() -> None:
            runtime = open_runtime(url)
            await prepare(runtime, ROOMS, EACH)
            await runtime.close()

        asyncio.run(fill_it())
        sizes = (str(ROOMS), str(EACH), str(PEOPLE))
        with (
            python("-m", "benchmarks.null_homeserver", *sizes) as (_, address),
            python("-m", "benchmarks.sweep", url, address, str(ROOMS)) as (_, line),
        ):
            told = json.loads(line)
    assert told["left"] == 0, told
    return {**told, "asked": sum(told["asked"].values()) / ROOMS}


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    took = plan_seconds()
    print(f"planning {PLANNED} rooms of {MEMBERS}: {took:.2f} s (wanted < {MOST_SECONDS:.0f})")
    rows = [(f"planning {PLANNED} rooms of {MEMBERS}", f"of {MOST_SECONDS:.0f} s", took / MOST_SECONDS)]
    for kind in ("sqlite", "postgres"):
        took = asyncio.run(plan_from_database(kind))
        print(f"the same with what is wanted read from {kind}: {took:.2f} s")
        rows.append((f"the same with what is wanted read from {kind}", f"of {MOST_SECONDS:.0f} s", took / MOST_SECONDS))
    for kind in ("sqlite", "postgres"):
        told = sweep(kind)
        ratio = told["ours"] / told["bare"]
        print(f"sweep {kind}: {told['ours']:.0f} rooms/s, bare {told['bare']:.0f}/s, ratio {ratio:.2f}; "
              f"{told['asked']:.2f} requests a room (wanted <= 1), peak {told['peak']:.0f} MB "
              f"(wanted < {MOST_MB:.0f})")  # fmt: skip
        rows += [
            (f"a sweep over {ROOMS} rooms, {kind}", "of asking the same and doing nothing", ratio),
            (f"requests a room of a sweep, {kind}", "of 1", told["asked"]),
            (f"peak memory of a sweep, {kind}", f"of {MOST_MB:.0f} MB", told["peak"] / MOST_MB),
        ]
    return rows
