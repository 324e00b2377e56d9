"""Places inside a room as rooms of their own (topics of a forum): opened once, whatever is heard of it.

Nobody can be asked which places there are. So it is written down before one is opened; where no answer came, the
platform's own word that one was opened is waited for, before it is tried again.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from api.context import Context
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Code, Lines, T
from api.rooms.planning import NAME, READING, TREE
from api.rooms.questions import tell_hosts
from api.rooms.wanting import parts_wanted
from storage import mirrors
from storage.communities import Community, get_by_pid
from storage.inbox import find_or_add_chat
from storage.messaging import Chat
from storage.places import find_native
from storage.rooms import Room, drop_room, room_of_chat

OPENING = "opening"  # kept: what was begun and has no end yet, by the community's public id
UNHEARD = timedelta(minutes=2)  # so long the platform's word is waited for


def begin_part(ctx: Context, room_id: int, community_pid: str) -> None:
    """Write down that a place is about to be opened inside a room for a community."""
    room = mirrors.get_room(ctx.session, room_id, lock=True)
    if room is not None:
        _keep(room, {**room.kept.get(OPENING, {}), community_pid: ctx.now.isoformat()})


def parts_begun(room: Room) -> dict[str, datetime]:
    """Which actions may have been done, though nobody heard so; and until when they are not done again."""
    begun = room.kept.get(OPENING, {})
    return {f"open:{pid}": datetime.fromisoformat(at) + UNHEARD for pid, at in begun.items()}


def end_parts(room: Room, heard: Collection[str]) -> None:
    """What came of these actions is known."""
    begun = room.kept.get(OPENING, {})
    _keep(room, {pid: at for pid, at in begun.items() if f"open:{pid}" not in heard})


def _keep(room: Room, begun: dict[str, str]) -> None:
    rest = {key: value for key, value in room.kept.items() if key != OPENING}
    room.kept = {**rest, OPENING: begun} if begun else rest


def opened_part(ctx: Context, room_id: int, account: str, community_pid: str, native: str) -> None:
    """Remember a place that was opened inside a room: it is the room of a community below."""
    around = mirrors.get_room(ctx.session, room_id, lock=True)
    community = get_by_pid(ctx.session, community_pid)
    if around is None or community is None:
        return
    chat_id = find_or_add_chat(
        ctx.session, around.platform, account, native, "room", community.name, ctx.now, due=False
    )  # fmt: skip
    _add(ctx, around, community, chat_id)


def found_part(ctx: Context, chat: Chat, inside: str, name: str) -> None:
    """The platform tells of a place that we opened inside another chat: whose it is that waits for one of that name."""
    outer = find_native(ctx.session, chat.platform, chat.account, inside)
    bound = room_of_chat(ctx.session, outer.id) if outer is not None else None
    around = mirrors.get_room(ctx.session, bound.id, lock=True) if bound is not None else None
    if around is None or around.due_at is None or TREE not in around.manages:
        return
    waiting = parts_wanted(ctx, around, ctx.session.get_one(Community, around.community_id))
    fitting = [pid for pid, wanted in waiting.items() if wanted == name]
    fitting.sort(key=lambda pid: pid not in around.kept.get(OPENING, {}))
    if fitting and (community := get_by_pid(ctx.session, fitting[0])) is not None:
        _add(ctx, around, community, chat.id)


def changed_part(ctx: Context, chat: Chat, kept: Mapping[str, Any]) -> None:
    """Somebody changed a room by hand: how it is now (`kept`, in the words of its adapter), nobody could be asked."""
    bound = room_of_chat(ctx.session, chat.id)
    room = mirrors.get_room(ctx.session, bound.id, lock=True) if bound is not None else None
    if room is not None:
        room.kept = {**room.kept, **kept}
        room.due_at = mirrors.AT_ONCE if room.due_at is not None else None
        ctx.wake("rooms")


def lost_part(ctx: Context, room_id: int) -> None:
    """A place inside a room is no more: its hosts are told, and where we open such places, there will be another."""
    room = mirrors.get_room(ctx.session, room_id, lock=True)
    if room is None:
        return
    community = ctx.session.get_one(Community, room.community_id)
    above = mirrors.parts_of(ctx.session, community.line[:-1], room.platform).values()
    anew = room.due_at is not None and any(one.due_at is not None and TREE in one.manages for one in above)
    drop_room(ctx.session, room)
    mirrors.make_around_due(ctx.session, community)
    tell_hosts(ctx, community, Lines(
        T("The topic of “{name}” is no more: somebody deleted it.", name=community.name),
        T("I open another one.") if anew else T("Make another one and send {word} there.", word=Code("/bind")),
    ))  # fmt: skip
    ctx.wake("rooms")


def _add(ctx: Context, around: Room, community: Community, chat_id: int) -> None:
    end_parts(around, [f"open:{community.pid}"])
    if room_of_chat(ctx.session, chat_id) is not None:
        return
    # people are in the room around it as a whole
    ctx.session.add(
        Room(chat_id=chat_id, community_id=community.id, platform=around.platform, manages=[NAME, READING],
             due_at=mirrors.AT_ONCE, bound_by=around.bound_by, created_at=ctx.now)
    )  # fmt: skip
    ctx.session.flush()
    say_in_chat(ctx, chat_id, T("This is the place of “{name}”. Notices, resources and quizzes for it appear here.",
                                name=community.name))  # fmt: skip
