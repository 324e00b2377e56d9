"""What a room should be, by the community it mirrors, the people who belong there, and what people decided (C2)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from api.access import ADMINS, today_in
from api.context import Context
from api.messaging.render import plain
from api.messaging.tree import T
from api.rooms.planning import ACCESS, LEADS, MEMBERS, NAME, READING, READS, SPEAKS, Actual, Desired, Seat
from storage import mirrors
from storage.communities import Community
from storage.mirrors import Belonging
from storage.rooms import Room
from storage.whose import accounts_of

LONGEST_TOPIC = 250
OF_WEB = (NAME, MEMBERS, READING)  # the rest of a built-in room has no state of its own
GONE = ("left", "removed", "declined")
# what brings somebody in by itself; who holds one above may come in, and is not asked
RANKS = {"host": LEADS, "cohost": LEADS, "member": SPEAKS, "observer": READS}


def desired_of(ctx: Context, room: Room, actual: Actual | None = None) -> Desired:
    """What a managed room should be; `actual` is what it is, where that is known."""
    community = ctx.session.get_one(Community, room.community_id)
    archived = _archived(ctx, community)
    spoken_in = room.part == "room"
    aspects = frozenset(OF_WEB if room.origin == "built_in" else room.manages)
    desired = Desired(
        aspects, room.part, name_of(ctx, room, community), community.about[:LONGEST_TOPIC],
        community.picture or "", encrypted=room.encrypted and spoken_in, read_only=archived and spoken_in,
        history="invited" if community.policy == "invitation" else "shared",
    )  # fmt: skip
    desired = _in_tree(ctx, room, community, desired, actual)
    return _with_people(ctx, room, community, desired, archived)


def name_of(ctx: Context, room: Room, community: Community) -> str:
    """What a room is called. A school's space and its staff room stand side by side in lists."""
    if community.kind == "school" and room.part == "room" and room.origin == "created":
        return plain(T("{name}: teachers", name=community.name), ctx.reader(language=community.language))
    return community.name


def parent_space(ctx: Context, room: Room, community: Community) -> Room | None:
    """The space that a room hangs in: a school's room in the school's, everything else in the nearest one above."""
    above = community.line if room.part == "room" else community.line[:-1]
    spaces = mirrors.parts_of(ctx.session, above, room.platform)
    return next((spaces[place, "space"] for place in reversed(above) if (place, "space") in spaces), None)


def _archived(ctx: Context, community: Community) -> bool:
    return any(ctx.session.get_one(Community, one).archived_at is not None for one in community.line)


def _in_tree(ctx: Context, room: Room, community: Community, desired: Desired, actual: Actual | None) -> Desired:
    space = parent_space(ctx, room, community)
    parent = mirrors.natives_of(ctx.session, [space]).get(space.id, "") if space is not None else ""
    children: frozenset[str] = frozenset()
    if room.part == "space":
        below = [community.id, *[child.id for child in mirrors.children_of(ctx.session, community)]]
        parts = mirrors.parts_of(ctx.session, below, room.platform)
        hung = [
            one for (place, part), one in parts.items()
            if one.id != room.id and _hangs(community, place, part, parts)
        ]
        children = frozenset(mirrors.natives_of(ctx.session, hung).values())
    seen = (actual.children | actual.parents) - children - {parent} if actual is not None else frozenset()
    strangers = frozenset(mirrors.ours_among(ctx.session, room.platform, seen))
    access = _access(room, community, parent) if ACCESS in desired.aspects else desired.access
    inside = parts_wanted(ctx, room, community) if actual is not None and actual.holds_parts else {}
    return replace(desired, parent=parent, children=children, strangers=strangers, access=access, parts=inside)


def parts_wanted(ctx: Context, room: Room, community: Community) -> dict[str, str]:
    """The workshops below that have no room on the platform yet."""
    below = mirrors.workshops_under(ctx.session, community.path)
    there = mirrors.parts_of(ctx.session, [one.id for one in below], room.platform)
    return {one.pid: one.name for one in below if (one.id, "room") not in there}


