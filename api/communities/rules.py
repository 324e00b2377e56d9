"""What a workshop's host may set, in one place: keys of `communities.rules`, their defaults and ranges."""

from dataclasses import dataclass
from typing import Any

from api.errors import Invalid
from api.messaging.tree import T
from storage.communities import Community


@dataclass(frozen=True, slots=True)
class Rule:
    """A number that a workshop may set. `label` says what it means, with its unit."""

    key: str
    label: T
    default: int
    low: int
    high: int


RULE_KEYS: dict[str, Rule] = {
    rule.key: rule
    for rule in (
        # contributions of 20 characters or fewer do not count (a real scheme's rule): so 21 are needed
        Rule("log_min_chars", T("shortest log, in characters"), 21, 1, 5000),
        # logs are judged with 1 to this many points
        Rule("score_max", T("highest score of a log"), 5, 2, 100),
    )
}


def rule(community: Community | None, key: str) -> int:
    """What holds in a community for a key of RULE_KEYS: what its host set, else the default."""
    set_here = community.rules.get(key) if community is not None else None
    return int(set_here) if set_here is not None else RULE_KEYS[key].default


def check_rules(rules: dict[str, Any]) -> dict[str, int]:
    """The rules as they are stored. Raises Invalid naming what is allowed."""
    for key, value in rules.items():
        known = RULE_KEYS.get(key)
        if known is None:
            allowed = ", ".join(RULE_KEYS)
            say = T("There is no rule “{rule}”. There are: {allowed}.", rule=key[:40], allowed=allowed)
            raise Invalid("rules.unknown", say, key=key, allowed=list(RULE_KEYS))
        if not isinstance(value, int) or isinstance(value, bool) or not known.low <= value <= known.high:
            say = T(
                "“{rule}” is a whole number from {low} to {high}.", rule=known.label, low=known.low, high=known.high
            )
            raise Invalid("rules.range", say, key=key, low=known.low, high=known.high)
    return rules
