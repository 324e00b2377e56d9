"""What fails is told without people's words and without secrets."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from api.config import Config
from api.errors import Conflict
from api.opening import open_runtime
from api.times import utcnow
from storage.engine import Database
from storage.people import Person


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def test_a_failed_statement_does_not_repeat_what_was_written(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed, database.transaction() as session:
        session.add(Person(name="李梅的秘密", school_id=4711, created_at=utcnow()))
        session.add(Person(name=None, created_at=utcnow()))
        session.flush()
    assert "persons" in str(failed.value)
    assert "秘密" not in str(failed.value) and "[parameters:" not in str(failed.value)


def test_a_wrong_store_of_files_is_named_without_its_keys() -> None:
    blobs = {"url": "s3://bucket/x?access_key_id=geheim&secret_access_key=geheim&bogus=1"}
    with pytest.raises(Conflict) as refused:
        open_runtime(Config(blobs=blobs, web={"secret": SecretStr("x")}))
    said = str(refused.value.say)
    assert "bogus" in said and "geheim" not in said
