"""The methods a bot can call. Each names the parameters it reads: others are refused, never passed over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import Refused, bad

Made = TypeVar("Made", bound=Callable[..., Any])


@dataclass(frozen=True)
class Method:
    """A method: its function (Call -> result, or a coroutine of it) and how it counts for the limits."""

    name: str
    act: Callable[[Call], Any]
    takes: frozenset[str]
    counts: bool  # a message or an edit: the flood limits count it


METHODS: dict[str, Method] = {}


def method(name: str, takes: str = "", counts: bool = False) -> Callable[[Made], Made]:
    """Register a method under its Bot API name."""

    def register(act: Made) -> Made:
        METHODS[name.lower()] = Method(name, act, frozenset(takes.split()), counts)
        return act

    return register


def find_method(name: str) -> Method:
    """A method by its name in any case. Raises Refused (404)."""
    if (found := METHODS.get(name.lower())) is None:
        raise Refused(404, "Not Found: method not found")
    return found


def check_parameters(found: Method, call: Call) -> None:
    """Refuse a parameter that this emulator does not read. The real server passes over unknown ones in silence."""
    named = {value.removeprefix("attach://") for value in call.uploads}
    for name in call.args.keys() - found.takes - named:
        raise bad(f"parameter {name} of {found.name} is not supported by this emulator")
