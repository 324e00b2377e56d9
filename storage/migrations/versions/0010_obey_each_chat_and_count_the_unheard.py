"""Obey what a platform says of one chat, and count the unheard

Revision ID: 0010
Revises: 0009

A chat that its platform told to wait says until when, to all workers. A delivery knows how often no answer was heard:
after a few such attempts it is not repeated any more. What waits today begins at none.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chats", sa.Column("blocked_until", storage.base.UtcDateTime(), nullable=True))
    op.add_column("deliveries", sa.Column("unheard", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("deliveries", "unheard")
    op.drop_column("chats", "blocked_until")
