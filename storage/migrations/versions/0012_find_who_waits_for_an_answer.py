"""Find who waits for an answer

Revision ID: 0012
Revises: 0011

Chats with an answer to send are leased before those of a push: an index leads to them. What is addressed to people and
has no chat yet leaves the index by chats: SQLite read all of a push that waits for the morning through it.
"""

import sqlalchemy as sa
from alembic import op


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BY_CHAT = ["chat_id", "lane", "id"]


def upgrade() -> None:
    ready = sa.text("state = 'ready' AND chat_id IS NOT NULL")
    op.drop_index("ix_deliveries_ready", "deliveries")
    op.create_index("ix_deliveries_ready", "deliveries", BY_CHAT, sqlite_where=ready, postgresql_where=ready)
    asked = sa.text("state = 'ready' AND lane <= 0")
    op.create_index("ix_deliveries_asked_ready", "deliveries", ["not_before"], sqlite_where=asked, postgresql_where=asked)


def downgrade() -> None:
    op.drop_index("ix_deliveries_asked_ready", "deliveries")
    ready = sa.text("state = 'ready'")
    op.drop_index("ix_deliveries_ready", "deliveries")
    op.create_index("ix_deliveries_ready", "deliveries", BY_CHAT, sqlite_where=ready, postgresql_where=ready)
