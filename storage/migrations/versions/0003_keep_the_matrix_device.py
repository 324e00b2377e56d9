"""Keep the Matrix device

Revision ID: 0003
Revises: 0002

Matrix joins: the device of the account, its keys and its rooms are kept together. An index finds the encrypted messages
that wait for a key.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('matrix_devices',
    sa.Column('account', sa.String(length=255), nullable=False),
    sa.Column('device_id', sa.String(length=255), nullable=False),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('created_at', storage.base.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('account', name=op.f('pk_matrix_devices'))
    )
    op.create_table('matrix_keys',
    sa.Column('account', sa.String(length=255), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=600), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('account', 'kind', 'name', name=op.f('pk_matrix_keys'))
    )
    op.create_table('matrix_rooms',
    sa.Column('account', sa.String(length=255), nullable=False),
    sa.Column('native', sa.String(length=255), nullable=False),
    sa.Column('state', storage.base.Json, nullable=False),
    sa.PrimaryKeyConstraint('account', 'native', name=op.f('pk_matrix_rooms'))
    )
    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.create_index('ix_inbox_waiting_key', ['received_at'], unique=False, sqlite_where=sa.text("state = 'waiting_key'"), postgresql_where=sa.text("state = 'waiting_key'"))



def downgrade() -> None:
    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.drop_index('ix_inbox_waiting_key', sqlite_where=sa.text("state = 'waiting_key'"), postgresql_where=sa.text("state = 'waiting_key'"))
    op.drop_table('matrix_rooms')
    op.drop_table('matrix_keys')
    op.drop_table('matrix_devices')
