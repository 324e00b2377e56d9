"""From org.matrix.custom.html to the typed tree (Matrix client-server API, 11.2.1.7). Pure.

A strict list of tags means something, the words inside of all others are kept as words. What is too deep, too long or
tries to do something is not read at all: then the plain body counts.
"""

import re
from html.parser import HTMLParser

from api.messaging.tree import Node
from bot.platforms.formatting import MOST_RUNS, Run, safe_url, tree_of

STYLES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "code": "code", "pre": "code", "blockquote": "quote",
}  # fmt: skip
# how many line ends are between these and what is beside them
BLOCKS = {"p": 2, "pre": 1, "blockquote": 1, "ul": 1, "ol": 1, "li": 1, "div": 1, "hr": 1, "table": 1, "tr": 1} | {
    f"h{n}": 1 for n in range(1, 7)
}
VOID = frozenset({"br", "hr", "img", "wbr"})
HOSTILE = frozenset(
    "script style iframe object embed form input meta link base svg math textarea title noscript template".split()
)
DEEPEST = 40  # tags inside of each other
MOST_TAGS = 2000
LONGEST = 65_536  # characters; an event has at most as many bytes
SPACE = re.compile(r"[ \t\n\r\f]+")
DECLARATION = re.compile(r"<[!?]")  # comments and the like: no client writes them
BULLET = "• "  # how api.messaging.render begins an item


class Refused(Exception):
    """Nothing of this is to be read."""


def rich_of(html: object) -> Node | None:
    """The formatted body as a tree; None where it formats nothing, or is not to be read."""
    if not isinstance(html, str) or len(html) > LONGEST or not _well_formed(html):
        return None
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except Refused:
        return None
    return tree_of(reader.runs)


def _well_formed(html: str) -> bool:
    """Whether html.parser reads it at once: it stumbles over declarations, and sits long over tags that never end."""
    tags = html.count("<")
    return tags <= MOST_TAGS and html.rfind("<") <= html.rfind(">") and not DECLARATION.search(html)


class _Reader(HTMLParser):
    """Collects runs. What is open is a stack, and a closing tag that was never opened closes nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[Run] = []
        self._open: list[tuple[str, str]] = []  # tag, address
        self._numbers: list[int] = []  # of the lists that are open: the last item; -1 where they have no numbers
        self._breaks = 0  # line ends that come before the next words
        self._marked = False  # the last words were an item's mark: what follows stands beside it

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HOSTILE or len(self._open) >= DEEPEST:
            raise Refused
        if tag == "br":
            self._say("\n")
            return
        self._break(tag)
        if tag in VOID:
            return
        self._open.append((tag, safe_url(dict(attrs).get("href")) if tag == "a" else ""))
        if tag in ("ul", "ol"):
            self._numbers.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._begin_item()

    def handle_endtag(self, tag: str) -> None:
        if tag not in [name for name, _ in self._open]:
            return
        while True:
            name, _ = self._open.pop()
            if name in ("ul", "ol"):
                self._numbers.pop()
            self._break(name)
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._inside("pre"):
            self._say(data)
            return
        words = SPACE.sub(" ", data)
        if words.startswith(" ") and (self._breaks or not self.runs or self.runs[-1].text[-1].isspace()):
            words = words[1:]
        if words:
            self._say(words)

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self._open)

    def _begin_item(self) -> None:
        mark = BULLET
        if self._numbers and self._numbers[-1] >= 0:
            self._numbers[-1] += 1
            mark = f"{self._numbers[-1]}. "
        self._say(mark, plain=True)
        self._marked = True

    def _break(self, tag: str) -> None:
        if not self._marked:
            most = 1 if self._inside("blockquote") or self._inside("li") else 2
            self._breaks = max(self._breaks, min(BLOCKS.get(tag, 0), most))

    def _say(self, text: str, plain: bool = False) -> None:
        if self._inside("mx-reply"):
            return  # what is answered, for clients that show no answers
        if len(self.runs) > MOST_RUNS:
            raise Refused
        styles = frozenset(STYLES[name] for name, _ in self._open if name in STYLES) if not plain else frozenset()
        if self._breaks and self.runs:
            self.runs.append(Run("\n" * self._breaks, self.runs[-1].styles & styles))
        self._breaks, self._marked = 0, False
        url = next((address for _, address in reversed(self._open) if address), "") if not plain else ""
        self.runs.append(Run(text, styles, url))
