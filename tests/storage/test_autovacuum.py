"""PostgreSQL looks after the tables that change or grow all the time early."""

from sqlalchemy import text

from storage.engine import Database
from tests.support.databases import Databases

CHANGED = ("chats", "inbox", "deliveries")
GROWING = ("messages", "sent_events", "web_posts", "attachments", "records", "tallies", "audit")


def options(database: Database) -> dict[str, dict[str, float]]:
    """table -> the settings of its own."""
    query = text("SELECT relname, reloptions FROM pg_class WHERE relkind = 'r' AND reloptions IS NOT NULL")
    with database.transaction() as session:
        found = session.execute(query).all()
    return {table: {name: float(value) for name, value in (one.split("=") for one in given)} for table, given in found}


def test_settings_of_each_table(databases: Databases) -> None:
    with databases.fresh("postgres") as url:
        database = Database(url)
        found = options(database)
        database.close()
    for table in CHANGED:
        assert found[table] == {
            "fillfactor": 70, "autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 10000,
            "autovacuum_analyze_scale_factor": 0, "autovacuum_analyze_threshold": 5000,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
        }, table  # fmt: skip
    for table in GROWING:
        assert found[table] == {
            "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_analyze_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
        }, table  # fmt: skip


def test_they_can_be_taken_back(databases: Databases) -> None:
    from alembic import command

    from tests.support.revision import settings

    with databases.fresh("postgres") as url:
        database = Database(url)
        with database.engine.begin() as connection:
            command.downgrade(settings(connection), "0017")
        assert options(database) == {table: {"fillfactor": 70} for table in CHANGED}
        database.close()
