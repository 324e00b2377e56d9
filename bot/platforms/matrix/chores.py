"""What has to be done between two syncs: one thing that cannot be done keeps up nothing else."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.platforms.base import Rejected, RetryAfter

log = structlog.get_logger()

FIRST, LONGEST = 30.0, 600.0  # seconds between two tries of what fails; each time twice as long
REFUSED = 3600.0  # seconds until what was refused is asked for again: the operator may have put it right


class Chore:
    """One of these things."""

    def __init__(self, name: str, do: Callable[[], Awaitable[None]]) -> None:
        self.name, self._do = name, do
        self._pause, self._at = FIRST, 0.0

    async def run(self) -> None:
        """Do it, unless it failed just now. What fails is logged."""
        now = asyncio.get_running_loop().time()
        if now < self._at:
            return
        try:
            await self._do()
        except RetryAfter as error:
            self._at = now + error.seconds
        except Exception as error:  # also what somebody else's keys do to the machine
            log.warning("something on Matrix is tried again later", what=self.name, error=repr(error)[:300])
            self._at = now + (REFUSED if isinstance(error, Rejected) else self._pause)
            self._pause = min(self._pause * 2, LONGEST)
        else:
            self._pause = FIRST
