"""JSON that nobody has looked at before us: what was encrypted, what a webhook is sent. It may be anything. Pure."""

import json
import math
import re
from typing import Any

DEEPEST = 100  # levels; events of clients have ten
LONGEST = 400  # digits
HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # of a character, which may be whole all the same
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]|[^"\[\]{}]+', re.DOTALL)


def read_opened(text: str | bytes) -> Any:
    """The value of a JSON text that a database can keep. Raises ValueError for what is no JSON, for numbers that are
    none, and for what is nested deeper than any event."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    check_opened(value)
    return value


def read_all(data: bytes) -> Any:
    """The value of a JSON text of which everything has to be taken in: numbers that are none, and what is nested deeper
    than any event, are null, and halves of characters "?". Raises ValueError for what is no JSON."""
    try:
        value = read_opened(data)
    except ValueError:
        value = json.loads(_flat(data.decode()), parse_constant=lambda _: None, parse_float=_finite, parse_int=_whole)
    if HALF.search(data):
        value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _whole(text: str) -> int | None:
    return int(text) if len(text) <= LONGEST else None  # Python reads no longer ones


def _flat(text: str) -> str:
    """A JSON text without what is nested too deep."""
    kept, level = list[str](), 0
    for token in TOKEN.findall(text):
        level += token in ("[", "{")
        if level < DEEPEST:
            kept.append(token)
        elif level == DEEPEST and token in ("[", "{"):
            kept.append("null")
        level -= token in ("]", "}")
    return "".join(kept)


def check_opened(value: Any) -> None:
    """Raise ValueError for a value that was read elsewhere and that a database cannot keep."""
    level = [value]
    for _ in range(DEEPEST):
        for each in level:
            if isinstance(each, float) and not math.isfinite(each):
                raise ValueError(f"{each} is no number")
        level = [child for each in level for child in _children(each)]
        if not level:
            return
    raise ValueError("nested too deep")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
