"""Rooms become due in the transaction that changed what they mirror: whoever changes it need not think of them.

What is changed by statements instead of rows (a region that moves with all below it) says so itself: `touch_under`.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from storage.communities import Appointment, Community, Membership, ids_in
from storage.messaging import Chat
from storage.mirrors import make_around_due, make_due, within
from storage.people import Identity, Person
from storage.rooms import Room, RoomAccount, community_of_chat

# what of a row a room shows
SHOWN: dict[type[Any], tuple[str, ...]] = {
    Community: ("name", "about", "policy", "picture", "parent_id", "path", "archived_at", "language"),
    Membership: ("status", "role"),
    Appointment: ("office", "since", "until", "ended_at", "community_id"),
    Person: ("school_id", "removed_at", "erased_at", "matrix_id", "staff_no"),
    Identity: ("person_id", "state"),
    RoomAccount: ("state", "rank", "stays_out", "left_be", "asked"),
    Chat: ("native", "state"),
}


def touch_under(session: Session, path: str) -> None:
    """Everything at and under a path changed."""
    make_due(session, within(path))


def touch_chat(session: Session, chat_id: int) -> None:
    """A chat is gone, or is another one: what is above and below its room names it."""
    community = community_of_chat(session, chat_id)
    if community is not None:
        make_around_due(session, community)


def watch() -> None:
    """Have every session mark the rooms that its changes concern."""
    if not event.contains(Session, "after_flush", _after_flush):
        event.listen(Session, "after_flush", _after_flush)


def _after_flush(session: Session, _context: Any) -> None:
    new, deleted = session.new, session.deleted  # the session makes them anew whenever it is asked
    changed = [row for row in (*new, *session.dirty, *deleted) if _is_shown(row, row in new or row in deleted)]
    if not changed:
        return
    places = {place for row in changed for place in _places(session, row)}
    rooms = {row.room_id for row in changed if isinstance(row, RoomAccount)}
    people = {row.id for row in changed if isinstance(row, Person)}
    people |= {person_id for row in changed if isinstance(row, Identity) for person_id in _both(row, "person_id")}
    if people:
        places |= set(session.scalars(select(Membership.community_id).where(Membership.person_id.in_(people))))
        homes = select(Community.path).join(Person, Person.school_id == Community.id).where(Person.id.in_(people))
        places |= {place for path in session.scalars(homes) for place in ids_in(path)}
    if places:
        make_due(session, Room.community_id.in_(places))
    if rooms:
        make_due(session, Room.id.in_(rooms))
    for path in {path for row in changed for path in _paths(session, row)}:
        touch_under(session, path)
    for row in changed:
        if isinstance(row, Chat) and row not in new:
            touch_chat(session, row.id)


def _is_shown(row: Any, whole: bool) -> bool:
    """`whole`: it came or went."""
    names = SHOWN.get(type(row))
    return names is not None and (whole or any(_history(row, name).has_changes() for name in names))


def _places(session: Session, row: Any) -> Iterable[int]:
    """The communities whose rooms show a row."""
    match row:
        case Community():
            return [row.id, *_both(row, "parent_id")]
        case Membership():
            return [row.community_id]
        case Person():
            left = [place for place in _history(row, "school_id").deleted or () if place is not None]
            return [place for home in left for place in session.get_one(Community, home).line]
    return []


def _paths(session: Session, row: Any) -> Iterable[str]:
    """The paths under which a row is seen: an office reaches down."""
    if isinstance(row, Appointment):
        return [session.get_one(Community, row.community_id).path]
    if isinstance(row, Community) and (_history(row, "archived_at").has_changes() or _history(row, "path").deleted):
        return [row.path]
    return []


def _both(row: Any, name: str) -> list[int]:
    """What a column is and was."""
    history = _history(row, name)
    return [value for value in (getattr(row, name), *(history.deleted or ())) if value is not None]


def _history(row: Any, name: str) -> Any:
    return inspect(row).attrs[name].history
