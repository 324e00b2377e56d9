"""Let one process hold a Matrix device

Revision ID: 0005
Revises: 0004

Two processes on one device would spoil its keys: with PostgreSQL and several of them, one serves Matrix at a time.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('matrix_devices', schema=None) as batch_op:
        batch_op.add_column(sa.Column('holder', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('held_until', storage.base.UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('matrix_devices', schema=None) as batch_op:
        batch_op.drop_column('held_until')
        batch_op.drop_column('holder')
