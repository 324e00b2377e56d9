"""Putting a backup back: all of it, or nothing.

Files of people come first, under the keys they had; then the database appears in one step, complete: a file by its
name, the tables of PostgreSQL by their commit. Whatever fails before takes the files away again.
"""

import os
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from api.backups.archive import (
    BLOBS,
    IN_MEMORY,
    PIECE,
    SECRET,
    TABLES,
    Manifest,
    check_archive,
    damaged,
    make_durable,
    members,
)
from api.errors import Conflict
from api.messaging.tree import T
from api.opening import beside, lock_database, schema_problem, schema_state
from api.runtime import Runtime, StorageUnavailable
from storage import schema
from storage.copies import DATABASE, Damaged, describe_sqlite, load_tables, settle_sqlite


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. `behind`: the database waits for `gongfang db upgrade`; `aside`: where what was there is."""

    manifest: Manifest
    behind: bool
    aside: list[Path]


async def restore_backup(runtime: Runtime, file: Path, replace: bool = False) -> Restored:
    """Put a backup back where there is nothing yet. `replace`: a SQLite database that is there is set aside.

    Raises Problem before anything is changed: the archive is not whole, or made by a newer program, or of another kind
    of database; there is a database already; a service runs on it. When it cannot be written (StorageUnavailable,
    OSError) nothing is changed either.
    """
    manifest = check_archive(file)
    database = runtime.database
    if manifest.database != ("sqlite" if database.is_sqlite else "postgresql"):
        say = T("The backup is of {kind}, and [database] url names something else. Restore it into {kind}.",
                kind=manifest.database)  # fmt: skip
        raise Conflict("backup.other_database", say, kind=manifest.database)
    if not schema.knows(manifest.schema):
        raise schema_problem("ahead")
    with lock_database(database) or nullcontext():
        _check_place(runtime, replace)
        added: list[str] = []
        try:
            aside = await _put_back(runtime, file, manifest, added)
        except BaseException as error:
            for key in added:
                with suppress(StorageUnavailable):
                    await runtime.blobs.delete(key)
            if isinstance(error, Damaged):
                raise damaged(file, str(error)) from error
            raise
    return Restored(manifest, manifest.schema != schema.head(), aside)


def _check_place(runtime: Runtime, replace: bool) -> None:
    """Raise where there is something already that must not be lost."""
    database = runtime.database
    try:
        state = schema_state(database)
    except StorageUnavailable:
        if not database.is_sqlite:
            raise
        state = "damaged"
    if not database.is_sqlite:
        if state != "empty":
            say = T("The database is not empty. Make an empty one, name it in [database] url, and restore again.")
            raise Conflict("backup.not_empty", say)
        return
    database.engine.dispose()  # what is open is not replaced
    if state == "empty":
        for path in _files_of(_place(runtime)):
            path.unlink(missing_ok=True)
    elif not replace:
        say = T("There is a database already: {file}. To set it aside and put the backup in its place, add --replace.",
                file=str(_place(runtime)))  # fmt: skip
        raise Conflict("backup.not_empty", say)


async def _put_back(runtime: Runtime, file: Path, manifest: Manifest, added: list[str]) -> list[Path]:
    """Everything, in the order of the archive; `added` are the keys of files that were not there before."""
    stream = members(file)
    secret, fresh = b"", _place(runtime, ".restoring") if runtime.database.is_sqlite else None
    try:
        for name, opened in stream:
            if name.startswith(BLOBS):
                await _put_blob(runtime, name.removeprefix(BLOBS), opened, added)
            elif name.startswith(TABLES) and fresh is None:
                tables = _tables(chain([(name, opened)], stream))
                load_tables(runtime.database, manifest.schema, manifest.tables, tables)
            elif name == DATABASE and fresh is not None:
                _write(fresh, opened)
                if describe_sqlite(fresh).tables != manifest.tables:
                    raise Damaged(DATABASE)
            elif name == SECRET:
                secret = opened.read(PIECE)
        return _swap(runtime, fresh, secret) if fresh is not None else []
    finally:
        if fresh is not None:
            fresh.unlink(missing_ok=True)


async def _put_blob(runtime: Runtime, key: str, opened: IO[bytes], added: list[str]) -> None:
    there = await runtime.blobs.has(key)
    with SpooledTemporaryFile(IN_MEMORY) as kept:
        while piece := opened.read(PIECE):
            kept.write(piece)
        if not there:
            added.append(key)
        await runtime.blobs.put_back(key, kept)


def _tables(stream: Iterator[tuple[str, IO[bytes]]]) -> Iterator[tuple[str, IO[bytes]]]:
    return ((name.removeprefix(TABLES), opened) for name, opened in stream if name.startswith(TABLES))


def _swap(runtime: Runtime, fresh: Path, secret: bytes) -> list[Path]:
    """Set aside what is there, then let the new database take its name: at every moment there is a whole one."""
    place, aside = _place(runtime), []
    before = f".before-{runtime.now():%Y%m%d-%H%M%S}"
    if place.exists():
        settle_sqlite(place)
        database, *others = _files_of(place)
        aside.append(database.with_name(f"{place.name}{before}"))
        os.link(database, aside[0])
        for other in others:
            if other.exists():  # only of a damaged one
                other.rename(f"{aside[0]}{other.name.removeprefix(place.name)}")
    signs = beside(runtime.database, ".secret")
    if secret and signs is not None and not (signs.exists() and signs.read_bytes() == secret):
        if signs.exists():
            aside.append(signs.with_name(f"{signs.name}{before}"))
            os.link(signs, aside[-1])
        draft = signs.with_name(f"{signs.name}.restoring")
        draft.touch(0o600)
        draft.write_bytes(secret)
        make_durable(draft)
        draft.replace(signs)
    fresh.replace(place)
    make_durable(place.parent)
    return aside


def _write(path: Path, opened: IO[bytes]) -> None:
    path.touch(0o600)
    with path.open("wb") as written:
        while piece := opened.read(PIECE):
            written.write(piece)
    make_durable(path)


def _place(runtime: Runtime, ending: str = "") -> Path:
    """The file of a SQLite database, or one beside it."""
    return Path(f"{runtime.database.url.database}{ending}").absolute()


def _files_of(place: Path) -> list[Path]:
    """A SQLite database and what belongs to it."""
    return [place, Path(f"{place}-wal"), Path(f"{place}-shm")]
