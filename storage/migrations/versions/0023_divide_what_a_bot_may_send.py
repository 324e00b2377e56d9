"""Divide what a bot may send

Revision ID: 0023
Revises: 0022

Processes that send through one bot account say here that they are there, and divide what its platform allows. What
is for one person is found among what is for many.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

PERSONAL = sa.text("state = 'ready' AND lane = 1")


def upgrade() -> None:
    op.create_index(
        "ix_deliveries_personal_ready", "deliveries", ["not_before"], sqlite_where=PERSONAL, postgresql_where=PERSONAL
    )
    op.create_table("shares",
    sa.Column("platform", sa.String(length=16), nullable=False),
    sa.Column("account", sa.String(length=64), nullable=False),
    sa.Column("holder", sa.String(length=12), nullable=False),
    sa.Column("seen_at", storage.base.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint("platform", "account", "holder", name=op.f("pk_shares"))
    )


def downgrade() -> None:
    op.drop_table("shares")
    op.drop_index("ix_deliveries_personal_ready", table_name="deliveries")
