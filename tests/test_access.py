"""The permission table, cell by cell: who x action x place. What is expected is written here by hand, never computed
from api.access.RULES; a failure names who, what and where."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest

from api.access import NAMES, OFFICES, ROLES, RULES, can, forbidden, hats, require
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Conflict, Forbidden, NotFound
from storage.base import new_pid
from storage.communities import Appointment, Community, Membership
from storage.people import Person
from tests.support.talk import NOW, World, a_world

# who -> everything they may do where their right reaches
MAY: dict[str, str] = {
    "host": "discuss hear see take_part notify push contribute review moderate monitor manage remind",
    "cohost": "discuss hear see take_part notify push contribute review moderate monitor remind",
    "member": "hear see take_part contribute",
    "observer": "hear see",
    "region_admin": "discuss hear see notify push contribute moderate monitor manage remind create_workshop appoint "
    "appoint_school people roster letters",
    "school_admin": "discuss hear see notify push contribute moderate monitor manage remind appoint_school people",
    "county_trainer": "discuss hear see notify push contribute review monitor create_workshop",
    "principal": "discuss hear see notify push contribute monitor remind appoint_school",
    "school_trainer": "see notify push contribute monitor remind",
    "expert": "see push contribute create_workshop",
    "provider_admin": "see contribute",
    "nobody": "",
}
ACTIONS = (
    "see take_part notify push contribute review moderate monitor manage remind create_workshop appoint appoint_school "
    "people roster letters discuss hear"
).split()

# place -> its parent; the tree in which everything is tried
TREE = {
    "province": "", "county": "province", "school": "county", "sister school": "county", "workshop": "county",
    "school workshop": "school", "other county": "province", "other school": "other county",
    "other workshop": "other county",
}  # fmt: skip
# where an office held in a place reaches; a role reaches its own community only
REACH = {
    "province": [*TREE],
    "county": ["county", "school", "sister school", "workshop", "school workshop"],
    "school": ["school", "school workshop"],
    "workshop": ["workshop"],
}


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def plant(world: World) -> dict[str, Community]:
    """The tree."""
    places: dict[str, Community] = {}
    for name, above in TREE.items():
        if "school" in name and "workshop" not in name:
            places[name] = await world.school(places[above], name)
        elif "workshop" in name:
            places[name] = await world.workshop(places[above], name)
        else:
            places[name] = await world._community(kind="region", level="county", name=name, parent=places.get(above))
    return places


def somebody(ctx: Context, name: str, school: Community | None = None) -> Person:
    person = Person(pid=new_pid(), name=name, school_id=school.id if school else None, created_at=ctx.now)
    ctx.session.add(person)
    ctx.session.flush()
    return person


def put_in(ctx: Context, person: Person, who: str, place: Community, **columns: object) -> None:
    if who in ROLES:
        ctx.session.add(
            Membership(person_id=person.id, community_id=place.id, **{"role": who, "since": ctx.now, **columns})
        )
    elif who in OFFICES:
        row = {"office": who, "since": NOW.date(), **columns}
        ctx.session.add(Appointment(person_id=person.id, community_id=place.id, **row))
    ctx.session.flush()


def differences(ctx: Context, person: Person, who: str, where: str, place: Community, expected: set[str]) -> list[str]:
    """One line for every cell that differs."""
    ctx.actor, ctx.system = person, False
    found = {action for action in RULES if can(ctx, action, place)}
    return [f"{who} {'may' if a in found else 'may not'} {a} in {where}" for a in sorted(found ^ expected)]


def test_the_table_here_names_every_row_and_everybody() -> None:
    assert set(RULES) == set(ACTIONS), "write the new action into MAY and ACTIONS, for everybody who may"
    assert {*ROLES, *OFFICES, "nobody"} == set(MAY)
    assert set(NAMES) == {*ROLES, *OFFICES}


@pytest.mark.parametrize("held", REACH)
async def test_who_may_do_what_where(world: World, held: str) -> None:
    places = await plant(world)

    def look(ctx: Context) -> list[str]:
        wrong: list[str] = []
        for who, may in MAY.items():
            person = somebody(ctx, who)
            put_in(ctx, person, who, places[held])
            reach = REACH[held] if who in OFFICES else [held]
            for where, place in places.items():
                expected = set(may.split()) if where in reach else set()
                wrong += differences(ctx, person, f"{who} of {held}", where, place, expected)
        return wrong

    assert not await world.run(look)


async def test_a_home_school_makes_a_member_of_it_and_of_what_lies_above(world: World) -> None:
    places = await plant(world)
    home = {"school", "county", "province"}

    def look(ctx: Context) -> list[str]:
        person = somebody(ctx, "teacher", places["school"])
        return [
            line
            for where, place in places.items()
            for line in differences(
                ctx, person, "teacher of school", where, place, set(MAY["member"].split()) if where in home else set()
            )
        ]

    assert not await world.run(look)


@pytest.mark.parametrize("status", ["pending", "invited", "left", "removed", "declined"])
async def test_only_active_members_count(world: World, status: str) -> None:
    places = await plant(world)

    def look(ctx: Context) -> list[str]:
        person = somebody(ctx, status)
        put_in(ctx, person, "host", places["workshop"], status=status)
        return differences(ctx, person, f"{status} host", "workshop", places["workshop"], set())

    assert not await world.run(look)


@pytest.mark.parametrize(
    ("what", "counts", "columns"),
    [
        ("until tomorrow", True, {"until": NOW.date() + timedelta(days=1)}),
        ("from today", True, {"since": NOW.date()}),
        ("until today", False, {"until": NOW.date()}),
        ("from tomorrow", False, {"since": NOW.date() + timedelta(days=1)}),
        ("ended", False, {"since": date(2026, 1, 1), "ended_at": NOW}),
    ],
)
async def test_only_offices_held_today_count(world: World, what: str, counts: bool, columns: dict[str, object]) -> None:
    places = await plant(world)

    def look(ctx: Context) -> list[str]:
        person = somebody(ctx, what)
        put_in(ctx, person, "region_admin", places["county"], **columns)
        expected = set(MAY["region_admin"].split()) if counts else set()
        return differences(ctx, person, what, "school", places["school"], expected)

    assert not await world.run(look)


async def test_offices_begin_with_the_local_day(world: World) -> None:
    places = await plant(world)
    early = datetime.fromisoformat("2026-11-24T06:00:00+08:00")  # in UTC it is still the day before
    world.set_time(early)

    def look(ctx: Context) -> list[str]:
        new, old = somebody(ctx, "new"), somebody(ctx, "old")
        put_in(ctx, new, "school_admin", places["school"], since=date(2026, 11, 24))
        put_in(ctx, old, "school_admin", places["school"], since=date(2026, 1, 1), until=date(2026, 11, 24))
        wrong = differences(ctx, old, "old", "school", places["school"], set())
        assert hats(ctx) == frozenset()
        wrong += differences(ctx, new, "new", "school", places["school"], set(MAY["school_admin"].split()))
        assert "school" in hats(ctx)
        return wrong

    assert not await world.run(look)


async def test_several_hats_add_up(world: World) -> None:
    places = await plant(world)

    def look(ctx: Context) -> list[str]:
        person = somebody(ctx, "both")
        put_in(ctx, person, "observer", places["workshop"])
        put_in(ctx, person, "expert", places["county"])
        return differences(ctx, person, "both", "workshop", places["workshop"], {"hear", *MAY["expert"].split()})

    assert not await world.run(look)


async def test_what_is_archived_is_read_by_its_own_and_changed_by_nobody(world: World) -> None:
    places = await plant(world)

    def look(ctx: Context) -> None:
        place = ctx.session.merge(places["workshop"])
        person, stranger = somebody(ctx, "host"), somebody(ctx, "nobody")
        put_in(ctx, person, "host", place)
        place.archived_at, place.policy = ctx.now, "invitation"
        ctx.session.flush()
        ctx.actor, ctx.system = person, False
        assert get_community_for(ctx, place.pid, "see", archived=True).id == place.id
        for action in ACTIONS:
            with pytest.raises(Conflict):
                get_community_for(ctx, place.pid, action)
        ctx.actor = stranger
        for action in ACTIONS:
            with pytest.raises(NotFound):
                get_community_for(ctx, place.pid, action)
            with pytest.raises(NotFound):
                get_community_for(ctx, place.pid, action, archived=True)

    await world.run(look)


async def test_a_refusal_names_who_could_and_hides_what_is_by_invitation(world: World) -> None:
    places = await plant(world)

    def look(ctx: Context) -> None:
        ctx.actor, ctx.system = somebody(ctx, "nobody"), False
        for action in ACTIONS:
            with pytest.raises(Forbidden) as refusal:
                require(ctx, action, places["workshop"])
            assert set(refusal.value.data["who"]) == {who for who, may in MAY.items() if action in may.split()}
            assert refusal.value.data == forbidden(action).data
        hidden = ctx.session.merge(places["workshop"])
        hidden.policy = "invitation"
        for action in ACTIONS:
            with pytest.raises(NotFound):
                get_community_for(ctx, hidden.pid, action)

    await world.run(look)


async def test_the_system_is_asked_for_no_right_and_nobody_for_everything(world: World) -> None:
    places = await plant(world)

    def look(ctx: Context) -> None:
        assert all(can(ctx, action, place) for action in ACTIONS for place in places.values())
        ctx.system = False
        assert not any(can(ctx, action, place) for action in ACTIONS for place in places.values())

    await world.run(look)
