"""What both sides of a measurement work on: a fresh database with teachers who have accounts and private chats."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from api.config import Config
from api.context import Context
from api.runtime import Runtime
from benchmarks.bulk import execute, make
from bot.cli.logs import configure_logs
from storage import schema
from storage.base import new_pid
from storage.blobs import Blobs
from storage.communities import Community
from storage.engine import Database
from storage.messaging import Chat
from storage.people import Identity, Person
from tests.support.postgres import create_database, running_postgres

TEACHERS = 64
FIRST = 10_000  # the platform's id of the first one
SCHOOLS = 100
PEOPLE = """
    INSERT INTO persons (pid, name, school_id, region_id, subject, stage, relayed, language, home_chosen,
                         privacy_version, sample, created_at)
    {numbers}
    SELECT {random}, 'somebody', :first + n % :schools, :region, '', '', true, 'zh_CN', false, 1, false, :now
    FROM numbers
"""
ACCOUNTS = (
    """
    INSERT INTO chats (pid, platform, account, native, kind, title, state, in_fence, fence, created_at)
    SELECT {random}, CAST(:platform AS VARCHAR), CAST(:account AS VARCHAR), CAST(id AS VARCHAR), 'private', '',
           'active', 0, 0, :now
    FROM persons
    """,
    """
    INSERT INTO identities (pid, platform, native, name, person_id, chat_id, language, state, last_spoke_at, created_at)
    SELECT {random}, CAST(:platform AS VARCHAR), chats.native, persons.name, persons.id, chats.id, 'zh_CN', 'active',
           :now, :now
    FROM persons JOIN chats ON chats.native = CAST(persons.id AS VARCHAR)
    """,
    "UPDATE chats SET identity_id = (SELECT id FROM identities WHERE chat_id = chats.id)",
    "UPDATE persons SET home_chat_id = (SELECT chat_id FROM identities WHERE person_id = persons.id)",
)


@contextmanager
def fresh_database(kind: str, in_memory: bool = True) -> Iterator[str]:
    """The URL of a migrated database on disk (sqlite) or in a server of its own (postgres; `in_memory` where there is
    room)."""
    if kind == "postgres":
        with running_postgres(in_memory) as server:
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
    """A runtime on a database; `sections` of its configuration. What is logged is what the program logs."""
    configure_logs([])
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


def add_county(ctx: Context, size: int) -> int:
    """A region with schools and so many people, who have no accounts; the id of the region."""
    region = Community(pid=new_pid(), kind="region", level="county", name="晨光县", path=new_pid(), created_at=ctx.now)
    ctx.session.add(region)
    ctx.session.flush()
    region.path = f"/{region.id}/"
    schools = add_places(ctx, region, "school", SCHOOLS)
    make(ctx, PEOPLE, size, first=schools[0].id, schools=SCHOOLS, region=region.id)
    return region.id


def add_places(ctx: Context, region: Community, kind: str, number: int) -> list[Community]:
    """Schools or workshops of a region, with ids one after the other."""
    places = [
        Community(pid=new_pid(), kind=kind, name=f"{n}号", parent_id=region.id, path=new_pid(), created_at=ctx.now)
        for n in range(number)
    ]
    ctx.session.add_all(places)
    ctx.session.flush()
    for place in places:
        place.path = f"{region.path}{place.id}/"
    return places


def add_accounts(ctx: Context, platform: str, account: str = "") -> None:
    """An account on a platform for everybody, and the private chat with it; both are called by the person's id."""
    ctx.session.flush()
    for statement in ACCOUNTS:
        execute(ctx, statement, platform=platform, account=account)
