"""Which chats a signed-in browser sees. Every fetch of the web chat begins here, so that who left sees nothing more."""

from dataclasses import dataclass

from api.access import RULES, standing, today_in
from api.context import Context
from api.errors import Forbidden, not_found
from api.messaging.tree import Node, T
from api.people.websessions import SignedIn, find_web_session
from api.tokens import digest
from storage import accounts, webchat, webposts
from storage.communities import Community
from storage.messaging import Chat

KINDS = ("workshop", "school", "region")


class SignedOut(Exception):
    """The browser is not signed in, or not any more."""


class Outdated(SignedOut):
    """A visitor's browser became somebody's meanwhile: the next page gives it a secret of its own (entering.renew)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A chat somebody may see: their own with the bot (no community), or the room of a community they are in."""

    chat: Chat
    community: Community | None

    @property
    def private(self) -> bool:
        """Whether it is the chat with the bot."""
        return self.community is None


def enter(ctx: Context, secret: str, writes: bool = True) -> SignedIn:
    """Who a cookie stands for; from here on they act. Raises SignedOut. Being seen is noted if one `writes`."""
    seat = None
    if secret and writes:
        seat = find_web_session(ctx, secret)
    elif secret and (found := accounts.find_session(ctx.session, digest(secret), ctx.now)) is not None:
        seat = SignedIn(*found)
    if seat is None and secret and accounts.find_session(ctx.session, digest(secret), ctx.now, stale=True):
        raise Outdated
    if seat is None or (seat.person is not None and (seat.person.removed_at or seat.person.erased_at)):
        raise SignedOut
    ctx.actor = seat.person
    return seat


def list_places(ctx: Context, seat: SignedIn) -> list[Place]:
    """One's own chat first, then the rooms one is in: workshops, schools, regions, each by name (C2).

    In a room are the active members, the people of the school or region, and who holds an office just there; an office
    further up does not put anybody into every room below. Rooms of archived workshops come last: their members read on.
    """
    own = ctx.session.get_one(Chat, seat.identity.chat_id)
    places = [Place(own, None)]
    if seat.person is not None:
        around = webchat.communities_around(ctx.session, seat.person, today_in(ctx))
        rooms = [Place(chat, community) for chat, community in webchat.rooms_in(ctx.session, around)]
        places += sorted(rooms, key=_order)
    return places


def _order(place: Place) -> tuple[bool, int]:
    assert place.community is not None
    return place.community.archived_at is not None, KINDS.index(place.community.kind)


def get_place(ctx: Context, seat: SignedIn, chat_pid: str) -> Place:
    """One of these chats. Raises NotFound for any other."""
    for place in list_places(ctx, seat):
        if place.chat.pid == chat_pid:
            return place
    raise not_found("chat.unknown")


def place_of_post(ctx: Context, seat: SignedIn, post_pid: str, lock: bool = False) -> tuple[Place, webposts.Said]:
    """A post that is still there and its chat, if one may see that."""
    said = webposts.post_by_pid(ctx.session, post_pid, lock)
    if said is None or said.post.removed_at is not None:
        raise not_found("post.unknown")
    chat = ctx.session.get_one(Chat, said.post.chat_id)
    return get_place(ctx, seat, chat.pid), said


def why_silent(ctx: Context, place: Place) -> Node | None:
    """Why one may not write there, or None. In a region's room those write who may send notices: thousands read."""
    if place.community is None:
        return None
    if place.community.archived_at is not None:
        return T("This workshop is archived: you can still read here, and nobody writes any more.")
    mine = standing(ctx, place.community)
    if place.community.kind == "region" and mine.isdisjoint(RULES["notify"]):
        return T("Only those who look after the region write here. Your questions are welcome in your workshops.")
    if mine <= {"observer"}:
        return T("You are an observer here: you read along.")
    return None


def require_voice(ctx: Context, place: Place) -> None:
    """Raise Forbidden with the reason unless one may write there."""
    if (why := why_silent(ctx, place)) is not None:
        raise Forbidden("chat.silent", why)
