"""Time that tests can move: real seconds plus what was skipped. Whoever sleeps wakes when the time is reached."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable


class Clock:
    """Unix seconds. `advance` skips some; `at` calls something later; nothing else in the emulator asks the time."""

    def __init__(self, start: float | None = None) -> None:
        self._skipped = 0.0 if start is None else start - time.time()
        self._moved = asyncio.Event()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def time(self) -> float:
        """Now, in Unix seconds."""
        return time.time() + self._skipped

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._skipped += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        self.run_due()

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Call `act` when it is `when` (at the next `run_due` after it)."""
        heapq.heappush(self._due, (when, next(self._numbers), act))

    def run_due(self) -> None:
        """Do what has become due. `advance` and the running server call it."""
        while self._due and self._due[0][0] <= self.time():
            heapq.heappop(self._due)[2]()

    async def sleep(self, seconds: float) -> None:
        """Wait; `advance` shortens it."""
        end = self.time() + seconds
        while (left := end - self.time()) > 0:
            moved = self._moved
            try:
                await asyncio.wait_for(moved.wait(), left)
            except TimeoutError:
                return
