"""The typed message tree: what is said, before anybody's language or any platform's markup.

Nodes are frozen dataclasses that pack to JSON lists. Text of ours is `T` (a gettext msgid with named values); text that
a person typed is `Words` and stays literal whatever it contains. Rendering is in `render.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


class Node:
    """Parent of all nodes; `+` puts one after the other."""

    __slots__ = ()

    def __add__(self, other: "Node | str") -> "Seq":
        return Seq(self, other)


@dataclass(frozen=True, slots=True, init=False)
class T(Node):
    """Text of ours: an English msgid with {named} values (strings are people's words, numbers, datetimes, nodes)."""

    key: str
    values: Mapping[str, Any]

    def __init__(self, key: str, **values: Any) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True, init=False)
class Plural(Node):
    """Text of ours that depends on a number; {n} is the number."""

    one: str
    many: str
    n: int
    values: Mapping[str, Any]

    def __init__(self, one: str, many: str, n: int, **values: Any) -> None:
        object.__setattr__(self, "one", one)
        object.__setattr__(self, "many", many)
        object.__setattr__(self, "n", n)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Words(Node):
    """What a person typed: shown literally."""

    text: str


@dataclass(frozen=True, slots=True)
class When(Node):
    """A moment (aware), shown in the reader's zone and language; style: full | day | time."""

    at: datetime
    style: str = "full"


class _Group(Node):
    __slots__ = ("children",)

    def __init__(self, *children: "Node | str") -> None:
        self.children = tuple(child if isinstance(child, Node) else Words(child) for child in children)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.children == other.children

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.children))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.children!r}"


class Seq(_Group):
    """One after the other, nothing between."""

    __slots__ = ()


class Lines(_Group):
    """Each child on a line of its own."""

    __slots__ = ()


class Bold(_Group):
    __slots__ = ()


class Italic(_Group):
    __slots__ = ()


class Mono(_Group):
    """Code that a person typed: its Words stay what they are, while `Code` is ours."""

    __slots__ = ()


class Quote(_Group):
    __slots__ = ()


class Bullets(_Group):
    """An unordered list."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Code(Node):
    """A code or command to copy as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Link(Node):
    """A link with its label; only http, https and mailto addresses are ever rendered as links."""

    url: str
    label: Node


@dataclass(frozen=True, slots=True)
class Mention(Node):
    """A person spoken to by name; `pid` lets a platform make it a real mention."""

    pid: str
    name: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message. `action` is "<name>:<argument>" (authorised again when pressed) or a `url` opens.

    Platform limits: action <= 56 ASCII bytes (Telegram's callback_data holds 64). style: "" | primary | danger.
    `only`: "discreet" for one that is drawn where nobody else learns who pressed it, "open" for its place elsewhere.
    """

    label: Node
    action: str = ""
    url: str = ""
    style: str = ""
    only: str = ""


Rows = list[list[Button]]
GROUPS: dict[str, type[_Group]] = {"+": Seq, "n": Lines, "b": Bold, "i": Italic, "m": Mono, "q": Quote, "u": Bullets}
GROUP_TAGS = {kind: tag for tag, kind in GROUPS.items()}


def pack(node: Any) -> Any:
    """The node as JSON: lists that start with a tag, plain strings for people's words."""
    match node:
        case Words(text):
            return text
        case T():
            return ["t", node.key, {name: _pack_value(value) for name, value in node.values.items()}]
        case Plural():
            return ["p", node.one, node.many, node.n, {name: _pack_value(value) for name, value in node.values.items()}]
        case When(at, style):
            return ["w", at.astimezone(UTC).isoformat(), style]
        case Code(text):
            return ["c", text]
        case Link(url, label):
            return ["a", url, pack(label)]
        case Mention(pid, name):
            return ["@", pid, name]
        case _Group():
            return [GROUP_TAGS[type(node)], *[pack(child) for child in node.children]]
    raise TypeError(f"not a message node: {node!r}")


def _pack_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return pack(When(value))
    return pack(value) if isinstance(value, Node) else value


def unpack(data: Any) -> Node:
    """The node that `pack` made this from."""
    if isinstance(data, str):
        return Words(data)
    tag, *rest = data
    match tag:
        case "t":
            return T(rest[0], **{name: _unpack_value(value) for name, value in rest[1].items()})
        case "p":
            return Plural(rest[0], rest[1], rest[2], **{name: _unpack_value(value) for name, value in rest[3].items()})
        case "w":
            return When(datetime.fromisoformat(rest[0]), rest[1])
        case "c":
            return Code(rest[0])
        case "a":
            return Link(rest[0], unpack(rest[1]))
        case "@":
            return Mention(rest[0], rest[1])
    return GROUPS[tag](*[unpack(child) for child in rest])


def _unpack_value(value: Any) -> Any:
    return unpack(value) if isinstance(value, list) else value


def pack_rows(rows: Rows) -> list[Any]:
    """Rows of buttons as JSON."""
    return [[[pack(b.label), b.action, b.url, b.style, *([b.only] if b.only else [])] for b in row] for row in rows]


def unpack_rows(data: list[Any]) -> Rows:
    """Rows of buttons from JSON."""
    return [[Button(unpack(label), *rest) for label, *rest in row] for row in data]


def rows_for(rows: Rows, discreet: bool) -> Rows:
    """The rows as they are drawn where presses are seen by the presser alone (private chats are), or by everybody."""
    unfit = "open" if discreet else "discreet"
    drawn = [[button for button in row if button.only != unfit] for row in rows]
    return [row for row in drawn if row]
