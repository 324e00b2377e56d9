"""Hooks of schemathesis: most requests that it makes up name things that are really there, or it would see only 404.

$GONGFANG_KNOWN is a JSON file: the word before a pid in a path, or the name of a field -> pids.
"""

import json
import os
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

OFTEN = 0.85
KNOWN: dict[str, list[str]] = json.loads(Path(os.environ["GONGFANG_KNOWN"]).read_text())


@schemathesis.hook
def before_call(_context: HookContext, case: Case, _kwargs: dict[str, Any]) -> None:
    """Put known pids where well-formed ones stand; what is wrong on purpose stays wrong."""
    chance = Random(case.id)
    if _is_good(case, ParameterLocation.PATH):
        words = case.operation.path.split("/")
        for before, word in pairwise(words):
            name = word.strip("{}")
            _put(case.path_parameters, name, KNOWN.get(before, KNOWN.get(name, [])), chance)
    if _is_good(case, ParameterLocation.QUERY):
        for name in list(case.query):
            _put(case.query, name, KNOWN.get(name, []), chance)
    if _is_good(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        for name in list(case.body):
            _put(case.body, name, KNOWN.get(name, []), chance)


def _put(values: Any, name: str, pids: list[str], chance: Random) -> None:
    if pids and isinstance(values.get(name), str) and chance.random() < OFTEN:
        values[name] = chance.choice(pids)


def _is_good(case: Case, where: ParameterLocation) -> bool:
    made = case.meta.components.get(where) if case.meta is not None else None
    return made is None or made.mode == GenerationMode.POSITIVE
