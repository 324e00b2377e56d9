"""One reference for everything that a platform's update leads to, in logs and towards people: arrived, handled, sent.

It is made of what the platform calls the update, so that whoever stores it, handles it or sees it again knows it.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

import structlog

from api.context import Context
from api.metrics import ARRIVALS
from storage.base import PID_ALPHABET
from storage.engine import after_commit
from storage.inbox import LeasedRow

log = structlog.get_logger()

LENGTH = 8  # of 31 letters each: among a million updates two are hardly ever called the same
SLOW_SECONDS = 1.0  # what takes longer is told without being asked


@dataclass(slots=True)
class Trace:
    """How a row is handled: by what, how many deliveries came of it, and how it ended (done | passed | aside | dead |
    refused | failed)."""

    reference: str
    by: str = ""  # a name of ours: a command, a button, a dialogue, a kind of event
    said: int = 0
    result: str = "done"
    began: float = field(default_factory=perf_counter)

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return perf_counter() - self.began


def reference_of(platform: str, account: str, event_id: str) -> str:
    """What an update is called in the logs. `event_id` is what the inbox keeps."""
    digest = hashlib.blake2b(f"{platform}\n{account}\n{event_id}".encode(), digest_size=8).digest()
    number, letters = int.from_bytes(digest), ""
    for _ in range(LENGTH):
        number, letter = divmod(number, len(PID_ALPHABET))
        letters += PID_ALPHABET[letter]
    return letters


def reference_of_row(row: LeasedRow) -> str:
    """What the update is called that became a row of the inbox."""
    return reference_of(row.platform, row.account, row.event_id)


def tell_arrived(ctx: Context, platform: str, account: str, events: Collection[str]) -> None:
    """Log and count what was stored, once it is durable. `events` are ids as the inbox keeps them."""
    after_commit(ctx.session, partial(_tell_arrived, platform, account, events))


def _tell_arrived(platform: str, account: str, events: Collection[str]) -> None:
    ARRIVALS.labels(platform).inc(len(events))
    for event_id in events:
        log.debug("arrived", reference=reference_of(platform, account, event_id), platform=platform)
