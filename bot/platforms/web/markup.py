"""From styled spans, and from what people typed, to HTML that is safe to show."""

import re
from dataclasses import replace
from itertools import groupby

from markupsafe import Markup, escape

from api.messaging.render import Reader, Span, clean, render
from api.messaging.tree import Node

ADDRESS = re.compile(r"https?://[^\s<>\"'“”‘’，。；！？、（）【】《》]+", re.IGNORECASE)
BULLET = "• "  # how api.messaging.render begins an item
TRAILING = ".,;:!?)]}"
TAGS = (("bold", "strong"), ("italic", "em"), ("code", "code"))


def html_of(node: Node, reader: Reader) -> Markup:
    """A tree in a reader's language: paragraphs, lists, and quotations where it quotes."""
    blocks = []
    for kind, lines in groupby(_lines(render(node, reader)), key=_kind):
        drawn = [Markup("").join(_inline(span) for span in line) for line in lines]
        if kind == "list":
            items = Markup("").join(
                Markup("<li>{}</li>").format(Markup(str(item).removeprefix(BULLET))) for item in drawn
            )
            blocks.append(Markup("<ul>{}</ul>").format(items))
        elif inner := Markup("\n").join(drawn).strip("\n"):
            tag = Markup("<blockquote><p>{}</p></blockquote>") if kind == "quote" else Markup("<p>{}</p>")
            blocks.append(tag.format(inner))
    return Markup("").join(blocks)


def _lines(spans: list[Span]) -> list[list[Span]]:
    """The spans of each line."""
    lines: list[list[Span]] = [[]]
    for span in spans:
        for n, text in enumerate(span.text.split("\n")):
            if n:
                lines.append([])
            if text:
                lines[-1].append(replace(span, text=text))
    return lines


def _kind(line: list[Span]) -> str:
    if line and "quote" in line[0].styles:
        return "quote"
    return "list" if line and line[0].text.startswith(BULLET) and not line[0].styles else "text"


def html_of_words(text: str) -> Markup:
    """What somebody typed: literal, with addresses as links."""
    text = clean(text).strip("\n")
    return Markup("<p>{}</p>").format(_linked(text)) if text.strip() else Markup("")


def _inline(span: Span) -> Markup:
    if span.mention:
        return Markup('<span class="mention">{}</span>').format(span.text)
    if span.url:
        return _link(span.url, span.text)
    html = escape(span.text) if "code" in span.styles else _linked(span.text)
    for style, tag in TAGS:
        if style in span.styles:
            html = Markup(f"<{tag}>{{}}</{tag}>").format(html)
    return html


def _linked(text: str) -> Markup:
    parts, end = [], 0
    for found in ADDRESS.finditer(text):
        address = found[0].rstrip(TRAILING)
        parts += [escape(text[end : found.start()]), _link(address, address)]
        end = found.start() + len(address)
    return Markup("").join([*parts, escape(text[end:])])


def _link(url: str, label: str) -> Markup:
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>').format(url, label)
