"""A database that goes away while it is used: every way in says the same."""

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from storage import schema
from storage.engine import Database, StorageUnavailable
from tests.support.databases import Databases


async def test_a_lost_connection_is_storage_unavailable_for_readers_too(databases: Databases) -> None:
    with databases.fresh("postgres") as url:
        database = Database(url)

        def lose(session: Any) -> None:
            mine = session.execute(text("SELECT pg_backend_pid()")).scalar()
            server = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
            with psycopg.connect(server, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (mine,))
            session.execute(text("SELECT 1"))

        for way in (database.read, database.run):
            with pytest.raises(StorageUnavailable):
                await way(lose)
        assert await asyncio.to_thread(schema.current, database) == schema.head()
        database.close()
