"""What a room is to be and who may come in, as state events and back. Pure."""

from collections.abc import Mapping
from typing import Any

VALUES = frozenset({"name", "topic", "access", "history", "encrypt"})
RULES = {"open": "public", "knock": "knock", "invite": "invite"}
ACCESS = {rule: access for access, rule in RULES.items()}
RESTRICTED = "restricted"


def content_of(kind: str, value: Any) -> dict[str, Any]:
    """The state event (type, content) of an action."""
    match kind:
        case "name" | "topic":
            return {"type": f"m.room.{kind}", "content": {kind: value}}
        case "access":
            return {"type": "m.room.join_rules", "content": _rules(str(value))}
        case "history":
            return {"type": "m.room.history_visibility", "content": {"history_visibility": value}}
        case "encrypt":
            return {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        case "link":
            return {"type": "m.space.child", "content": {"via": [value], "suggested": True}}
        case "hang":
            return {"type": "m.space.parent", "content": {"via": [value], "canonical": True}}
    raise ValueError(f"no state event says {kind}")


def _rules(access: str) -> dict[str, Any]:
    rule, _, space = access.partition(":")
    if rule != RESTRICTED:
        return {"join_rule": RULES[rule]}
    return {"join_rule": RESTRICTED, "allow": [{"type": "m.room_membership", "room_id": space}]}


def joining_of(rules: Mapping[str, Any]) -> str:
    """Who may come in, of the content of m.room.join_rules; as it is written there where we have no word for it."""
    rule, allow = str(rules.get("join_rule", "invite")), rules.get("allow")
    if rule != RESTRICTED:
        return ACCESS.get(rule, rule)
    spaces = [str(one.get("room_id")) for one in allow if isinstance(one, Mapping)] if isinstance(allow, list) else []
    return f"{RESTRICTED}:{','.join(sorted(spaces))}"
