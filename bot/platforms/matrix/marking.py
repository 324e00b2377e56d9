"""Read receipts: whoever wrote sees that it arrived for good. A courtesy, in the background: what fails is left out.

One request at a time, and at most one for each room in a second however much is said there.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

import structlog

from bot.platforms.base import RetryAfter, SendError
from bot.platforms.matrix.connection import Connection
from bot.platforms.matrix.homeserver import room_path

log = structlog.get_logger()

PAUSE = 1.0  # seconds: the answer goes first, and much that is said at once is one receipt


class Marking:
    """The receipts of one account."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._unmarked: dict[str, str] = {}  # room -> the newest event that is stored
        self._task: asyncio.Task[None] | None = None

    def stored(self, newest: Mapping[str, str]) -> None:
        """The newest event of each of these rooms was committed."""
        self._unmarked |= newest
        if self._unmarked and (self._task is None or self._task.done()) and not self.connection.runtime.stopping:
            self._task = self.connection.runtime.spawn(self._mark(), "matrix-receipts")

    async def close(self) -> None:
        """Send no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _mark(self) -> None:
        while self._unmarked:
            await asyncio.sleep(PAUSE)
            for room, event in self._take():
                path = room_path(room, f"receipt/m.read/{quote(event, safe='')}")
                try:
                    await self.connection.home.call("POST", path, {})
                except RetryAfter as error:
                    self._unmarked.setdefault(room, event)
                    await asyncio.sleep(error.seconds)
                except SendError as error:
                    log.debug("a receipt was not taken", room=room, error=str(error))

    def _take(self) -> list[tuple[str, str]]:
        taken, self._unmarked = list(self._unmarked.items()), {}
        return taken
