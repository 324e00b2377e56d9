"""Sending to many: a row waits for its moment, then becomes messages in rooms, to people, or both.

Notices and pushes share this. Rooms hear at once; people in their quiet hours hear when those end, unless it is urgent.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select

from api.access import RULES, require, standing
from api.communities.audiences import deliver_in_waking_hours, quiet_hours_of
from api.communities.lookup import audience_of, get_community_for
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.outbox import REPLY, deliver_to_rooms, edit_message, say_in_chat, tell_person, write_message
from api.messaging.polls import Poll
from api.messaging.tree import Node, Rows, T
from api.times import is_quiet
from storage import audiences, broadcasts, messages
from storage.broadcasts import Broadcast
from storage.communities import Community, count_people
from storage.messaging import Message

ROOMS, PEOPLE, BOTH = "rooms", "people", "both"
FARTHEST = timedelta(days=366)
MOST_PLACES = 50
SHOW_EVERY = timedelta(seconds=5)
STATUS_EVERY = timedelta(seconds=10)
STATUS_LIFE = timedelta(hours=48)


def readers_of(places: Sequence[Community], author_id: int) -> Select[Any]:
    """A select of the people something sent to communities is meant for: all of them, each once, but who sends."""
    return audiences.without(audience_of(*places), author_id)


def usual_place(ctx: Context, places: Sequence[Community]) -> str:
    """Where people of communities expect to hear: in the room of a school or workshop that has one, else each alone.

    The same thing in a room and in private is noise; those who missed it in the room are reminded in private.
    """
    has_room = all(one.kind != "region" and audiences.count_rooms(ctx.session, one.id) > 0 for one in places)
    return ROOMS if has_room else PEOPLE


class Part(NamedTuple):
    """One of the communities that something would go to: how many people and rooms it has, who sends left out."""

    community: Community
    people: int
    rooms: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom something would reach if it went out like this: what a preview says."""

    parts: Sequence[Part]
    place: str
    people: int  # who it is meant for, each once, the author left out
    rooms: int  # 0 when one of the communities has none: then it cannot go into the rooms
    at: datetime | None  # None: now
    wakes_later: bool  # some are in quiet hours at that moment (as the service has them) and get it when those end


def get_places_for(ctx: Context, pids: str | Sequence[str], action: str) -> list[Community]:
    """The communities that something is to go to, each once, in this order. Raises before anything is done when who
    acts may not do `action` in one of them, and Invalid for none or too many."""
    wanted = [pids] if isinstance(pids, str) else list(dict.fromkeys(pids))
    if not wanted:
        raise Invalid("broadcast.nowhere", T("Choose to whom it goes."))
    if len(wanted) > MOST_PLACES:
        say = T("One notice goes to at most {limit} communities at once.", limit=MOST_PLACES)
        raise Invalid("broadcast.too_many", say, n=len(wanted), limit=MOST_PLACES)
    return [get_community_for(ctx, pid, action) for pid in wanted]


def plan_broadcast(
    ctx: Context, pids: str | Sequence[str], action: str, place: str = "", at: datetime | None = None
) -> Plan:
    """A preview: who, how many, where, when. `place` "" is the usual one. Raises as sending would."""
    places = get_places_for(ctx, pids, action)
    place = place or usual_place(ctx, places)
    for community in places:
        check_broadcast(ctx, community, place, at)
    parts = [
        Part(one, count_people(ctx.session, readers_of([one], ctx.me.id)), audiences.count_rooms(ctx.session, one.id))
        for one in places
    ]
    people = count_people(ctx.session, readers_of(places, ctx.me.id)) if len(parts) > 1 else parts[0].people
    rooms = sum(part.rooms for part in parts) if all(part.rooms for part in parts) else 0
    quiet = is_quiet(at or ctx.now, quiet_hours_of(ctx, None), ctx.zone())
    return Plan(parts, place, people, rooms, at if at and at > ctx.now else None, quiet and place != ROOMS)


def check_broadcast(ctx: Context, community: Community, place: str, release_at: datetime | None) -> datetime:
    """The moment to release at; raises Invalid for a place without rooms, a moment too far away, nobody to reach."""
    if place not in (ROOMS, PEOPLE, BOTH):
        raise Invalid(
            "broadcast.place",
            T("Choose where it goes: into the room, to each person, or both."),
            allowed=[ROOMS, PEOPLE, BOTH],
        )
    if place != PEOPLE and not audiences.count_rooms(ctx.session, community.id):
        raise Invalid(
            "broadcast.no_room", T("{community} has no room here. Send it to each person.", community=community.name)
        )
    at = max(release_at or ctx.now, ctx.now)
    if at - ctx.now > FARTHEST:
        raise Invalid(
            "broadcast.too_far", T("That is more than a year away. Choose an earlier time."), limit_days=FARTHEST.days
        )
    return at


def release(ctx: Context, row: Broadcast, community: Community, action: str, tree: Node, rows: Rows, *,
            files: Sequence[str] = (), guard: list[Any] | None = None, room_poll: Poll | None = None,
            people_poll: Poll | None = None) -> bool:  # fmt: skip
    """Say it to everybody it is meant for as things are now; False when its author may no longer do `action` there.

    The polls ask what the words and rows ask, where a platform has its own. In a room everybody sees the votes.
    """
    if not still_allowed(ctx, row, [community], action):
        return False
    how: dict[str, Any] = {"files": files, "guard": guard, "room_poll": room_poll, "people_poll": people_poll}
    say_to_all(ctx, row, [community], tree, rows, **how)
    return True


