"""Say why letters are dead

Revision ID: 0020
Revises: 0019

What was not delivered has a reason out of a closed set beside the words of the error, and is found without looking at
everything; so is what arrived and could not be handled. The reasons of what is there already are read from those words;
what was tried many times failed in passing, what ended sooner was refused.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

LOST = sa.text("state IN ('dead', 'unreachable', 'expired') AND kind <> 'ack'")
UNREACHABLE = sa.text("state = 'unreachable'")
FAILED = sa.text("reason IS NOT NULL")
MANY = 15  # attempts


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.add_column(sa.Column("reason", sa.String(length=12), nullable=True))
        deliveries.add_column(sa.Column("again_at", storage.base.UtcDateTime(), nullable=True))
    op.create_index("ix_deliveries_lost", "deliveries", ["id"], sqlite_where=LOST, postgresql_where=LOST)
    op.create_index(
        "ix_deliveries_unreachable", "deliveries", ["created_at"], sqlite_where=UNREACHABLE,
        postgresql_where=UNREACHABLE,
    )  # fmt: skip
    op.create_index("ix_inbox_failed", "inbox", ["id"], sqlite_where=FAILED, postgresql_where=FAILED)
    now = sa.table("deliveries", *map(sa.column, ("id", "state", "kind", "error", "reason", "attempts", "person_id")))
    accounts = sa.table("identities", sa.column("person_id"), sa.column("state"))
    known = sa.exists().where(accounts.c.person_id == now.c.person_id)
    nowhere = sa.case(
        (known.where(accounts.c.state == "gone"), "blocked"), (known, "no_chat"), else_="no_account"
    )  # fmt: skip
    dead = sa.case(
        (now.c.error == "chat gone", "chat_gone"), (now.c.error.startswith("its guard failed"), "guard"),
        (now.c.error.startswith("it cannot be read"), "unreadable"),
        (now.c.error.startswith("no answer was heard"), "unheard"), (now.c.attempts >= MANY, "gave_up"),
        else_="rejected",
    )  # fmt: skip
    why = sa.case((now.c.state == "unreachable", nowhere), (now.c.state == "dead", dead), else_="expired")
    op.execute(sa.update(now).where(LOST).values(reason=why))


def downgrade() -> None:
    op.execute("UPDATE deliveries SET state = 'superseded' WHERE state = 'dropped'")
    op.drop_index("ix_inbox_failed", table_name="inbox")
    op.drop_index("ix_deliveries_unreachable", table_name="deliveries")
    op.drop_index("ix_deliveries_lost", table_name="deliveries")
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_column("again_at")
        deliveries.drop_column("reason")
