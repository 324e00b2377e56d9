"""Text as the server keeps it: trimmed, its entities checked in UTF-16 code units, links and commands recognised."""

import re
from typing import Any
from urllib.parse import urlsplit

from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.model import Json

MOST = 100  # entities of one message; further ones are dropped
NEEDS = {
    "text_link": "url",
    "text_mention": "user",
    "custom_emoji": "custom_emoji_id",
    "date_time": "unix_time",
}
GIVEN = set(NEEDS) | set(
    "bold italic underline strikethrough spoiler code pre blockquote expandable_blockquote".split()
)
FOUND = set("mention hashtag cashtag bot_command url email phone_number bank_card_number".split())
# what TDLib's fix_formatted_text sees nothing in (is_empty_string, clean_input_string)
NOTHING = re.compile(r"[\s\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\u2800\ufeff]*")
RECOGNISED = [
    ("url", re.compile(r"(?<![\w@])https?://[^\s<>\"'，。；、）】》]+")),
    ("email", re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+\.[\w.-]*\w", re.ASCII)),
    ("bot_command", re.compile(r"(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])", re.ASCII)),
    ("mention", re.compile(r"(?<![\w@/.])@[A-Za-z][A-Za-z0-9_]{2,31}", re.ASCII)),
    ("hashtag", re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")),
]


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def formatted(text: str, entities: Any, parse_mode: str = "") -> tuple[str, list[Json]]:
    """The text and entities that are kept. Raises Refused for what cannot be.

    HTML and Markdown are refused: what this emulator does not read it must not let pass.
    """
    if parse_mode and parse_mode.lower() != "none":
        if parse_mode.lower() not in ("html", "markdown", "markdownv2"):
            raise bad("unsupported parse_mode")
        raise bad("parse_mode is not supported by this emulator; send entities")
    if not isinstance(entities, list):
        entities = []
    checked = _inside(text, [entity for given in entities if (entity := _entity(given))])
    text, kept = _trimmed(text, checked)
    if NOTHING.fullmatch(text):
        return "", []
    return text, sorted(kept + _recognised(text, kept), key=lambda entity: (entity["offset"], -entity["length"]))[:MOST]


def _entity(given: Any) -> Json | None:
    if not isinstance(given, dict):
        raise bad("can't parse MessageEntity: expected an Object")
    for field in ("offset", "length", "type"):
        if field not in given:
            raise bad(f"can't parse MessageEntity: Can't find field \"{field}\"")
    for field in ("offset", "length"):
        if not isinstance(given[field], int):
            raise bad(f'can\'t parse MessageEntity: Field "{field}" must be of type Number')
    kind = given["type"]
    if kind in FOUND:
        return None  # the server recognises these itself
    if kind not in GIVEN:
        raise bad("can't parse MessageEntity: Unsupported type specified")
    if NEEDS.get(kind, "type") not in given:
        raise bad(f"can't parse MessageEntity: Can't find field \"{NEEDS[kind]}\"")
    if not 0 <= given["offset"] <= 1_000_000:
        raise bad(f"receive an entity with incorrect offset {given['offset']}")
    if not 0 <= given["length"] <= 1_000_000:
        raise bad(f"receive an entity with incorrect length {given['length']}")
    if kind == "text_link" and not is_web_address(str(given["url"])):
        return None  # the server drops what it makes no link of
    return dict(given) if given["length"] else None


def is_web_address(url: str) -> bool:
    """Whether the server takes an address: its host must have a dot, so http://localhost is none."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme in ("tg", "ton", "tonsite"):
        return True
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "")


def _inside(text: str, entities: list[Json]) -> list[Json]:
    edges, at = set(), 0
    for letter in text:
        edges.add(at)
        at += units(letter)
    edges.add(at)
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if start > at:
            raise bad(f"entity begins after the end of the text at UTF-16 offset {start}")
        if end > at:
            raise bad(
                f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {end}"
            )
        if start not in edges:
            raise bad(f"entity begins in a middle of a UTF-16 symbol at UTF-16 offset {start}")
        if end not in edges:
            raise bad(f"entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol")
    return entities


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    cut = units(text) - units(text.lstrip())
    text = text.strip()
    end, kept = units(text), []
    for entity in entities:
        start = max(entity["offset"] - cut, 0)
        stop = min(entity["offset"] + entity["length"] - cut, end)
        if stop > start and _between(text, start, stop).strip():  # what covers only white space is dropped
            kept.append({**entity, "offset": start, "length": stop - start})
    return text, kept


def _between(text: str, start: int, stop: int) -> str:
    return text.encode("utf-16-le", "surrogatepass")[start * 2 : stop * 2].decode("utf-16-le", "surrogatepass")


def _recognised(text: str, given: list[Json]) -> list[Json]:
    taken = [(entity["offset"], entity["offset"] + entity["length"]) for entity in given if entity["type"] in NEEDS]
    taken += [(e["offset"], e["offset"] + e["length"]) for e in given if e["type"] in ("code", "pre")]
    found = []
    for kind, pattern in RECOGNISED:
        for match in pattern.finditer(text):
            start = units(text[: match.start()])
            end = start + units(match.group())
            if all(end <= left or start >= right for left, right in taken):
                taken.append((start, end))
                found.append({"offset": start, "length": end - start, "type": kind})
    return found
