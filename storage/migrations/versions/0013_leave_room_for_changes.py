"""Leave room for changes

Revision ID: 0013
Revises: 0012

Chats, what arrived and what is sent are changed several times each. PostgreSQL leaves room for that in new pages: a
changed row that stays in its page needs no new entries in the indexes. Nearly no delivery changes another one.
"""

import sqlalchemy as sa
from alembic import op


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CHANGED = ("chats", "inbox", "deliveries")
NAME, COLUMNS = "ix_deliveries_target_id", ["target_id"]


def upgrade() -> None:
    _set("(fillfactor = 70)", "SET")
    changes = sa.text("target_id IS NOT NULL")
    op.drop_index(NAME, "deliveries")
    op.create_index(NAME, "deliveries", COLUMNS, sqlite_where=changes, postgresql_where=changes)


def downgrade() -> None:
    op.drop_index(NAME, "deliveries")
    op.create_index(NAME, "deliveries", COLUMNS)
    _set("(fillfactor)", "RESET")


def _set(parameter: str, how: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in CHANGED:
            op.execute(f"ALTER TABLE {table} {how} {parameter}")
