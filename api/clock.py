"""The clock of the worker role. It only ticks: every job looks for what is due in the database.

A job is an idempotent operation over a bounded batch; true means that there is more. Due times are columns, claimed in
the transaction that acts on them, so a late tick catches up and two workers never do one thing twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import structlog

from api.context import Context
from api.metrics import JOB_FAILURES
from api.runtime import Runtime, StorageUnavailable
from api.times import utcnow

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

    A failure is logged and stops nobody: what is due stays due until the next tick.
    """
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
class Clock:
    """The ticking of one process. The scheduler keeps nothing: a start finds whatever became due meanwhile."""

    runtime: Runtime
    jobs: Sequence[Job]
    _scheduler: Any = field(default=None, init=False)

    def start(self) -> None:
        """Begin ticking, at once and then every job in its own time; needs the running loop."""
        # imported here: the registry knows Job, and not everybody who reads the registry ticks
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for job in self.jobs:
            work = (self.runtime, job)
            self._scheduler.add_job(run_job, "interval", work, id=job.name, seconds=job.seconds, next_run_time=utcnow())
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ticking. What is running ends by itself, or with the runtime."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
