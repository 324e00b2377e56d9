"""Know what a delivery comes of

Revision ID: 0021
Revises: 0020

The reference of the update whose handling said it, so that one search of the logs finds both. Of what is there already
nobody knows it any more. Processes say that they are there.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("cause", sa.String(length=8), nullable=True))
    op.create_table("processes",
    sa.Column("name", sa.String(length=120), nullable=False),
    sa.Column("role", sa.String(length=8), nullable=False),
    sa.Column("address", sa.String(length=255), nullable=False),
    sa.Column("started_at", storage.base.UtcDateTime(), nullable=False),
    sa.Column("ticked_at", storage.base.UtcDateTime(), nullable=True),
    sa.Column("seen_at", storage.base.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint("name", name=op.f("pk_processes"))
    )


def downgrade() -> None:
    op.drop_table("processes")
    op.drop_column("deliveries", "cause")
