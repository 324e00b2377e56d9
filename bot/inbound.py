"""What a person did, in one shape for every platform."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.messaging.tree import Node

UNNAMED = "application/octet-stream"  # a file whose type was not said


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was sent: kind is photo | voice | video | document; `ref` is what the platform fetches it by."""

    kind: str
    name: str
    mime: str
    size: int
    ref: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an album: the platform's id, and the words under it."""

    event: str
    text: str = ""
    rich: "Node | None" = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing that one account did in one chat. An album is one Inbound, with the words of all its `parts`.

    `kind`: said, edited, deleted, pressed, voted, reacted, started, room_moved, room_opened (we opened a place inside
    the chat `payload["inside"]`, with a "name"), room_changed (by hand; `payload["kept"]` is
    what its adapter remembers of that), bot_added, bot_changed, bot_removed;
    and what happens to an account (`sender`) in a room: invited, asked_to_join, joined, left, ranked. `payload["by"]`
    is the account that did it; left has `payload["how"]`: left | removed | banned (and "from":
    join | invite | knock, where that is known; ban, when one was lifted); joined and left with `payload["echo"]` are
    news only of an account that is not known to be there, or gone; ranked has `payload["ranks"]`:
    account -> [before, after] in the ranks of api.rooms.planning; asked_to_join may have `payload["chat"]`, where it
    can be answered for a while.
    `at`: when it was done, in seconds since 1970, where the platform says so: what waited there while we were away
    arrives in one moment.
    `sender` is the platform's stable account id; `event` the platform's id of the message said, edited or pressed;
    `action` and `handle` belong to a pressed button; of a vote `event` is "poll:" and the poll's id, and `action`
    (added when it is handled) what the poll is about; `payload` holds what only some kinds have.
    """

    kind: str
    sender: str
    name: str = ""
    language: str = ""
    text: str = ""
    rich: "Node | None" = None  # the text with its formatting, where it has any
    files: tuple[File, ...] = ()
    parts: tuple[Part, ...] = ()
    event: str = ""
    reply_to: str = ""
    action: str = ""
    handle: str = ""
    at: float | None = None
    payload: dict[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """What began the thread that was spoken in; "" outside of threads."""
        return str(self.payload.get("thread") or "").partition(" ")[0]

    @property
    def about(self) -> str:
        """The platform's id of what this changes or answers; "" for neither."""
        return self.event if self.kind in ("edited", "deleted") else self.reply_to or self.root
