"""What each step of the busy path gains: updates a second from arrival to committed answer, with one step taken away,
against the same with all of them in the same rounds."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from statistics import median
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from api.runtime import Runtime
from benchmarks.county import add_teachers, fresh_database, open_runtime
from benchmarks.inbound import UPDATES, measure_ours
from bot.intake import Intake
from storage.engine import READERS

ROUNDS = 5
KINDS = ("sqlite", "postgres")
Step = Callable[[Runtime], AbstractContextManager[Any]]


def commits_alone(_runtime: Runtime) -> AbstractContextManager[Any]:
    """SQLite's writer commits after every job."""
    return patch("storage.engine.BATCH_JOBS", 1)


def arrivals_alone(_runtime: Runtime) -> AbstractContextManager[Any]:
    """Each arrival is stored by itself, however many there are."""

    async def take(self: Intake, arrival: Any) -> None:
        await self._store([arrival])

    return patch.object(Intake, "take", take)


def compiled_each_time(runtime: Runtime) -> AbstractContextManager[Any]:
    """Statements are put into words anew for each use."""
    engine = runtime.database.engine
    return patch.object(runtime.database, "engine", engine.execution_options(compiled_cache=None))


@contextmanager
def unprepared(runtime: Runtime) -> Iterator[None]:
    """PostgreSQL plans every statement anew."""

    def forget(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.prepare_threshold = None

    event.listen(runtime.database.engine, "checkout", forget)
    yield
    event.remove(runtime.database.engine, "checkout", forget)


@contextmanager
def crowded(runtime: Runtime) -> Iterator[None]:
    """As many transactions at once as there are readers."""
    with ThreadPoolExecutor(READERS) as many, patch.object(runtime.database, "_writers", many):
        yield


# name -> (what takes it away, where there is such a thing)
STEPS: dict[str, tuple[Step, tuple[str, ...]]] = {
    "commits that several jobs share": (commits_alone, ("sqlite",)),
    "arrivals stored together": (arrivals_alone, KINDS),
    "statements compiled once": (compiled_each_time, KINDS),
    "prepared statements": (unprepared, ("postgres",)),
    "few transactions at once": (crowded, ("postgres",)),
}


async def compare(kind: str) -> dict[str, float]:
    """step -> how many times as many updates a second there are with it."""
    ways: dict[str, Step] = {"": lambda _runtime: nullcontext()}
    ways |= {name: step for name, (step, kinds) in STEPS.items() if kind in kinds}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    number = 0
    # each has connections of its own, so that none finds what another prepared
    with fresh_database(kind) as url:
        runtimes = {name: open_runtime(url) for name in ways}
        await runtimes[""].transact(add_teachers)
        for n in range(ROUNDS + 1):
            for name, step in ways.items():
                with step(runtimes[name]):
                    figure = await measure_ours(runtimes[name], number)
                number += UPDATES
                if n:  # the first round warms caches
                    seconds[name].append(figure)
        for runtime in runtimes.values():
            await runtime.close()
    whole = median(seconds.pop(""))
    return {name: whole / median(figures) for name, figures in seconds.items()}


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    rows = []
    for kind in KINDS:
        for name, gain in asyncio.run(compare(kind)).items():
            print(f"inbound {kind} with {name}: {gain:.2f} times what it is without")
            rows.append((f"inbound with {name}, {kind}", "times the same without", gain))
    return rows
