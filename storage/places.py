"""Chats that end or live on elsewhere, as their platforms tell."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage.dirt import touch_chat
from storage.messaging import Chat, Delivery
from storage.outbox import give_back, wake_chats
from storage.rooms import Room, RoomAccount
from storage.writing import QUIET_UPDATE


def find_native(session: Session, platform: str, account: str, native: str) -> Chat | None:
    """A chat by its platform's id."""
    query = select(Chat).where(Chat.platform == platform, Chat.account == account, Chat.native == native)
    return session.scalars(query).first()


def hand_over(session: Session, old: Chat, new: Chat) -> None:
    """Give a chat's room and what waits to be said there to another chat; the old one is gone.

    A new chat that mirrors a community already keeps it, and hears nothing of what was meant for the old one.
    """
    session.flush()
    if session.execute(select(Room.id).where(Room.chat_id == new.id)).first() is None:
        mirror = update(Room).where(Room.chat_id == old.id).values(chat_id=new.id)
        session.execute(mirror, execution_options=QUIET_UPDATE)
        waiting = update(Delivery).where(Delivery.chat_id == old.id, Delivery.state == "ready")
        session.execute(waiting.values(chat_id=new.id), execution_options=QUIET_UPDATE)
        ask_in_anew(session, new.id)
        _make_due(session, new)
        touch_chat(session, new.id)
    else:
        give_back(session, old.id)
    old.state, new.state = "gone", "active"
    session.flush()
    session.expire_all()


def ask_in_anew(session: Session, chat_id: int) -> None:
    """A chat's room is another one on its platform: what leads into the old one leads nowhere, so whoever was asked in
    and has not come yet has not been asked."""
    session.flush()
    rooms = select(Room.id).where(Room.chat_id == chat_id)
    asked = update(RoomAccount).where(RoomAccount.room_id.in_(rooms), RoomAccount.state == "invite")
    session.execute(asked.values(state=""), execution_options=QUIET_UPDATE)


def _make_due(session: Session, chat: Chat) -> None:
    ready = select(func.min(Delivery.not_before)).where(Delivery.chat_id == chat.id, Delivery.state == "ready")
    at = session.execute(ready).scalar_one()
    if at is not None:
        wake_chats(session, [chat.id], at)
