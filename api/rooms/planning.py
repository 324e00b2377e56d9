"""From what a room should be and what it is to what has to be done: pure, so that it can be tried on everything (C2).

Accounts and places are named as their platform names them. What we do not manage is never touched; what we lack the
right for is said, not tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

# how somebody stands in a room; platforms have levels between and above
READS, SPEAKS, LEADS = -1, 0, 50

# what can be kept in step, each by itself
NAME, TOPIC, PICTURE, ACCESS, SECRECY = "name", "topic", "picture", "access", "secrecy"
MEMBERS, RANKS, TREE, READING = "members", "ranks", "tree", "reading"
ASPECTS = (NAME, TOPIC, PICTURE, ACCESS, SECRECY, MEMBERS, RANKS, TREE, READING)


# what keeping each in step may take
TAKES: dict[str, tuple[str, ...]] = {
    NAME: ("name",), TOPIC: ("topic",), PICTURE: ("picture",), ACCESS: ("access", "history"), SECRECY: ("encrypt",),
    MEMBERS: ("invite", "admit", "refuse", "remove", "ban", "unban"), RANKS: ("rank",),
    TREE: ("link", "unlink", "hang", "unhang"), READING: ("hush", "unhush"),
}  # fmt: skip


class Seat(NamedTuple):
    """Somebody with a place in a room. `invited`: they belong there; else they may be there, and are never asked in."""

    rank: int = SPEAKS
    invited: bool = True


class Standing(NamedTuple):
    """How an account stands in a room: join | invite | knock | leave | ban; `ours`: a ban that we made; `fresh`: it
    came in the last minute, and what that means may not be decided yet."""

    state: str
    rank: int = SPEAKS
    ours: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Desired:
    """What a room should be. `aspects`: what of it is kept in step.

    `out` must not be there (True: nor come back by themselves). `stay_out` left on purpose: they are not asked in
    again. `spared` keep the rank that somebody gave them. `judged`: what was decided already of
    accounts that just changed, as the state they were in. Bans of those `lifted` end, whoever made them.
    `access` is open | knock | invite, or "restricted:" and the space whose members may come in. `children` belong into
    this space, `strangers` are other rooms of ours. `parts` (key -> name) get a place inside, if it has such.
    """

    aspects: frozenset[str]
    part: str = "room"
    name: str = ""
    topic: str = ""
    picture: str = ""
    access: str = "invite"
    history: str = "shared"
    encrypted: bool = False
    parent: str = ""
    children: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()
    parts: Mapping[str, str] = field(default_factory=dict)
    seats: Mapping[str, Seat] = field(default_factory=dict)
    out: Mapping[str, bool] = field(default_factory=dict)
    stay_out: frozenset[str] = frozenset()
    spared: frozenset[str] = frozenset()
    judged: Mapping[str, str] = field(default_factory=dict)
    lifted: frozenset[str] = frozenset()
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Actual:
    """What a room is. `rank` is our own; `may`: the actions we may do there; `holds_parts`: it can have places of their
    own inside (a forum with its topics)."""

    rank: int
    may: frozenset[str]
    name: str = ""
    topic: str = ""
    picture: str = ""
    access: str = "invite"
    history: str = "shared"
    encrypted: bool = False
    parents: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    members: Mapping[str, Standing] = field(default_factory=dict)
    read_only: bool = False
    holds_parts: bool = False


class Action(NamedTuple):
    """One thing to do. `who` is an account or a room, where it concerns one; `value` what it is to become."""

    kind: str
    who: str = ""
    value: Any = None

    @property
    def key(self) -> str:
        """What counts its tries: the same thing with another value is the same."""
        return f"{self.kind}:{self.who}" if self.who else self.kind


class Plan(NamedTuple):
    """What to do, in this order; `lacking`: what we would do and have no right to; `waits`: who came a moment ago and
    is to be looked at again."""

    actions: tuple[Action, ...] = ()
    lacking: tuple[Action, ...] = ()
    waits: bool = False


def unable(desired: Desired, actual: Actual) -> list[Action]:
    """What keeping a room in step may take sooner or later, and we have no right to."""
    takes = [kind for aspect in ASPECTS if aspect in desired.aspects for kind in TAKES[aspect]]
    takes += ["open"] if TREE in desired.aspects and actual.holds_parts else []
    return [Action(kind) for kind in takes if kind not in actual.may]


def plan(desired: Desired, actual: Actual) -> Plan:
    """What makes a room what it should be. Done completely, the next plan is empty."""
    wanted = [*_room(desired, actual), *_tree(desired, actual), *_members(desired, actual), *_ranks(desired, actual)]
    may = [action for action in wanted if action.kind in actual.may]
    lacking = [action for action in wanted if action.kind not in actual.may]
    concerned = {*desired.out, *desired.seats} - desired.stay_out
    waits = any(_undecided(desired, actual, who) for who in concerned)
    return Plan(tuple(may), tuple(lacking), waits and MEMBERS in desired.aspects)


def _room(desired: Desired, actual: Actual) -> list[Action]:
    found = []
    for aspect, kind in ((NAME, "name"), (TOPIC, "topic"), (PICTURE, "picture"), (ACCESS, "access"),
                         (ACCESS, "history")):  # fmt: skip
        value = getattr(desired, kind)
        unset = kind == "picture" and not value  # no picture of ours: theirs stays
        if aspect in desired.aspects and value != getattr(actual, kind) and not unset:
            found.append(Action(kind, value=value))
    if SECRECY in desired.aspects and desired.encrypted and not actual.encrypted:
        found.append(Action("encrypt"))
    if READING in desired.aspects and desired.read_only != actual.read_only:
        found.append(Action("hush" if desired.read_only else "unhush"))
    return found


def _tree(desired: Desired, actual: Actual) -> list[Action]:
    if TREE not in desired.aspects:
        return []
    found = [Action("link", child) for child in sorted(desired.children - actual.children)]
    found += [Action("unlink", child) for child in sorted(actual.children & desired.strangers - desired.children)]
    if desired.parent and desired.parent not in actual.parents:
        found.append(Action("hang", desired.parent))
    found += [Action("open", part, name) for part, name in sorted(desired.parts.items()) if actual.holds_parts]
    gone = actual.parents & desired.strangers - {desired.parent}
    return found + [Action("unhang", parent) for parent in sorted(gone)]


def _members(desired: Desired, actual: Actual) -> list[Action]:
    if MEMBERS not in desired.aspects:
        return []
    found = []
    for who, seat in sorted(desired.seats.items()):
        standing = actual.members.get(who, Standing("leave"))
        banned = standing.state == "ban" and (standing.ours or who in desired.lifted)
        if banned:
            found.append(Action("unban", who))
        if standing.state == "knock":
            found.append(Action("admit", who))
        elif not seat.invited or who in desired.stay_out or _undecided(desired, actual, who):
            continue
        elif standing.state == "leave" or (banned and "unban" in actual.may):
            found.append(Action("invite", who))
    for who, for_good in sorted(desired.out.items()):
        if not _here(actual, who):
            continue
        standing = actual.members[who]
        if standing.rank >= actual.rank or _undecided(desired, actual, who):
            continue
        if standing.state == "knock":
            found.append(Action("refuse", who))
        else:
            found.append(Action("ban" if for_good else "remove", who))
    return found


def _ranks(desired: Desired, actual: Actual) -> list[Action]:
    if RANKS not in desired.aspects:
        return []
    found = []
    for who, seat in sorted(desired.seats.items()):
        standing = actual.members.get(who)
        if standing is None or standing.state != "join" or who in desired.spared:
            continue
        above = standing.rank >= actual.rank or seat.rank > actual.rank  # nobody changes whom they are not above
        more = seat.rank >= LEADS and standing.rank > seat.rank  # somebody trusts them with more than we do
        if standing.rank != seat.rank and not above and not more:
            found.append(Action("rank", who, seat.rank))
    return found


def _undecided(desired: Desired, actual: Actual, who: str) -> bool:
    """Whether somebody came or went a moment ago, and nobody has looked into it yet."""
    standing = actual.members.get(who)
    return standing is not None and standing.fresh and desired.judged.get(who) != standing.state


def _here(actual: Actual, who: str) -> bool:
    return who in actual.members and actual.members[who].state in ("join", "invite", "knock")
