"""Keep growing tables quick

Revision ID: 0022
Revises: 0021

Pruning asks of each old message whether anything refers to it, and finds what could not be handled by its age: both by
an index. And PostgreSQL looks after the tables that change or grow all the time much earlier than it would by itself: a
push adds ten thousand deliveries at once, and until they are counted its planner takes the table for nearly empty.
Claims were 16 times slower then.
"""

import sqlalchemy as sa
from alembic import op


revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

REFERS = (
    ("binding_requests", "message_id"), ("excuses", "message_id"), ("journal_entries", "status_id"),
    ("memberships", "message_id"), ("room_accounts", "message_id"), ("topic_places", "message_id"),
    ("workshop_requests", "message_id"),
)
# numbers of rows, whatever the size of the table: what waits is always a small part of it
QUEUES = {
    "autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 10000,
    "autovacuum_analyze_scale_factor": 0, "autovacuum_analyze_threshold": 5000,
    "autovacuum_vacuum_insert_scale_factor": 0.05,
}
GROWING = {
    "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_analyze_scale_factor": 0.02,
    "autovacuum_vacuum_insert_scale_factor": 0.05,
}
SETTINGS = {
    "chats": QUEUES, "inbox": QUEUES, "deliveries": QUEUES,
    "messages": GROWING, "sent_events": GROWING, "web_posts": GROWING, "attachments": GROWING,
    "records": GROWING, "tallies": GROWING, "audit": GROWING,
}


def upgrade() -> None:
    for table, column in REFERS:
        op.create_index(f"ix_{table}_{column}", table, [column])
    dead = sa.text("state = 'dead'")
    op.create_index("ix_inbox_dead", "inbox", ["received_at"], sqlite_where=dead, postgresql_where=dead)
    if op.get_bind().dialect.name == "postgresql":
        for table, settings in SETTINGS.items():
            values = ", ".join(f"{name} = {value}" for name, value in settings.items())
            op.execute(f"ALTER TABLE {table} SET ({values})")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, settings in SETTINGS.items():
            op.execute(f"ALTER TABLE {table} RESET ({', '.join(settings)})")
    op.drop_index("ix_inbox_dead", table_name="inbox")
    for table, column in REFERS:
        op.drop_index(f"ix_{table}_{column}", table_name=table)
