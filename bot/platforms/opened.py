"""JSON that nobody has looked at before us: what was encrypted, what a webhook is sent. It may be anything. Pure."""

import json
import math
from typing import Any

DEEPEST = 100  # levels; events of clients have ten


def read_opened(text: str | bytes) -> Any:
    """The value of a JSON text that a database can keep. Raises ValueError for what is no JSON, for numbers that are
    none, and for what is nested deeper than any event."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    check_opened(value)
    return value


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
