"""Which process is the only one that reads an account: Telegram's updates of a bot, or a Matrix account with its keys.

An advisory lock says who it is (storage/locks.py). It cannot stop a process that lost it without knowing: each term of
an owner has a holder of its own, written to a row when it begins and asked for in every transaction that matters.
"""

import asyncio
import secrets
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import structlog

from api.runtime import Runtime, StorageUnavailable, race
from storage.locks import LOCKED, Lock, open_lock

log = structlog.get_logger()

AGAIN_SECONDS = 2.0  # until a process that waits asks again
RELEASE_SECONDS = 2.0  # that letting go may take; the lock ends with the process anyway


class Taken(Exception):
    """Another process serves the account: two would spoil its keys, or read one stream twice."""


class Owner:
    """The claim of this process to an account. `holder` names its term; "" while it has none."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self.runtime, self.name = runtime, name
        self.holder = ""
        self._lock: Lock | None = None
        self._watching: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._taking = asyncio.Lock()

    async def take(self) -> bool:
        """Whether this process owns the account, from now on or already. Raises StorageUnavailable."""
        async with self._taking:
            if not self.holder and (self.runtime.database.is_sqlite or await self._lock_it()):
                self._over, self.holder = asyncio.Event(), f"{LOCKED}{secrets.token_hex(12)}"
                if self._lock is not None:
                    self._watching = self.runtime.spawn(self._watch(self._lock, self._over), "owner")
            return bool(self.holder)

    async def work(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what only the owner may do, until it is done or this term is over, which cancels it."""
        await race(work, self._over.wait())

    async def release(self) -> None:
        """Let another process have the account."""
        lock, self._lock, self.holder = self._lock, None, ""
        self._over.set()
        watching, self._watching = self._watching, None
        try:
            if watching is not None:
                watching.cancel()
                await asyncio.wait((watching,), timeout=RELEASE_SECONDS)
        finally:
            if lock is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(RELEASE_SECONDS):
                        await lock.close()

    async def _lock_it(self) -> bool:
        """SQLite needs none: a file beside it keeps other processes out."""
        lock = self._lock
        if lock is None:
            lock = self._lock = await open_lock(self.runtime.database.url, self.name)
        try:
            # whoever released meanwhile closed this lock
            return await lock.take() and self._lock is lock
        except StorageUnavailable:
            await self.release()
            raise

    async def _watch(self, lock: Lock, over: asyncio.Event) -> None:
        try:
            await lock.watch()
        except StorageUnavailable as error:
            log.warning("another process may own an account now", account=self.name, error=str(error))
        if not over.is_set():
            self._watching = None
            await self.release()
