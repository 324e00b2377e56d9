"""Let acks be purged

Revision ID: 0011
Revises: 0010

Answers to presses are forgotten after a day, with the messages they were. Whenever a message goes, the database looks
for broadcasts that refer to it: without these indexes it would read all of them each time.
"""

import sqlalchemy as sa
from alembic import op


revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

REFERS = [
    (table, column)
    for table in ("notices", "polls", "pushes", "quiz_pushes")
    for column in ("people_message_id", "room_message_id", "status_message_id")
]


def upgrade() -> None:
    acks = sa.text("kind = 'ack'")
    op.create_index("ix_deliveries_acks", "deliveries", ["created_at"], sqlite_where=acks, postgresql_where=acks)
    for table, column in REFERS:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in REFERS:
        op.drop_index(f"ix_{table}_{column}", table)
    op.drop_index("ix_deliveries_acks", "deliveries")
