"""Ringing between processes: LISTEN and NOTIFY of PostgreSQL. A name is rung; nothing depends on being heard."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL

from storage.engine import StorageUnavailable
from storage.locks import ANSWER_SECONDS, ASK_SECONDS, OURS

CHANNEL = "gongfang"


class Bell:
    """One process's ear and mouth. Its own ringing does not come back to it."""

    def __init__(self, ear: Any, mouth: Any) -> None:
        self._ear, self._mouth = ear, mouth

    async def ring(self, names: Iterable[str]) -> None:
        """Tell the other processes. Raises StorageUnavailable."""
        import psycopg  # only here: SQLite needs none of it, and it takes 5 MB

        try:
            for name in names:
                await self._mouth.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{self._me} {name}"))
        except psycopg.Error as error:
            raise StorageUnavailable(str(error)) from error

    async def heard(self) -> AsyncIterator[str]:
        """The names that other processes ring, until the connection is lost. Raises StorageUnavailable."""
        import psycopg

        try:
            while True:
                async for notice in self._ear.notifies(timeout=ASK_SECONDS):
                    origin, _, name = notice.payload.partition(" ")
                    if origin != self._me:
                        yield name
                async with asyncio.timeout(ANSWER_SECONDS):  # a server that vanished says nothing of its own accord
                    await self._ear.execute("SELECT 1")
        except (psycopg.Error, TimeoutError) as error:
            raise StorageUnavailable(str(error) or "no answer in time") from error

    @property
    def _me(self) -> str:
        return str(self._mouth.info.backend_pid)


@asynccontextmanager
async def open_bell(url: URL) -> AsyncIterator[Bell]:
    """Two connections of their own, outside every transaction. Raises StorageUnavailable."""
    import psycopg

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        async with (
            await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=5, **OURS) as ear,
            await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=5, **OURS) as mouth,
        ):
            await ear.execute(f"LISTEN {CHANNEL}")
            yield Bell(ear, mouth)
    except psycopg.Error as error:
        raise StorageUnavailable(str(error)) from error
