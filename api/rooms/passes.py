"""One look at one room: what is due, what has to be done, what came of it. bot/mirror.py asks the platforms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from api.context import Context
from api.messaging.outbox import tell_person
from api.messaging.places import move_chat
from api.messaging.tree import Lines, Node, T
from api.rooms import texts
from api.rooms.parts import begin_part, end_parts, found_part, lost_part, opened_part, parts_begun
from api.rooms.planning import ASPECTS, Action, Actual, Desired, Plan, Standing, plan, unable
from api.rooms.questions import tell_hosts
from api.rooms.unforeseen import NOBODY, Unforeseen, remember, unforeseen
from api.rooms.wanting import desired_of, name_of, parent_space
from storage import mirrors
from storage.communities import Community
from storage.inbox import find_or_add_chat
from storage.messaging import Chat
from storage.mirrors import LeasedRoom
from storage.people import find_identity
from storage.reach import Reach
from storage.rooms import Room, RoomAccount, account_in, add_made_by_us, drop_accounts, room_of_chat

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
SWEEP = timedelta(hours=6)  # so often a room is looked at without a reason
AGAIN = timedelta(seconds=90)  # until somebody who just came is looked at again
TWICE, LINK_WAITS = "twice", timedelta(days=7)  # so long a link is waited on before its second and last time
FORGET = timedelta(hours=1)  # an action that was not needed for so long has not been tried
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=6)
OUT = ("remove", "ban")
SHOWN = 50  # of what is left to do, how much is kept for people to read


@dataclass(frozen=True, slots=True)
class Look:
    """What an adapter is told of a room before it looks. `desired`: of one that is to be made; `waits`: it cannot be
    made yet; `ended`: it is no more, as somebody found who spoke there."""

    part: str
    kept: Mapping[str, Any]
    known: Mapping[str, Standing]
    desired: Desired | None = None
    waits: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Todo:
    """What has to be done in a room, what of it is tried later, by keys, and what would take rights that we lack;
    who is there though nobody told us."""

    plan: Plan
    later: Mapping[str, datetime]
    members: int
    unable: Sequence[Action] = ()
    found: Unforeseen = NOBODY


@dataclass(slots=True)
class Outcome:
    """What came of a look. `failed`: key -> why; `unheard`: of these what may have been done; `until`: key -> not to be
    tried before; `links`: account -> where to ask to be let in; `gone`: we are not in the room; `error`: it could not
    be looked at."""

    todo: Todo | None = None
    done: list[str] = field(default_factory=list)
    unheard: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    until: dict[str, datetime] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    guidance: Node | None = None
    moved_to: str = ""
    gone: bool = False
    error: str = ""
    again_at: datetime | None = None


def lease_rooms(ctx: Context, reach: Reach, limit: int) -> list[LeasedRoom]:
    """Rooms that are due, for this worker alone."""
    return mirrors.lease_rooms(ctx.session, reach, ctx.now, ctx.now + LEASE, limit)


def return_room(ctx: Context, leased: LeasedRoom) -> None:
    """Leave a room to other workers at once."""
    room = mirrors.get_room(ctx.session, leased.id, lock=True)
    if room is not None and room.leased_until == leased.until:
        room.leased_until, room.due_at = None, mirrors.AT_ONCE if room.due_at is not None else None
        ctx.wake("rooms")


def grow(ctx: Context, room_id: int) -> None:
    """Have rooms made for everything right below a space of ours."""
    room = mirrors.get_room(ctx.session, room_id)
    if room is not None and room.part == "space" and (room.origin == "created" or room.kept.get("grows")):
        _add_missing(ctx, room, ctx.session.get_one(Community, room.community_id))


def look_at(ctx: Context, room_id: int) -> Look | None:
    """What an adapter needs before it looks. None: no such room."""
    room = mirrors.get_room(ctx.session, room_id)
    if room is None:
        return None
    community = ctx.session.get_one(Community, room.community_id)
    known = {one.native: _known(ctx, room, one) for one, _ in mirrors.accounts_in(ctx.session, room_id)}
    if room.chat_id is not None:
        ended = ctx.session.get_one(Chat, room.chat_id).state == "ended"
        return Look(room.part, dict(room.kept), known, ended=ended)
    space = parent_space(ctx, room, community)
    waits = space is not None and space.chat_id is None and space.id != room.id
    return Look(room.part, dict(room.kept), known, desired_of(ctx, room), waits)


def _known(ctx: Context, room: Room, seen: RoomAccount) -> Standing:
    """Whoever was sent a link and has not come by it for long is asked in once more: an administrator may have revoked
    it, and nobody tells us."""
    waits = seen.state == "invite" and seen.asked == "" and bool(room.kept.get("link"))
    return Standing("" if waits and seen.at <= ctx.now - LINK_WAITS else seen.state, seen.rank)


def _add_missing(ctx: Context, space: Room, community: Community) -> None:
    """Schools and regions get spaces, workshops rooms, and a school's teachers one of their own."""
    below = [one for one in mirrors.children_of(ctx.session, community) if one.archived_at is None]
    there = mirrors.parts_of(ctx.session, [community.id, *[one.id for one in below]], space.platform)
    wanted = [(one, "room" if one.kind == "workshop" else "space") for one in below]
    if community.kind == "school":
        wanted.append((community, "room"))
    for one, part in wanted:
        if (one.id, part) not in there:
            add_room(ctx, one, space.platform, part, encrypted=space.encrypted, bound_by=space.bound_by)


