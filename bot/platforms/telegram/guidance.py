"""Which right the bot lacks in a group, what it is for, and how somebody gives it. Knows no aiogram."""

from collections.abc import Iterable, Sequence

from api.messaging.tree import Bullets, Lines, Node, T
from api.rooms.planning import SPEAKS, Action, Actual
from bot.platforms.telegram.reading import split_place
from bot.platforms.telegram.rights import CHANGES, IN_GROUP, IN_TOPIC, INVITES, PROMOTES, RESTRICTS, TOPICS

# in the order in which they are missed most
WHAT_FOR: dict[str, Node] = {
    INVITES: T("“Invite Users”: with it I let our members in when they ask to join."),
    RESTRICTS: T("“Ban Users”: with it I take out who is no member any more, and keep what is archived read-only."),
    PROMOTES: T("“Add New Admins”: with it I make cohosts administrators of this group, too."),
    CHANGES: T("“Change Group Info”: with it the group's name, description and picture follow ours."),
    TOPICS: T("“Manage Topics”: with it I open a topic for each workshop, and its name follows ours."),
}
HOW = T(
    "How to give it: open the group → its name → Edit → Administrators → choose me (“Add Admin”, if I am not in the "
    "list) → switch on what stands above → save. Then I go on by myself."
)


def lacking_rights(actual: Actual) -> list[Node]:
    """A line for each right that we do not have in a group, of those that keeping it in step takes."""
    return _lines(right for action, right in IN_GROUP.items()
                  if action not in actual.may and (action != "open" or actual.holds_parts))


def guide(lacking: Sequence[Action], native: str = "") -> Node | None:
    """What to give us, and how, so that these actions can be done in a place; None where nothing we know of helps."""
    of = IN_TOPIC if native and split_place(native)[1] is not None else IN_GROUP
    lines = _lines(_right(action, of) for action in lacking)
    if not lines:
        return None
    return Lines(T("To keep this group in step with us I lack a right here:"), Bullets(*lines), HOW)


def _right(action: Action, of: dict[str, str]) -> str:
    if action.kind == "rank" and isinstance(action.value, int) and action.value < SPEAKS:
        return RESTRICTS  # who may only read is restricted, not appointed
    return of.get(action.kind, "")


def _lines(rights: Iterable[str]) -> list[Node]:
    lacked = set(rights)
    return [line for right, line in WHAT_FOR.items() if right in lacked]
