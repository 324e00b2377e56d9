"""From the typed tree to the content of m.room.message: plain body and org.matrix.custom.html (API, 11.2.1.7).

Only tags of the specification's list are written, and everything that anybody typed is escaped.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from itertools import groupby
from typing import Any

from api.messaging.render import Reader, Span, render, text_of
from api.messaging.tree import Lines, Link, Node, Rows, Seq

FORMAT = "org.matrix.custom.html"
BULLET = "• "  # how api.messaging.render begins an item
TAGS = (("bold", "strong"), ("italic", "em"), ("code", "code"))
COMMAND = re.compile(r"/[a-z]+\b")
PART_BYTES = 20_000  # of a body: with its HTML, and encrypted, it stays below the 64 KiB of an event
KEYCAPS = tuple(f"{n}\ufe0f\u20e3" for n in range(1, 10))  # 1️⃣ ...
DONE = "✅"
MOST_REACTIONS = 5  # each is an event of its own


def with_choices(tree: Node, rows: Rows) -> Node:
    """The tree with its buttons as numbered lines; links keep their address and take no number."""
    buttons, lines, n = [button for row in rows for button in row], [], 0
    for button in buttons:
        if button.url:
            lines.append(Seq("→ ", Link(button.url, button.label)))
        elif button.action:
            n += 1
            lines.append(Seq(f"{n}. ", button.label))
    return Lines(tree, "", *lines) if lines else tree


def reactions_for(rows: Rows) -> list[str]:
    """What the bot puts under a message in a room, to be tapped: ✅ for the only choice, 1️⃣ 2️⃣ ... for a few."""
    count = sum(bool(button.action) for row in rows for button in row)
    if count > MOST_REACTIONS:
        return []
    return [DONE] if count == 1 else list(KEYCAPS[:count])


def contents_of(tree: Node, reader: Reader, rows: Rows) -> list[dict[str, Any]]:
    """The contents to send one after the other: one, unless the text is too long for one event."""
    shown = with_choices(tree, rows)
    spans = [_sayable(span) for span in render(shown, reader)]
    body = text_of(spans)
    if len(body.encode()) > PART_BYTES:
        return [{"msgtype": "m.text", "body": part} for part in _parts(body)]
    content = {"msgtype": "m.text", "body": body}
    if any(span.styles or span.url for span in spans) or any(line.startswith(BULLET) for line in body.split("\n")):
        content |= {"format": FORMAT, "formatted_body": html_of(spans)}
    return [content]


def _sayable(span: Span) -> Span:
    """A command as it can be typed here: clients keep a line that begins with / for commands of their own."""
    if "code" in span.styles and "typed" not in span.styles and COMMAND.match(span.text):
        return replace(span, text=f"!{span.text[1:]}")
    return span


def html_of(spans: list[Span]) -> str:
    """The spans as HTML."""
    blocks = []
    for kind, lines in groupby(_lines(spans), key=_kind):
        drawn = ["".join(_inline(span) for span in line) for line in lines]
        if kind == "list":
            blocks.append("<ul>" + "".join(f"<li>{item.removeprefix(BULLET)}</li>" for item in drawn) + "</ul>")
        elif kind == "quote":
            blocks.append(f"<blockquote>{'<br>'.join(drawn)}</blockquote>")
        else:
            blocks.append("<br>".join(drawn))
    return "".join(blocks)


def edit_of(content: dict[str, Any], target: str) -> dict[str, Any]:
    """The content that replaces an event (API, 11.35 Event replacements)."""
    return {
        **content,
        "body": f"* {content['body']}",
        **({"formatted_body": f"* {content['formatted_body']}"} if "formatted_body" in content else {}),
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": target},
    }


def answering(content: dict[str, Any], event: str) -> dict[str, Any]:
    """The content as an answer to an event (API, 11.34 Rich replies); it may be gone, or never have been here."""
    return {**content, "m.relates_to": {"m.in_reply_to": {"event_id": event}}}


def in_thread(content: dict[str, Any], thread: str) -> dict[str, Any]:
    """The content said in a thread ("<root> <what is answered there>"); clients that know no threads show an answer to
    that (API, 11.37 Threading)."""
    root, _, answered = thread.partition(" ")
    relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True}
    return {**content, "m.relates_to": {**relation, "m.in_reply_to": {"event_id": answered or root}}}


def _lines(spans: list[Span]) -> list[list[Span]]:
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


def _inline(span: Span) -> str:
    html = escape(span.text)
    for style, tag in TAGS:
        if style in span.styles:
            html = f"<{tag}>{html}</{tag}>"
    return f'<a href="{escape(span.url)}">{html}</a>' if span.url else html


def _parts(text: str) -> Iterator[str]:
    """Pieces of at most PART_BYTES, cut at line ends where there are any."""
    while len(text.encode()) > PART_BYTES:
        piece = text.encode()[:PART_BYTES].decode(errors="ignore")
        end = piece.rfind("\n")
        cut = end + 1 if end > len(piece) // 2 else len(piece)
        yield text[:cut].rstrip("\n")
        text = text[cut:]
    yield text
