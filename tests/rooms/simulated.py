"""A room as every platform understands actions: what becomes of it when one is done."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from api.rooms.planning import SPEAKS, Action, Actual, Plan, Standing, plan

KINDS = frozenset(
    "name topic picture access history encrypt hush unhush link unlink hang unhang open unban admit refuse invite "
    "remove ban rank".split()
)


def done(actual: Actual, action: Action) -> Actual:
    """The room after an action."""
    kind, who, value = action
    match kind:
        case "name" | "topic" | "picture" | "access" | "history":
            return replace(actual, **{kind: value})
        case "encrypt":
            return replace(actual, encrypted=True)
        case "hush" | "unhush":
            return replace(actual, read_only=kind == "hush")
        case "link":
            return replace(actual, children=actual.children | {who})
        case "unlink":
            return replace(actual, children=actual.children - {who})
        case "hang":
            return replace(actual, parents=actual.parents | {who})
        case "unhang":
            return replace(actual, parents=actual.parents - {who})
        case "rank":
            return _with(actual, who, actual.members[who]._replace(rank=value))
        case "invite" | "admit":
            rank = actual.members[who].rank if who in actual.members else SPEAKS
            return _with(actual, who, Standing("invite", rank))
        case "remove" | "refuse" | "unban":
            return _with(actual, who, Standing("leave", actual.members[who].rank))
        case "ban":
            return _with(actual, who, Standing("ban", actual.members[who].rank, ours=True))
    raise AssertionError(f"nobody knows how to {kind}")


def all_done(actual: Actual, what: Plan) -> Actual:
    """The room after a plan."""
    for action in what.actions:
        actual = done(actual, action)
    return actual


def _with(actual: Actual, who: str, standing: Standing) -> Actual:
    members: Mapping[str, Any] = {**actual.members, who: standing}
    return replace(actual, members=members)


__all__ = ["KINDS", "all_done", "done", "plan"]
