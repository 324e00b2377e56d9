"""The whole schema, and the way it changes: Alembic revisions that run on SQLite and PostgreSQL.

Alembic is imported only when something is changed (11 MB). Looking needs the names of its files: `0002_what.py` is
revision 0002, and the highest one is what this code needs.
"""

from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, inspect

from storage.base import Base
from storage.engine import Database, translated

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADING = 0x676F6E67  # any number that nobody else locks
TABLES = (
    "attachments",
    "communities",
    "excuses",
    "idempotency",
    "journals",
    "kept",
    "mail",
    "matrix",
    "messaging",
    "notices",
    "people",
    "polls",
    "processes",
    "pushes",
    "quiz_pushes",
    "quizzes",
    "records",
    "reminders",
    "relays",
    "resources",
    "rooms",
    "topics",
    "webchat",
)  # fmt: skip

for _name in TABLES:
    import_module(f"storage.{_name}")

metadata = Base.metadata


def revisions() -> list[str]:
    """Every revision this code has, oldest first."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def head() -> str:
    """The revision that this code needs."""
    return revisions()[-1]


def current(database: Database) -> str | None:
    """The revision that a database has; None for an empty one. Raises StorageUnavailable."""
    with translated(), database.engine.connect() as connection:
        info = connection.info  # a connection that breaks meanwhile is not asked for it again
        info["read"] = True  # looking must not wait for the writer
        try:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        finally:
            info.pop("read")


def knows(revision: str) -> bool:
    """Whether this code has a revision; an older program does not know what a newer one made."""
    return revision in revisions()


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring a database to a revision (default: the one this code needs); data stays. Raises StorageUnavailable."""
    with translated(), database.engine.begin() as connection:
        upgrade_on(connection, revision)


def upgrade_on(connection: Connection, revision: str) -> None:
    """The same within a transaction that somebody else ends."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if connection.dialect.name != "sqlite":
        # processes that start together wait for each other; the later ones find nothing left to do
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADING})")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
