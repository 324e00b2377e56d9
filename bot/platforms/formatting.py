"""What people formatted, as runs of words with their styles, and the typed tree of it; shared by the platforms."""

from collections.abc import Iterable
from typing import NamedTuple

from api.messaging.render import SAFE_URL
from api.messaging.tree import Bold, Italic, Link, Mono, Node, Quote, Seq, Words

# from the inside out
WRAPPERS: tuple[tuple[str, type[Bold] | type[Italic] | type[Mono] | type[Quote]], ...] = (
    ("code", Mono), ("italic", Italic), ("bold", Bold), ("quote", Quote),
)  # fmt: skip
MOST_RUNS = 1000
LONGEST_URL = 2048


class Run(NamedTuple):
    """Words of one look: styles are bold, italic, code, quote; `url` is where they lead."""

    text: str
    styles: frozenset[str] = frozenset()
    url: str = ""


def tree_of(runs: Iterable[Run]) -> Node | None:
    """The tree of what somebody formatted; None where nothing is formatted, or so much that it is no text any more."""
    found = [run for run in runs if run.text]
    while found and not (last := found.pop()).text.isspace():
        found.append(last._replace(text=last.text.rstrip()))
        break
    if len(found) > MOST_RUNS or not any(run.styles or run.url for run in found):
        return None
    return Seq(*[_node(run) for run in found])


def safe_url(url: object) -> str:
    """The address, if it is one that may be passed on; "" otherwise."""
    return url if isinstance(url, str) and len(url) <= LONGEST_URL and SAFE_URL.match(url) else ""


def _node(run: Run) -> Node:
    node: Node = Words(run.text)
    for style, kind in WRAPPERS:
        if style in run.styles:
            node = kind(node)
    return Link(run.url, node) if run.url else node
