"""Carry what people say from room to room

Revision ID: 0016
Revises: 0015

What a person said in a room may have no other room to go to, and counts all the same: its relay has no message then.
Relays get public ids, under which they hold their files.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("relays") as relays:
        relays.add_column(sa.Column("pid", sa.String(length=12), nullable=True))
        relays.add_column(sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.false()))
        relays.alter_column("message_id", existing_type=storage.base.BigId, nullable=True)
    now = sa.table("relays", sa.column("id"), sa.column("pid"))
    connection = op.get_bind()
    for (number,) in connection.execute(sa.select(now.c.id)).all():
        connection.execute(sa.update(now).where(now.c.id == number).values(pid=storage.base.new_pid()))
    with op.batch_alter_table("relays") as relays:
        relays.alter_column("pid", existing_type=sa.String(length=12), nullable=False)
        relays.alter_column("counted", server_default=None)
        relays.create_unique_constraint(relays.f("uq_relays_pid"), ["pid"])


def downgrade() -> None:
    op.execute("DELETE FROM relays WHERE message_id IS NULL")
    with op.batch_alter_table("relays") as relays:
        relays.drop_constraint(relays.f("uq_relays_pid"), type_="unique")
        relays.alter_column("message_id", existing_type=storage.base.BigId, nullable=False)
        relays.drop_column("counted")
        relays.drop_column("pid")
