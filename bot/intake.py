"""What platforms bring one by one, many at a time: stored together, each answered when it is durable."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import not_

from api.messaging.receiving import Arrival, receive, receive_together
from api.runtime import Runtime
from bot.workers import Together


@dataclass(slots=True)
class Intake:
    """Takes in what arrives for one bot account; what is taken in at the same moment keeps its order in each chat."""

    runtime: Runtime
    platform: str
    account: str
    storing: Together[Arrival, None] = field(init=False)

    def __post_init__(self) -> None:
        self.storing = Together(self.runtime, self._store)

    async def take(self, arrival: Arrival) -> None:
        """Store an arrival; returns after the commit. A repeat changes nothing. Raises StorageUnavailable."""
        await self.storing.settle(arrival)

    async def _store(self, arrivals: Sequence[Arrival]) -> Sequence[None]:
        stored = await self.runtime.transact(receive_together, self.platform, self.account, arrivals)
        left: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in compress(arrivals, map(not_, stored)):
            left[arrival.chat].append(arrival)
        receiving = [self.runtime.transact(receive, self.platform, self.account, these) for these in left.values()]
        await asyncio.gather(*receiving)
        return [None] * len(arrivals)
