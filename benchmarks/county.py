"""What both sides of a measurement work on: a fresh database with teachers who have accounts and private chats."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from api.config import Config
from api.context import Context
from api.runtime import Runtime
from storage import schema
from storage.base import new_pid
from storage.blobs import Blobs
from storage.engine import Database
from storage.messaging import Chat
from storage.people import Identity, Person
from tests.support.postgres import create_database, running_postgres

TEACHERS = 64
FIRST = 10_000  # the platform's id of the first one


@contextmanager
def fresh_database(kind: str) -> Iterator[str]:
    """The URL of a migrated database on disk (sqlite) or in a server of its own (postgres)."""
    if kind == "postgres":
        with running_postgres() as server:
            url = create_database(server, "benchmark")
            _migrate(url)
            yield url
        return
    with tempfile.TemporaryDirectory(prefix="gongfang-benchmark-") as folder:
        url = f"sqlite:///{folder}/benchmark.db"
        _migrate(url)
        yield url


def _migrate(url: str) -> None:
    database = Database(url)
    schema.upgrade(database)
    database.close()


def open_runtime(url: str, **sections: Any) -> Runtime:
    """A runtime on a database; `sections` of its configuration."""
    return Runtime(Config(web={"secret": SecretStr("benchmark")}, **sections), Database(url), Blobs("memory:"))


def native(n: int) -> str:
    """The platform's id of the n-th teacher's account, and of the private chat with it."""
    return str(FIRST + n % TEACHERS)


def add_teachers(ctx: Context, platform: str = "paper", account: str = "") -> None:
    """TEACHERS bound people with private chats."""
    for n in range(TEACHERS):
        chat = Chat(
            pid=new_pid(), platform=platform, account=account, native=native(n), kind="private", created_at=ctx.now
        )
        person = Person(pid=new_pid(), name=f"老师{n}", created_at=ctx.now, privacy_version=1)
        ctx.session.add_all([chat, person])
        ctx.session.flush()
        identity = Identity(
            pid=new_pid(), platform=platform, native=native(n), name=person.name, person_id=person.id, chat_id=chat.id,
            created_at=ctx.now, last_spoke_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(identity)
        ctx.session.flush()
        chat.identity_id, person.home_chat_id = identity.id, chat.id
