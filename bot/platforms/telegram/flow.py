"""How many messages a bot may have on their way: so many in any second, those in the air counted until their answer.

Telegram counts a message somewhere between the moment at which it leaves and that at which its answer is here. Whoever
counts it from its answer on, less what the quickest way there and back takes at least, is never earlier than Telegram,
however late a message is on a busy machine. So several processes need no common clock: each has its part of the number.
"""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from bot.platforms.base import Transient

SECOND = 1.0
MOST_PUSHES = 0.8  # of all that may fly: however slowly Telegram answers, answers can still be sent
LONGEST_TURN = 10.0  # seconds that a message waits here; then it goes back to the outbox
LATE = 0.5  # seconds that pushes may be behind their even pace and still catch up
AHEAD = 0.8  # seconds of pushes that are claimed before they can go, on a machine that may be busy
LONGEST_WAY = 0.5  # seconds there and back that are counted off, but for
UNSTEADY = 0.02  # by which the next one may be quicker
WAYS = 64  # of the last answers


@dataclass(order=True, slots=True)
class _Waiting:
    push: bool
    n: int
    number: int = field(compare=False)
    turn: "asyncio.Future[None]" = field(compare=False)


@dataclass(slots=True)
class Flow:
    """At most `most` messages on their way in any second: answers first, pushes one by one at an even pace."""

    most: int
    clock: Callable[[], float] = time.monotonic
    flying: int = 0
    pushes: int = 0  # of those that fly
    _landed: deque[tuple[float, int]] = field(default_factory=deque)  # (when they count no more, how many)
    _counted: int = 0  # in _landed
    _even: float = 0.0  # when the next push would go at an even pace
    _ways: deque[float] = field(default_factory=lambda: deque(maxlen=WAYS))
    _waiting: list[_Waiting] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _timer: asyncio.TimerHandle | None = None

    def resize(self, most: int) -> None:
        """Have another part of what all may send. What is gained may be in use by others for another second."""
        if (gained := most - self.most) > 0:
            self._land(self.clock() + SECOND, gained)
        self.most = most
        self._serve()

    def spare(self, claimed: int) -> int:
        """How many more pushes to claim when so many are claimed and not answered: as many as can go in a moment."""
        return max(0, max(3, round(self.most * AHEAD)) - (claimed - self.pushes)) if self.most else 0

    @asynccontextmanager
    async def turn(self, number: int = 1, push: bool = False) -> AsyncIterator[None]:
        """Wait until `number` messages may go; the block sends them and returns with their answer. Raises Transient."""
        waiting = _Waiting(push, next(self._numbers), number, asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiting)
        self._serve()
        try:
            async with asyncio.timeout(LONGEST_TURN):
                await waiting.turn
        except (asyncio.CancelledError, TimeoutError) as error:
            if waiting.turn.done() and not waiting.turn.cancelled():
                self._left(number, push)
            self._serve()
            if isinstance(error, TimeoutError):
                raise Transient("others are sent before it") from error
            raise
        began = self.clock()
        try:
            yield
        finally:
            self._left(number, push)
            now = self.clock()
            self._ways.append(now - began)
            self._land(now + SECOND - max(0.0, min(min(self._ways), LONGEST_WAY) - UNSTEADY), number)
            self._serve()

    def _left(self, number: int, push: bool) -> None:
        self.flying -= number
        self.pushes -= push

    def _land(self, until: float, number: int) -> None:
        self._landed.append((until, number))
        self._counted += number

    def _serve(self) -> None:
        """Let go whoever may; come back when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            head, now = self._waiting[0], self.clock()
            if not head.turn.cancelled():
                if (wait := self._wait(head, now)) is None:
                    return  # an answer, or a larger part, comes first
                if wait > 0:
                    self._timer = asyncio.get_running_loop().call_later(wait, self._serve)
                    return
                self._let_go(head, now)
            heapq.heappop(self._waiting)

    def _let_go(self, head: _Waiting, now: float) -> None:
        self.flying += head.number
        if head.push:
            self.pushes += 1
            nothing = now - self._even > SECOND  # to send: that is not late
            self._even = (now if nothing else max(self._even, now - LATE)) + head.number / self.most
        head.turn.set_result(None)

    def _wait(self, head: _Waiting, now: float) -> float | None:
        """Seconds until it may go; None while nobody can say. More than the most count as the most."""
        while self._landed and self._landed[0][0] <= now:
            self._counted -= self._landed.popleft()[1]
        if self.most <= 0 or (head.push and self.pushes >= max(1, int(self.most * MOST_PUSHES))):
            return None
        over = self.flying + self._counted + min(head.number, self.most) - self.most
        wait = self._even - now if head.push else 0.0
        for until, number in self._landed:
            if over <= 0:
                break
            over, wait = over - number, max(wait, until - now)
        return None if over > 0 else max(0.0, wait)
