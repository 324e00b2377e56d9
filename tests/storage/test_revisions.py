"""The revisions make what the tables say, on both databases; what the tables say more becomes the next revision."""

from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table

from storage import schema
from tests.support import revision


def test_revisions_make_what_the_tables_say(database_url: str) -> None:
    try:
        revision.check(database_url)
    except Exception as differences:
        pytest.fail(f'The tables changed: make migration NAME="what changed".\n{differences}', pytrace=False)


def test_a_table_without_a_revision_is_noticed(database_url: str) -> None:
    table = Table("wishes", schema.metadata, Column("id", Integer, primary_key=True))
    try:
        with pytest.raises(Exception, match="wishes"):
            revision.check(database_url)
    finally:
        schema.metadata.remove(table)


def test_a_new_revision_is_written_beside_the_others(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for path in [*schema.MIGRATIONS.glob("*.*"), *schema.MIGRATIONS.glob("versions/*.py")]:
        (folder / path.relative_to(schema.MIGRATIONS)).write_text(path.read_text())
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    number = f"{int(schema.head()) + 1:04}"
    table = Table("wishes", schema.metadata, Column("id", Integer, primary_key=True))
    try:
        file = revision.write("Keep wishes", database_url)
    finally:
        schema.metadata.remove(table)
    assert file.name == f"{number}_keep_wishes.py"
    written = file.read_text()
    assert "create_table('wishes'" in written and "resource_search" not in written

