"""JSON columns: what a database cannot store is left out, everything else stays."""

import json
from collections.abc import Iterator

import pytest

from api.times import utcnow
from storage.engine import Database, dump_json
from storage.messaging import Message


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\0b", "ab"), ("\0", ""), ("\\u0000", "\\u0000"), ("\\\0", "\\"), ("\\\\\0\0x", "\\\\x"),
        ("䶮😀\u0001", "䶮😀\u0001"), ("半\ud83d", "半?"), ("\udc00\0好", "?好"),
    ],
)
def test_nul_is_left_out_and_nothing_else(given: str, kept: str) -> None:
    assert json.loads(dump_json({"text": given})) == {"text": kept}


def test_a_message_with_a_nul_is_stored(database: Database) -> None:
    with database.transaction() as session:
        session.add(Message(tree=["n", "好\0的\ud800"], created_at=utcnow()))
    with database.transaction() as session:
        assert session.query(Message).one().tree == ["n", "好的?"]
