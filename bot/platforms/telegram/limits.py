"""Telegram's limits on sending, kept on our side: one a second in a chat, twenty a minute in a group, thirty a second.

Short bursts in a chat are allowed. Edits count, answers to pressed buttons do not. The numbers are only a courtesy: the
`retry_after` of a refusal is what binds. Every process keeps its own windows of chats; what the whole bot may send is
divided among them (`flow.py`, `bot/sharing.py`); the database keeps refusals for all.
Source: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.platforms.base import RetryAfter
from bot.platforms.telegram.flow import Flow

REMEMBERED = 4096  # chats
PATIENCE = 0.3  # seconds that a chat's lease is held for nothing; longer waits go back to the outbox
FREE_RATE = 30  # messages a second that cost nothing


@dataclass(slots=True)
class Window:
    """At most `limit` in any `seconds`."""

    limit: int
    seconds: float
    taken: deque[float] = field(default_factory=deque)

    def wait(self, now: float, count: int = 1) -> float:
        """Seconds until `count` more fit; 0 when they do. More than the limit count as the limit."""
        while self.taken and self.taken[0] <= now - self.seconds:
            self.taken.popleft()
        over = len(self.taken) + min(count, self.limit) - self.limit
        return self.taken[over - 1] + self.seconds - now if over > 0 else 0.0

    def take(self, now: float, count: int = 1) -> None:
        """Count them."""
        self.taken.extend([now] * min(count, self.limit))


@dataclass(slots=True)
class Limits:
    """The limits of one bot."""

    rate: int = FREE_RATE  # of the whole bot, in all processes
    chat: tuple[int, float] = (4, 4.0)
    group: tuple[int, float] = (20, 60.0)
    clock: Callable[[], float] = time.monotonic
    chats: "OrderedDict[int, list[Window]]" = field(default_factory=OrderedDict)
    whole: Flow = field(init=False)

    def __post_init__(self) -> None:
        self.whole = Flow(self.rate, lambda: self.clock())

    @property
    def paid(self) -> bool:
        """Whether pushes are paid for, to be faster than what is free."""
        return self.rate > FREE_RATE

    @asynccontextmanager
    async def turn(self, chat: int, count: int = 1, push: bool = False) -> AsyncIterator[None]:
        """Wait until `count` messages may go to a chat; the block sends them and hears the answer. Raises RetryAfter
        where a chat would have to wait longer than a moment."""
        windows = self._windows(chat)
        waits = max(window.wait(self.clock(), count) for window in windows)
        if waits > PATIENCE:
            raise RetryAfter(waits)
        if waits:
            await asyncio.sleep(waits)
        async with self.whole.turn(count, push):
            for window in windows:
                window.take(self.clock(), count)
            yield

    def _windows(self, chat: int) -> list[Window]:
        if chat not in self.chats:
            self.chats[chat] = [Window(*self.chat), *([Window(*self.group)] if chat < 0 else [])]
            if len(self.chats) > REMEMBERED:
                self.chats.popitem(last=False)
        self.chats.move_to_end(chat)
        return self.chats[chat]
