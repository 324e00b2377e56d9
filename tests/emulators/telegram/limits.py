"""Flood limits (telegram.md 6): on unless switched off; real time is the world's clock, so tests can skip it."""

import math
from collections import deque

from tests.emulators.telegram.errors import too_many
from tests.emulators.telegram.model import Chat

MINUTE = 60


class Limits:
    """1 message a second to a chat (short bursts pass), 20 a minute to a group, about 30 a second in all.

    Edits count as messages. `scale` multiplies what is allowed; `on` switches everything.
    """

    def __init__(self, on: bool = True, scale: float = 1, burst: int = 5) -> None:
        self.on, self.scale, self.burst = on, scale, burst
        self.refused = 0
        self._full: dict[int, tuple[float, float]] = {}  # what is left of a chat's burst, and when that was
        self._minute: dict[int, deque[float]] = {}
        self._second: deque[float] = deque()

    def check(self, chat: Chat, now: float, messages: int = 1) -> None:
        """Raise Refused (429), with the seconds to wait, when so many messages to a chat are too many now."""
        if not self.on:
            return
        left = self._left(chat, now)
        minute = self._minute.setdefault(chat.id, deque())
        _forget(minute, now - MINUTE)
        _forget(self._second, now - 1)
        waits = [0.0]
        if left < 1:
            waits.append((1 - left) / self.scale)
        if chat.id < 0 and len(minute) + messages > max(20 * self.scale, messages):
            waits.append(minute[0] + MINUTE - now)
        if len(self._second) + messages > max(30 * self.scale, messages):
            waits.append(self._second[0] + 1 - now)
        if (wait := max(waits)) > 0:
            self.refused += 1
            raise too_many(max(1, math.ceil(wait)))

    def count(self, chat: Chat, now: float, messages: int = 1) -> None:
        """Count messages that were sent."""
        self._full[chat.id] = (self._left(chat, now) - messages, now)
        if chat.id < 0:
            self._minute.setdefault(chat.id, deque()).extend([now] * messages)
        self._second.extend([now] * messages)

    def _left(self, chat: Chat, now: float) -> float:
        left, at = self._full.get(chat.id, (float(self.burst), now))
        return min(self.burst, left + (now - at) * self.scale)


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