def _hangs(community: Community, place: int, part: str, parts: Mapping[tuple[int, str], Room]) -> bool:
    """Whether a part hangs right in the space: the own room, spaces below, rooms of those that have none."""
    return part == "space" or place == community.id or (place, "space") not in parts


def _access(room: Room, community: Community, parent: str) -> str:
    """Open workshops let in whoever is in the space above; to others one knocks, or is invited."""
    if room.part == "space" or community.policy == "invitation":
        return "invite"
    if community.kind != "workshop":
        return f"restricted:{parent}" if parent else "invite"  # a staff room: whoever is in the school's space
    if community.policy == "open":
        return f"restricted:{parent}" if parent else "knock"
    return "knock"


def _with_people(ctx: Context, room: Room, community: Community, desired: Desired, archived: bool) -> Desired:
    today = today_in(ctx, community)
    belongings = mirrors.members_of(ctx.session, community, today)
    seats, out = seats_in(community, belongings)
    since = {one.person_id: one.since for one in belongings if one.since is not None}
    seen = mirrors.accounts_in(ctx.session, room.id)
    template = ctx.config.matrix.user_template if room.platform == "matrix" else ""
    accounts = accounts_of(ctx.session, room.platform, [*seats], template)
    seated = {accounts[who]: seat for who, seat in seats.items() if who in accounts}
    # somebody may be here with another account than the one they use most: it is theirs all the same
    seated |= {one.native: seats[who]._replace(invited=False) for one, who in seen
               if who in seats and one.native not in seated}  # fmt: skip
    if archived:
        seated = {who: seat._replace(invited=False) for who, seat in seated.items()}
    former = mirrors.accounts_of_former(ctx.session, room.platform, [*out])
    # whom a host is asked about, or brought, stays until there is an answer
    pending = {one.native for one, _ in seen if one.asked in ("unknown", "in", "brought")}
    gone = {native: out[who] for native, who in former.items() if native not in seated and native not in pending}
    others = {one.native for one, _ in seen if one.asked == "refused"}
    if community.kind != "workshop":  # people come into schools and regions by the roster only
        others |= {one.native for one, who in seen if who is not None and who not in seats and not one.left_be}
    gone |= dict.fromkeys(others - seated.keys() - pending - gone.keys(), False)
    # who became a member again since they left, or were put out, has asked for it
    back = {one.native for one, who in seen if one.asked == "again" or (who in since and one.at < since[who])}
    return replace(
        desired, seats=seated, out=gone, lifted=frozenset(back),
        stay_out=frozenset(one.native for one, _ in seen if one.stays_out or one.asked == "left") - back,
        judged={one.native: one.state for one, _ in seen},
        spared=frozenset(one.native for one, _ in seen if one.left_be == "rank" or one.asked == "rank"),
    )  # fmt: skip


def seats_in(community: Community, belongings: Iterable[Belonging]) -> tuple[dict[int, Seat], dict[int, bool]]:
    """(person -> seat, person -> not to come back) by what they have to do with a community."""
    seats: dict[int, Seat] = {}
    out: dict[int, bool] = {}
    for one in belongings:
        if not one.present or one.status in GONE:
            out[one.person_id] = out.get(one.person_id, False) or one.status == "removed"
        elif (seat := _seat(community, one)) is not None:
            other = seats.get(one.person_id)
            seats[one.person_id] = seat if other is None else _higher(other, seat)
    return seats, {who: ban for who, ban in out.items() if who not in seats}


def _seat(community: Community, one: Belonging) -> Seat | None:
    if one.status == "office":
        here = one.place == community.id and community.kind != "workshop"
        leads = one.role in ADMINS or (here and one.role == "principal")
        return Seat(LEADS if leads else SPEAKS, invited=here)
    if one.status == "home" or one.status == "active":
        return Seat(RANKS[one.role])
    return None  # asked, or asks: not yet


def _higher(one: Seat, other: Seat) -> Seat:
    return Seat(max(one.rank, other.rank), one.invited or other.invited)
