"""Ending the leases of a process that is gone or in charge no more, or of a time that was wrong; all others run out by
themselves."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from storage.attachments import Attachment
from storage.leasing import ASKED, PERSONAL
from storage.messaging import Chat, Delivery, Sender
from storage.mirrors import end_room_leases
from storage.writing import QUIET_UPDATE, count_changed


def end_leases(session: Session, now: datetime) -> None:
    """Free chats and rooms, and make files that were being fetched due. Fences stay: an old holder could do nothing."""
    end_room_leases(session)
    held = or_(Chat.in_leased_until.is_not(None), Chat.leased_until.is_not(None))
    session.execute(
        update(Chat).where(held).values(in_leased_until=None, leased_until=None), execution_options=QUIET_UPDATE
    )
    waiting = (Attachment.state == "pending", Attachment.next_at > now)
    session.execute(update(Attachment).where(*waiting).values(next_at=now), execution_options=QUIET_UPDATE)


EVER = datetime(1970, 1, 1, tzinfo=UTC)


def end_leases_of(session: Session, platform: str, account: str) -> None:
    """Free the chats and rooms of an account that one process alone works on: another one does from now on."""
    end_room_leases(session, platform)
    held = or_(Chat.in_leased_until.is_not(None), Chat.leased_until.is_not(None))
    mine = (Chat.platform == platform, Chat.account == account, held)
    session.execute(
        update(Chat).where(*mine).values(in_leased_until=None, leased_until=None), execution_options=QUIET_UPDATE
    )


def put_right(session: Session, now: datetime, soon: timedelta, later: timedelta, longest: timedelta) -> int:
    """After the clock was put back: make due what was due before that, or in someone's hands. Returns how much there
    was that shows it.

    Nothing of the inbox becomes due later than `soon`, no answer to a person waits longer than `later`, and no lease
    lasts longer than `longest`. Where a platform wants us to wait for longer than `later`, it says so again then.
    """
    until = now + later
    # what is for one person may have been meant for later, unless it was tried already; each has an index of its own
    late = [(lane, Delivery.not_before > until) for lane in (ASKED, and_(PERSONAL, Delivery.attempts > 0))]
    waiting = {chat_id for which in late for chat_id in session.scalars(select(Delivery.chat_id).where(*which))}
    # these may be what a platform asked for: shortened, never ended, or it would be asked again at every look
    shortened = [
        update(Chat).where(Chat.next_at > EVER, Chat.blocked_until > until).values(blocked_until=until),
        update(Sender).where(Sender.blocked_until > until).values(blocked_until=until),
        *[update(Delivery).where(*which).values(not_before=now) for which in late],
        update(Chat).where(Chat.id.in_(waiting)).values(next_at=now),
        update(Attachment).where(Attachment.state == "pending", Attachment.next_at > now + longest)
        .values(next_at=now + longest),
    ]  # fmt: skip
    wrong = [
        update(Chat).where(Chat.in_next_at > now + soon).values(in_next_at=now),
        update(Chat).where(Chat.in_next_at > EVER, Chat.in_leased_until > now + longest)
        .values(in_leased_until=None),
        update(Chat).where(Chat.next_at > EVER, Chat.leased_until > now + longest).values(leased_until=None),
    ]  # fmt: skip
    for change in shortened:
        session.execute(change, execution_options=QUIET_UPDATE)
    return sum(count_changed(session, change) for change in wrong)
