"""Small helps for statements that write: ON CONFLICT on either database, honest row counts, no second look."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Executable, Select, Table, inspect, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

# for UPDATEs whose rows nobody holds as objects, or whose objects nobody reads again in this transaction
QUIET_UPDATE = {"synchronize_session": False}


def table_of(entity: Any) -> Table:
    """An entity's table, for statements that need no objects."""
    return cast(Table, inspect(entity).local_table)


def insert_into(dialect: str, entity: Any) -> Any:
    """An INSERT into an entity's table that knows ON CONFLICT on this kind of database. Python defaults apply."""
    return (sqlite if dialect == "sqlite" else postgresql).insert(table_of(entity))


def upsert(session: Session, entity: Any) -> Any:
    """The same on the database in use."""
    return insert_into(session.get_bind().dialect.name, entity)


def take(session: Session, due: Select[Any], entity: Any, values: dict[str, Any], *columns: Any) -> Sequence[Any]:
    """Change the rows whose ids `due` selects, but for those that another worker is taking; returns their columns."""
    ids = session.scalars(due.with_for_update(skip_locked=True)).all()
    if not ids:
        return []
    taken = update(entity).where(entity.id.in_(ids)).values(values).returning(*columns)
    return session.execute(taken, execution_options=QUIET_UPDATE).all()


def count_changed(session: Session, statement: Executable, values: dict[str, Any] | None = None) -> int:
    """Execute an INSERT, UPDATE or DELETE; returns how many rows it concerned (of an INSERT, PostgreSQL says so only
    when asked)."""
    options = {**QUIET_UPDATE, "preserve_rowcount": True}
    return cast("CursorResult[Any]", session.execute(statement, values, execution_options=options)).rowcount
