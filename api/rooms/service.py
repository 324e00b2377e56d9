"""Which chat room mirrors which community: binding with a double check, and letting go."""

from collections.abc import Collection, Sequence

from api.access import require
from api.communities.lookup import get_community_for
from api.communities.service import places_for
from api.communities.tree import WEB
from api.communities.views import workshops_to_moderate
from api.context import Context
from api.errors import Conflict, Forbidden, not_found
from api.messaging.tree import T
from api.records.service import audit
from api.rooms.planning import MEMBERS, RANKS, READING, TREE
from storage import rooms
from storage.communities import Community, find_chat
from storage.messaging import Chat
from storage.mirrors import AT_ONCE, find_room
from storage.rooms import Room, community_of_chat, drop_room, room_of_chat

KEPT = frozenset({"matrix", "telegram"})  # where there is something to keep in step


def bind_room(ctx: Context, chat: Chat, community_pid: str, platform_admin: bool) -> Community:
    """Let a room mirror a community: takes an administrator of the room who moderates the community.

    `platform_admin` is what the platform says about who acts. A room has one community. Binding again changes nothing.
    """
    if chat.kind != "room":
        raise Conflict("room.private", T("This is our private chat: only a room can be bound."))
    if not platform_admin and not ctx.system:
        raise Forbidden("room.not_platform_admin", T("Only an administrator of this room can bind it."))
    community = get_community_for(ctx, community_pid, "moderate")
    bound = community_of_chat(ctx.session, chat.id)
    if bound is not None and bound.id == community.id:
        return community
    check_bind(ctx, chat)
    room = Room(
        chat_id=chat.id, community_id=community.id, platform=chat.platform,
        bound_by=ctx.actor.id if ctx.actor else None, created_at=ctx.now,
    )  # fmt: skip
    if chat.platform in KEPT:
        # into a topic people come with its group; into a region's, thousands would be asked: whoever wants that says so
        usual = {"workshop": [MEMBERS, RANKS], "school": [MEMBERS, RANKS, TREE]}.get(community.kind, [TREE])
        room.manages = [READING] if "/" in chat.native else usual
        room.due_at = AT_ONCE
    ctx.session.add(room)
    ctx.session.flush()
    audit(ctx, "room.bound", f"chat:{chat.pid}", community, platform=chat.platform)
    return community


def check_bind(ctx: Context, chat: Chat) -> None:
    """Raises Conflict for a room that has a community."""
    bound = community_of_chat(ctx.session, chat.id)
    if bound is not None:
        say = T("This room belongs to “{name}” already. Unbind it there first.", name=bound.name)
        raise Conflict("room.bound", say)


def check_unbind(ctx: Context, chat: Chat) -> Community:
    """The community that a room would be unbound from. Raises Conflict where it cannot, Forbidden without the right."""
    community = community_of_chat(ctx.session, chat.id)
    if community is None:
        raise Conflict("room.unbound", T("This room is not bound to any community."))
    require(ctx, "manage", community)
    if chat.platform == WEB:
        say = T("This is the built-in room of “{name}”. It belongs to it and cannot be unbound.", name=community.name)
        raise Conflict("room.built_in", say)
    return community


def unbind_room(ctx: Context, pid: str) -> Community:
    """Stop mirroring (the pid of the room, or of its chat): nothing more of the community appears there. Members stay
    members, in the room, too."""
    room = find_room(ctx.session, pid, lock=True)
    chat = ctx.session.get(Chat, room.chat_id) if room is not None and room.chat_id else find_chat(ctx.session, pid)
    if chat is None:
        raise not_found("room.unknown")
    community = check_unbind(ctx, chat)
    bound = room_of_chat(ctx.session, chat.id)
    assert bound is not None
    drop_room(ctx.session, bound)
    audit(ctx, "room.unbound", f"chat:{chat.pid}", community, platform=chat.platform)
    return community


def look_soon(ctx: Context, chat: Chat) -> None:
    """Something about us changed in a room: it is looked at again, and what was tried in vain is tried again."""
    room = room_of_chat(ctx.session, chat.id)
    if room is not None and room.due_at is not None:
        room.due_at, room.tries = AT_ONCE, {}
        ctx.wake("rooms")


def rooms_to_bind(ctx: Context) -> list[Community]:
    """Communities that who acts moderates: workshops first, then schools and regions."""
    found = [*workshops_to_moderate(ctx), *places_for(ctx, "moderate")]
    return list({community.id: community for community in found}.values())


def get_chat(ctx: Context, pid: str) -> Chat:
    """A chat by its public id. Raises NotFound."""
    chat = find_chat(ctx.session, pid)
    if chat is None:
        raise not_found("room.unknown")
    return chat


def room_unbound(ctx: Context, people: Collection[int | None], chat_pid: str) -> set[int | None]:
    """Guard: a room is still without a community, so that how to bind it is worth saying."""
    chat = find_chat(ctx.session, chat_pid)
    unbound = chat is not None and chat.state == "active" and community_of_chat(ctx.session, chat.id) is None
    return set(people) if unbound else set()


def bound_rooms(ctx: Context, platform: str, account: str) -> Sequence[tuple[str, str]]:
    """(platform's chat id, name of the community) of every room bound to a bot: for `gongfang check`."""
    return rooms.bound_rooms(ctx.session, platform, account)


def served_by_another(ctx: Context, chat: Chat) -> bool:
    """Whether a group has another bot of ours, too, and is bound to that one: the second keeps silent in it."""
    if chat.kind != "room" or chat.platform != "telegram" or not ctx.config.telegram.more_tokens:
        return False
    return rooms.bound_elsewhere(ctx.session, chat)
