"""Count the tries of a file

Revision ID: 0024
Revises: 0023

A file store that is away costs no file a try: those that count are counted by themselves, beside the fence. Of what is
on its way all attempts did.
"""

import sqlalchemy as sa
from alembic import op


revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attachments") as attachments:
        attachments.add_column(sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
    files = sa.table("attachments", *map(sa.column, ("attempts", "tries", "state")))
    op.execute(files.update().where(files.c.state == "pending").values(tries=files.c.attempts))


def downgrade() -> None:
    with op.batch_alter_table("attachments") as attachments:
        attachments.drop_column("tries")
