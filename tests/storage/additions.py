"""What a revision took away from the program before it, which still runs for the length of a restart."""

from typing import Any, NamedTuple

from sqlalchemy import inspect

from storage.engine import Database

ADVICE = """A revision must leave everything that the program before it reads and writes: both run side by side for the
length of a restart. Spread the change over two releases instead:
- another name or type: add the new column beside the old one, write both, fill the new one; drop the old one a release
  later;
- NOT NULL: give the column a server default, or let it be empty until no running program leaves it out;
- what nobody uses any more: stop using it now, drop it a release later, and name it in GONE of this test;
- a unique index over rows that are there already: let the program keep them unique first."""


class Column(NamedTuple):
    """What an INSERT or SELECT of the older program depends on."""

    kind: str
    nullable: bool
    default: bool


class Shape(NamedTuple):
    """The tables of a database: table -> column -> what it is; and what must be unique in each."""

    tables: dict[str, dict[str, Column]]
    unique: dict[str, set[tuple[str, ...]]]


def shape_of(database: Database) -> Shape:
    """How a database looks now."""
    looking = inspect(database.engine)
    tables: dict[str, dict[str, Column]] = {}
    unique: dict[str, set[tuple[str, ...]]] = {}
    for name in looking.get_table_names():
        columns: list[Any] = looking.get_columns(name)
        tables[name] = {
            one["name"]: Column(str(one["type"]), one["nullable"], one.get("default") is not None) for one in columns
        }
        constraints = {tuple(one["column_names"]) for one in looking.get_unique_constraints(name)}
        indexes: list[Any] = [one for one in looking.get_indexes(name) if one["unique"]]
        unique[name] = constraints | {tuple(filter(None, one["column_names"])) for one in indexes}
    return Shape(tables, unique)


def taken_away(before: Shape, after: Shape, gone: frozenset[str] = frozenset()) -> list[str]:
    """What the older program would miss, or could not write any more; `gone`: what it does not use itself."""
    found = []
    for table, columns in before.tables.items():
        if table not in after.tables:
            found += [f"table {table} is gone"] if table not in gone else []
            continue
        now = after.tables[table]
        for name, old in columns.items():
            new = now.get(name)
            if new is None:
                found += [f"column {table}.{name} is gone"] if f"{table}.{name}" not in gone else []
            elif new.kind != old.kind:
                found.append(f"column {table}.{name} was {old.kind} and is {new.kind}")
            elif old.nullable and not new.nullable:
                found.append(f"column {table}.{name} may not be empty any more")
        for name, new in now.items():
            if name not in columns and not new.nullable and not new.default:
                found.append(f"new column {table}.{name} has neither a default nor may it be empty")
        found += [
            f"{table} ({', '.join(key)}) must be unique now" for key in after.unique[table] - before.unique[table]
        ]
    return found
