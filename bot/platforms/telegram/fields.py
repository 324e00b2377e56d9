"""The Bot API's JSON, read with care: what we need and do not find is `Unreadable`."""

from typing import Any, TypeVar

from bot.platforms.base import Unreadable

Json = dict[str, Any]
Kind = TypeVar("Kind")

LARGEST = 2**63  # ids have at most 52 bits


def get(of: Json, name: str, kind: type[Kind]) -> Kind:
    """A field of a certain type. Raises Unreadable."""
    value = of.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Unreadable(f"{name} is missing or no {kind.__name__}")
    if isinstance(value, int) and not -LARGEST < value < LARGEST:
        raise Unreadable(f"{name} is no id")
    return value


def mapping(value: Any) -> Json:
    """A part that may be missing."""
    return value if isinstance(value, dict) else {}


def who(user: Json) -> Json:
    """The account of a User, as an Inbound names it. Raises Unreadable."""
    name = " ".join(str(user[part]) for part in ("first_name", "last_name") if user.get(part))
    return {"sender": str(get(user, "id", int)), "name": name, "language": str(user.get("language_code") or "")}
