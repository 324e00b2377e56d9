"""Taking files in over HTTP: to the disk as they come, a few at once, however many are sent."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import IO

from api.errors import TooMany
from api.messaging.tree import T
from api.runtime import StorageUnavailable

OF_ONE, OF_ALL = 4, 32  # files on their way: of one person, of everybody
WHOLE_AT_ONCE = 2  # files held in the memory while they are committed


class Spool:
    """The files that are on their way into one process."""

    def __init__(self) -> None:
        self.whole = asyncio.Semaphore(WHOLE_AT_ONCE)
        self._coming: Counter[int] = Counter()

    @contextmanager
    def place(self, person_id: int) -> Iterator[None]:
        """A file of somebody is on its way. Raises TooMany where enough are."""
        if self._coming[person_id] >= OF_ONE or self._coming.total() >= OF_ALL:
            say = T("Several files are on their way already. Send this one when they have arrived.")
            raise TooMany("attachment.at_once", say, retry_after=5, limit=OF_ONE)
        self._coming[person_id] += 1
        try:
            yield
        finally:
            self._coming[person_id] -= 1
            self._coming += Counter()  # forget who sends nothing


async def spool(pieces: AsyncIterator[bytes], file: IO[bytes]) -> bytes:
    """Write what comes to a file; returns its SHA-256. Raises StorageUnavailable when the disk is full."""
    digest = sha256()
    async for piece in pieces:
        digest.update(piece)
        try:
            file.write(piece)
        except OSError as error:
            raise StorageUnavailable(str(error)) from error
    return digest.digest()
