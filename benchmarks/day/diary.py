"""What people write down during the day: how long each answer took, what never came, what must be found at the end."""

import os
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from api.times import utcnow


@dataclass(frozen=True, slots=True)
class Span:
    """A phase as it was played."""

    name: str
    began: datetime
    ended: datetime
    sent: int  # messages and edits that Telegram took
    refused: int  # by 429
    load: float  # of the machine, at the end of it

    @property
    def seconds(self) -> float:
        """How long."""
        return (self.ended - self.began).total_seconds()


@dataclass(frozen=True, slots=True)
class Told:
    """What was sent to all: to how many chats of Telegram, seconds from the first to the last, and all that Telegram
    took between these two."""

    chats: int
    seconds: float
    taken: int

    @property
    def rate(self) -> float:
        """Messages and edits a second, of all kinds."""
        return self.taken / max(1.0, self.seconds)


@dataclass
class Diary:
    """`waits` by (phase, platform, act): seconds from what was said or pressed to what was hoped for."""

    phase: str = ""
    waits: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    acts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (phase, act): how many were begun
    unanswered: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    reminders: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)  # opened, quiz, received, talk: seen to be done
    spans: list[Span] = field(default_factory=list)
    queued: dict[str, float] = field(default_factory=dict)  # what was sent to all -> seconds until it was accepted
    told: dict[str, Told] = field(default_factory=dict)
    _tags: int = 0

    def tag(self, what: str) -> str:
        """Words that nobody else says."""
        self._tags += 1
        return f"{what}{self._tags:05}号"

    def waited(self, phase: str, platform: str, act: str, since: float) -> None:
        """Something came that was said or pressed for at `since` (monotonic)."""
        self.waits[phase, platform, act].append(time.monotonic() - since)

    def close(self, began: datetime, sent: int, refused: int) -> None:
        """The phase is over."""
        self.spans.append(Span(self.phase, began, utcnow(), sent, refused, os.getloadavg()[0]))
