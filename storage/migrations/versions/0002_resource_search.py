"""Search resources

Revision ID: 0002
Revises: 0001

An index over `resources.search`, the tokens that storage/resources.py makes of a resource's words: FTS5 beside the
table on SQLite (kept by triggers), GIN on PostgreSQL. What is there already is indexed too.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE VIRTUAL TABLE resource_search USING fts5(search, content='resources', content_rowid='id')",
    """CREATE TRIGGER resource_search_added AFTER INSERT ON resources BEGIN
        INSERT INTO resource_search(rowid, search) VALUES (new.id, new.search);
    END""",
    """CREATE TRIGGER resource_search_changed AFTER UPDATE OF search ON resources BEGIN
        INSERT INTO resource_search(resource_search, rowid, search) VALUES ('delete', old.id, old.search);
        INSERT INTO resource_search(rowid, search) VALUES (new.id, new.search);
    END""",
    """CREATE TRIGGER resource_search_gone AFTER DELETE ON resources BEGIN
        INSERT INTO resource_search(resource_search, rowid, search) VALUES ('delete', old.id, old.search);
    END""",
    "INSERT INTO resource_search(resource_search) VALUES ('rebuild')",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
    else:
        op.execute("CREATE INDEX ix_resources_search ON resources USING gin (to_tsvector('simple', search))")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("added", "changed", "gone"):
            op.execute(f"DROP TRIGGER resource_search_{event}")
        op.execute("DROP TABLE resource_search")
    else:
        op.execute("DROP INDEX ix_resources_search")
