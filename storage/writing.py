"""Small helps for statements that write: ON CONFLICT on either database, honest row counts, no second look."""

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, Executable, Select, Table, Update, any_, bindparam, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

# for UPDATEs whose rows nobody holds as objects, or whose objects nobody reads again in this transaction
QUIET_UPDATE = {"synchronize_session": False}


def table_of(entity: Any) -> Table:
    """An entity's table, for statements that need no objects."""
    return cast(Table, inspect(entity).local_table)


class among(FunctionElement[Any]):
    """`among(column, "name")`: that a column has one of the values given as `name` when the statement is executed.

    PostgreSQL is given them as one array: whatever their number, it is one statement, taken apart and planned once.
    It has no type, not even Boolean: on SQLite "= 1" would be added, and no index used.
    """

    inherit_cache = True

    def __init__(self, column: Any, name: str) -> None:
        super().__init__(column, bindparam(name))


@compiles(among)
def _among(element: among, compiler: Any, **how: Any) -> str:
    column, given = element.clauses
    return str(compiler.process(column.in_(bindparam(given.key, expanding=True)), **how))


@compiles(among, "postgresql")
def _among_array(element: among, compiler: Any, **how: Any) -> str:
    column, given = element.clauses
    array = bindparam(given.key, type_=postgresql.ARRAY(column.type))
    return str(compiler.process(column == any_(array), **how))


def insert_into(dialect: str, entity: Any) -> Any:
    """An INSERT into an entity's table that knows ON CONFLICT on this kind of database. Python defaults apply."""
    return (sqlite if dialect == "sqlite" else postgresql).insert(table_of(entity))


def upsert(session: Session, entity: Any) -> Any:
    """The same on the database in use."""
    return insert_into(session.get_bind().dialect.name, entity)


def take(
    session: Session, due: Select[Any], given: dict[str, Any], change: Update, values: dict[str, Any]
) -> Sequence[Any]:
    """Change the rows whose ids `due` selects as it is `given`, but for those that another worker is taking (it locks
    them, SKIP LOCKED). `change`: an UPDATE of the rows `among` "taken", to these values; returns what it returns."""
    ids = session.scalars(due, given).all()
    return session.execute(change, {"taken": ids, **values}).all() if ids else []


def count_changed(
    session: Session, statement: Executable, values: dict[str, Any] | Sequence[dict[str, Any]] | None = None
) -> int:
    """Execute an INSERT, UPDATE or DELETE; returns how many rows it concerned (of an INSERT, PostgreSQL says so only
    when asked)."""
    options = {**QUIET_UPDATE, "preserve_rowcount": True}
    return cast("CursorResult[Any]", session.execute(statement, values, execution_options=options)).rowcount


def add_rows(
    session: Session, entity: Any, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]], known_by: tuple[str, ...]
) -> None:
    """Insert rows of these columns, those apart that are `known_by` what is there already."""
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        given: Any = [dict(zip(columns, row, strict=True)) for row in rows]
    else:
        given = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
    session.execute(_insert_rows(dialect, entity, columns, known_by), given)


@cache
def _insert_rows(dialect: str, entity: Any, columns: tuple[str, ...], known_by: tuple[str, ...]) -> Any:
    rows = insert_into(dialect, entity)
    if dialect != "sqlite":  # one array a column: one statement, whatever the number of rows
        types = {name: postgresql.ARRAY(table_of(entity).c[name].type) for name in columns}
        arrays = func.unnest(*[bindparam(name, type_=type_) for name, type_ in types.items()])
        rows = rows.from_select(columns, select(*arrays.table_valued(*columns).render_derived().c))
    return rows.on_conflict_do_nothing(index_elements=known_by)
