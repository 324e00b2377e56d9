"""A backup holds everything that was committed before it began, and comes back whole or not at all; both databases."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy import select, text

from api.backups.archive import check_archive
from api.backups.restoring import restore_backup
from api.backups.taking import take_backup
from api.config import Config
from api.context import Context
from api.errors import Problem
from api.opening import beside, keep_secret
from api.people.service import create_admin
from api.resources.service import find_resources
from api.runtime import Runtime, StorageUnavailable
from api.sample.service import load_sample
from bot.cli.service import Service
from storage import attachments, schema
from storage.attachments import Attachment
from storage.base import new_pid
from storage.blobs import Blobs
from storage.engine import Database
from storage.people import Person
from storage.resources import Resource
from tests.backups.harming import rewrite, rewrite_manifest
from tests.support.databases import Databases

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")


def a_runtime(url: str, blobs: Path) -> Runtime:
    return Runtime(Config(), Database(url), Blobs(f"file:{blobs}"), now=lambda: NOW)


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    made = a_runtime(database_url, tmp_path / "blobs")
    Service(made).do(create_admin, "清河县", "齐安", "Q000")
    yield made
    made.database.close()


@pytest.fixture
def place(database_kind: str, databases: Databases, tmp_path: Path) -> Iterator[Runtime]:
    """Where nothing is yet."""
    with elsewhere(database_kind, databases, tmp_path) as made:
        yield made


@contextmanager
def elsewhere(kind: str, databases: Databases, folder: Path) -> Iterator[Runtime]:
    with databases.empty(kind) as url:
        made = a_runtime(url, folder / "restored")
        yield made
        made.database.close()


async def send_file(runtime: Runtime, data: bytes, name: str = "照片.jpg") -> str:
    """As the file worker does: the bytes first, then the row that names them."""
    key = await runtime.blobs.put(data)

    def keep(ctx: Context) -> str:
        ctx.session.add(Attachment(kind="document", name=name, mime="image/jpeg", size=len(data), state="stored",
                                   blob_key=key, created_at=ctx.now))  # fmt: skip
        return key

    return await runtime.transact(keep, system=True)


def everything(runtime: Runtime) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with runtime.database.transaction() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
        }


async def lost_files(runtime: Runtime) -> list[str]:
    """Keys that the database counts on and the store does not have."""
    with runtime.database.transaction() as session:
        stored = select(Attachment.blob_key).where(Attachment.state == "stored", Attachment.blob_key.is_not(None))
        keys = [key for key in session.scalars(stored) if key]
    return [key for key in keys if not await runtime.blobs.has(key)]


async def test_everything_comes_back(
    database_kind: str, databases: Databases, place: Runtime, tmp_path: Path
) -> None:
    with databases.fresh(database_kind) as url:
        runtime = a_runtime(url, tmp_path / "blobs")
        load_sample(Service(runtime).do)
        await comes_back(runtime, place, tmp_path)
        runtime.database.close()


async def comes_back(runtime: Runtime, place: Runtime, tmp_path: Path) -> None:
    keep_secret(runtime)
    photos = [await send_file(runtime, os.urandom(size)) for size in (0, 1, 3 * 2**20)]
    odd = "制表\t换行\n反斜杠\\N 引号\" 零 \\u0000 表情🎉"
    with runtime.database.transaction() as session:
        session.scalars(select(Person).limit(1)).one().name = odd
    taken = await take_backup(runtime, tmp_path)
    assert taken.file == tmp_path / "gongfang-20261123-100000.tar" and taken.manifest.missing == []
    assert taken.file.stat().st_mode & 0o777 == 0o600, "its owner's alone"
    assert [path.name for path in tmp_path.glob(".*")] == [], "no draft is left"
    restored = await restore_backup(place, taken.file)
    assert not restored.behind and restored.aside == []
    kept = everything(runtime)
    assert everything(place) == kept and kept["persons"] and kept["deliveries"]
    assert taken.manifest.tables["persons"] == len(kept["persons"])
    for key in photos:
        assert await place.blobs.get(key) == await runtime.blobs.get(key)
    if place.database.is_sqlite:
        old, new = beside(runtime.database, ".secret"), beside(place.database, ".secret")
        assert old is not None and new is not None and new.read_text() == old.read_text()
        assert new.stat().st_mode & 0o777 == 0o600
    assert schema.current(place.database) == schema.head()
    found = [one for one in kept["resources"] if one]
    assert found and Service(place).do(found_by_words), "the index of words came along"


def found_by_words(ctx: Context) -> bool:
    row = ctx.session.scalars(select(Resource).limit(1)).one()
    ctx.actor = ctx.session.get_one(Person, row.author_id)
    return row.id in [one.resource.id for one in find_resources(ctx, row.title)]


async def test_what_was_put_back_goes_on(runtime: Runtime, place: Runtime, tmp_path: Path) -> None:
    taken = await take_backup(runtime, tmp_path / "one.tar")
    await restore_backup(place, taken.file)
    before = everything(place)["persons"]

    def go_on(ctx: Context) -> None:
        ctx.session.add(Person(pid=new_pid(), name="新来的", created_at=ctx.now))
        ctx.session.flush()
        assert ctx.session.execute(text("SELECT count(*) FROM persons")).scalar_one() == len(before) + 1

    await place.transact(go_on, system=True)


async def test_people_write_meanwhile(runtime: Runtime, place: Runtime, tmp_path: Path) -> None:
    done: list[tuple[datetime, str]] = []
    ending = asyncio.Event()

    async def write(who: int) -> None:
        n = 0
        while not ending.is_set():
            n += 1
            key = await send_file(runtime, os.urandom(1000), f"{who}-{n}")
            done.append((datetime.now().astimezone(), key))
            if n % 3 == 0:
                await purge_one(runtime, key)
            await asyncio.sleep(0.02)  # as fast as they can, there would always be one that was purged meanwhile

    runtime.now = lambda: datetime.now().astimezone()
    writers = [asyncio.create_task(write(who)) for who in range(4)]
    try:
        for n in range(3):
            while len(done) < 40 * (n + 1):
                await asyncio.sleep(0.01)
            # beside the event loop of the writers, as the command runs beside the service
            taken = await asyncio.to_thread(lambda n=n: asyncio.run(take_backup(runtime, tmp_path / f"{n}.tar")))
            assert taken.manifest.missing == []
    finally:
        ending.set()
        await asyncio.gather(*writers)
    await restore_backup(place, taken.file)
    began = datetime.fromisoformat(taken.manifest.began_at)
    with place.database.transaction() as session:
        known = set(session.scalars(select(Attachment.blob_key)))
    early = {key for at, key in done if at < began}
    purged = early - known
    assert len(early) > 80 and purged <= {key for key in early if not await runtime.blobs.has(key)}
    assert await lost_files(place) == [] and len(known) > 40


async def purge_one(runtime: Runtime, key: str) -> None:
    """As the file worker does with what was removed."""

    def forget(ctx: Context) -> None:
        ctx.session.execute(text("DELETE FROM attachments WHERE blob_key = :key"), {"key": key})

    def remove(ctx: Context) -> None:
        row = ctx.session.scalars(select(Attachment).where(Attachment.blob_key == key)).one()
        attachments.remove(ctx.session, [row.id], ctx.now, ctx.now)

    await runtime.transact(remove, system=True)
    await runtime.blobs.delete(key)
    await runtime.transact(forget, system=True)


class Watched(Blobs):
    """A store in which something happens while it is read."""

    def __init__(self, url: str, happens: Any) -> None:
        super().__init__(url)
        self.happens = happens

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        await self.happens(key)
        async for piece in super().stream(key, start, end):
            yield piece


async def test_files_purged_in_between_are_not_missed(runtime: Runtime, place: Runtime, tmp_path: Path) -> None:
    keys = [await send_file(runtime, b"%d" % n) for n in range(5)]
    left = [*keys[1:3]]

    async def purge(key: str) -> None:
        while left:
            await purge_one(runtime, left.pop())

    runtime.blobs = Watched(f"file:{tmp_path / 'blobs'}", purge)
    taken = await take_backup(runtime, tmp_path / "one.tar")
    assert taken.manifest.missing == []
    await restore_backup(place, taken.file)
    assert await lost_files(place) == []
    with place.database.transaction() as session:
        known = set(session.scalars(select(Attachment.blob_key).where(Attachment.blob_key.in_(keys))))
    assert known == {keys[0], *keys[3:]}


async def test_files_that_the_store_lost_are_named(runtime: Runtime, place: Runtime, tmp_path: Path) -> None:
    keys = [await send_file(runtime, b"%d" % n) for n in range(3)]
    await runtime.blobs.delete(keys[1])
    taken = await take_backup(runtime, tmp_path / "one.tar")
    assert taken.manifest.missing == [keys[1]], "what is there is in it all the same"
    await restore_backup(place, taken.file)
    assert await place.blobs.get(keys[2]) == b"2"


@pytest.mark.parametrize("harm", ["byte", "cut", "part", "foreign", "text"])
async def test_a_damaged_archive_changes_nothing(runtime: Runtime, place: Runtime, tmp_path: Path, harm: str) -> None:
    await send_file(runtime, b"x" * 5000)
    file = (await take_backup(runtime, tmp_path / "one.tar")).file
    data = bytearray(file.read_bytes())
    if harm == "byte":
        data[len(data) // 2] ^= 1
    elif harm == "cut":
        del data[len(data) // 3 :]
    elif harm == "text":
        data = bytearray("不是备份".encode())
    file.write_bytes(data)
    if harm in ("part", "foreign"):
        rewrite(file, without="blobs/" if harm == "part" else "", foreign="../evil" if harm == "foreign" else "")
    with pytest.raises(Problem, match=r"backup\.damaged"):
        await restore_backup(place, file)
    assert schema.current(place.database) is None and not list((tmp_path / "restored").rglob("*"))
    assert not (tmp_path.parent / "evil").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"schema": "9999"}, "database.ahead"),
        ({"format": 2}, "backup.newer"),
        ({"database": "oracle"}, "backup.other_database"),
    ],
)
async def test_what_this_program_cannot_read_is_refused(
    runtime: Runtime, place: Runtime, tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    file = (await take_backup(runtime, tmp_path / "one.tar")).file
    rewrite_manifest(file, **changes)
    with pytest.raises(Problem) as refused:
        await restore_backup(place, file)
    assert refused.value.code == code
    assert schema.current(place.database) is None


async def test_an_older_backup_is_upgraded_afterwards(
    database_kind: str, databases: Databases, place: Runtime, tmp_path: Path
) -> None:
    with databases.empty(database_kind) as url:
        old = a_runtime(url, tmp_path / "blobs")
        schema.upgrade(old.database, "0016")
        with old.database.transaction() as session:
            session.execute(text("INSERT INTO kept (name, value) VALUES ('old', 'value')"))
        taken = await take_backup(old, tmp_path / "old.tar")
        old.database.close()
    restored = await restore_backup(place, taken.file)
    assert restored.behind and schema.current(place.database) == "0016"
    schema.upgrade(place.database)
    with place.database.transaction() as session:
        assert session.execute(text("SELECT value FROM kept WHERE name = 'old'")).scalar_one() == "value"


async def test_what_is_there_is_not_replaced(runtime: Runtime, tmp_path: Path, database_kind: str) -> None:
    file = (await take_backup(runtime, tmp_path / "one.tar")).file
    with pytest.raises(Problem, match=r"backup\.exists"):
        await take_backup(runtime, file)
    with pytest.raises(Problem, match=r"backup\.no_folder"):
        await take_backup(runtime, tmp_path / "nowhere" / "one.tar")
    before = everything(runtime)
    with pytest.raises(Problem, match=r"backup\.not_empty"):
        await restore_backup(runtime, file)
    Service(runtime).do(lambda ctx: ctx.session.execute(text("UPDATE persons SET name = '改了'")))
    assert everything(runtime) != before
    if database_kind == "postgres":
        with pytest.raises(Problem, match=r"backup\.not_empty"):
            await restore_backup(runtime, file, replace=True)
        return
    restored = await restore_backup(runtime, file, replace=True)
    assert everything(runtime) == before
    aside = Database(f"sqlite:///{restored.aside[0]}")
    with aside.transaction() as session:
        assert session.scalars(select(Person.name)).all() == ["改了"], "what was there is set aside, not lost"
    aside.close()


class Full(Blobs):
    """A store that has room for so many files only."""

    room = 2

    async def put_back(self, key: str, data: bytes | IO[bytes]) -> None:
        self.room -= 1
        if self.room < 0:
            raise StorageUnavailable("No space left on device")
        await super().put_back(key, data)


async def test_a_restore_that_fails_leaves_nothing(runtime: Runtime, place: Runtime, tmp_path: Path) -> None:
    for n in range(4):
        await send_file(runtime, b"%d" % n)
    file = (await take_backup(runtime, tmp_path / "one.tar")).file
    place.blobs = Full(f"file:{tmp_path / 'restored'}")
    with pytest.raises(StorageUnavailable):
        await restore_backup(place, file)
    assert schema.current(place.database) is None
    assert [path for path in (tmp_path / "restored").rglob("*") if path.is_file()] == []
    place.blobs = Blobs(f"file:{tmp_path / 'restored'}")
    await restore_backup(place, file)
    assert everything(place) == everything(runtime)


async def test_a_database_that_fails_leaves_no_files(runtime: Runtime, place: Runtime, tmp_path: Path) -> None:
    await send_file(runtime, b"1")
    file = (await take_backup(runtime, tmp_path / "one.tar")).file
    tables = dict(check_archive(file).tables)
    rewrite_manifest(file, tables={**tables, "persons": tables["persons"] + 1})
    with pytest.raises(Problem, match=r"backup\.damaged"):
        await restore_backup(place, file)
    assert schema.current(place.database) is None
    assert [path for path in (tmp_path / "restored").rglob("*") if path.is_file()] == []


async def test_an_empty_database_has_nothing_to_back_up(place: Runtime, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"database\.empty"):
        await take_backup(place, tmp_path / "one.tar")
    assert not (tmp_path / "one.tar").exists()


async def test_keys_of_blobs_that_a_backup_counts_on_are_all_known() -> None:
    from storage.copies import NAMED

    columns = {
        (table.name, column.name)
        for table in schema.metadata.sorted_tables
        for column in table.c
        if column.name.endswith(("blob_key", "thumb_key"))
    }
    assert columns == {(table, column) for table, column, _ in NAMED}, "name it in storage/copies.py"