def add_room(ctx: Context, community: Community, platform: str, part: str, *, encrypted: bool = False,
             bound_by: int | None = None) -> None:  # fmt: skip
    """Have a room of ours made; one that is there already stays as it is."""
    aspects = [aspect for aspect in ASPECTS if part == "room" or aspect != "reading"]
    add_made_by_us(
        ctx.session, community_id=community.id, platform=platform, part=part, manages=aspects,
        encrypted=encrypted, due_at=mirrors.AT_ONCE, bound_by=bound_by, created_at=ctx.now,
    )  # fmt: skip
    ctx.wake("rooms")


def made_room(ctx: Context, room_id: int, account: str, native: str) -> None:
    """Remember the room that was made: from now on it is the community's."""
    room = mirrors.get_room(ctx.session, room_id, lock=True)
    if room is None or room.chat_id is not None:
        return
    community = ctx.session.get_one(Community, room.community_id)
    title = name_of(ctx, room, community)
    chat_id = find_or_add_chat(ctx.session, room.platform, account, native, "room", title, ctx.now, due=False)
    if room_of_chat(ctx.session, chat_id) is not None:
        log.error("a room that was made is bound already", room=room.pid, native=native)
        return
    room.chat_id = chat_id
    ctx.session.flush()
    mirrors.make_around_due(ctx.session, community)
    ctx.wake("rooms")


def make_plan(ctx: Context, room_id: int, actual: Actual) -> Todo | None:
    """What has to be done in a room that is like this, and what of it has to wait. None: no such room any more."""
    room = mirrors.get_room(ctx.session, room_id)
    if room is None:
        return None
    desired = desired_of(ctx, room, actual)
    made = plan(desired, actual)
    later, begun = {}, parts_begun(room)
    for action in made.actions:
        _, until = room.tries.get(action.key, (0, ""))
        moment = max(datetime.fromisoformat(until) if until else ctx.now, begun.get(action.key, ctx.now))
        if moment > ctx.now:
            later[action.key] = moment
    there = sum(one.state == "join" for one in actual.members.values())
    return Todo(made, later, there, unable(desired, actual), unforeseen(ctx, room, desired, actual))


def finish(ctx: Context, leased: LeasedRoom, outcome: Outcome) -> None:
    """Write down what came of a look, and when the next one is."""
    room = mirrors.get_room(ctx.session, leased.id, lock=True)
    if room is None or room.leased_until != leased.until:
        return
    again = [outcome.again_at] if outcome.again_at is not None else []
    if outcome.todo is not None:
        again += _count_tries(ctx, room, outcome, outcome.todo)
        again += outcome.todo.later.values()
        again += [ctx.now + AGAIN] if outcome.todo.plan.waits or outcome.todo.found.more else []
        out = [one.who for one in outcome.todo.plan.actions if one.kind in OUT and one.key in outcome.done]
        drop_accounts(ctx.session, room.id, out)
        remember(ctx, room, outcome.todo.found)
    chat = ctx.session.get(Chat, room.chat_id) if room.chat_id is not None else None
    if outcome.moved_to and chat is not None:
        room.chat_id = move_chat(ctx, chat, outcome.moved_to).id
    if room.findings.get("gone") and not outcome.gone:  # what is above let go of it
        mirrors.make_around_due(ctx.session, ctx.session.get_one(Community, room.community_id))
    room.kept = {**room.kept, **outcome.kept}
    end_parts(room, {*outcome.done, *outcome.failed, *outcome.until} - outcome.unheard)
    if not outcome.moved_to:  # else they lead nowhere
        _tell_links(ctx, room, outcome.links)
    _tell_lacking(ctx, room, outcome)
    room.findings, room.looked_at, room.leased_until = _findings(ctx, outcome), ctx.now, None
    sweep = ctx.now + SWEEP + timedelta(seconds=room.id * 37 % 3600)
    wanted = min([sweep, *again])
    if room.due_at is not None:  # else it was let go meanwhile; what became due meanwhile stays due
        room.due_at = wanted if room.due_at == leased.until else min(room.due_at, wanted)
    ctx.session.flush()


