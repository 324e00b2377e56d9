"""Let a notice have several places

Revision ID: 0017
Revises: 0016

A notice may be for several communities at once. Those that are there already have the one place they had. Topics are
found by the message that is answered, and what was said in them by the topic.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("notice_places",
    sa.Column("id", storage.base.BigId, nullable=False),
    sa.Column("notice_id", storage.base.BigId, nullable=False),
    sa.Column("community_id", storage.base.BigId, nullable=False),
    sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_notice_places_community_id")),
    sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_places_notice_id")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_places")),
    sa.UniqueConstraint("notice_id", "community_id", name=op.f("uq_notice_places_notice_id_community_id"))
    )
    with op.batch_alter_table("notice_places", schema=None) as batch_op:
        batch_op.create_index("ix_notice_places_community", ["community_id", "notice_id"], unique=False)
    notices = sa.table("notices", sa.column("id"), sa.column("community_id"))
    places = sa.table("notice_places", sa.column("notice_id"), sa.column("community_id"))
    there = sa.select(notices.c.id, notices.c.community_id).order_by(notices.c.id)
    op.execute(places.insert().from_select(["notice_id", "community_id"], there))
    op.create_index("ix_topics_message_id", "topics", ["message_id"], unique=False)
    op.create_index("ix_relays_topic", "relays", ["topic_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_relays_topic", table_name="relays")
    op.drop_index("ix_topics_message_id", table_name="topics")
    with op.batch_alter_table("notice_places", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_places_community")

    op.drop_table("notice_places")
