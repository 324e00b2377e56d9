"""Know whose accounts are

Revision ID: 0015
Revises: 0014

Accounts on Matrix may be known from the list or from the staff number before anybody binds them: staff numbers are kept
in small letters, too. An account that its person unbound is remembered as such; so is who could not be told something
for want of a private chat.
"""

import sqlalchemy as sa
from alembic import op

import storage.base


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

WANTED = sa.text("wanted_at IS NOT NULL")
MOMENTS = ("parted_at", "sought_at", "wanted_at")


def upgrade() -> None:
    with op.batch_alter_table("persons") as persons:
        persons.add_column(sa.Column("staff_key", sa.String(length=40), nullable=True))
    with op.batch_alter_table("identities") as identities:
        for name in MOMENTS:
            identities.add_column(sa.Column(name, storage.base.UtcDateTime(), nullable=True))
    op.create_index("ix_identities_waiting", "identities", ["platform", "wanted_at"], sqlite_where=WANTED,
                    postgresql_where=WANTED)
    persons_now = sa.table("persons", sa.column("staff_no"), sa.column("staff_key"))
    op.execute(sa.update(persons_now).values(staff_key=sa.func.lower(persons_now.c.staff_no)))
    op.create_index(op.f("ix_persons_staff_key"), "persons", ["staff_key"])
    identities_now = sa.table("identities", sa.column("pid", sa.String), sa.column("person_id"),
                              sa.column("created_at"), sa.column("parted_at"))
    audit = sa.table("audit", sa.column("act"), sa.column("object"))
    parted = sa.select(audit.c.object).where(audit.c.act.in_(("account.undone", "account.unbound")))
    theirs = sa.literal("identity:", sa.String) + identities_now.c.pid
    unbound = sa.update(identities_now).where(identities_now.c.person_id.is_(None), theirs.in_(parted))
    op.execute(unbound.values(parted_at=identities_now.c.created_at))


def downgrade() -> None:
    op.drop_index(op.f("ix_persons_staff_key"), "persons")
    op.drop_index("ix_identities_waiting", "identities", sqlite_where=WANTED, postgresql_where=WANTED)
    with op.batch_alter_table("identities") as identities:
        for name in MOMENTS:
            identities.drop_column(name)
    with op.batch_alter_table("persons") as persons:
        persons.drop_column("staff_key")
