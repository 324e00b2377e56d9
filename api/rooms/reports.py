"""How rooms are: for hosts in chat, for programs, for the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.communities.lookup import get_community_for
from api.context import Context
from api.messaging.tree import Node, Plural, T
from api.numbers import read_number
from api.rooms import texts
from api.rooms.mirroring import get_room_for
from api.rooms.planning import Action
from storage import roomstates
from storage.communities import Community
from storage.messaging import Chat
from storage.rooms import Room
from storage.roomstates import FAILING, GONE, LACKING, LOOSE, STEADY, UNMADE, WAITING, SeenRoom

# worst first
STATES: dict[str, T] = {
    GONE: T("I am not in it (any more)"),
    FAILING: T("something does not work"),
    LACKING: T("I lack a right there"),
    WAITING: T("being put in order"),
    UNMADE: T("being made"),
    STEADY: T("in step"),
    LOOSE: T("bound; people come and go as they like"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """One room. `left`, `lacking` and `failed` (key -> why) are what the last look left undone."""

    room: Room
    community: Community
    chat: Chat | None
    state: str
    members: int | None
    left: Sequence[Action]
    lacking: Sequence[Action]
    failed: dict[str, str]
    error: str
    looked_at: datetime | None

    @property
    def cursor(self) -> str:
        """Where the list goes on."""
        return str(self.room.id)


def list_rooms(ctx: Context, pid: str, limit: int = 50, after: str | None = None, built_in: bool = False,
               ) -> list[Report]:  # fmt: skip
    """The rooms of a community and all below it, for who moderates it; one more than `limit`. `built_in`: the
    web's, too."""
    community = get_community_for(ctx, pid, "moderate")
    rows = roomstates.page_rooms(ctx.session, community.path, limit + 1, read_number(after) or 0, built_in)
    return [_report(one) for one in rows]


def list_first(ctx: Context, pid: str, limit: int = 10) -> list[Report]:
    """What is to be seen first, for who moderates a community: up to `limit` rooms of it and all below it with which
    something is wrong, the worst first; then as many of its own, however they are."""
    community = get_community_for(ctx, pid, "moderate")
    found = roomstates.worst_rooms(ctx.session, community.path, limit)
    found += roomstates.rooms_at(ctx.session, community.id, limit)
    return [_report(one) for one in {one.room.id: one for one in found}.values()]


def count_states(ctx: Context, pid: str) -> dict[tuple[str, str], int]:
    """(platform, state) -> how many rooms of a community and all below it, for who moderates it."""
    community = get_community_for(ctx, pid, "moderate")
    return roomstates.count_states(ctx.session, community.path)


def get_report(ctx: Context, pid: str) -> Report:
    """How one room is, for who moderates its community. Raises NotFound or Forbidden."""
    room, _ = get_room_for(ctx, pid, "moderate")
    return _report(roomstates.see_room(ctx.session, room.id))


def _report(seen: SeenRoom) -> Report:
    found = seen.room.findings
    left = [Action(*one) for one in found.get("left", ())]
    lacking = [Action(*one) for one in found.get("lacking", ())]
    failed = dict(found.get("failed", {}))
    return Report(seen.room, seen.community, seen.chat, seen.state, found.get("members"), left, lacking, failed,
                  found.get("error", ""), seen.room.looked_at)  # fmt: skip


def describe(report: Report) -> Node:
    """A line about a room."""
    platform = texts.platform_name(report.room.platform)
    what = T("{name} (space)", name=report.community.name) if report.room.part == "space" else report.community.name
    how = STATES[report.state]
    if report.members is None:
        return T("{platform}, {what}: {how}", platform=platform, what=what, how=how)
    there = Plural("{n} person", "{n} people", report.members)
    return T("{platform}, {what}: {how}; {there}", platform=platform, what=what, how=how, there=there)


__all__ = ["LOOSE", "STATES", "STEADY", "Report", "count_states", "describe", "get_report", "list_first", "list_rooms"]
