"""What the workers of a process share: lease what is due, work on it, give back what is left when the service stops."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import structlog

from api.runtime import Runtime, StorageUnavailable, Waiter

log = structlog.get_logger()

RETRY_SECONDS = 2.0
GATHER_SECONDS = 0.002  # a commit costs as much as ten of what it commits
Item = TypeVar("Item")
Given = TypeVar("Given")
Result = TypeVar("Result")


@dataclass(slots=True)
class Together(Generic[Given, Result]):
    """Commits in one transaction what several tasks finish within a moment, or while the one before is under way."""

    runtime: Runtime
    keep: Callable[[Sequence[Given]], Awaitable[Sequence[Result]]]
    waiting: "list[tuple[Given, asyncio.Future[Result]]]" = field(default_factory=list)
    busy: bool = False

    async def settle(self, given: Given) -> Result:
        """Have it committed; returns or raises what came of it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.waiting.append((given, future))
        if not self.busy:
            self.busy = True
            self.runtime.spawn(self._run(), "together")
        return await future

    async def _run(self) -> None:
        try:
            while self.waiting:
                await asyncio.sleep(GATHER_SECONDS)
                batch, self.waiting = self.waiting, []
                await self._keep(batch)
        finally:
            self.busy = False

    async def _keep(self, batch: "list[tuple[Given, asyncio.Future[Result]]]") -> None:
        try:
            results = await self.keep([given for given, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, StorageUnavailable):  # one of them spoils it for nobody else
                for one in batch:
                    await self._keep([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)


@dataclass(slots=True)
class Workers(ABC, Generic[Item]):
    """Works on what it leases, `at_once` items at a time. What an item is, and how one works on it, says a subclass."""

    runtime: Runtime
    signal: ClassVar[str]  # wakes it
    at_once: ClassVar[int]
    kept_free: ClassVar[int] = 0  # of these, for what cannot wait

    @abstractmethod
    async def lease(self, limit: int) -> Sequence[Item]:
        """Up to `limit` items that are due; nobody else works on them now."""

    @abstractmethod
    async def work(self, item: Item) -> Item | None:
        """Work on an item; returns what follows it under the same lease."""

    @abstractmethod
    async def give_back(self, item: Item, begun: bool) -> None:
        """End the lease of an item: it is due again at once. `begun`: something may have come of it."""

    @abstractmethod
    async def idle_seconds(self) -> float:
        """How long nothing may become due without a signal."""

    async def rest(self, found: bool) -> float:
        """How long to wait before more is leased; `found`: something was."""
        return 0.0 if found else await self.idle_seconds()

    async def run(self) -> None:
        """Work until the service stops; returns when what was begun is done."""
        waiter = self.runtime.signals.waiter(self.signal)
        busy: set[asyncio.Task[None]] = set()
        while not self.runtime.stopping:
            try:
                items = await self.lease(self.at_once - len(busy))
                pause = await self.rest(bool(items))
            except StorageUnavailable as error:
                log.warning("the database is away; work waits", worker=self.signal, error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for item in items:
                task = self.runtime.spawn(self._serve(item), self.signal)
                busy.add(task)
                task.add_done_callback(busy.discard)
            if len(busy) >= self.at_once - self.kept_free:
                await self._until_one_ends(busy, waiter)
            elif pause:
                await waiter.wait(pause)
        if busy:
            await asyncio.wait(busy)

    async def _until_one_ends(self, busy: "set[asyncio.Task[None]]", waiter: Waiter) -> None:
        woken = set[asyncio.Task[Any]]()
        if len(busy) < self.at_once:
            woken.add(self.runtime.spawn(waiter.wait(RETRY_SECONDS), "woken"))
        await asyncio.wait(busy | woken, return_when=asyncio.FIRST_COMPLETED)
        for task in woken:
            task.cancel()

    async def drain(self) -> None:
        """Work on everything that is due now; for tests and scripts."""
        while items := await self.lease(self.at_once):
            await asyncio.gather(*[self._serve(item) for item in items])

    async def _serve(self, first: Item) -> None:
        item: Item | None = first
        begun = False
        try:
            while item is not None and not self.runtime.stopping:
                begun = True
                item = await self.work(item)
                begun = False
        finally:
            # a lease that cannot be given back runs out
            if item is not None and self.runtime.stopping:
                with suppress(StorageUnavailable):
                    await self.give_back(item, begun)

    async def insist(self, operation: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Commit an operation however long the database is away: until then nothing else could be done."""
        while True:
            try:
                return await self.runtime.transact(operation, *args, **named)
            except StorageUnavailable as error:
                log.warning("the database is away; what was done waits", worker=self.signal, error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
