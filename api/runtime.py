"""The running service in one explicit struct: configuration, database, blobs, signals, tasks."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy.orm import Session

from api.config import Config
from api.context import Context
from api.metrics import DATABASE_WAIT
from api.times import utcnow
from storage import dirt
from storage.blobs import Blobs
from storage.engine import Database, StorageUnavailable, storage_failed
from storage.people import Person

log = structlog.get_logger()


class Signals:
    """Named wake-ups within a process. A waiter also wakes after its timeout, so a lost one costs time only."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.relay: Callable[[str], None] | None = None  # tells the other processes, where there are any

    def send(self, name: str) -> None:
        """Wake everyone who waits for `name`; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.wake, name)
        if self.relay is not None:
            self.relay(name)

    def wake(self, name: str) -> None:
        """Wake the waiters of this process only; called in its event loop."""
        for event in self._waiters[name]:
            event.set()

    def wake_all(self) -> None:
        """Wake every waiter of this process; called in its event loop."""
        for name in list(self._waiters):
            self.wake(name)

    def waiter(self, name: str) -> "Waiter":
        """A place to wait; signals between two waits are not lost."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._waiters[name].add(event)
        return Waiter(event, partial(self._waiters[name].discard, event))


@dataclass(slots=True)
class Waiter:
    """Waits for one named signal."""

    event: asyncio.Event
    close: Callable[[], None]

    async def wait(self, seconds: float) -> bool:
        """Until the signal or the timeout; True when it was the signal."""
        try:
            await asyncio.wait_for(self.event.wait(), seconds)
        except TimeoutError:
            return False
        self.event.clear()
        return True


@dataclass(slots=True)
class Runtime:
    """Everything that operations, workers and pages share. Built once by `bot.__main__` and by the tests."""

    config: Config
    database: Database
    blobs: Blobs
    signals: Signals = field(default_factory=Signals)
    now: Callable[[], datetime] = utcnow
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    starting: dict[str, str] = field(default_factory=dict)  # platforms that are not open yet, and why not
    stopping: bool = False  # nothing more is begun
    ticked_at: datetime | None = None  # when the clock of this process last began a job

    def __post_init__(self) -> None:
        dirt.watch()
        self.database.waited = DATABASE_WAIT.observe

    def context(self, session: Session, actor: Person | None = None, **how: Any) -> Context:
        """The context of one operation."""
        return Context(session, actor, self.now(), self.config, self.signals.send, **how)

    async def transact(self, operation: Callable[..., Any], *args: Any, actor_id: int | None = None,
                       via: str = "chat", system: bool = False, **named: Any) -> Any:  # fmt: skip
        """Run `operation(ctx, *args, **named)` in a transaction; returns after the commit."""
        return await self.database.run(partial(self._call, operation, args, named, actor_id, via, system))

    async def read(self, operation: Callable[..., Any], *args: Any, actor_id: int | None = None,
                   via: str = "chat", system: bool = False, **named: Any) -> Any:  # fmt: skip
        """Run an operation that only reads, beside the writers."""
        return await self.database.read(partial(self._call, operation, args, named, actor_id, via, system))

    def _call(self, operation: Callable[..., Any], args: Any, named: Any, actor_id: int | None, via: str,
              system: bool, session: Session) -> Any:  # fmt: skip
        actor = session.get(Person, actor_id) if actor_id is not None else None
        return operation(self.context(session, actor, via=via, system=system), *args, **named)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start a background task that is remembered, and whose failure is logged."""
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background task ended", task=task.get_name(), exc_info=error)

    def stop(self) -> None:
        """Tell everybody to finish what they have in hand; open pages are told to come back later. Of this process."""
        self.stopping = True
        self.signals.wake_all()

    async def close(self) -> None:
        """Stop the tasks, finish the queue, close the database."""
        self.stopping = True
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.database.close)


async def race(*works: Coroutine[Any, Any, Any]) -> None:
    """Do these until the first of them ends, which cancels the others; raises what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


__all__ = ["Runtime", "Signals", "StorageUnavailable", "Waiter", "race", "storage_failed"]
