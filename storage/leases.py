"""Ending the leases of a process that is gone or in charge no more; all others run out by themselves."""

from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from storage.attachments import Attachment
from storage.messaging import Chat
from storage.mirrors import end_room_leases
from storage.writing import QUIET_UPDATE


def end_leases(session: Session, now: datetime) -> None:
    """Free chats and rooms, and make files that were being fetched due. Fences stay: an old holder could do nothing."""
    end_room_leases(session)
    held = or_(Chat.in_leased_until.is_not(None), Chat.leased_until.is_not(None))
    session.execute(
        update(Chat).where(held).values(in_leased_until=None, leased_until=None), execution_options=QUIET_UPDATE
    )
    waiting = (Attachment.state == "pending", Attachment.next_at > now)
    session.execute(update(Attachment).where(*waiting).values(next_at=now), execution_options=QUIET_UPDATE)


def end_leases_of(session: Session, platform: str, account: str) -> None:
    """Free the chats and rooms of an account that one process alone works on: another one does from now on."""
    end_room_leases(session, platform)
    held = or_(Chat.in_leased_until.is_not(None), Chat.leased_until.is_not(None))
    mine = (Chat.platform == platform, Chat.account == account, held)
    session.execute(
        update(Chat).where(*mine).values(in_leased_until=None, leased_until=None), execution_options=QUIET_UPDATE
    )
