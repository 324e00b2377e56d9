"""Queries of open dialogues."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from storage.messaging import Dialogue

# asked for every message, so built once
OPEN = select(Dialogue).where(
    Dialogue.chat_id == bindparam("chat"), Dialogue.identity_id == bindparam("identity")
)


def find_open(session: Session, chat_id: int, identity_id: int) -> Dialogue | None:
    """The one open dialogue of an account in a chat."""
    return session.scalars(OPEN, {"chat": chat_id, "identity": identity_id}).first()


def find_expired(session: Session, now: datetime, limit: int) -> list[Dialogue]:
    """Dialogues whose time is over, oldest first."""
    return list(
        session.scalars(select(Dialogue).where(Dialogue.expires_at <= now).order_by(Dialogue.expires_at).limit(limit))
    )
