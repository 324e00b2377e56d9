"""From message entities to the typed tree. Pure. Source: https://core.telegram.org/bots/api#messageentity.

Offsets count UTF-16 code units. Entities of other kinds (mentions, hashtags, spoilers ...) are plain words.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from api.messaging.tree import Node
from bot.platforms.formatting import Run, safe_url, tree_of

STYLES = {
    "bold": "bold", "italic": "italic", "code": "code", "pre": "code", "blockquote": "quote",
    "expandable_blockquote": "quote",
}  # fmt: skip
MOST = 500  # Telegram keeps 100 of a message
UNIT = 2  # bytes


def rich_of(text: str, entities: Any, dropped: int = 0) -> Node | None:
    """The text with its formatting; None where there is none, or entities that do not fit to the text.

    `dropped`: so many UTF-16 units were taken off the beginning of the text since it was sent.
    """
    if not isinstance(entities, list) or not entities or len(entities) > MOST:
        return None
    data = text.encode("utf-16-le", "surrogatepass")
    marks = [mark for entity in entities if (mark := _mark(entity, dropped, len(data) // UNIT)) is not None]
    cuts = sorted({0, len(data) // UNIT, *[cut for start, end, _, _ in marks for cut in (start, end)]})
    try:
        return tree_of([
            Run(data[start * UNIT : end * UNIT].decode("utf-16-le"), *_look(marks, start))
            for start, end in pairwise(cuts)
        ])  # fmt: skip
    except UnicodeDecodeError:  # an entity begins or ends inside of a character
        return None


Mark = tuple[int, int, str, str]  # from, to (units), style, url


def _mark(entity: Any, dropped: int, length: int) -> Mark | None:
    if not isinstance(entity, Mapping):
        return None
    offset, size, kind = entity.get("offset"), entity.get("length"), entity.get("type")
    if not isinstance(offset, int) or not isinstance(size, int) or not isinstance(kind, str):
        return None
    style, url = STYLES.get(kind, ""), safe_url(entity.get("url")) if kind == "text_link" else ""
    start, end = max(0, offset - dropped), min(length, offset - dropped + size)
    return (start, end, style, url) if start < end and (style or url) else None


def _look(marks: Sequence[Mark], at: int) -> tuple[frozenset[str], str]:
    """How the text looks from a place on."""
    here = [(style, url) for start, end, style, url in marks if start <= at < end]
    return frozenset(style for style, _ in here if style), next((url for _, url in here if url), "")