def still_allowed(ctx: Context, row: Broadcast, places: Sequence[Community], action: str) -> list[Community]:
    """The places where the author of a row may still do `action`; they are told of the others. None: it is over."""
    allowed = []
    for community in places:
        if community.archived_at is None and not RULES[action].isdisjoint(standing(ctx, community, row.author_id)):
            allowed.append(community)
            continue
        say = T(
            "What you wanted to send to {community} was not sent: you can no longer send there.",
            community=community.name,
        )
        tell_person(ctx, row.author_id, say)
    if not allowed:
        row.withdrawn_at = row.settled_at = ctx.now
    return allowed


def say_to_all(ctx: Context, row: Broadcast, places: Sequence[Community], tree: Node, rows: Rows, *,
               files: Sequence[str] = (), guard: list[Any] | None = None, room_poll: Poll | None = None,
               people_poll: Poll | None = None) -> None:  # fmt: skip
    """Release a row to its places: one message in all their rooms, one to all their people, each once."""
    people = readers_of(places, row.author_id)
    row.reached = count_people(ctx.session, people)
    row.released_at = ctx.now
    if row.place in (ROOMS, BOTH):
        message = write_message(ctx, tree, rows, files, live=True, poll=room_poll)
        row.room_message_id = message.id
        row.rooms = sum(deliver_to_rooms(ctx, message, community.id) for community in places)
    if row.place in (PEOPLE, BOTH):
        message = write_message(ctx, tree, rows, files, poll=people_poll)
        row.people_message_id = message.id
        deliver_in_waking_hours(ctx, message, people, urgent=row.urgent, guard=guard)
    ctx.session.flush()


def show_status(ctx: Context, row: Broadcast, tree: Node, rows: Rows) -> None:
    """Tell the author how it goes: one live message, changed when the figures change."""
    row.refreshed_at = ctx.now
    message = broadcasts.get_message(ctx.session, row.status_message_id)
    if message is not None:
        edit_message(ctx, message, tree, rows)
    else:
        row.status_message_id = tell_person(ctx, row.author_id, tree, rows, live=True).id
    ctx.session.flush()


def show_card(ctx: Context, row: Broadcast, tree: Node, rows: Rows, chat_id: int) -> None:
    """Say in a chat of the author how it goes. From now on this is the live message; older ones stay as they are."""
    message = say_in_chat(ctx, chat_id, tree, rows, lane=REPLY, live=True)
    if row.released_at is not None:
        row.status_message_id, row.refreshed_at, row.settled_at = message.id, ctx.now, None
    ctx.session.flush()


def wants_refresh(ctx: Context, row: Broadcast) -> bool:
    """Whether figures that just changed are worth showing at once; else the clock shows them shortly.

    Ten thousand people pressing in one minute must not count ten thousand deliveries each.
    """
    if row.refreshed_at is None or ctx.now - row.refreshed_at >= SHOW_EVERY:
        return True
    row.settled_at = None
    return False


def settle(ctx: Context, row: Broadcast) -> None:
    """End the watching of a row: nothing of it waits to be sent, or its live message ended."""
    waiting = broadcasts.count_states(ctx.session, row.people_message_id).get("ready", 0)
    old = row.released_at is not None and ctx.now - row.released_at > STATUS_LIFE
    if old or not waiting:
        row.settled_at = ctx.now


def take_back(ctx: Context, row: Broadcast, tree: Node, more: Sequence[int] = ()) -> None:
    """Withdraw it: what was not sent never will be, what was sent says `tree` from now on. Once; then Conflict.

    `more`: ids of further messages that told people of it.
    """
    if row.withdrawn_at is not None:
        raise Conflict("broadcast.withdrawn", T("It was taken back already."))
    row.withdrawn_at = ctx.now
    row.settled_at = row.settled_at or ctx.now
    for message_id in (row.room_message_id, row.people_message_id, *more):
        if (message := broadcasts.get_message(ctx.session, message_id)) is not None:
            end_message(ctx, message, tree)


def end_message(ctx: Context, message: Message, tree: Node) -> None:
    """Replace a message and its files everywhere by its last words; unsent copies are not sent."""
    messages.drop_unsent(ctx.session, message.id)
    ctx.session.expire_all()
    message.live_until, message.edited_at, message.files = None, None, []
    edit_message(ctx, message, tree)


def is_for(ctx: Context, row: Broadcast, *places: Community) -> bool:
    """Whether who acts is one of those it is meant for."""
    return any(audiences.holds(ctx.session, readers_of([one], row.author_id), ctx.me.id) for one in places)


def still_for(
    ctx: Context, row: Broadcast | None, people: Collection[int | None], places: Sequence[Community] = ()
) -> set[int | None]:
    """Those of `people` who belong to whom it is meant for (`places`, if it has several); nobody once it was taken
    back."""
    if row is None or row.withdrawn_at is not None:
        return set()
    meant = places or [ctx.session.get_one(Community, row.community_id)]
    return set().union(*[audiences.among(ctx.session, audience_of(one), people) for one in meant])


def check_author(ctx: Context, row: Broadcast, community: Community, action: str | None = None) -> None:
    """Raise unless who acts sent it, or may do `action` in its community. Others learn nothing, not even that it is."""
    if ctx.system or row.author_id == ctx.me.id:
        return
    if action is None:
        raise not_found()
    require(ctx, action, community)
