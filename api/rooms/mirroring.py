"""Having a region mirrored on a platform, and letting that go; what of a room is kept in step (G11-G14, C2)."""

from collections.abc import Sequence
from datetime import timedelta

from api.access import can
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, NotFound, not_found
from api.messaging.tree import T
from api.records.service import audit
from api.rooms.passes import add_room
from api.rooms.planning import ASPECTS, MEMBERS, NAME, RANKS, TREE
from api.rooms.service import check_bind
from storage import mirrors
from storage.communities import Community
from storage.rooms import Room, find_chat_of

MATRIX = "matrix"
# what can be switched of a room that somebody else made; of ours everything is kept
CHOICES = (MEMBERS, RANKS, NAME)
OF_SPACES = (*CHOICES, TREE)
POLICIES = ("follow", "ask", "ignore")
LOOKED_LATELY = timedelta(minutes=1)


def mirror_region(ctx: Context, pid: str, platform: str = MATRIX, encrypted: bool = False) -> Room:
    """Have a region, its schools and workshops made on a platform, and kept in step from now on.

    `encrypted`: its rooms are (spaces never are; nobody speaks there); no room becomes less than it is. Again changes
    nothing, but for what was let go.
    """
    region = _region(ctx, pid)
    check_platform(ctx, platform)
    space = mirrors.parts_of(ctx.session, [region.id], platform).get((region.id, "space"))
    if space is None:
        add_room(ctx, region, platform, "space", encrypted=encrypted, bound_by=ctx.actor.id if ctx.actor else None)
        space = mirrors.parts_of(ctx.session, [region.id], platform)[region.id, "space"]
    elif space.origin == "adopted":  # theirs: what lies in the region hangs there, the rest stays as they have it
        space.manages = [one for one in ASPECTS if one in {*space.manages, MEMBERS, TREE}]
        space.kept, space.due_at = {**space.kept, "grows": True}, mirrors.AT_ONCE
    space.encrypted = space.encrypted or encrypted
    mirrors.manage_created(ctx.session, region.path, platform)
    audit(ctx, "rooms.mirrored", f"community:{region.pid}", region, platform=platform, encrypted=space.encrypted)
    ctx.wake("rooms")
    return space


def release_region(ctx: Context, pid: str, platform: str = MATRIX) -> int:
    """Stop keeping a region's rooms in step; they stay as they are, and bound. Returns how many.

    Of spaces that others made, people are kept as before, and nothing is made or hung in them any more.
    """
    region = _region(ctx, pid)
    released = mirrors.release_created(ctx.session, region.path, platform)
    for space in mirrors.adopted_spaces(ctx.session, region.path, platform):
        space.kept = {key: value for key, value in space.kept.items() if key != "grows"}
        space.manages = [aspect for aspect in space.manages if aspect != TREE]
        space.due_at = space.due_at if space.manages else None
    audit(ctx, "rooms.released", f"community:{region.pid}", region, platform=platform, rooms=released)
    return released


def count_places(ctx: Context, pid: str) -> tuple[int, int]:
    """(schools, workshops) of a region that are open: for a preview."""
    counted = mirrors.count_kinds(ctx.session, _region(ctx, pid).path)
    return counted.get("school", 0), counted.get("workshop", 0)


def check_platform(ctx: Context, platform: str) -> None:
    """Raises where rooms cannot be made."""
    if platform != MATRIX:
        raise Invalid("rooms.platform", T("I can make rooms on Matrix only. Elsewhere make a group, add me to it and "
                                          "send /bind there."), allowed=[MATRIX])  # fmt: skip
    if not ctx.config.matrix.homeserver:
        say = T("Matrix is not set up here. Whoever runs this service puts [matrix] into its configuration.")
        raise Conflict("rooms.no_matrix", say)


def manage_room(ctx: Context, pid: str, aspects: Sequence[str]) -> Room:
    """Say what of a bound room is kept in step (some of CHOICES, of a space OF_SPACES; none: it is only spoken in)."""
    room, community = get_room_for(ctx, pid, "manage")
    choices = OF_SPACES if room.part == "space" else CHOICES
    if unknown := sorted(set(aspects) - set(choices)):
        say = T("What can be kept in step: {allowed}.", allowed=", ".join(choices))
        raise Invalid("rooms.aspects", say, unknown=unknown, allowed=list(choices))
    if room.origin != "adopted":
        raise Conflict("rooms.ours", T("This room is made by me, and all of it is kept in step."))
    room.manages = [aspect for aspect in ASPECTS if aspect in aspects]
    room.due_at = mirrors.AT_ONCE if room.manages else None
    audit(ctx, "room.managed", f"room:{room.pid}", community, aspects=room.manages)
    ctx.wake("rooms")
    return room


def adopt_room(ctx: Context, pid: str, native: str, platform: str = MATRIX, space: bool = False,
               aspects: Sequence[str] = (MEMBERS, RANKS)) -> Room:  # fmt: skip
    """Let a room or space that is there already mirror a community; we are in it, by invitation.

    Nothing says here whether who acts has power in the room, as /bind knows: it takes an operator, or who administers
    the whole region. Raises NotFound, Forbidden, Conflict.
    """
    community = get_community_for(ctx, pid, "moderate")
    if not can(ctx, "roster", community):
        raise Forbidden("rooms.bind_there", T("Whoever administers that room binds it from inside: send /bind in the "
                                              "room."))  # fmt: skip
    chat = find_chat_of(ctx.session, platform, native)
    if chat is None or chat.state != "active" or chat.kind != "room":
        say = T("I am not in that room. Invite me there first, and name it by its id (on Matrix: !…, not #…).")
        raise NotFound("rooms.not_inside", say)
    check_bind(ctx, chat)
    room = Room(
        chat_id=chat.id, community_id=community.id, platform=platform, part="space" if space else "room",
        bound_by=ctx.actor.id if ctx.actor else None, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(room)
    ctx.session.flush()
    audit(ctx, "room.adopted", f"room:{room.pid}", community, platform=platform, native=native)
    return manage_room(ctx, room.pid, aspects)


def change_policy(ctx: Context, pid: str, policy: str) -> Community:
    """What follows from what people do in a community's rooms: follow, ask (a host), ignore."""
    community = get_community_for(ctx, pid, "manage")
    if policy not in POLICIES:
        raise Invalid("rooms.policy", T("That is follow, ask or ignore."), allowed=list(POLICIES))
    community.room_policy = policy
    audit(ctx, "rooms.policy", f"community:{pid}", community, policy=policy)
    return community


def look_again(ctx: Context, pid: str) -> int:
    """Have every managed room of a community and below looked at now, whatever was tried lately; returns how many.

    Those apart that were looked at within the last minute: what fails there keeps its patience. An operator has none.
    """
    community = get_community_for(ctx, pid, "moderate")
    n = mirrors.retry_under(ctx.session, community.path, None if ctx.system else ctx.now - LOOKED_LATELY)
    ctx.wake("rooms")
    return n


def get_room_for(ctx: Context, pid: str, action: str) -> tuple[Room, Community]:
    """A room, if who acts may do `action` in its community. Raises NotFound or Forbidden."""
    room = mirrors.find_room(ctx.session, pid, lock=True)
    if room is None:
        raise not_found("room.unknown")
    return room, get_community_for(ctx, ctx.session.get_one(Community, room.community_id).pid, action)


def _region(ctx: Context, pid: str) -> Community:
    region = get_community_for(ctx, pid, "manage")
    if region.kind != "region":
        raise Invalid("rooms.region", T("A whole region is mirrored, with its schools and workshops. This is none."))
    return region
