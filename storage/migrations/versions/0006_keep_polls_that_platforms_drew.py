"""Keep polls that platforms drew

Revision ID: 0006
Revises: 0005

A vote names the platform's poll, not its chat; one that comes before its poll is known waits. Messages of before have
no poll.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting_poll'")


def upgrade() -> None:
    op.create_table(
        "sent_polls",
        sa.Column("id", storage.base.BigId, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("native", sa.String(length=255), nullable=False),
        sa.Column("delivery_id", storage.base.BigId, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_sent_polls_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_polls")),
        sa.UniqueConstraint("platform", "account", "native", name=op.f("uq_sent_polls_platform_account_native")),
    )
    op.create_index(op.f("ix_sent_polls_delivery_id"), "sent_polls", ["delivery_id"])
    op.create_index("ix_inbox_waiting_poll", "inbox", ["reason"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.add_column("messages", sa.Column("poll", storage.base.Json, nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "poll")
    op.drop_index("ix_inbox_waiting_poll", "inbox")
    op.drop_index(op.f("ix_sent_polls_delivery_id"), "sent_polls")
    op.drop_table("sent_polls")
