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
from storage import mirrors
from storage.communities import Community
from storage.messaging import Chat
from storage.rooms import Room

# how a room is: worst first
GONE, FAILING, LACKING, WAITING, UNMADE, STEADY, LOOSE = (
    "gone", "failing", "lacking", "waiting", "unmade", "steady", "loose",
)  # fmt: skip
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
    rows = mirrors.page_rooms(ctx.session, community.path, limit + 1, read_number(after) or 0, built_in)
    return [report_of(*row) for row in rows]


def count_states(ctx: Context, pid: str) -> dict[tuple[str, str], int]:
    """(platform, state) -> how many rooms of a community and all below it."""
    counted: dict[tuple[str, str], int] = {}
    after: str | None = None
    while page := list_rooms(ctx, pid, 200, after):
        for one in page[:200]:
            key = one.room.platform, one.state
            counted[key] = counted.get(key, 0) + 1
        if len(page) <= 200:
            break
        after = page[199].cursor
    return counted


def get_report(ctx: Context, pid: str) -> Report:
    """How one room is, for who moderates its community. Raises NotFound or Forbidden."""
    room, community = get_room_for(ctx, pid, "moderate")
    return report_of(room, community, ctx.session.get(Chat, room.chat_id) if room.chat_id is not None else None)


def report_of(room: Room, community: Community, chat: Chat | None) -> Report:
    """How a room is, by what its last look found."""
    found = room.findings
    left = [Action(*one) for one in found.get("left", ())]
    lacking = [Action(*one) for one in found.get("lacking", ())]
    failed = dict(found.get("failed", {}))
    state = _state(room, chat, bool(left), bool(lacking), bool(failed))
    return Report(room, community, chat, state, found.get("members"), left, lacking, failed, found.get("error", ""),
                  room.looked_at)  # fmt: skip


def _state(room: Room, chat: Chat | None, left: bool, lacking: bool, failed: bool) -> str:
    found = room.findings
    if chat is not None and (chat.state == "gone" or found.get("gone")):
        return GONE
    if room.due_at is None:
        return LOOSE
    if failed or (found.get("error") and chat is not None):
        return FAILING
    if chat is None:
        return FAILING if found.get("error") else UNMADE
    return LACKING if lacking else WAITING if left else STEADY


def describe(report: Report) -> Node:
    """A line about a room."""
    platform = texts.platform_name(report.room.platform)
    what = T("{name} (space)", name=report.community.name) if report.room.part == "space" else report.community.name
    how = STATES[report.state]
    if report.members is None:
        return T("{platform}, {what}: {how}", platform=platform, what=what, how=how)
    there = Plural("{n} person", "{n} people", report.members)
    return T("{platform}, {what}: {how}; {there}", platform=platform, what=what, how=how, there=there)
