"""End what was taken back, and who sat there before

Revision ID: 0009
Revises: 0008

A notice knows the messages that said it again, to take them back with it; of older reminders nobody knows. A browser
in which a visitor became somebody needs a new token; those that are there keep theirs.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("reminders", storage.base.Json, nullable=False, server_default="[]"))
    op.add_column("web_sessions", sa.Column("stale_at", storage.base.UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("web_sessions", "stale_at")
    op.drop_column("notices", "reminders")
