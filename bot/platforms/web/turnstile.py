"""How often one may pass: what comes more often is refused before it costs anything."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from api.errors import TooMany
from api.messaging.tree import Node

MOST_KNOWN = 10_000


@dataclass(slots=True)
class Turnstile:
    """At most `limit` passings each within `seconds`; remembers the last 10,000 who passed. No `limit`: anybody."""

    limit: int
    seconds: float
    code: str
    say: Node  # to who is refused
    _seen: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)

    def pass_through(self, who: str) -> None:
        """Raise TooMany when it was too often."""
        now = time.monotonic()
        times = [at for at in self._seen.pop(who, []) if now - at < self.seconds]
        self._seen[who] = times
        while len(self._seen) > MOST_KNOWN:
            self._seen.popitem(last=False)
        if self.limit and len(times) >= self.limit:
            raise TooMany(self.code, self.say, retry_after=int(self.seconds - (now - times[0])) + 1)
        times.append(now)
