"""Which rooms of a community hear each other: all that are not encrypted, in a region none, unless who moderates it
says otherwise."""

from collections.abc import Collection, Sequence

from api.access import require
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Conflict, not_found
from api.messaging.outbox import PERSONAL, say_in_chat
from api.messaging.tree import Lines, Node, T
from api.people.texts import platform_name
from api.records.service import audit
from storage import relays
from storage.communities import Community
from storage.relays import BridgeRoom

ON, OFF = "on", "off"
IN_CLEAR = T(
    "This room is encrypted. What is said in it will be readable in the other rooms without that: for everybody there, "
    "and for those who run their services."
)


def view_bridge(ctx: Context, community_pid: str) -> Sequence[BridgeRoom]:
    """The rooms of a community, for who moderates it."""
    return relays.rooms_of_bridge(ctx.session, get_community_for(ctx, community_pid, "moderate").id)


def get_room_for(ctx: Context, pid: str) -> tuple[BridgeRoom, Community]:
    """A room that people speak in, and its community, for who moderates it. Raises NotFound, Forbidden."""
    found = relays.room_by_pid(ctx.session, pid)
    if found is None:
        raise not_found("room.unknown")
    community = ctx.session.get_one(Community, found.room.community_id)
    require(ctx, "moderate", community)
    return found, community


def set_bridge(ctx: Context, pid: str, on: bool, confirmed: bool = False) -> BridgeRoom:
    """Let a room (its pid) hear the others and be heard there, or not; the room is told. Again changes nothing.

    Raises Conflict for an encrypted room unless somebody confirmed what that means.
    """
    found, community = get_room_for(ctx, pid)
    if found.open == on:
        return found
    if on and found.room.encrypted and not confirmed:
        raise Conflict("bridge.encrypted", IN_CLEAR)
    found.room.bridge = ON if on else OFF
    ctx.session.flush()
    audit(ctx, "room.bridged" if on else "room.unbridged", f"chat:{found.chat.pid}", community,
          encrypted=found.room.encrypted)  # fmt: skip
    say_in_chat(ctx, found.chat.id, _told(found, community, on), lane=PERSONAL)
    return found


def keep_encrypted(ctx: Context, account: str, natives: Collection[str]) -> None:
    """Rooms of a Matrix account that are encrypted: what is said in one does not leave it any more, whatever was set
    before; it is told so if it was heard elsewhere."""
    for found in relays.newly_encrypted(ctx.session, account, natives):
        heard = found.open and len(relays.bridged_rooms(ctx.session, found.room.community_id)) > 1
        found.room.encrypted = True
        found.room.bridge = "" if found.room.bridge == ON else found.room.bridge
        ctx.session.flush()
        if heard:
            community = ctx.session.get_one(Community, found.room.community_id)
            say = T("This room is encrypted now, so what is said here stays here: it is no longer heard in the other "
                    "rooms of “{name}”.", name=community.name)  # fmt: skip
            say_in_chat(ctx, found.chat.id, say, lane=PERSONAL)


def room_name(found: BridgeRoom) -> Node:
    """A room for people: what it is called, and where."""
    return T("{title} ({platform})", title=found.chat.title or "—", platform=platform_name(found.chat.platform))


def _told(found: BridgeRoom, community: Community, on: bool) -> Node:
    if not on:
        return T("From now on what is said here stays here, and the other rooms of “{name}” are not heard here.",
                 name=community.name)  # fmt: skip
    say = T("From now on what is said here is heard in the other rooms of “{name}” too, and the other way round.",
            name=community.name)  # fmt: skip
    return Lines(say, IN_CLEAR) if found.room.encrypted else say
