"""Who speaks, and where: from a platform's ids to identity, person, chat and community."""

from dataclasses import dataclass
from datetime import timedelta

from api.context import Context
from api.i18n import language_of
from api.messaging.places import deliver_late
from storage.communities import Community
from storage.messaging import Chat, Dialogue
from storage.people import Identity, Person, choose_home, find_identity, find_or_add_identity
from storage.rooms import community_of_chat

SPOKE_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class Face:
    """One account speaking in one chat."""

    identity: Identity
    person: Person | None
    chat: Chat
    community: Community | None  # of a room

    @property
    def private(self) -> bool:
        """Whether nobody else reads along."""
        return self.chat.kind == "private"

    @property
    def language(self) -> str:
        """What this account reads."""
        return self.person.language if self.person else self.identity.language


def recognise(ctx: Context, chat: Chat, native: str, name: str, language: str = "", present: bool = True) -> Face:
    """The account of a platform user, added when it is new, and the chat it speaks in.

    A private message makes its chat the person's home, unless they chose one with /here; not so what somebody leaves by
    (`present` is False).
    """
    found = find_identity(ctx.session, chat.platform, native)
    if found is None:
        how = {"name": name[:120], "language": language_of(language), "created_at": ctx.now}
        found = find_or_add_identity(ctx.session, chat.platform, native, **how)
    identity, person = found
    if person is not None and person.erased_at is not None:
        person = None
    if chat.kind == "private":
        if present:
            _come_home(ctx, chat, identity, person)
        return Face(identity, person, chat, None)
    return Face(identity, person, chat, community_of_chat(ctx.session, chat.id))


def _come_home(ctx: Context, chat: Chat, identity: Identity, person: Person | None) -> None:
    if identity.chat_id != chat.id or chat.identity_id != identity.id:
        identity.chat_id, chat.identity_id = chat.id, identity.id
    away = identity.wanted_at is not None or identity.state == "gone"
    identity.state = "active"
    if identity.last_spoke_at is None or ctx.now - identity.last_spoke_at > SPOKE_EVERY:
        identity.last_spoke_at = ctx.now
    if away or (person is not None and person.home_chat_id is None):
        deliver_late(ctx, identity)
    if person is None or person.home_chat_id == chat.id:
        return
    if person.home_chat_id is None:
        ctx.session.flush()
        choose_home(ctx.session, person.id)
    elif not person.home_chosen:
        person.home_chat_id = chat.id


__all__ = ["Chat", "Community", "Dialogue", "Face", "Identity", "Person", "recognise"]
