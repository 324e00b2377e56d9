"""The one who reads a bot's updates: only one at a time, and not in a rush (official server, Client.cpp)."""

import asyncio

from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.errors import too_many

SOON, HASTY = 0.5, 3  # seconds
CONFLICT_PAUSE = 3  # seconds; the first 409 comes at once, further ones are held back so long


class Reader:
    """State of getUpdates and setWebhook of one bot."""

    def __init__(self) -> None:
        self._offset, self._at = 0, -1e9
        self._polling: asyncio.Future[str] | None = None
        self._next_conflict = -1e9
        self._next_webhook = -1e9

    def slow_down(self, now: float, offset: int, limit: int, timeout: int) -> tuple[int, int]:
        """Limit and timeout as they apply: the same offset within 0.5 s gets one update, within 3 s waits 3 s."""
        again = offset == self._offset
        if again and timeout < HASTY and now < self._at + HASTY:
            timeout = HASTY
        if again and now < self._at + SOON:
            limit = 1
        self._offset, self._at = offset, now
        return limit, timeout

    def take_over(self, words: str) -> "asyncio.Future[str]":
        """Begin to poll, ending whoever polls now; the future ends when somebody else takes over."""
        self.end(words)
        self._polling = asyncio.get_running_loop().create_future()
        return self._polling

    def end(self, words: str) -> None:
        """End whoever polls."""
        if self._polling is not None and not self._polling.done():
            self._polling.set_result(words)

    def done(self, mine: "asyncio.Future[str]") -> None:
        """A poll is over."""
        if self._polling is mine:
            self._polling = None
        mine.cancel()

    async def refuse(self, clock: Clock) -> None:
        """Hold a 409 back when there was one just now."""
        now = clock.time()
        if now < self._next_conflict:
            await clock.sleep(CONFLICT_PAUSE)
        else:
            self._next_conflict = now + CONFLICT_PAUSE

    def too_soon(self, now: float) -> None:
        """Raise Refused (429) for a second setWebhook within a second."""
        if now < self._next_webhook:
            raise too_many(1)
        self._next_webhook = now + 1
