"""From the typed tree to styled spans in a reader's language. Platforms turn spans into their own markup."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.i18n import gettext, ngettext
from api.messaging.tree import (
    Bold,
    Bullets,
    Code,
    Italic,
    Lines,
    Link,
    Mention,
    Mono,
    Node,
    Plural,
    Quote,
    Seq,
    T,
    When,
    Words,
)
from api.times import format_day, format_moment, local_day, to_wall

PLACEHOLDER = re.compile(r"\{(\w+)\}")
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff]")
SAFE_URL = re.compile(r"(https?|mailto):", re.IGNORECASE)
PLAIN: frozenset[str] = frozenset()
STYLES: dict[type, frozenset[str]] = {
    Bold: frozenset({"bold"}),
    Italic: frozenset({"italic"}),
    Mono: frozenset({"code", "typed"}),
    Quote: frozenset({"quote"}),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text of one style. styles: bold, italic, code, quote, and typed for code that is a person's; `url`: a
    link; `mention`: a pid."""

    text: str
    styles: frozenset[str] = PLAIN
    url: str = ""
    mention: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: language (zh_CN, en), zone, and the moment of reading (for "tomorrow")."""

    language: str
    zone: ZoneInfo
    now: datetime


def clean(text: str) -> str:
    """People's text without control characters and direction overrides that could disguise other text."""
    return UNSAFE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def render(node: Node, reader: Reader) -> list[Span]:
    """Spans in reading order; neighbours of one style are joined."""
    spans: list[Span] = []
    for span in _walk(node, reader, PLAIN):
        last = spans[-1] if spans else None
        if last and (last.styles, last.url, last.mention) == (span.styles, span.url, span.mention):
            spans[-1] = Span(last.text + span.text, span.styles, span.url, span.mention)
        elif span.text:
            spans.append(span)
    return spans


def plain(node: Node, reader: Reader) -> str:
    """The text alone; links are followed by their address."""
    return text_of(render(node, reader))


def text_of(spans: list[Span]) -> str:
    """The text of rendered spans; links are followed by their address."""
    return "".join(span.text + (f" {span.url}" if span.url and span.url != span.text else "") for span in spans)


def _walk(node: Node, reader: Reader, styles: frozenset[str]) -> Iterator[Span]:
    match node:
        case Words(text):
            yield Span(clean(text), styles)
        case T():
            yield from _fill(gettext(reader.language, node.key), dict(node.values), reader, styles)
        case Plural():
            text = ngettext(reader.language, node.one, node.many, node.n)
            yield from _fill(text, {"n": node.n, **node.values}, reader, styles)
        case When(at, style):
            yield Span(_moment(at, style, reader), styles)
        case Code(text):
            yield Span(clean(text), styles | {"code"})
        case Mention(pid, name):
            yield Span(f"@{clean(name)}", styles, mention=pid)
        case Link(url, label):
            address = url if SAFE_URL.match(url) else ""
            yield from (Span(s.text, s.styles, address) for s in _walk(label, reader, styles))
        case Lines():
            for n, child in enumerate(node.children):
                if n:
                    yield Span("\n", styles)
                yield from _walk(child, reader, styles)
        case Bullets():
            for n, child in enumerate(node.children):
                yield Span("\n• " if n else "• ", styles)
                yield from _walk(child, reader, styles)
        case Seq():
            for child in node.children:
                yield from _walk(child, reader, styles)
        case Bold() | Italic() | Mono() | Quote():
            inner = styles | STYLES[type(node)]
            for child in node.children:
                yield from _walk(child, reader, inner)
        case _:
            raise TypeError(f"not a message node: {node!r}")


def _moment(at: datetime, style: str, reader: Reader) -> str:
    if style == "day":
        return format_day(local_day(at, reader.zone), reader.language, local_day(reader.now, reader.zone))
    if style == "time":
        return f"{to_wall(at, reader.zone):%H:%M}"
    return format_moment(at, reader.zone, reader.language, reader.now)


def _fill(text: str, values: dict[str, object], reader: Reader, styles: frozenset[str]) -> Iterator[Span]:
    end = 0
    for hole in PLACEHOLDER.finditer(text):
        yield Span(text[end : hole.start()], styles)
        end = hole.end()
        value = values[hole[1]]
        if isinstance(value, datetime):
            value = When(value)
        yield from _walk(value if isinstance(value, Node) else Words(str(value)), reader, styles)
    yield Span(text[end:], styles)
