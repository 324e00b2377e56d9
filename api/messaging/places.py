"""Chats that end (blocked, left, removed) and chats that live on under another id."""

from api.context import Context
from storage import conversations, outbox, places
from storage.messaging import BLOCKED, CHAT_GONE, HEALS, Chat
from storage.people import Identity, leave_home


def deliver_late(ctx: Context, identity: Identity) -> None:
    """An account has a private chat now, or again: what its person could not be told for want of one is sent after all,
    where it still counts."""
    identity.wanted_at = None
    if identity.person_id is not None:
        ctx.session.flush()
        if conversations.revive(ctx.session, identity.person_id, ctx.now - HEALS, ctx.now):
            ctx.wake("outbox")


def lose_chat(ctx: Context, chat: Chat, ended: bool = False) -> None:
    """A chat is gone: its account is out of use, what was for people goes to where they are now at home. `ended`: for
    everybody, and not only for us."""
    chat.state = "ended" if ended else "gone"
    people = outbox.people_waiting(ctx.session, chat.id)  # whatever their accounts say: it would come back for ever
    if chat.identity_id is not None:
        identity = ctx.session.get_one(Identity, chat.identity_id)
        if identity.chat_id == chat.id:  # and has not moved to another of our bots, or another room, before
            identity.state = "gone"
        if identity.person_id is not None:
            people.add(identity.person_id)
    ctx.session.flush()
    leave_home(ctx.session, chat.id, people)
    outbox.give_back(ctx.session, chat.id, BLOCKED if chat.kind == "private" else CHAT_GONE)


def move_chat(ctx: Context, chat: Chat, native: str) -> Chat:
    """A chat has another id now (a group became a supergroup); returns the chat that goes on. Again changes nothing."""
    if chat.native == native:
        return chat
    new = places.find_native(ctx.session, chat.platform, chat.account, native)
    if new is None:
        chat.native, chat.state = native, "active"
        places.ask_in_anew(ctx.session, chat.id)
        return chat
    places.hand_over(ctx.session, chat, new)
    ctx.wake("outbox")
    return new


def come_from(ctx: Context, chat: Chat, native: str) -> None:
    """This chat is what another one became: take its place, unless that was done."""
    old = places.find_native(ctx.session, chat.platform, chat.account, native)
    if old is not None and old.id != chat.id:
        places.hand_over(ctx.session, old, chat)
        ctx.wake("outbox")