def _count_tries(ctx: Context, room: Room, outcome: Outcome, todo: Todo) -> list[datetime]:
    """Each action has its own patience: what was done again and again, or failed, is tried ever more slowly."""
    tries = {key: (n, until) for key, (n, until) in room.tries.items() if _recent(ctx, until)}
    for action in todo.plan.actions:
        key = action.key
        if key not in outcome.done and key not in outcome.failed and key not in outcome.until:
            continue
        n = tries.get(key, (0, ""))[0] + (key not in outcome.until)
        steps = n - (key in outcome.done)  # what was done may have to be done once more, at once
        pause = min(FIRST_PAUSE * 4 ** min(steps - 1, 8), LONGEST_PAUSE) if steps > 0 else timedelta()
        tries[key] = (n, (outcome.until.get(key) or ctx.now + pause).isoformat())
    room.tries = {key: list(value) for key, value in tries.items()}
    left = [action.key for action in todo.plan.actions if action.key not in outcome.done]
    return [datetime.fromisoformat(tries[key][1]) for key in left if key in tries]


def _recent(ctx: Context, until: str) -> bool:
    return datetime.fromisoformat(until) > ctx.now - FORGET


def _findings(ctx: Context, outcome: Outcome) -> dict[str, Any]:
    todo = outcome.todo
    left = [one for one in todo.plan.actions if one.key not in outcome.done] if todo is not None else []
    lacking = todo.plan.lacking if todo is not None else ()
    return {
        "error": outcome.error, "gone": outcome.gone, "members": todo.members if todo is not None else None,
        "done": len(outcome.done), "left": [list(one) for one in left[:SHOWN]], "n_left": len(left),
        "lacking": [list(one) for one in lacking[:SHOWN]], "failed": dict([*outcome.failed.items()][:SHOWN]),
    }  # fmt: skip


def _tell_lacking(ctx: Context, room: Room, outcome: Outcome) -> None:
    """Hosts are told once what is missing, and anew when something more is; what was given is forgotten."""
    if outcome.todo is None:
        return
    lacking = sorted({action.kind for action in outcome.todo.unable})
    told = room.kept.get("told", [])
    if outcome.guidance is not None and set(lacking) - set(told):
        community = ctx.session.get_one(Community, room.community_id)
        tell_hosts(ctx, community, Lines(T("About the room of “{name}”:", name=community.name), outcome.guidance))
    if lacking != told:
        room.kept = {**room.kept, "told": lacking}


def _tell_links(ctx: Context, room: Room, links: Mapping[str, str]) -> None:
    """Where a platform lets us ask nobody in, people are told where to ask, twice at most."""
    community = ctx.session.get_one(Community, room.community_id)
    for native, link in links.items():
        found = find_identity(ctx.session, room.platform, native)
        if found is None or found[1] is None:
            continue
        seen = account_in(ctx.session, room.id, native, ctx.now)
        if seen.state == "invite" and seen.asked == "":
            seen.asked = TWICE
        seen.state, seen.at = "invite", ctx.now
        tell_person(ctx, found[1].id, texts.come_in(community.name, room.platform), texts.come_in_rows(link))


__all__ = [
    "LeasedRoom", "Look", "Outcome", "Todo", "add_room", "begin_part", "finish", "found_part", "grow", "lease_rooms",
    "look_at", "lost_part", "made_room", "make_plan", "opened_part", "return_room",
]  # fmt: skip
