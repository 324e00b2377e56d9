"""A county as large as one likes, to be mirrored: written into the database, and once more in a model that says who
belongs into which room. The model knows nothing of how the product decides that."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from api.communities.tree import add_community
from api.context import Context
from storage.base import new_pid
from storage.communities import Appointment, Community, Membership
from storage.people import Identity, Person

REGION = "晨光县"
POLICIES = ("approval", "open", "invitation")
LEADERS = ("host", "cohost")


class Size(NamedTuple):
    """`each`: members of a workshop, its host among them. Every fifth workshop is a school's."""

    schools: int = 5
    workshops: int = 10
    people: int = 60
    each: int = 12


AS_NAMED = Size()


class Key(NamedTuple):
    """A room: which place, and which part of it."""

    place: str
    part: str


@dataclass(frozen=True)
class Spot:
    """A place. `id` and `pid` are what the database made of it."""

    name: str
    kind: str
    parent: str
    id: int = 0
    pid: str = ""
    policy: str = "approval"
    archived: bool = False


@dataclass
class LargeCounty:
    """The model. People are named by their accounts, places by short names: region, s0, w0."""

    places: dict[str, Spot] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)  # account -> person id
    home: dict[str, str] = field(default_factory=dict)  # account -> school
    offices: dict[str, set[str]] = field(default_factory=dict)  # place -> accounts of its administrators
    members: dict[str, dict[str, str]] = field(default_factory=dict)  # workshop -> account -> role

    def rooms(self) -> list[Key]:
        """Every room there must be. What was archived keeps the rooms it had."""
        found = []
        for short, spot in self.places.items():
            found += [Key(short, "space")] if spot.kind != "workshop" else []
            found += [Key(short, "room")] if spot.kind != "region" else []
        return found

    def parent(self, key: Key) -> Key | None:
        """The space that a room hangs in."""
        spot = self.places[key.place]
        if spot.kind == "school" and key.part == "room":
            return Key(key.place, "space")
        return Key(spot.parent, "space") if spot.parent else None

    def belong(self, place: str) -> set[str]:
        """Accounts that are in the rooms of a place, or asked into them."""
        kind = self.places[place].kind
        if kind == "workshop":
            return set(self.members[place])
        return {who for who, home in self.home.items() if place in ("region", home)}

    def leaders(self, place: str) -> set[str]:
        """Accounts that have power in the rooms of a place when they are there; an office reaches down."""
        found = {who for who, role in self.members.get(place, {}).items() if role in LEADERS}
        while place:
            found |= self.offices.get(place, set())
            place = self.places[place].parent
        return found

    def change(self, place: str, **how: object) -> None:
        """What a place is from now on."""
        self.places[place] = replace(self.places[place], **how)  # type: ignore[arg-type]


def build(ctx: Context, accounts: Sequence[str], size: Size = AS_NAMED) -> LargeCounty:
    """Write a county with these people's Matrix accounts into the database."""
    county = LargeCounty()
    region = _place(ctx, county, "region", REGION, "region", None)
    schools = [_place(ctx, county, f"s{n}", f"第{n + 1}小学", "school", region) for n in range(size.schools)]
    for n, account in enumerate(accounts[: size.people]):
        school = n % size.schools
        person = Person(pid=new_pid(), name=f"老师{n}", school_id=schools[school].id, region_id=region.id,
                        created_at=ctx.now, privacy_version=1)  # fmt: skip
        ctx.session.add(person)
        ctx.session.flush()
        ctx.session.add(Identity(pid=new_pid(), platform="matrix", native=account, name=person.name, bound_at=ctx.now,
                                 person_id=person.id, created_at=ctx.now, last_spoke_at=ctx.now))  # fmt: skip
        county.people[account], county.home[account] = person.id, f"s{school}"
        place = "region" if n == 0 else f"s{school}" if n <= size.schools else ""
        if place:
            appoint(ctx, county, account, place)
    for n in range(size.workshops):
        parent = schools[n % size.schools] if n % 5 == 4 else region
        _place(ctx, county, f"w{n}", f"{n + 1}号工坊", "workshop", parent, POLICIES[n % 3])
        for i in range(size.each):
            who = accounts[(n * 7 + i) % size.people]
            join(ctx, county, who, f"w{n}", {0: "host", 1: "cohost"}.get(i, "member"))
    ctx.session.flush()
    return county


def _place(ctx: Context, county: LargeCounty, short: str, name: str, kind: str, parent: Community | None,
           policy: str = "approval") -> Community:  # fmt: skip
    level = {"level": "county"} if kind == "region" else {}
    made = add_community(ctx, kind=kind, name=name, parent=parent, policy=policy, **level)
    above = next((one for one, spot in county.places.items() if parent is not None and spot.id == parent.id), "")
    county.places[short] = Spot(name, kind, above, made.id, made.pid, policy)
    county.members |= {short: {}} if kind == "workshop" else {}
    return made


def add_place(ctx: Context, county: LargeCounty, short: str, name: str, kind: str, parent: str) -> None:
    """Another school or workshop."""
    _place(ctx, county, short, name, kind, ctx.session.get_one(Community, county.places[parent].id))


def appoint(ctx: Context, county: LargeCounty, who: str, place: str) -> None:
    """Make somebody administrator of a place."""
    office = "region_admin" if place == "region" else "school_admin"
    ctx.session.add(Appointment(pid=new_pid(), person_id=county.people[who], community_id=county.places[place].id,
                                office=office, since=date(2026, 1, 1)))  # fmt: skip
    county.offices.setdefault(place, set()).add(who)


def join(ctx: Context, county: LargeCounty, who: str, workshop: str, role: str = "member") -> None:
    """Make somebody a member of a workshop."""
    ctx.session.add(Membership(person_id=county.people[who], community_id=county.places[workshop].id, role=role,
                               status="active", since=ctx.now))  # fmt: skip
    county.members[workshop][who] = role
