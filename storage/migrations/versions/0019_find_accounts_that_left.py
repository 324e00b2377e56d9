"""Find accounts that left

Revision ID: 0019
Revises: 0018

What is known of accounts that left rooms long ago is forgotten every hour: an index leads to it.
"""

from alembic import op


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_room_accounts_state", "room_accounts", ["state", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_room_accounts_state", table_name="room_accounts")
