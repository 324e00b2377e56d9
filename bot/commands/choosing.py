"""Which workshop a command is about: this room's, the only one, or one to press; more words look for its name."""

from collections.abc import Callable

from api.communities.audiences import communities_where
from api.messaging.faces import Community
from api.messaging.tree import Button, Lines, Node, Rows, T, Words
from bot.turn import Turn

MOST = 8
ASK_WORKSHOP = T("Which workshop?")
NO_WORKSHOP = T("You are in no workshop yet.")


def with_workshop(
    turn: Turn, action: str, button: str, then: Callable[[Turn, str], None], none: Node, rows: Rows | None = None,
    name: str = "", kind: str = "workshop",
) -> None:  # fmt: skip
    """Call `then(turn, pid)` for the workshop meant, of those in which who speaks may do `action` (api.access.RULES).

    Several become buttons `button:<pid>`, their own first. `name`: a part of it that was said, of a community of one
    `kind` ("": any). `none`, with `rows`, is said where there is none at all.
    """
    if turn.community is not None and turn.community.kind == "workshop":
        then(turn, turn.community.pid)
        return
    found = communities_where(turn.ctx, action, name, MOST + 1, kind)
    if len(found) == 1:
        then(turn, found[0].pid)
    elif found:
        turn.whisper(Lines(ASK_WORKSHOP, *more_than(found)), as_buttons(found, button))
    elif name:
        turn.whisper(T("I found nothing called “{name}” where you can do that.", name=name))
    else:
        turn.whisper(none, rows)


def as_buttons(found: list[Community], button: str, most: int = MOST) -> Rows:
    """A button for each, up to `most`."""
    return [[Button(Words(one.name), f"{button}:{one.pid}")] for one in found[:most]]


def more_than(found: list[Community]) -> list[Node]:
    """How to get at those that are not shown."""
    if len(found) <= MOST:
        return []
    return [T("There are more: send “workshop” and a part of the name to find one.")]
