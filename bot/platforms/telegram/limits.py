"""Telegram's limits on sending, kept on our side: one a second in a chat, twenty a minute in a group, thirty a second.

Short bursts in a chat are allowed. Edits count, answers to pressed buttons do not. The numbers are only a courtesy: the
`retry_after` of a refusal is what binds. Every process keeps its own windows; the database keeps refusals for all.
Source: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.platforms.base import RetryAfter

REMEMBERED = 4096  # chats
PATIENCE = 0.3  # seconds that a chat's lease is held for nothing; longer waits go back to the outbox


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
    """The windows of one bot."""

    whole: Window = field(default_factory=lambda: Window(28, 1.0))
    chat: tuple[int, float] = (4, 4.0)
    group: tuple[int, float] = (20, 60.0)
    clock: Callable[[], float] = time.monotonic
    chats: "OrderedDict[int, list[Window]]" = field(default_factory=OrderedDict)

    async def pass_through(self, chat: int, count: int = 1) -> None:
        """Wait until `count` messages may go to a chat. Raises RetryAfter where that takes longer than a moment."""
        windows = self._windows(chat)
        waits = max(window.wait(self.clock(), count) for window in windows)
        if waits > PATIENCE:
            raise RetryAfter(waits)
        if waits:
            await asyncio.sleep(waits)
        while (waits := self.whole.wait(self.clock(), count)) > 0:
            await asyncio.sleep(waits)
        for window in [*windows, self.whole]:
            window.take(self.clock(), count)

    def _windows(self, chat: int) -> list[Window]:
        if chat not in self.chats:
            self.chats[chat] = [Window(*self.chat), *([Window(*self.group)] if chat < 0 else [])]
            if len(self.chats) > REMEMBERED:
                self.chats.popitem(last=False)
        self.chats.move_to_end(chat)
        return self.chats[chat]
