"""The pace at which rooms are kept in step: as fast as a platform lets us, and once it does not, a little slower than
it would.

Limits hold for everything an account does. What is left of them is for answers to people; and a request that is refused
may count against whoever it was for (Synapse counts an invitation against the invited before it looks at the rest).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from api.runtime import Runtime
from bot.platforms.base import RetryAfter

SLACK = 1.25  # times what the platform asks for
HASTE = 0.985  # each time that all went well: the limit may have been others' doing
LEAST = 0.5  # seconds; closer together is as good as at once
FORGET = 600.0  # seconds without anything to do, after which nothing is known any more
LONG = 30.0  # seconds that nobody waits for with a room in hand
LONGEST_GAP = 600.0  # between two things that have long limits
ACT_SECONDS = 40.0
STEP_SECONDS = 0.5  # while one waits


class NotYet(Exception):
    """It was not its turn before the pass was over, or the service stops."""


@dataclass(slots=True)
class Pace:
    """How far apart things are done. Moments are seconds of any clock. `most`: the longest gap that is learned."""

    most: float = 10.0
    gap: float = 0.0  # 0: no limit is known
    next_at: float = 0.0
    last: float | None = None  # when something went well
    limited: bool = False  # since then

    def wait(self, now: float) -> float:
        """Seconds until the next thing may be done."""
        if self.last is not None and now - self.last > FORGET:
            self.gap = 0.0
        return max(0.0, self.next_at - now)

    def met_limit(self, now: float, seconds: float) -> None:
        """The platform said to come back after so many seconds."""
        self.gap = self.gap or min(max(seconds, LEAST), self.most)
        # others may be about to take what there is in a moment
        self.limited, self.next_at = True, max(self.next_at, now + max(seconds, self.gap / 2))

    def did(self, now: float) -> None:
        """Something went well."""
        if self.limited and self.last is not None:
            self.gap = min((now - self.last) * SLACK, self.most)
        elif not self.limited:
            self.gap *= HASTE
        if self.gap < LEAST:
            self.gap = 0.0
        self.last, self.limited, self.next_at = now, False, now + self.gap


@dataclass(slots=True)
class Turns:
    """Whose turn it is on each platform: everybody's at once, until a limit is met."""

    runtime: Runtime
    paces: dict[str, Pace] = field(default_factory=lambda: defaultdict(Pace))  # platform -> of all that is done there
    slow: dict[tuple[str, str], Pace] = field(default_factory=dict)  # (platform, kind): of what has long limits
    locks: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def take(self, platform: str, kind: str, over: float, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something at the platform's pace. Raises NotYet, SendError (RetryAfter for a long limit), TimeoutError."""
        clock, pace = asyncio.get_running_loop().time, self.paces[platform]
        while True:
            async with self._turn(platform, over):
                await self._wait(pace, over)
                if (wait := self.wait_for(platform, kind)) > 0:  # somebody else was first
                    raise RetryAfter(wait)
                try:
                    async with asyncio.timeout(ACT_SECONDS):
                        result = await work()
                except RetryAfter as error:
                    self._met_limit(platform, kind, error.seconds)
                    if error.seconds > LONG:
                        raise
                    continue
                pace.did(clock())
                if (slow := self.slow.get((platform, kind))) is not None:
                    slow.did(self._now())
                return result

    def _met_limit(self, platform: str, kind: str, seconds: float) -> None:
        if seconds <= LONG:
            self.paces[platform].met_limit(asyncio.get_running_loop().time(), seconds)
        else:
            self.slow.setdefault((platform, kind), Pace(LONGEST_GAP)).met_limit(self._now(), seconds)

    @asynccontextmanager
    async def _turn(self, platform: str, over: float) -> AsyncIterator[None]:
        """One after another where a limit is known, else all at once."""
        if not self.paces[platform].gap:
            yield
            return
        try:
            async with asyncio.timeout_at(over):
                await self.locks[platform].acquire()
        except TimeoutError:
            raise NotYet from None
        try:
            yield
        finally:
            self.locks[platform].release()

    async def _wait(self, pace: Pace, over: float) -> None:
        clock = asyncio.get_running_loop().time
        while not self.runtime.stopping and clock() < over:
            if (wait := pace.wait(clock())) <= 0:
                return
            await asyncio.sleep(min(wait, STEP_SECONDS))
        raise NotYet

    def wait_for(self, platform: str, kind: str) -> float:
        """Seconds until something of a kind may be done that has a long limit."""
        pace = self.slow.get((platform, kind))
        return pace.wait(self._now()) if pace is not None else 0.0

    def _now(self) -> float:
        """What waits for long waits by the clock of the service."""
        return self.runtime.now().timestamp()
