"""How rooms are, as the database says it: for lists, counts, and what is to be seen first."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from storage.communities import Community
from storage.messaging import Chat
from storage.mirrors import within
from storage.rooms import Room

# worst first
GONE, FAILING, LACKING, WAITING, UNMADE, STEADY, LOOSE = STATES = (
    "gone", "failing", "lacking", "waiting", "unmade", "steady", "loose",
)  # fmt: skip
WELL = (STEADY, LOOSE)


class SeenRoom(NamedTuple):
    """A room with its community, its chat if there is one yet, and one of STATES."""

    room: Room
    community: Community
    chat: Chat | None
    state: str


def _found(key: str, nothing: str) -> Any:
    """The condition that the last look found something of a kind."""
    return func.coalesce(Room.findings[key].as_string(), nothing) != nothing


# the place of a room's state among STATES; the first condition that holds
PLACE: Any = case(
    (or_(Chat.state != "active", and_(Chat.id.is_not(None), Room.findings["gone"].as_boolean())), STATES.index(GONE)),
    (Room.due_at.is_(None), STATES.index(LOOSE)),
    (or_(_found("failed", "{}"), _found("error", "")), STATES.index(FAILING)),
    (Chat.id.is_(None), STATES.index(UNMADE)),
    (_found("lacking", "[]"), STATES.index(LACKING)),
    (or_(_found("left", "[]"), Room.findings["members"].as_integer().is_(None)), STATES.index(WAITING)),  # not seen yet
    else_=STATES.index(STEADY),
)


def page_rooms(session: Session, path: str, limit: int, after: int = 0, built_in: bool = False) -> list[SeenRoom]:
    """Rooms at and under a path in the order in which they were made; `built_in`: the web's, too."""
    query = _select().where(within(path), Room.id > after).order_by(Room.id)
    return _seen(session, query if built_in else query.where(Room.origin != "built_in"), limit)


def worst_rooms(session: Session, path: str, limit: int) -> list[SeenRoom]:
    """Rooms at and under a path with which something is wrong, or not done yet; the worst first."""
    trouble = PLACE.not_in([STATES.index(state) for state in WELL])
    query = _select().where(within(path), Room.origin != "built_in", trouble)
    return _seen(session, query.order_by(PLACE, Room.id), limit)


def rooms_at(session: Session, community_id: int, limit: int) -> list[SeenRoom]:
    """A community's own rooms outside the web, the worst first."""
    query = _select().where(Room.community_id == community_id, Room.origin != "built_in")
    return _seen(session, query.order_by(PLACE, Room.id), limit)


def see_room(session: Session, room_id: int) -> SeenRoom:
    """How one room is that is there."""
    (seen,) = _seen(session, _select().where(Room.id == room_id), 1)
    return seen


def count_states(session: Session, path: str) -> dict[tuple[str, str], int]:
    """(platform, state) -> how many rooms at and under a path, outside the web."""
    rooms = (
        select(Room.platform, PLACE.label("place"))
        .outerjoin(Chat, Chat.id == Room.chat_id)
        .where(within(path), Room.origin != "built_in")
        .subquery()
    )
    query = select(rooms.c.platform, rooms.c.place, func.count()).group_by(rooms.c.platform, rooms.c.place)
    return {(platform, STATES[place]): n for platform, place, n in session.execute(query)}


def _select() -> Select[Any]:
    query = select(Room, Community, Chat, PLACE).join(Community, Community.id == Room.community_id)
    return query.outerjoin(Chat, Chat.id == Room.chat_id)


def _seen(session: Session, query: Select[Any], limit: int) -> list[SeenRoom]:
    rows: Sequence[Any] = session.execute(query.limit(limit)).all()
    return [SeenRoom(room, community, chat, STATES[place]) for room, community, chat, place in rows]
