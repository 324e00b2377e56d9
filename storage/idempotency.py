"""Answers to POSTs that carried an Idempotency-Key, kept for a day."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, ref
from storage.writing import QUIET_UPDATE, count_changed, upsert


class Idempotent(Base):
    """One answered POST; `mark` is the digest of its request."""

    __tablename__ = "idempotent"
    __table_args__ = (UniqueConstraint("token_id", "key"), Index("ix_idempotent_at", "at"))
    id: Mapped[Id]
    token_id: Mapped[int] = ref("api_tokens", index=False)
    key: Mapped[str] = mapped_column(String(120))
    mark: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    # none: the answer had none, or it was a secret; not JSONB, which reorders keys: a repeat gets the same bytes
    body: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    at: Mapped[datetime]


def take(session: Session, token_id: int, key: str, mark: str, now: datetime) -> Idempotent | None:
    """Take a key; None when it was free. Else the answer given to it before: where the same request is just being
    worked on elsewhere, this waits for its end."""
    row = upsert(session, Idempotent).values(token_id=token_id, key=key, mark=mark, status=0, body=None, at=now)
    free = row.on_conflict_do_nothing(index_elements=["token_id", "key"]).returning(Idempotent.id)
    if session.execute(free).first() is not None:
        return None
    return session.scalars(select(Idempotent).where(Idempotent.token_id == token_id, Idempotent.key == key)).one()


def remember(session: Session, token_id: int, key: str, status: int, body: Any) -> None:
    """Keep the answer under a key that was taken; commits with what it answers."""
    mine = (Idempotent.token_id == token_id, Idempotent.key == key)
    session.execute(update(Idempotent).where(*mine).values(status=status, body=body), execution_options=QUIET_UPDATE)


def blank(session: Session) -> None:
    """Forget the words of every answer: a repeat is told that it was done. Who was named in which nobody can tell from
    the rows (a log has its words, not its author's name), and none is older than a day."""
    said = update(Idempotent).where(Idempotent.body.is_not(None))
    session.execute(said.values(body=None), execution_options=QUIET_UPDATE)


def purge(session: Session, before: datetime, limit: int = 500) -> int:
    """Forget up to `limit` answers older than `before`; returns how many."""
    old = select(Idempotent.id).where(Idempotent.at < before).limit(limit)
    return count_changed(session, delete(Idempotent).where(Idempotent.id.in_(old)))
