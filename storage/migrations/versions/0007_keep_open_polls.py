"""Keep open polls

Revision ID: 0007
Revises: 0006

Questions to a room in which everybody sees who chose what, and what each person chose. What is there already stays as
it is.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DUE = sa.text("released_at IS NULL AND withdrawn_at IS NULL")
CLOSING = sa.text("released_at IS NOT NULL AND closed_at IS NULL")
OPEN = sa.text("released_at IS NOT NULL AND settled_at IS NULL")
MESSAGES = ("room_message_id", "people_message_id", "status_message_id")


def upgrade() -> None:
    op.create_table(
        "polls",
        sa.Column("question", sa.String(length=200), nullable=False),
        sa.Column("options", storage.base.Json, nullable=False),
        sa.Column("multiple", sa.Boolean(), nullable=False),
        sa.Column("closes_at", storage.base.UtcDateTime(), nullable=True),
        sa.Column("closed_at", storage.base.UtcDateTime(), nullable=True),
        sa.Column("id", storage.base.BigId, nullable=False),
        sa.Column("pid", sa.String(length=12), nullable=False),
        sa.Column("community_id", storage.base.BigId, nullable=False),
        sa.Column("author_id", storage.base.BigId, nullable=False),
        sa.Column("place", sa.String(length=6), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("created_at", storage.base.UtcDateTime(), nullable=False),
        sa.Column("release_at", storage.base.UtcDateTime(), nullable=False),
        sa.Column("released_at", storage.base.UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", storage.base.UtcDateTime(), nullable=True),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("rooms", sa.Integer(), nullable=False),
        sa.Column("room_message_id", storage.base.BigId, nullable=True),
        sa.Column("people_message_id", storage.base.BigId, nullable=True),
        sa.Column("status_message_id", storage.base.BigId, nullable=True),
        sa.Column("refreshed_at", storage.base.UtcDateTime(), nullable=True),
        sa.Column("settled_at", storage.base.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["persons.id"], name=op.f("fk_polls_author_id")),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_polls_community_id")),
        *[sa.ForeignKeyConstraint([name], ["messages.id"], name=op.f(f"fk_polls_{name}")) for name in MESSAGES],
        sa.PrimaryKeyConstraint("id", name=op.f("pk_polls")),
        sa.UniqueConstraint("pid", name=op.f("uq_polls_pid")),
    )
    op.create_index("ix_polls_author", "polls", ["author_id", "id"])
    op.create_index("ix_polls_community", "polls", ["community_id", "id"])
    op.create_index("ix_polls_due", "polls", ["release_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_polls_closing", "polls", ["closes_at"], sqlite_where=CLOSING, postgresql_where=CLOSING)
    op.create_index("ix_polls_open", "polls", ["refreshed_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "votes",
        sa.Column("id", storage.base.BigId, nullable=False),
        sa.Column("poll_id", storage.base.BigId, nullable=False),
        sa.Column("person_id", storage.base.BigId, nullable=False),
        sa.Column("picked", sa.Integer(), nullable=False),
        sa.Column("at", storage.base.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_votes_person_id")),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_votes_poll_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_votes")),
        sa.UniqueConstraint("poll_id", "person_id", name=op.f("uq_votes_poll_id_person_id")),
    )
    op.create_index(op.f("ix_votes_person_id"), "votes", ["person_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_votes_person_id"), "votes")
    op.drop_table("votes")
    for name in ("open", "closing", "due", "community", "author"):
        op.drop_index(f"ix_polls_{name}", "polls")
    op.drop_table("polls")
