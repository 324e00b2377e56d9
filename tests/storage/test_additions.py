"""Revisions only add, so that the old and the new program can run side by side while a service is upgraded."""

from pathlib import Path

import pytest

from storage import schema
from storage.engine import Database
from tests.storage.additions import ADVICE, shape_of, taken_away

SINCE = "0017"  # the rule holds for what came after
GONE: frozenset[str] = frozenset()  # "table" or "table.column" that the release before did not use any more


def test_revisions_only_add(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    found = []
    try:
        schema.upgrade(database, SINCE)
        before = shape_of(database)
        for revision in schema.revisions():
            if revision > SINCE:
                schema.upgrade(database, revision)
                after = shape_of(database)
                found += [f"{revision}: {what}" for what in taken_away(before, after, GONE)]
                before = after
    finally:
        database.close()
    if found:
        pytest.fail("\n".join([ADVICE, *found]), pytrace=False)


BEFORE = "CREATE TABLE a (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, note VARCHAR); CREATE TABLE b (id INTEGER)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DROP TABLE b", "table b is gone"),
        ("ALTER TABLE b RENAME TO c", "table b is gone"),
        ("ALTER TABLE a DROP COLUMN note", "column a.note is gone"),
        ("ALTER TABLE a RENAME COLUMN note TO remark", "column a.note is gone"),
        ("ALTER TABLE b ADD COLUMN x INTEGER NOT NULL DEFAULT 0", ""),
        ("ALTER TABLE b ADD COLUMN x INTEGER", ""),
        ("CREATE TABLE c (id INTEGER NOT NULL UNIQUE)", ""),
        ("CREATE INDEX i ON a (name)", ""),
        ("CREATE UNIQUE INDEX i ON a (name)", "a (name) must be unique now"),
        ("DROP TABLE b; CREATE TABLE b (id INTEGER, x INTEGER NOT NULL)", "neither a default"),
        ("DROP TABLE b; CREATE TABLE b (id INTEGER NOT NULL)", "may not be empty any more"),
        ("DROP TABLE b; CREATE TABLE b (id VARCHAR)", "was INTEGER and is VARCHAR"),
    ],
)
def test_what_is_taken_away_is_seen(change: str, words: str, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'one.db'}")

    def execute(statements: str) -> None:
        with database.engine.begin() as connection:
            for statement in statements.split(";"):
                connection.exec_driver_sql(statement)

    execute(BEFORE)
    before = shape_of(database)
    execute(change)
    found = taken_away(before, shape_of(database))
    database.close()
    assert (words in "\n".join(found)) if words else found == []


def test_what_is_not_used_any_more_may_go(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'one.db'}")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE b (id INTEGER)")
    before = shape_of(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE b")
    assert taken_away(before, shape_of(database), frozenset({"b"})) == []
    database.close()
