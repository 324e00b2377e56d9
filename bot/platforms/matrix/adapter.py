"""Matrix as a chat platform: one account on one homeserver, in clear and encrypted rooms."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from api.matrix.service import PLATFORM
from api.messaging.delivering import Work
from api.runtime import Runtime
from bot.inbound import File, Inbound
from bot.pacing import Pace
from bot.platforms.base import Capabilities, Finding, Mirroring, RetryAfter
from bot.platforms.matrix.checking import look
from bot.platforms.matrix.connection import Connection
from bot.platforms.matrix.files import Files
from bot.platforms.matrix.marking import Marking
from bot.platforms.matrix.mirroring import MatrixMirroring
from bot.platforms.matrix.parsing import parse
from bot.platforms.matrix.sending import Sending
from bot.platforms.matrix.syncing import Syncing, newest_of

EAGER = 16  # pushes at once, while no limit is known


class MatrixPlatform:
    """The configured Matrix account. Nothing is asked of the homeserver before it is needed."""

    name = PLATFORM
    capabilities = Capabilities(buttons=False, acks=False, idempotent=True, albums=False, listed=True, polls=True)

    def __init__(self, runtime: Runtime) -> None:
        self.connection = Connection(runtime)
        self.account = self.connection.account
        self.files = Files(self.connection)
        self.sending = Sending(self.connection, self.files)
        self.marking = Marking(self.connection)
        self.syncing = Syncing(self.connection, self.marking)
        self.mirroring: Mirroring | None = MatrixMirroring(self.connection, self.files)
        self.pace, self._limited_at = Pace(), 0.0

    def parse(self, raw: dict[str, Any]) -> Inbound | None:
        """The Inbound of a raw event. Raises Unreadable."""
        inbound, at = parse(raw), newest_of([raw])
        return replace(inbound, at=at) if inbound is not None and at is not None else inbound

    async def start(self) -> None:
        """Become the one process that serves the account, sign in, and look out the keys. Raises SendError."""
        await self.connection.open()

    async def close(self) -> None:
        """Hang up."""
        await self.marking.close()
        if self.mirroring is not None:
            await self.mirroring.close()
        await self.connection.close()

    async def receive(self) -> None:
        """Read until the service stops, or until this process is not the one any more; the database is there a moment
        longer."""
        try:
            await self.connection.owner.work(self.syncing.run())
        finally:
            await self.connection.release()

    async def send(self, work: Work) -> Sequence[str]:
        """Make a delivery. Raises SendError."""
        began = time.monotonic()
        try:
            sent = await self.sending.send(work)
        except RetryAfter as error:
            self.pace.met_limit(time.monotonic(), error.seconds)
            self._limited_at = time.monotonic()
            raise
        if began >= self._limited_at:  # what was in the air when a limit was met says nothing about it
            self.pace.did(time.monotonic())
        return sent

    def spare(self, claimed: int) -> int | None:
        """A few at once; where the homeserver limits us, one at a time and a little slower than it would allow: what is
        left is for answers, which wait for nobody."""
        if not self.pace.gap:
            return max(0, EAGER - claimed)
        return max(0, 1 - claimed) if self.pace.wait(time.monotonic()) <= 0 else 0

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file. Raises SendError."""
        await self.connection.open()
        async for piece in self.files.fetch(file):
            yield piece

    async def administers(self, raw: dict[str, Any]) -> bool:
        """Whether who sent this event may kick and ban in its room: power level 50, or a creator of version 12."""
        room = self.connection.rooms.get(raw["room"])
        return room is not None and room.rules(raw["event"]["sender"])

    async def check(self) -> list[Finding]:
        """Whether the homeserver answers, knows us, and lets us speak."""
        return await look(self.connection)
