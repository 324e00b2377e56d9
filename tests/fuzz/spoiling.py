"""JSON as nobody should send it: something well-formed with a few values that are missing, wrong, or too many."""

import copy
import math
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, -0.0, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**40, "",
    " ", "x", "0", "-1", "\x00", "\ud800", "字" * 300, "9" * 300, [], {}, [[]], [None], [{}], {"": None},
    {"id": None}, {"id": []}, ["x", 1, None], {"type": {}}, {"\x00": "\x00"}, {"\ud800": 1}, math.nan, math.inf,
    "null", "!", "@", "$", "@:", "$x", "!x:y", "@x:y",
)  # fmt: skip


def spoil(chance: Random, value: Any, times: int = 0) -> Any:
    """A copy with a few odd places."""
    spoiled = copy.deepcopy(value)
    for _ in range(times or chance.choice((1, 1, 1, 2, 2, 3, 6))):
        places = list(places_of(spoiled))
        if not places:
            return chance.choice(ODD)
        holder, key = chance.choice(places)
        _break(chance, holder, key)
    return spoiled


def places_of(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    found, left = [], [value]
    while left:
        one = left.pop()
        pairs = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, child in pairs:
            found.append((one, key))
            left.append(child)
    return found


def _break(chance: Random, holder: Any, key: Any) -> None:
    match chance.randrange(8):
        case 0:
            del holder[key]
        case 1:
            holder[key] = [holder[key]]
        case 2:
            holder[key] = {str(key): holder[key]}
        case 3:
            holder[key] = str(holder[key])[:2000]
        case 4 if isinstance(holder, dict):
            holder[chance.choice(("id", "type", "content", "text", "x", ""))] = copy.deepcopy(chance.choice(ODD))
        case _:
            holder[key] = copy.deepcopy(chance.choice(ODD))
