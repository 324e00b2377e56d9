"""From the typed tree to what Telegram shows: text with entities (never a parse mode), in pieces, and keyboards.

Offsets and limits count UTF-16 code units, as the Bot API does.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from api.messaging.render import Reader, Span, plain, render
from api.messaging.tree import Lines, Node, Rows, Seq, Words
from bot.platforms.base import Rejected

TEXT_LIMIT, CAPTION_LIMIT, TOAST_LIMIT, DATA_LIMIT, LABEL_LIMIT = 4096, 1024, 200, 64, 64
FOOTER_LIMIT = 300  # a longer last line is no footer
# characters that are no words: Telegram calls a text of nothing else empty
UNSEEN = re.compile(r"[\s\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\u2800\ufeff]*")
ENTITIES = {"bold": "bold", "italic": "italic", "code": "code", "quote": "blockquote"}
BREAKS = ("\n", " ", "。", "；", "，", "！", "？")
KEPT = 0.5  # of a piece at least: an earlier break is not looked for

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """One message's text and its entities (type, offset, length, url)."""

    text: str
    entities: Sequence[Entity] = ()


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def pieces_of(node: Node, reader: Reader, limit: int = TEXT_LIMIT) -> list[Piece]:
    """A tree in pieces of at most `limit`; none for a tree that says nothing."""
    found = [_piece(spans) for spans in _split(_spelled(render(node, reader)), limit)]
    return [piece for piece in found if not UNSEEN.fullmatch(piece.text)]


def fitting(node: Node, reader: Reader, most: int, limit: int = TEXT_LIMIT) -> list[Piece]:
    """The same in at most `most` pieces: what does not fit is cut out of the middle, before the last line."""
    pieces = pieces_of(node, reader, limit)
    if len(pieces) <= most:
        return pieces
    spans = _spelled(render(node, reader))
    text = "".join(span.text for span in spans)
    end = text.rstrip().rfind("\n") + 1
    footer = list(_cut_out(spans, end, len(text))) if 0 < units(text[end:]) <= FOOTER_LIMIT else []
    room = limit - units("".join(span.text for span in footer)) - len("…\n")
    kept = [list(spans) for spans in _split(spans, limit)][: most - 1]
    begin = sum(len(span.text) for piece in kept for span in piece)
    last = _cut_out(spans, begin, begin + len(_head(text[begin:], room)))
    return [*(_piece(piece) for piece in kept), _piece([*last, Span("…\n" if footer else "…"), *footer])]


def sayable(tree: Node, rows: Rows) -> tuple[Node, Rows]:
    """Words and buttons as Telegram takes them: addresses that it refuses under buttons are said."""
    refused = [button for row in rows for button in row if button.url and not is_web_address(button.url)]
    if not refused:
        return tree, rows
    said = [Seq(button.label, Words(" "), Words(button.url)) for button in refused]
    return Lines(tree, *said), [[button for button in row if button not in refused] for row in rows]


def is_web_address(url: str) -> bool:
    """Whether Telegram makes a link of an address: its host must have a dot. http://localhost has none."""
    try:
        parts = urlsplit(url)
        return parts.scheme not in ("http", "https") or "." in (parts.hostname or "") or ":" in (parts.hostname or "")
    except ValueError:
        return False


def toast_of(node: Node, reader: Reader) -> str:
    """A short word for whoever pressed."""
    return cut(plain(node, reader), TOAST_LIMIT)


def cut(text: str, limit: int) -> str:
    """The text, with an ellipsis where it is too long."""
    if units(text) <= limit:
        return text
    return f"{_head(text, limit - 1)}…"


def keyboard_of(rows: Rows, reader: Reader) -> list[list[dict[str, Any]]]:
    """Inline buttons. Raises Rejected for an action that Telegram cannot carry (CONTRIBUTING: at most 56 bytes)."""
    drawn = []
    for row in rows:
        buttons = []
        for button in row:
            shown: dict[str, Any] = {"text": cut(plain(button.label, reader).replace("\n", " "), LABEL_LIMIT) or "·"}
            if button.url:
                shown["url"] = button.url
            elif 0 < len(button.action.encode()) <= DATA_LIMIT:
                shown["callback_data"] = button.action
            else:
                raise Rejected(f"a button of {len(button.action.encode())} bytes: {button.action[:80]!r}")
            if button.style:
                shown["style"] = button.style
            buttons.append(shown)
        drawn.append(buttons)
    return [row for row in drawn if row]


def _spelled(spans: Sequence[Span]) -> list[Span]:
    """Links that Telegram would drop are followed by their address."""
    return [span if is_web_address(span.url) else Span(_spell(span), span.styles) for span in spans]


def _spell(span: Span) -> str:
    return span.text if span.url in span.text else f"{span.text} {span.url}"


def _piece(spans: Sequence[Span]) -> Piece:
    """Telegram trims messages: so do we, that offsets stay right."""
    text = "".join(span.text for span in spans)
    dropped = len(text) - len(text.lstrip())
    text = text.strip()
    end, entities = units(text), list[Entity]()
    at = -dropped
    for span in spans:
        start, stop = max(at, 0), min(at + units(span.text), end)
        at += units(span.text)
        if start < stop:
            _add(entities, [{"offset": start, "length": stop - start, **kind} for kind in _kinds(span)])
    return Piece(text, entities)


def _add(entities: list[Entity], more: Sequence[Entity]) -> None:
    """Add what a span looks like; what goes on from the span before is one entity with it: two quotations that touch
    would be two."""
    for entity in more:
        begun = next((one for one in reversed(entities) if _goes_on(one, entity)), None)
        if begun is not None:
            begun["length"] += entity["length"]
        else:
            entities.append(entity)


def _goes_on(begun: Entity, entity: Entity) -> bool:
    alike = begun["type"] == entity["type"] and begun.get("url") == entity.get("url")
    return bool(alike) and begun["offset"] + begun["length"] == entity["offset"]


def _kinds(span: Span) -> Iterator[Entity]:
    if "code" in span.styles:
        yield {"type": "code"}  # allows no other beside it
        return
    for style in sorted(span.styles & ENTITIES.keys()):
        yield {"type": ENTITIES[style]}
    if span.url.startswith("mailto:"):
        return
    if span.url:
        yield {"type": "text_link", "url": span.url}


def _split(spans: Sequence[Span], limit: int) -> Iterator[list[Span]]:
    """Spans of at most `limit` together; broken between lines, then words, then anywhere."""
    text = "".join(span.text for span in spans)
    if units(text) <= limit:
        yield list(spans)
        return
    end = 0
    while end < len(text):
        piece = _head(text[end:], limit)
        if end + len(piece) < len(text):
            piece = _at_a_break(piece)
        yield list(_cut_out(spans, end, end + len(piece)))
        end += len(piece)


def _head(text: str, limit: int) -> str:
    """The longest beginning within `limit` units."""
    head = text[:limit]
    while units(head) > limit:
        head = head[: -max(1, (units(head) - limit) // 2)]
    return head


def _at_a_break(piece: str) -> str:
    for mark in BREAKS:
        found = piece.rfind(mark)
        if found > len(piece) * KEPT:
            return piece[: found + 1]
    return piece


def _cut_out(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    at = 0
    for span in spans:
        inside = span.text[max(0, start - at) : max(0, end - at)]
        at += len(span.text)
        if inside:
            yield Span(inside, span.styles, span.url, span.mention)
