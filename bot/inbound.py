"""What a person did, in one shape for every platform."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was sent: kind is photo | voice | video | document; `ref` is what the platform fetches it by."""

    kind: str
    name: str
    mime: str
    size: int
    ref: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing that one account did in one chat. An album is one Inbound.

    `kind`: said, edited, deleted, pressed, voted, reacted, joined, left, asked_to_join, started, room_moved, bot_added,
    bot_removed.
    `sender` is the platform's stable account id; `event` the platform's id of the message said, edited or pressed;
    `action` and `handle` belong to a pressed button; of a vote `event` is "poll:" and the poll's id, and `action`
    (added when it is handled) what the poll is about; `payload` holds what only some kinds have.
    """

    kind: str
    sender: str
    name: str = ""
    language: str = ""
    text: str = ""
    files: tuple[File, ...] = ()
    event: str = ""
    reply_to: str = ""
    action: str = ""
    handle: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
