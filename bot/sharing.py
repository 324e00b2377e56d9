"""A process's part of what a bot account may send. Without others, as always on SQLite, that is all of it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from api.messaging.sharing import BEAT_SECONDS, GONE, leave_part, new_holder, take_part
from api.runtime import Runtime, StorageUnavailable

log = structlog.get_logger()

LOOK_SECONDS = 0.3  # two that begin in one moment do not see each other at once
MAKE_ROOM_SECONDS = BEAT_SECONDS + 1.5  # until all others have heard of one more, and what they sent counts no longer


class Portion:
    """`resize` is told how much this process may send, whenever that changes."""

    def __init__(
        self, runtime: Runtime, platform: str, account: str, whole: int, resize: Callable[[int], None]
    ) -> None:
        self.runtime, self.bot, self.whole, self.resize = runtime, (platform, account), whole, resize
        self.holder = new_holder()
        self._beating: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Take a part; what others have to give up for it is theirs a moment longer. Raises StorageUnavailable."""
        if self.runtime.database.is_sqlite or (self._beating is not None and not self._beating.done()):
            return
        await self._look()
        await asyncio.sleep(LOOK_SECONDS)
        part, alone = await self._look()
        if not alone:
            await asyncio.sleep(MAKE_ROOM_SECONDS)
            part, _ = await self._look()
        self.resize(part)
        self._beating = self.runtime.spawn(self._beat(), f"share-{self.bot[0]}")

    async def _look(self) -> tuple[int, bool]:
        found: tuple[int, bool] = await self.runtime.transact(take_part, *self.bot, self.holder, self.whole)
        return found

    async def _beat(self) -> None:
        clock = asyncio.get_running_loop().time
        heard = clock()
        try:
            while True:
                await asyncio.sleep(BEAT_SECONDS)
                try:
                    part, _ = await self._look()
                    heard = clock()
                    self.resize(part)
                except Exception as error:
                    if not isinstance(error, StorageUnavailable):
                        log.exception("a part of what a bot may send was not looked at", platform=self.bot[0])
                    # to the others, who may have a database, this process is gone soon
                    if clock() - heard > GONE.total_seconds() - 2 * BEAT_SECONDS:
                        self.resize(0)
        finally:
            with suppress(StorageUnavailable):
                await self.runtime.transact(leave_part, *self.bot, self.holder)
