"""What is known of a Matrix room, and how a sync changes it (Matrix client-server API, 6.4 Syncing). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

CREATORS_ABOVE_ALL = 12  # from this room version on creators stand above every level and in no list
ENDLESS = 10**9
LONGEST_ID = 255  # bytes, by the specification
LONGEST_VERSION = 4  # digits; others name versions of their own as they like
ADMIN = 50  # whoever may kick and ban by default


@dataclass(slots=True)
class Room:
    """A room we are in (`join`), are asked into (`invite`), or were in (`leave`)."""

    native: str
    membership: str = ""
    inviter: str = ""
    direct: bool = False  # who asked the other one in asked for a conversation of two
    name: str = ""
    encrypted: bool = False
    joined: int = 0
    invited: int = 0
    version: int = 1
    creators: list[str] = field(default_factory=list)
    levels: dict[str, Any] = field(default_factory=dict)  # the content of m.room.power_levels
    predecessor: str = ""  # the room that this one replaces, as it says itself
    successor: str = ""  # the room that replaces this one, as somebody with the power to say so said
    moved_by: str = ""  # who that is

    @property
    def kind(self) -> str:
        """private while it is a conversation of two, else room."""
        return "private" if self.direct and self.joined + self.invited <= 2 else "room"

    @property
    def deserted(self) -> bool:
        """Whether the other one left a conversation of two."""
        return self.direct and self.joined == 1 and self.invited == 0

    def level(self, user_id: str) -> int:
        """Somebody's power level."""
        if self.version >= CREATORS_ABOVE_ALL and user_id in self.creators:
            return ENDLESS
        if not self.levels:
            return 100 if user_id in self.creators else 0
        return number(_mapping(self.levels.get("users")).get(user_id, self.levels.get("users_default", 0)))

    def rules(self, user_id: str) -> bool:
        """Whether somebody administers this room."""
        return self.level(user_id) >= ADMIN

    def follows(self, old: "Room") -> bool:
        """Whether this is what another room became: both say so. Private chats begin anew, for others may be here."""
        named = self.predecessor == old.native and old.successor == self.native
        return named and self.membership == "join" and self.kind == old.kind == "room"

    def state(self) -> dict[str, Any]:
        """As it is kept."""
        return {name: value for name, value in asdict(self).items() if name != "native"}

    @classmethod
    def of(cls, native: str, state: Mapping[str, Any]) -> "Room":
        """From what was kept; what is not known any more is left out."""
        return cls(native, **{name: value for name, value in state.items() if name in cls.__slots__})


def apply_joined(room: Room, section: Mapping[str, Any], me: str) -> None:
    """A room of a sync's `rooms.join`."""
    room.membership = "join"
    summary = _mapping(section.get("summary"))
    room.joined = number(summary.get("m.joined_member_count", room.joined))
    room.invited = number(summary.get("m.invited_member_count", room.invited))
    for event in state_events(section):
        if event.get("type") == "m.room.member":
            if event.get("state_key") == me:
                _remember_invitation(room, event)
            elif _asked_in(event)[1] == me:
                room.direct = room.direct or _asked_in(event)[0].get("is_direct") is True
        apply_state(room, event)


def apply_invited(room: Room, section: Mapping[str, Any], me: str) -> None:
    """A room of `rooms.invite`: who asks, and whether for a conversation of two."""
    room.membership = "invite"
    for event in events_of(section, "invite_state"):
        if event.get("type") == "m.room.member" and event.get("state_key") == me:
            _remember_invitation(room, event)
        apply_state(room, event)


def _remember_invitation(room: Room, event: Mapping[str, Any]) -> None:
    """Who asked us in, and for what."""
    asked, by = _asked_in(event)
    if by:
        room.inviter, room.direct = by, asked.get("is_direct") is True


def _asked_in(event: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """An invitation and who sent it, of the invitation itself or of the joining that answered it; else nobody."""
    unsigned = _mapping(event.get("unsigned"))
    asked, by = _mapping(event.get("content")), event.get("sender")
    if asked.get("membership") == "join":
        asked, by = _mapping(unsigned.get("prev_content")), unsigned.get("prev_sender")
    return (asked, by) if asked.get("membership") == "invite" and isinstance(by, str) else ({}, "")


def apply_state(room: Room, event: Mapping[str, Any]) -> None:
    """One state event."""
    content = _mapping(event.get("content"))
    match event.get("type"):
        case "m.room.name":
            room.name = str(content.get("name") or "")
        case "m.room.encryption":
            room.encrypted = True  # for good
        case "m.room.power_levels":
            room.levels = dict(content)
        case "m.room.create":
            version = str(content.get("room_version", "1"))
            room.version = int(version) if version.isdecimal() and len(version) <= LONGEST_VERSION else 1
            others = content.get("additional_creators")
            room.creators = [str(event.get("sender", "")), *map(str, others if isinstance(others, list) else [])]
            room.predecessor = predecessor_of(content)
        case "m.room.tombstone":
            room.successor, room.moved_by = _room_id(content.get("replacement_room")), str(event.get("sender", ""))


def child_rooms(state: Iterable[Mapping[str, Any]], kind: str) -> frozenset[str]:
    """The places that a room's m.space.child or m.space.parent events name; one without `via` says nothing any more."""
    links = [event for event in state if event.get("type") == kind]
    return frozenset(str(link.get("state_key")) for link in links if _mapping(link.get("content")).get("via"))


def predecessor_of(create: Mapping[str, Any]) -> str:
    """The room that a room replaces, of the content of its m.room.create."""
    return _room_id(_mapping(create.get("predecessor")).get("room_id"))


def moves(known: Mapping[str, Room], changed: Mapping[str, Room]) -> dict[str, str]:
    """Which rooms that we are still in became which others, by what just changed."""
    rooms = {**known, **changed}
    names = {*changed, *(room.predecessor for room in changed.values())} & rooms.keys()
    olds = [rooms[name] for name in names if rooms[name].membership == "join"]
    return {old.native: old.successor for old in olds if (new := rooms.get(old.successor)) and new.follows(old)}


def state_events(section: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The state that a joined room's section tells, in the order in which it came about."""
    yield from events_of(section, "state")
    yield from (event for event in events_of(section, "timeline") if "state_key" in event)


def events_of(section: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    """The events of one part of a section; what is no event is left out."""
    events = _mapping(section.get(part)).get("events")
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _room_id(value: Any) -> str:
    return value if isinstance(value, str) and value.startswith("!") and len(value) <= LONGEST_ID else ""


def number(value: Any) -> int:
    """A level or count as a homeserver may write it."""
    # old rooms write levels as words
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
