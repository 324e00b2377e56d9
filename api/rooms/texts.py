"""What is said about rooms."""

from collections import Counter
from collections.abc import Iterable, Mapping

from api.messaging.tree import Button, Code, Lines, Node, Plural, Rows, T
from api.rooms.planning import Action

PLATFORMS: dict[str, T] = {"telegram": T("Telegram"), "matrix": T("Matrix"), "web": T("Web")}


def platform_name(platform: str) -> T:
    """How people call a platform."""
    return PLATFORMS.get(platform, T("Chat"))


def come_in(name: str, platform: str) -> Node:
    """To a member who is not in the group yet."""
    return Lines(
        T("“{name}” has a group on {platform}.", name=name, platform=platform_name(platform)),
        T("Open it and ask to join: I let you in at once."),
    )


def come_in_rows(link: str) -> Rows:
    """The way there."""
    return [[Button(T("Open the group"), url=link)]]


# what an action is, for people; those on several accounts are counted
ON_ONE: dict[str, T] = {
    "name": T("change the name"),
    "topic": T("change the topic"),
    "picture": T("change the picture"),
    "access": T("change who may come in"),
    "history": T("change who may read what was said before"),
    "encrypt": T("encrypt the room"),
    "hush": T("make it read-only"),
    "unhush": T("let people speak again"),
}


def deeds(actions: Iterable[Action]) -> list[Node]:
    """What is to be done, a line for each kind."""
    counted = Counter(action.kind for action in actions)
    return [_deed(kind, n) for kind, n in counted.items()]


def _deed(kind: str, n: int) -> Node:
    match kind:
        case "invite" | "admit":
            return Plural("let {n} person in", "let {n} people in", n)
        case "remove" | "ban" | "refuse":
            return Plural("take {n} person out", "take {n} people out", n)
        case "unban":
            return Plural("lift the ban of {n} person", "lift the bans of {n} people", n)
        case "rank":
            return Plural("change the power of {n} person", "change the power of {n} people", n)
        case "open":
            return Plural("open {n} place inside", "open {n} places inside", n)
        case "link" | "unlink" | "hang" | "unhang":
            return Plural("change {n} place in the tree", "change {n} places in the tree", n)
    return ON_ONE[kind]


def failures(failed: Mapping[str, str]) -> list[Node]:
    """What does not work, and what the platform says to it."""
    return [T("{what}: {why}", what=Code(key), why=why) for key, why in list(failed.items())[:10]]
