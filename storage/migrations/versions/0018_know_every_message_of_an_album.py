"""Know every message of an album

Revision ID: 0018
Revises: 0017

An album is several messages, of which only the first was known: whatever answered another one answered nothing.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("relay_parts",
    sa.Column("id", storage.base.BigId, nullable=False),
    sa.Column("relay_id", storage.base.BigId, nullable=False),
    sa.Column("chat_id", storage.base.BigId, nullable=False),
    sa.Column("native", sa.String(length=255), nullable=False),
    sa.Column("tree", storage.base.Json, nullable=True),
    sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name=op.f("fk_relay_parts_chat_id")),
    sa.ForeignKeyConstraint(["relay_id"], ["relays.id"], name=op.f("fk_relay_parts_relay_id")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_relay_parts")),
    sa.UniqueConstraint("chat_id", "native", name=op.f("uq_relay_parts_chat_id_native"))
    )
    with op.batch_alter_table("relay_parts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_relay_parts_relay_id"), ["relay_id"], unique=False)



def downgrade() -> None:
    with op.batch_alter_table("relay_parts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_relay_parts_relay_id"))

    op.drop_table("relay_parts")
