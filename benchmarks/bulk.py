"""Rows by the million, made inside the database, in statements that SQLite and PostgreSQL both understand."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, text

from api.context import Context
from storage.engine import Database

PIDS = 16**12  # twelve hexadecimal digits
# what the two call differently. `n` counts from 0, `minutes` says how long ago
WORDS = {
    "sqlite": {
        "random": "lower(hex(randomblob(6)))",
        "pid": "printf('%012x', n * :step)",
        "at": "strftime('%Y-%m-%d %H:%M:%f000', :now, printf('%+d minutes', -minutes))",
        "day": "date(:now, printf('%+d minutes', -minutes))",
        "json": "",
    },
    "postgresql": {
        "random": "substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)",
        "pid": "lpad(to_hex(n * :step), 12, '0')",
        "at": "(CAST(:now AS timestamptz) - make_interval(mins => minutes::int))",
        "day": "(CAST(:now AS timestamptz) - make_interval(mins => minutes::int))::date",
        "json": "::jsonb",
    },
}  # fmt: skip
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)"


def execute(ctx: Context, statement: str, **values: Any) -> None:
    """Execute a statement with the WORDS of this database in it; it is given `now`."""
    dialect = ctx.session.get_bind().dialect.name
    statement = statement.format(**WORDS[dialect], numbers=NUMBERS)
    now = ctx.now.strftime("%Y-%m-%d %H:%M:%S.%f") if dialect == "sqlite" else ctx.now
    ctx.session.execute(text(statement), {"now": now, **values})


def make(ctx: Context, statement: str, rows: int, **values: Any) -> None:
    """Execute an INSERT of so many rows that selects from {numbers}; {pid} makes ids that lie evenly among all."""
    execute(ctx, statement, last=rows - 1, step=PIDS // rows, **values)


@contextmanager
def without_indexes(ctx: Context, *tables: Table) -> Iterator[None]:
    """Make the indexes of tables anew when the block is over: sorted, that is ten times as quick."""
    connection = ctx.session.connection()
    indexes = [index for table in tables for index in table.indexes]
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)


def count_rows(database: Database) -> None:
    """Let PostgreSQL's planner know how many rows there are, as autovacuum does by itself within minutes. On SQLite
    nobody counts in the running program either."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
