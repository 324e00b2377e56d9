"""The clock of the worker role. It only ticks: every job looks for what is due in the database.

A job is an idempotent operation over a bounded batch; true means that there is more. Due times are columns, claimed in
the transaction that acts on them, so a late tick catches up and two workers never do one thing twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from api.context import Context
from api.metrics import JOB_FAILURES, JOB_LAG, JOB_SECONDS
from api.runtime import Runtime, StorageUnavailable

log = structlog.get_logger()

MOST_BATCHES = 1000


@dataclass(frozen=True, slots=True)
class Job:
    """Something to look for every so many seconds. `operation(ctx)` does one batch and says whether there is more."""

    name: str
    operation: Callable[[Context], Any]
    seconds: float


async def run_job(runtime: Runtime, job: Job) -> int:
    """Do everything of a job that is due now, each batch in a transaction of its own; returns how many batches.

    A failure is logged and stops nobody: what is due stays due until the next tick. All that is logged says which job.
    """
    with bound_contextvars(job=job.name), JOB_SECONDS.labels(job.name).time():
        return await _run_batches(runtime, job)


async def _run_batches(runtime: Runtime, job: Job) -> int:
    for n in range(MOST_BATCHES):
        try:
            if not await runtime.transact(job.operation, via="clock", system=True):
                return n + 1
        except StorageUnavailable as error:
            log.warning("the database is away; the clock tries again", job=job.name, error=str(error))
            return n
        except Exception:  # the operator learns of it by the log and /metrics; other jobs go on
            log.exception("a job failed", job=job.name)
            JOB_FAILURES.labels(job.name).inc()
            return n
    log.warning("a job found more than one tick can do", job=job.name, batches=MOST_BATCHES)
    return MOST_BATCHES


@dataclass(slots=True)
class Tick:
    """When a job is to begin next, and how late it was. Moments are seconds of a clock that nobody sets."""

    job: Job
    due: float = field(default_factory=monotonic)
    last_lag: float = 0.0

    def begin(self, now: float) -> None:
        """The job begins; next time it is to begin at the first of its moments after `now`."""
        self.last_lag = max(0.0, now - self.due)
        self.due = now + self.job.seconds - self.last_lag % self.job.seconds

    def lag(self, now: float) -> float:
        """Seconds by which it was late, or is: one that hangs, or is never reached, is ever later."""
        return max(self.last_lag, now - self.due)


@dataclass(slots=True)
class Clock:
    """The ticking of one process, by a clock that nobody sets: where the time of day is put back or on, no job waits
    for it. It keeps nothing: a start finds whatever became due meanwhile."""

    runtime: Runtime
    jobs: Sequence[Job]
    _stopped: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def start(self) -> None:
        """Begin ticking, at once and then every job in its own time; needs the running loop."""
        for job in self.jobs:
            tick = Tick(job)
            JOB_LAG.labels(job.name).set_function(partial(_lag_now, tick))
            self.runtime.spawn(self._keep(tick), f"clock {job.name}")

    async def _keep(self, tick: Tick) -> None:
        while not self._stopped.is_set():
            tick.begin(monotonic())
            self.runtime.ticked_at = self.runtime.now()
            await run_job(self.runtime, tick.job)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), max(0.0, tick.due - monotonic()))

    def stop(self) -> None:
        """Stop ticking. What is running ends by itself, or with the runtime."""
        self._stopped.set()


def _lag_now(tick: Tick) -> float:
    return tick.lag(monotonic())
