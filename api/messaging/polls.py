"""Questions with options that a platform may draw in its own way: its quizzes and polls (C4). Pure.

A message that has a poll also has words and buttons that ask the same: for platforms without polls, and for what does
not fit into one. An adapter that draws a poll returns, after the ids of the messages, "poll:" and the platform's id of
the poll; a vote in it arrives as the Inbound "voted" with that as its `event` and {"options": [index, ...]} (none: the
vote was taken back). An edit of such a message has that id as its `poll_id`: the poll stays as it is, ends when it is
`closed`, and goes when the message has no poll any more.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api.messaging.tree import Node, pack, unpack

PREFIX = "poll:"


@dataclass(frozen=True, slots=True)
class Poll:
    """One question. `about` is "<name>:<argument>", which handler a vote belongs to (as the action of a button).

    `right`: the options that are right, in order; with some it is a quiz that one answers once and is told at once,
    `reason` with it. Without, it is an open poll: everybody sees who chose what, and may choose anew until it closes.
    """

    about: str
    question: Node
    options: tuple[Node, ...]
    multiple: bool = False
    right: tuple[int, ...] = ()
    reason: str = ""
    closes_at: datetime | None = None
    closed: bool = False


def pack_poll(poll: Poll | None) -> dict[str, Any] | None:
    """A poll as JSON."""
    if poll is None:
        return None
    return {
        "about": poll.about, "question": pack(poll.question), "options": [pack(option) for option in poll.options],
        "multiple": poll.multiple, "right": list(poll.right), "reason": poll.reason, "closed": poll.closed,
        "closes_at": poll.closes_at.astimezone(UTC).isoformat() if poll.closes_at else None,
    }  # fmt: skip


def unpack_poll(data: dict[str, Any] | None) -> Poll | None:
    """The poll that `pack_poll` made this from."""
    if data is None:
        return None
    closes_at = datetime.fromisoformat(data["closes_at"]) if data["closes_at"] else None
    options = tuple(unpack(option) for option in data["options"])
    return Poll(
        data["about"], unpack(data["question"]), options, data["multiple"], tuple(data["right"]), data["reason"],
        closes_at, data["closed"],
    )  # fmt: skip
