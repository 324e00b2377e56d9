"""What was encrypted: no homeserver has looked at it, so it may be any JSON that somebody made up. Pure."""

import json
import math
from typing import Any, NoReturn

DEEPEST = 100  # levels; events of clients have ten


def read_opened(text: str) -> Any:
    """The value of a JSON text that a database can keep. Raises ValueError for what is no JSON, for numbers that are
    none, and for what is nested deeper than any event."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    level = [value]
    for _ in range(DEEPEST):
        level = [child for each in level for child in _children(each)]
        if not level:
            return value
    raise ValueError("nested too deep")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse(digits)
    return number
