"""Keep quizzes

Revision ID: 0004
Revises: 0003

Quizzes join: banks of questions, pushes of quizzes, attempts and answers. What is there already stays as it is.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('quizzes',
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('pid', sa.String(length=12), nullable=False),
    sa.Column('community_id', storage.base.BigId, nullable=False),
    sa.Column('author_id', storage.base.BigId, nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('tags', storage.base.Json, nullable=False),
    sa.Column('search', sa.String(), nullable=False),
    sa.Column('created_at', storage.base.UtcDateTime(), nullable=False),
    sa.Column('changed_at', storage.base.UtcDateTime(), nullable=False),
    sa.Column('removed_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('removed_by', storage.base.BigId, nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['persons.id'], name=op.f('fk_quizzes_author_id')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_quizzes_community_id')),
    sa.ForeignKeyConstraint(['removed_by'], ['persons.id'], name=op.f('fk_quizzes_removed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quizzes')),
    sa.UniqueConstraint('pid', name=op.f('uq_quizzes_pid'))
    )
    with op.batch_alter_table('quizzes', schema=None) as batch_op:
        batch_op.create_index('ix_quizzes_author', ['author_id', 'id'], unique=False)
        batch_op.create_index('ix_quizzes_bank', ['community_id', 'id'], unique=False, sqlite_where=sa.text('removed_at IS NULL'), postgresql_where=sa.text('removed_at IS NULL'))

    op.create_table('questions',
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('quiz_id', storage.base.BigId, nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('stem', sa.String(length=500), nullable=False),
    sa.Column('options', storage.base.Json, nullable=False),
    sa.Column('answer_key', sa.Integer(), nullable=False),
    sa.Column('accepted', storage.base.Json, nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('tags', storage.base.Json, nullable=False),
    sa.ForeignKeyConstraint(['quiz_id'], ['quizzes.id'], name=op.f('fk_questions_quiz_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_questions')),
    sa.UniqueConstraint('quiz_id', 'n', name=op.f('uq_questions_quiz_id_n'))
    )
    op.create_table('quiz_pushes',
    sa.Column('quiz_id', storage.base.BigId, nullable=False),
    sa.Column('closes_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('closed_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('pass_mark', sa.Integer(), nullable=False),
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('pid', sa.String(length=12), nullable=False),
    sa.Column('community_id', storage.base.BigId, nullable=False),
    sa.Column('author_id', storage.base.BigId, nullable=False),
    sa.Column('place', sa.String(length=6), nullable=False),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('created_at', storage.base.UtcDateTime(), nullable=False),
    sa.Column('release_at', storage.base.UtcDateTime(), nullable=False),
    sa.Column('released_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('withdrawn_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('reached', sa.Integer(), nullable=False),
    sa.Column('rooms', sa.Integer(), nullable=False),
    sa.Column('room_message_id', storage.base.BigId, nullable=True),
    sa.Column('people_message_id', storage.base.BigId, nullable=True),
    sa.Column('status_message_id', storage.base.BigId, nullable=True),
    sa.Column('refreshed_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('settled_at', storage.base.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['persons.id'], name=op.f('fk_quiz_pushes_author_id')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_quiz_pushes_community_id')),
    sa.ForeignKeyConstraint(['people_message_id'], ['messages.id'], name=op.f('fk_quiz_pushes_people_message_id')),
    sa.ForeignKeyConstraint(['quiz_id'], ['quizzes.id'], name=op.f('fk_quiz_pushes_quiz_id')),
    sa.ForeignKeyConstraint(['room_message_id'], ['messages.id'], name=op.f('fk_quiz_pushes_room_message_id')),
    sa.ForeignKeyConstraint(['status_message_id'], ['messages.id'], name=op.f('fk_quiz_pushes_status_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_pushes')),
    sa.UniqueConstraint('pid', name=op.f('uq_quiz_pushes_pid'))
    )
    with op.batch_alter_table('quiz_pushes', schema=None) as batch_op:
        batch_op.create_index('ix_quiz_pushes_author', ['author_id', 'id'], unique=False)
        batch_op.create_index('ix_quiz_pushes_closing', ['closes_at'], unique=False, sqlite_where=sa.text('released_at IS NOT NULL AND closed_at IS NULL'), postgresql_where=sa.text('released_at IS NOT NULL AND closed_at IS NULL'))
        batch_op.create_index('ix_quiz_pushes_community', ['community_id', 'id'], unique=False)
        batch_op.create_index('ix_quiz_pushes_due', ['release_at'], unique=False, sqlite_where=sa.text('released_at IS NULL AND withdrawn_at IS NULL'), postgresql_where=sa.text('released_at IS NULL AND withdrawn_at IS NULL'))
        batch_op.create_index('ix_quiz_pushes_open', ['refreshed_at'], unique=False, sqlite_where=sa.text('released_at IS NOT NULL AND settled_at IS NULL'), postgresql_where=sa.text('released_at IS NOT NULL AND settled_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_quiz_pushes_quiz_id'), ['quiz_id'], unique=False)

    op.create_table('attempts',
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('pid', sa.String(length=12), nullable=False),
    sa.Column('push_id', storage.base.BigId, nullable=False),
    sa.Column('person_id', storage.base.BigId, nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('started_at', storage.base.UtcDateTime(), nullable=False),
    sa.Column('finished_at', storage.base.UtcDateTime(), nullable=True),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('passed', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_attempts_person_id')),
    sa.ForeignKeyConstraint(['push_id'], ['quiz_pushes.id'], name=op.f('fk_attempts_push_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempts')),
    sa.UniqueConstraint('pid', name=op.f('uq_attempts_pid')),
    sa.UniqueConstraint('push_id', 'person_id', 'n', name=op.f('uq_attempts_push_id_person_id_n'))
    )
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attempts_person_id'), ['person_id'], unique=False)

    op.create_table('answers',
    sa.Column('id', storage.base.BigId, nullable=False),
    sa.Column('attempt_id', storage.base.BigId, nullable=False),
    sa.Column('question_id', storage.base.BigId, nullable=False),
    sa.Column('picked', sa.Integer(), nullable=False),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.Column('correct', sa.Boolean(), nullable=False),
    sa.Column('vote_key', sa.String(length=80), nullable=True),
    sa.Column('at', storage.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempts.id'], name=op.f('fk_answers_attempt_id')),
    sa.ForeignKeyConstraint(['question_id'], ['questions.id'], name=op.f('fk_answers_question_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answers')),
    sa.UniqueConstraint('attempt_id', 'question_id', name=op.f('uq_answers_attempt_id_question_id')),
    sa.UniqueConstraint('vote_key', name=op.f('uq_answers_vote_key'))
    )
    with op.batch_alter_table('answers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_answers_question_id'), ['question_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('answers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_answers_question_id'))

    op.drop_table('answers')
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attempts_person_id'))

    op.drop_table('attempts')
    with op.batch_alter_table('quiz_pushes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_quiz_pushes_quiz_id'))
        batch_op.drop_index('ix_quiz_pushes_open', sqlite_where=sa.text('released_at IS NOT NULL AND settled_at IS NULL'), postgresql_where=sa.text('released_at IS NOT NULL AND settled_at IS NULL'))
        batch_op.drop_index('ix_quiz_pushes_due', sqlite_where=sa.text('released_at IS NULL AND withdrawn_at IS NULL'), postgresql_where=sa.text('released_at IS NULL AND withdrawn_at IS NULL'))
        batch_op.drop_index('ix_quiz_pushes_community')
        batch_op.drop_index('ix_quiz_pushes_closing', sqlite_where=sa.text('released_at IS NOT NULL AND closed_at IS NULL'), postgresql_where=sa.text('released_at IS NOT NULL AND closed_at IS NULL'))
        batch_op.drop_index('ix_quiz_pushes_author')

    op.drop_table('quiz_pushes')
    op.drop_table('questions')
    with op.batch_alter_table('quizzes', schema=None) as batch_op:
        batch_op.drop_index('ix_quizzes_bank', sqlite_where=sa.text('removed_at IS NULL'), postgresql_where=sa.text('removed_at IS NULL'))
        batch_op.drop_index('ix_quizzes_author')

    op.drop_table('quizzes')
