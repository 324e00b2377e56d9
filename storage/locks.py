"""A lock that one process holds for as long as it lives: PostgreSQL's advisory lock, on a connection of its own.

PostgreSQL frees it when the connection ends: at once when the process is killed. A machine that vanishes says nothing;
then both sides find out by themselves, we before the server, so that nobody else holds it while we think that we do.
"""

import asyncio
import hashlib
import os
from contextlib import suppress
from typing import Any

from sqlalchemy import URL

from storage.engine import StorageUnavailable

LOCKED = "lock:"  # holders in rows begin with it: whoever has the lock need not wait until such a row runs out
ASK_SECONDS = 5.0  # between two questions whether the server is still there
ANSWER_SECONDS = 3.0
OURS: dict[str, Any] = {
    "keepalives": 1, "keepalives_idle": 3, "keepalives_interval": 1, "keepalives_count": 3, "tcp_user_timeout": 5000,
}  # fmt: skip
# of the server, for this connection: later than ours, or it would give the lock to others while we still believe
THEIRS = {"tcp_keepalives_idle": 3, "tcp_keepalives_interval": 2, "tcp_keepalives_count": 3, "tcp_user_timeout": 9000}
LONGEST_NAME = 63  # of a session, as PostgreSQL shows it


class Lock:
    """One lock by its name, on an open connection. Whoever waits for it asks again: a session that waits in the
    server would keep a snapshot all the while, and nothing that was deleted meanwhile could be cleaned up."""

    def __init__(self, connection: Any, name: str) -> None:
        self._connection = connection
        self._key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)

    async def take(self) -> bool:
        """Whether it is ours now. Raises StorageUnavailable."""
        return bool(await self._ask("SELECT pg_try_advisory_lock(%s)", self._key))

    async def watch(self) -> None:
        """Wait until the connection is lost, which raises StorageUnavailable."""
        import psycopg

        while True:
            try:  # a connection that is closed is noticed at once
                async for _ in self._connection.notifies(timeout=ASK_SECONDS):
                    pass
            except psycopg.Error as error:
                raise StorageUnavailable(str(error)) from error
            await self._ask("SELECT 1")

    async def close(self) -> None:
        """Free the lock, or stop waiting for it."""
        try:
            with suppress(StorageUnavailable):
                await self._ask("SELECT pg_advisory_unlock_all()")  # the end of a session takes the server a moment
        finally:
            await self._connection.close()

    async def _ask(self, question: str, *values: Any) -> Any:
        import psycopg

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return (await (await self._connection.execute(question, values)).fetchone())[0]
        except (psycopg.Error, TimeoutError) as error:
            raise StorageUnavailable(str(error) or "no answer in time") from error


async def open_lock(url: URL, name: str) -> Lock:
    """A connection for the lock of this name; nobody holds it yet. Raises StorageUnavailable."""
    import psycopg  # only here: SQLite needs none of it

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    called = f"gongfang {os.getpid()} {name}"[:LONGEST_NAME]
    settings = ", ".join(f"set_config('{key}', '{value}', false)" for key, value in THEIRS.items())
    try:
        async with asyncio.timeout(2 * ANSWER_SECONDS):
            connection = await psycopg.AsyncConnection.connect(
                address, autocommit=True, connect_timeout=5, application_name=called, **OURS
            )
            try:
                await connection.execute(f"SELECT {settings}")
            except BaseException:
                await connection.close()
                raise
    except (psycopg.Error, TimeoutError) as error:
        raise StorageUnavailable(str(error) or "no answer in time") from error
    return Lock(connection, name)
