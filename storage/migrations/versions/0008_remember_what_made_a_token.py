"""Remember what made a token

Revision ID: 0008
Revises: 0007

A token that was made with another ends with it. Of those that are there nobody knows what made them: they stay as they
are, until they expire or are ended one by one.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_tokens", sa.Column("parent_id", storage.base.BigId, nullable=True))
    op.create_index(op.f("ix_api_tokens_parent_id"), "api_tokens", ["parent_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_api_tokens_parent_id"), "api_tokens")
    op.drop_column("api_tokens", "parent_id")
