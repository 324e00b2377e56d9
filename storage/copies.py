"""Copies of a whole database as it is at one moment, taken while others write, and put back in one piece.

SQLite by its online backup: a file. PostgreSQL by COPY of every table within one snapshot: a file for each table, as
text, which every later version of PostgreSQL reads. Why so: docs/adr/0024-one-archive-for-both-databases.md.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, inspect

from storage import schema
from storage.engine import Database, StorageUnavailable, translated

VERSIONS = "alembic_version"
DATABASE = "database.db"  # what a copy of SQLite is called
PIECE = 256 * 1024  # bytes of a table in memory at a time
# (table, column, condition) of the files that a database counts on; what is removed already is purged any moment
NAMED = (
    ("attachments", "blob_key", "state = 'stored'"), ("web_uploads", "blob_key", "true"),
    ("web_uploads", "thumb_key", "true"),
)  # fmt: skip


class Damaged(Exception):
    """A copy that is not what it should be; the message says in which way."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy holds: its schema revision, table -> number of rows in an order in which they can be put back, and
    the keys of the files that it counts on."""

    revision: str
    tables: dict[str, int]
    blobs: list[str]


def copy_database(database: Database, folder: Path) -> Copy:
    """Write a consistent copy of a database into an empty folder: `DATABASE`, or `<table>.copy` of each table.

    Nobody is kept from writing meanwhile. Raises StorageUnavailable; OSError where the folder cannot be written.
    """
    if database.is_sqlite:
        file = folder / DATABASE
        _copy_sqlite(database, file)
        return describe_sqlite(file)
    with _snapshot(database) as connection:
        tables = _copy_tables(connection, folder)
        revision = connection.exec_driver_sql(f"SELECT version_num FROM {VERSIONS}").scalar_one()
        return Copy(revision, tables, _named(lambda query: connection.exec_driver_sql(query).scalars(), tables))


def describe_sqlite(file: Path) -> Copy:
    """What a copy of a SQLite database holds. Raises Damaged when it is not sound."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True)) as copy:
            if (said := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise Damaged(said)
            # without the tables that belong to an index of words
            every = "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' ORDER BY name"
            names = [name for (name,) in copy.execute(every) if not name.startswith("sqlite_") and name != VERSIONS]
            tables = {name: copy.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0] for name in names}
            revision = copy.execute(f"SELECT version_num FROM {VERSIONS}").fetchone()[0]
            return Copy(revision, tables, _named(lambda query: (row[0] for row in copy.execute(query)), tables))
    except (sqlite3.Error, TypeError) as error:
        raise Damaged(str(error)) from error


def settle_sqlite(file: Path) -> None:
    """Move what a SQLite database has beside it into it, as far as it is sound, so that it can be set aside."""
    try:
        with closing(sqlite3.connect(file, timeout=5)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        return  # a damaged one is set aside as it is


def load_tables(
    database: Database, revision: str, tables: dict[str, int], files: Iterable[tuple[str, IO[bytes]]]
) -> None:
    """Fill an empty PostgreSQL database: the schema of `revision`, then (table, its copy) in the order of `tables`.
    All of it or nothing. Raises Damaged when a table has not as many rows as it should; StorageUnavailable."""
    with translated(), database.engine.begin() as connection:
        schema.upgrade_on(connection, revision)
        _agree(connection)
        loaded = {table: _load(connection, table, file) for table, file in files}
        if loaded != tables:
            raise Damaged(", ".join(sorted(name for name, n in tables.items() if loaded.get(name) != n)))
        for table in tables:
            _count_on(connection, table)


def _copy_sqlite(database: Database, file: Path) -> None:
    """In one step, that is one snapshot: in several, it would begin anew whenever somebody writes."""
    assert database.url.database is not None
    try:
        with (
            closing(sqlite3.connect(f"{Path(database.url.database).absolute().as_uri()}?mode=rw", uri=True)) as source,
            closing(sqlite3.connect(file)) as target,
        ):
            target.execute("PRAGMA synchronous=OFF")  # it goes into an archive, which is made durable
            source.backup(target)
    except sqlite3.Error as error:
        raise StorageUnavailable(str(error)) from error


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    how = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with translated(), database.engine.connect().execution_options(**how) as connection, connection.begin():
        _agree(connection)
        yield connection


def _agree(connection: Connection) -> None:
    """What a text means must not depend on the settings of a server."""
    for setting in ("client_encoding = 'UTF8'", "datestyle = 'ISO'", "bytea_output = 'hex'", "extra_float_digits = 1"):
        connection.exec_driver_sql(f"SET LOCAL {setting}")


def _copy_tables(connection: Connection, folder: Path) -> dict[str, int]:
    looking = inspect(connection)
    names = [name for name, _ in looking.get_sorted_table_and_fkc_names() if name not in (None, VERSIONS)]
    counts = {}
    for name in names:
        assert name is not None
        columns = [column["name"] for column in looking.get_columns(name) if "computed" not in column]
        with (folder / f"{name}.copy").open("wb") as file, _cursor(connection) as cursor:
            file.write((",".join(columns) + "\n").encode())
            with cursor.copy(f"COPY {_listed(name, columns)} TO STDOUT") as copied:
                for piece in copied:
                    file.write(piece)
            counts[name] = cursor.rowcount
    return counts


def _load(connection: Connection, table: str, file: IO[bytes]) -> int:
    columns = file.readline().decode().strip().split(",")
    with _cursor(connection) as cursor:
        with cursor.copy(f"COPY {_listed(table, columns)} FROM STDIN") as filled:
            while piece := file.read(PIECE):
                filled.write(piece)
        return int(cursor.rowcount)


def _count_on(connection: Connection, table: str) -> None:
    """New rows get numbers after those that are there."""
    if "id" in [column["name"] for column in inspect(connection).get_columns(table)]:
        last = f"(SELECT max(id) AS last FROM {_quoted(table)}) AS found WHERE last IS NOT NULL"
        connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), last) FROM {last}")


def _cursor(connection: Connection) -> Any:
    """The driver's own: SQLAlchemy knows no COPY."""
    raw = connection.connection.driver_connection
    assert raw is not None
    return raw.cursor()


def _named(ask: Callable[[str], Iterable[Any]], tables: dict[str, int]) -> list[str]:
    found: set[str] = set()
    for table, column, condition in NAMED:
        if table in tables:
            found |= {key for key in ask(f"SELECT {column} FROM {table} WHERE {condition}") if key}
    return sorted(found)


def _listed(table: str, columns: Sequence[str]) -> str:
    return f"{_quoted(table)} ({', '.join(map(_quoted, columns))})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
