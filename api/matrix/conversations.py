"""Private chats that we begin: with whom one is needed, and what happens when it is there."""

from datetime import timedelta
from typing import Any

from api.context import Context
from api.matrix.service import PLATFORM
from api.messaging.places import deliver_late
from api.people.binding import introduce
from storage import accounts, conversations, matrix
from storage.conversations import Wanted
from storage.inbox import find_or_add_chat
from storage.messaging import Chat
from storage.people import Identity, Person, choose_home


def list_wanted(ctx: Context, limit: int) -> list[Wanted]:
    """Accounts of people who are to be told something and have no private chat anywhere, longest waiting first."""
    return conversations.wanted_chats(ctx.session, PLATFORM, ctx.now, limit)


def begin_conversation(ctx: Context, account: str, pid: str, native: str, state: dict[str, Any]) -> bool:
    """Let a room that we made be the private chat of an account (its pid); `state` is what is known of the room.

    Who was connected by the list reads the privacy notice first, then what waited for them. False when the account is
    nobody's any more, or has a private chat by now: the room is of no use then.
    """
    matrix.save_rooms(ctx.session, account, {native: state})
    identity = accounts.identity_by_pid(ctx.session, pid)
    if identity is None:
        return False
    ctx.session.refresh(identity, with_for_update=True)
    person = ctx.session.get(Person, identity.person_id) if identity.person_id is not None else None
    if person is None or identity.chat_id is not None:
        return False
    chat_id = find_or_add_chat(ctx.session, PLATFORM, account, native, "private", identity.name, ctx.now)
    chat = ctx.session.get_one(Chat, chat_id, populate_existing=True)
    identity.chat_id, chat.identity_id, chat.kind = chat_id, identity.id, "private"
    ctx.session.flush()
    if person.home_chat_id is None:
        choose_home(ctx.session, person.id)
    if person.privacy_version is None:
        introduce(ctx, chat_id, person)
    deliver_late(ctx, identity)
    return True


def put_off(ctx: Context, pid: str, seconds: float) -> None:
    """A private chat could not be opened: try again later."""
    if (identity := _wanted(ctx, pid)) is not None:
        identity.wanted_at = ctx.now + timedelta(seconds=seconds)


def give_up(ctx: Context, pid: str) -> None:
    """The account does not want one: it is not asked again, unless it begins one itself."""
    if (identity := _wanted(ctx, pid)) is not None:
        identity.wanted_at, identity.state = None, "gone"


def _wanted(ctx: Context, pid: str) -> Identity | None:
    identity = accounts.identity_by_pid(ctx.session, pid)
    return identity if identity is not None and identity.wanted_at is not None else None
