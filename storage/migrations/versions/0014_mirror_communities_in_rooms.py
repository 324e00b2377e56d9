"""Mirror communities in rooms

Revision ID: 0014
Revises: 0013

Rooms know their platform and where they come from, what is kept in step, and when they are looked at next. What is
there stays as it is: built-in rooms are the web's, every other one was bound by somebody and keeps its members to
itself. New tables: what people did in rooms, what is carried from room to room, topics of several communities.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

DUE, CREATED = sa.text("due_at IS NOT NULL"), sa.text("origin = 'created'")
NEW = ("platform", "part", "origin", "manages", "encrypted", "bridge", "kept", "tries", "findings")


def upgrade() -> None:
    _change_rooms()
    op.create_table('topics',
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('pid', sa.String(length=12), nullable=False),
    sa.Column('community_id', storage.base.BigId, nullable=False),
    sa.Column('author_id', storage.base.BigId, nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('text', sa.String(length=4000), nullable=False),
    sa.Column('message_id', storage.base.BigId, nullable=True),
    sa.Column('closed_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('created_at', storage.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['persons.id'], name=op.f('fk_topics_author_id')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_topics_community_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topics')),
    sa.UniqueConstraint('pid', name=op.f('uq_topics_pid'))
    )
    with op.batch_alter_table('topics', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_topics_author_id'), ['author_id'], unique=False)
        batch_op.create_index('ix_topics_community', ['community_id', 'id'], unique=False)

    op.create_table('topic_places',
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('topic_id', storage.base.BigId, nullable=False),
    sa.Column('community_id', storage.base.BigId, nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('asked_by', storage.base.BigId, nullable=False),
    sa.Column('decided_by', storage.base.BigId, nullable=True),
    sa.Column('decided_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('message_id', storage.base.BigId, nullable=True),
    sa.Column('created_at', storage.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['asked_by'], ['persons.id'], name=op.f('fk_topic_places_asked_by')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_topic_places_community_id')),
    sa.ForeignKeyConstraint(['decided_by'], ['persons.id'], name=op.f('fk_topic_places_decided_by')),
    sa.ForeignKeyConstraint(['topic_id'], ['topics.id'], name=op.f('fk_topic_places_topic_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topic_places')),
    sa.UniqueConstraint('topic_id', 'community_id', name=op.f('uq_topic_places_topic_id_community_id'))
    )
    with op.batch_alter_table('topic_places', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_topic_places_community_id'), ['community_id'], unique=False)

    op.create_table('relays',
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('chat_id', storage.base.BigId, nullable=False),
    sa.Column('native', sa.String(length=255), nullable=False),
    sa.Column('message_id', storage.base.BigId, nullable=False),
    sa.Column('person_id', storage.base.BigId, nullable=False),
    sa.Column('community_id', storage.base.BigId, nullable=False),
    sa.Column('topic_id', storage.base.BigId, nullable=True),
    sa.Column('removed_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('created_at', storage.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['chat_id'], ['chats.id'], name=op.f('fk_relays_chat_id')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_relays_community_id')),
    sa.ForeignKeyConstraint(['message_id'], ['messages.id'], name=op.f('fk_relays_message_id')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_relays_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_relays')),
    sa.UniqueConstraint('chat_id', 'native', name=op.f('uq_relays_chat_id_native')),
    sa.UniqueConstraint('message_id', name=op.f('uq_relays_message_id'))
    )
    with op.batch_alter_table('relays', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_relays_community_id'), ['community_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_relays_person_id'), ['person_id'], unique=False)

    op.create_table('room_accounts',
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('pid', sa.String(length=12), nullable=False),
    sa.Column('room_id', storage.base.BigId, nullable=False),
    sa.Column('native', sa.String(length=255), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('state', sa.String(length=6), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('by', sa.String(length=255), nullable=False),
    sa.Column('stays_out', sa.Boolean(), nullable=False),
    sa.Column('left_be', sa.String(length=4), nullable=False),
    sa.Column('asked_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('asked', sa.String(length=8), nullable=False),
    sa.Column('message_id', storage.base.BigId, nullable=True),
    sa.Column('at', storage.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['room_id'], ['rooms.id'], name=op.f('fk_room_accounts_room_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_room_accounts')),
    sa.UniqueConstraint('pid', name=op.f('uq_room_accounts_pid')),
    sa.UniqueConstraint('room_id', 'native', name=op.f('uq_room_accounts_room_id_native'))
    )
    with op.batch_alter_table('communities', schema=None) as batch_op:
        batch_op.add_column(sa.Column('room_policy', sa.String(length=6), server_default='follow', nullable=False))
        batch_op.add_column(sa.Column('picture', sa.String(length=12), nullable=True))

    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('answers_id', storage.base.BigId, nullable=True))

    with op.batch_alter_table('persons', schema=None) as batch_op:
        batch_op.add_column(sa.Column('matrix_id', sa.String(length=255), nullable=True))
        # a plain value: for an expression SQLite would make the table anew, and everything refers to it
        batch_op.add_column(sa.Column('relayed', sa.Boolean(), server_default="1", nullable=False))
        batch_op.create_index(batch_op.f('ix_persons_matrix_id'), ['matrix_id'], unique=False)


def _change_rooms() -> None:
    # every row gets a public id of its own before there must be one
    with op.batch_alter_table("rooms") as rooms:
        rooms.add_column(sa.Column("pid", sa.String(length=12), nullable=True))
    with op.batch_alter_table("rooms") as rooms:
        rooms.add_column(sa.Column("platform", sa.String(length=16), nullable=False, server_default=""))
        rooms.add_column(sa.Column("part", sa.String(length=5), nullable=False, server_default="room"))
        rooms.add_column(sa.Column("origin", sa.String(length=8), nullable=False, server_default="adopted"))
        rooms.add_column(sa.Column("manages", storage.base.Json, nullable=False, server_default="[]"))
        rooms.add_column(sa.Column("encrypted", sa.Boolean(), nullable=False, server_default=sa.false()))
        rooms.add_column(sa.Column("bridge", sa.String(length=3), nullable=False, server_default=""))
        rooms.add_column(sa.Column("kept", storage.base.Json, nullable=False, server_default="{}"))
        rooms.add_column(sa.Column("tries", storage.base.Json, nullable=False, server_default="{}"))
        rooms.add_column(sa.Column("findings", storage.base.Json, nullable=False, server_default="{}"))
        rooms.add_column(sa.Column("due_at", storage.base.UtcDateTime(), nullable=True))
        rooms.add_column(sa.Column("leased_until", storage.base.UtcDateTime(), nullable=True))
        rooms.add_column(sa.Column("looked_at", storage.base.UtcDateTime(), nullable=True))
    rooms_now = sa.table("rooms", sa.column("id"), sa.column("pid"), sa.column("chat_id"), sa.column("platform"),
                         sa.column("origin"))
    chats = sa.table("chats", sa.column("id"), sa.column("platform"))
    connection = op.get_bind()
    for (number,) in connection.execute(sa.select(rooms_now.c.id)).all():
        this = sa.update(rooms_now).where(rooms_now.c.id == number)
        connection.execute(this.values(pid=storage.base.new_pid()))
    of_chat = sa.select(chats.c.platform).where(chats.c.id == rooms_now.c.chat_id).scalar_subquery()
    connection.execute(sa.update(rooms_now).values(platform=of_chat))
    connection.execute(sa.update(rooms_now).where(rooms_now.c.platform == "web").values(origin="built_in"))
    with op.batch_alter_table("rooms") as rooms:
        rooms.alter_column("pid", existing_type=sa.String(length=12), nullable=False)
        rooms.alter_column("chat_id", existing_type=storage.base.BigId, nullable=True)
        for name in NEW:
            rooms.alter_column(name, server_default=None)
        rooms.create_index("ix_rooms_created", ["community_id", "platform", "part"], unique=True,
                           sqlite_where=CREATED, postgresql_where=CREATED)
        rooms.create_index("ix_rooms_due", ["due_at"], sqlite_where=DUE, postgresql_where=DUE)
        rooms.create_unique_constraint(rooms.f("uq_rooms_pid"), ["pid"])


def downgrade() -> None:
    op.drop_table("room_accounts")
    op.execute("DELETE FROM rooms WHERE chat_id IS NULL OR part = 'space'")
    with op.batch_alter_table('rooms', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_rooms_pid'), type_='unique')
        batch_op.drop_index('ix_rooms_due', sqlite_where=DUE, postgresql_where=DUE)
        batch_op.drop_index('ix_rooms_created', sqlite_where=CREATED, postgresql_where=CREATED)
        batch_op.alter_column('chat_id',
               existing_type=storage.base.BigId,
               nullable=False)
        batch_op.drop_column('looked_at')
        batch_op.drop_column('leased_until')
        batch_op.drop_column('due_at')
        batch_op.drop_column('findings')
        batch_op.drop_column('tries')
        batch_op.drop_column('kept')
        batch_op.drop_column('bridge')
        batch_op.drop_column('encrypted')
        batch_op.drop_column('manages')
        batch_op.drop_column('origin')
        batch_op.drop_column('part')
        batch_op.drop_column('platform')
        batch_op.drop_column('pid')

    with op.batch_alter_table('persons', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_persons_matrix_id'))
        batch_op.drop_column('relayed')
        batch_op.drop_column('matrix_id')

    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.drop_column('answers_id')

    with op.batch_alter_table('communities', schema=None) as batch_op:
        batch_op.drop_column('picture')
        batch_op.drop_column('room_policy')

    with op.batch_alter_table('relays', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_relays_person_id'))
        batch_op.drop_index(batch_op.f('ix_relays_community_id'))

    op.drop_table('relays')
    with op.batch_alter_table('topic_places', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_topic_places_community_id'))

    op.drop_table('topic_places')
    with op.batch_alter_table('topics', schema=None) as batch_op:
        batch_op.drop_index('ix_topics_community')
        batch_op.drop_index(batch_op.f('ix_topics_author_id'))

    op.drop_table('topics')
