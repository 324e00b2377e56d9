"""The file worker: fetch what people sent, clean photos, make what was ordered, move bytes into the blob store, purge
what was removed."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from os import SEEK_END
from tempfile import TemporaryFile
from typing import BinaryIO

import structlog

from api.attachments.darkroom import Darkroom, Unreadable
from api.attachments.fetching import (
    LEASE_SECONDS,
    Fetched,
    Follower,
    LeasedFile,
    forget_file,
    lease_files,
    payload_of,
    renew_lease,
    return_file,
    settle_file,
    when_next_file,
)
from api.attachments.making import Maker
from api.attachments.photos import HidesPlace, is_picture
from api.attachments.service import FILE_LIMIT
from api.errors import Problem
from api.registry import MAKERS
from api.runtime import StorageUnavailable
from bot.bots import Bots
from bot.inbound import File
from bot.platforms.base import Elsewhere, Gone, Rejected, RetryAfter, SendError
from bot.workers import Workers

log = structlog.get_logger()

FETCH_SECONDS = 120.0
IDLE_SECONDS = 30.0
STORE_SECONDS = 60.0  # a store of files that is away is asked again


class TooBig(Exception):
    """The platform hands over more than the limit, whatever it had said."""


@dataclass(slots=True)
class Fetchers(Workers[LeasedFile]):
    """The file workers of one process. `followers` are told, in the same transaction, what became of each file."""

    bots: Bots
    followers: Sequence[Follower]
    makers: Mapping[str, Maker] = field(default_factory=lambda: MAKERS)
    darkroom: Darkroom = field(default_factory=Darkroom)
    # what is made takes the processor: one after the other
    making: asyncio.Lock = field(default_factory=asyncio.Lock)
    # what waits in the database comes out of it whole: one at a time
    unpacking: asyncio.Lock = field(default_factory=asyncio.Lock)
    signal = "files"
    at_once = 4

    async def lease(self, limit: int) -> list[LeasedFile]:
        """Up to `limit` files to fetch, to move or to purge."""
        return await self.runtime.transact(lease_files, self.bots.reach, limit)

    async def give_back(self, file: LeasedFile, begun: bool) -> None:
        """To fetch it once more does no harm."""
        await self.runtime.transact(return_file, file)

    async def idle_seconds(self) -> float:
        """Until a file is tried again or purged."""
        due = await self.runtime.read(when_next_file)
        if due is None:
            return IDLE_SECONDS
        # a file of a platform that another process serves stays due: look again, but not in a busy loop
        return min(IDLE_SECONDS, max(1.0, (due - self.runtime.now()) / timedelta(seconds=1)))

    async def work(self, file: LeasedFile) -> None:
        """Fetch, move or purge a file, and commit what became of it."""
        if file.state == "removed":
            if file.blob_key is not None:
                await self.runtime.blobs.delete(file.blob_key)
            await self.insist(forget_file, file)
            return
        if not file.platform and not file.has_payload:
            async with self._held(file):
                await self._make(file)
            return
        async with self._held(file):
            fetched = await self._fetch(file)
        kept = await self.insist(settle_file, file, fetched, self.followers)
        if not kept and fetched.blob_key is not None:
            await self.runtime.blobs.delete(fetched.blob_key)

    @asynccontextmanager
    async def _held(self, file: LeasedFile) -> AsyncIterator[None]:
        """However long it takes, nobody else begins with it; when this process is killed, somebody does soon."""
        renewing = self.runtime.spawn(self._renew(file), "renewing")
        try:
            yield
        finally:
            renewing.cancel()

    async def _renew(self, file: LeasedFile) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(StorageUnavailable):
                file.until = await self.runtime.transact(renew_lease, file)

    async def _make(self, file: LeasedFile) -> None:
        """Have made what a row without bytes orders; its maker commits what came of it, but for failures."""
        try:
            async with self.making:
                await self.makers[file.ref["maker"]](self.runtime, file)
            return
        except Problem as problem:
            log.warning("what was ordered is not made", attachment=file.id, error=problem.code)
            failed = Fetched(error="refused", final=True)
        except StorageUnavailable as error:
            failed = self._later(file, error, STORE_SECONDS)
        except Exception as error:
            log.exception("making a file failed", attachment=file.id)
            failed = self._later(file, error)
        await self.insist(settle_file, file, failed, self.followers)

    async def _fetch(self, file: LeasedFile) -> Fetched:
        try:
            # on the disk on their way: several of 20 MB are too much for the memory
            with TemporaryFile() as came, TemporaryFile(buffering=0) as clean:
                async with asyncio.timeout(FETCH_SECONDS):
                    await self._receive(file, came)
                    kept: BinaryIO = came
                    kind, mime = file.kind, file.mime
                    if is_picture(kind, mime):
                        photo = await self.darkroom.clean(came, clean, kind, mime)
                        kind, mime, kept = photo.kind, photo.mime, clean
                    size = kept.seek(0, SEEK_END)
                    key = await self.runtime.blobs.put(kept)
            return Fetched(key, kind, mime, size)
        except HidesPlace:
            return Fetched(error="hidden_place", final=True)
        except Unreadable:
            return Fetched(error="unreadable", final=True)
        except TooBig:
            return Fetched(error="too_large", final=True)
        except (Gone, Rejected) as error:
            log.warning("a file is not handed over", attachment=file.id, platform=file.platform, error=str(error))
            return Fetched(error="gone" if isinstance(error, Gone) else "refused", final=True)
        except RetryAfter as error:
            return self._later(file, error, error.seconds)
        except (StorageUnavailable, Elsewhere) as error:  # our own doing: that costs nobody's file a try
            return self._later(file, error, STORE_SECONDS)
        except (SendError, TimeoutError) as error:
            return self._later(file, error)
        except Exception as error:
            log.exception("fetching a file failed", attachment=file.id, platform=file.platform)
            return self._later(file, error)

    def _later(self, file: LeasedFile, error: Exception, seconds: float | None = None) -> Fetched:
        log.warning("a file is tried again later", attachment=file.id, error=str(error) or type(error).__name__)
        return Fetched(error="refused", retry_after=seconds)

    async def _receive(self, file: LeasedFile, into: BinaryIO) -> None:
        if file.has_payload:
            async with self.unpacking:
                into.write(await self.runtime.read(payload_of, file))
            return
        sent, size = File(file.kind, file.name, file.mime, file.size, file.ref), 0
        async for piece in self.bots.serving(file.platform, file.account).fetch(sent):
            size += into.write(piece)
            if size > FILE_LIMIT:
                raise TooBig
