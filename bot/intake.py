"""What platforms bring one by one, many at a time: stored together, each answered when it is durable."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from api.messaging.receiving import Arrival, receive, receive_together
from api.runtime import Runtime
from bot.workers import Together


@dataclass(slots=True)
class Intake:
    """Takes in what arrives for one bot account, in each chat in the order in which it was given."""

    runtime: Runtime
    platform: str
    account: str
    storing: Together[Arrival, bool] = field(init=False)
    # chats whose arrivals are stored one by one: a lock that is there as long as somebody holds it or waits for it
    queues: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        self.storing = Together(self.runtime, self._store)

    async def take(self, arrival: Arrival) -> None:
        """Store an arrival; returns after the commit. A repeat changes nothing. Raises StorageUnavailable."""
        queue = self.queues.get(arrival.chat)
        if queue is None:
            if await self.storing.settle(arrival):
                return
            queue = self.queues.setdefault(arrival.chat, asyncio.Lock())
        async with queue:
            await self.runtime.transact(receive, self.platform, self.account, [arrival])

    async def _store(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        """Which of them were stored: none of a chat that has a queue."""
        queued = set(self.queues)
        here = [arrival for arrival in arrivals if arrival.chat not in queued]
        stored = iter(await self.runtime.transact(receive_together, self.platform, self.account, here))
        return [arrival.chat not in queued and next(stored) for arrival in arrivals]
