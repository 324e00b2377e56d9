"""The next revision of the database: what the tables say and the revisions do not yet (make migration NAME=...)."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from storage import schema
from storage.engine import Database
from tests.support.databases import Databases


def settings(connection: Connection) -> Config:
    """Alembic's settings for one connection."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def check(url: str) -> None:
    """Raise alembic.util.CommandError with the differences, unless the migrated database is as the tables say."""
    database = Database(url)
    try:
        with database.engine.begin() as connection:
            command.check(settings(connection))
    finally:
        database.close()


def write(name: str, url: str) -> Path:
    """Write the next revision by comparing the tables with the migrated database at `url`; returns its file."""
    number = f"{int(schema.head()) + 1:04}"
    database = Database(url)
    try:
        with database.engine.begin() as connection:
            command.revision(settings(connection), name, autogenerate=True, rev_id=number)
    finally:
        database.close()
    return next((schema.MIGRATIONS / "versions").glob(f"{number}_*.py"))


def main() -> None:
    """`python -m tests.support.revision NAME`."""
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('What changes? make migration NAME="Keep the wishes of schools"')
    databases = Databases()
    try:
        with databases.fresh("sqlite") as url:
            file = write(sys.argv[1].strip(), url)
    finally:
        databases.close()
    print("Read it, mend it, add what happens to the data, and commit it with its tables:")
    print(file.relative_to(Path.cwd()))


if __name__ == "__main__":
    main()
