"""Whose an account is, and which account a person has: bound, on the list, by template."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from api.context import Context
from storage.people import Identity, Person
from storage.whose import accounts_of, people_of, person_of
from tests.support.talk import Voice, World, a_world

TEMPLATE = "@{staff_no}:example.org"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def teacher(world: World, name: str, **columns: Any) -> Voice:
    county = columns.pop("county", None) or await world.region()
    return await world.teacher(name, await world.school(county, "第一小学"), **columns)


async def bound(world: World, voice: Voice | None, native: str, **columns: Any) -> None:
    def add(ctx: Context) -> None:
        person_id = voice.person.id if voice and voice.person else None
        row = Identity(platform="matrix", native=native, person_id=person_id, created_at=ctx.now, **columns)
        ctx.session.add(row)

    await world.run(add)


async def account(world: World, voice: Voice, template: str = TEMPLATE, platform: str = "matrix") -> str | None:
    assert voice.person is not None
    found = await world.run(lambda ctx: accounts_of(ctx.session, platform, [voice.person.id], template))
    return found.get(voice.person.id)


async def owner(world: World, native: str, template: str = TEMPLATE, platform: str = "matrix") -> str | None:
    person = await world.run(lambda ctx: person_of(ctx.session, platform, native, template))
    return person.name if person else None


async def test_bound_goes_before_listed_before_template(world: World) -> None:
    li = await teacher(world, "李梅", staff_no="T01", matrix_id="@listed:example.org")
    wang = await teacher(world, "王刚", staff_no="T02")
    assert await account(world, li) == "@listed:example.org" and await account(world, wang) == "@t02:example.org"
    assert await account(world, wang, template="") is None
    assert await owner(world, "@listed:example.org") == "李梅" and await owner(world, "@t02:example.org") == "王刚"
    assert await owner(world, "@t01:example.org") is None, "the list says that hers is another one"
    now = world.runtime.now()
    await bound(world, li, "@old:example.org", last_spoke_at=now - timedelta(days=2))
    await bound(world, li, "@new:example.org", last_spoke_at=now)
    await bound(world, li, "@gone:example.org", last_spoke_at=now + timedelta(days=1), state="gone")
    assert await account(world, li) == "@new:example.org"
    for native in ("@old:example.org", "@gone:example.org", "@listed:example.org"):
        assert await owner(world, native) == "李梅"


async def test_only_matrix_accounts_stand_on_lists(world: World) -> None:
    li = await teacher(world, "李梅", staff_no="1", matrix_id="@li:example.org")
    assert await account(world, li, platform="telegram") is None
    assert await account(world, li, platform="paper") == li.native
    assert await owner(world, li.native, platform="paper") == "李梅"
    assert await owner(world, "@li:example.org", platform="telegram") is None


async def test_an_account_that_was_left_is_the_last_resort(world: World) -> None:
    li = await teacher(world, "李梅")
    await bound(world, li, "@li:example.org", state="gone")
    assert await account(world, li) == "@li:example.org"

    def enlist(ctx: Context) -> None:
        ctx.session.get_one(Person, li.person.id).matrix_id = "@other:example.org"

    await world.run(enlist)
    assert await account(world, li) == "@other:example.org"


@pytest.mark.parametrize("number", ["张三", "a b", "a:b", "", "x" * 40])
async def test_only_what_makes_an_account_counts(world: World, number: str) -> None:
    li = await teacher(world, "李梅", staff_no=number)
    template = "@{staff_no}:" + "s" * 220
    assert await account(world, li, template) is None
    assert await owner(world, template.replace("{staff_no}", number.lower()), template) is None


async def test_what_fits_two_is_nobodys(world: World) -> None:
    li, wang = await teacher(world, "李梅", staff_no="A1"), await teacher(world, "王刚", staff_no="a1")
    assert await account(world, li) is None and await account(world, wang) is None
    assert await owner(world, "@a1:example.org") is None
    await teacher(world, "张强", matrix_id="@a2:example.org")
    chen = await teacher(world, "陈静", staff_no="A2")
    assert await account(world, chen) is None and await owner(world, "@a2:example.org") == "张强"
    zhou = await teacher(world, "周敏", staff_no="A3")
    await bound(world, li, "@a3:example.org", state="gone")
    assert await account(world, zhou) is None, "it belongs to somebody else"
    assert await owner(world, "@a3:example.org") == "李梅"


async def test_what_was_unbound_is_nobodys(world: World) -> None:
    li = await teacher(world, "李梅", staff_no="7")
    await bound(world, None, "@7:example.org")
    assert await account(world, li) == "@7:example.org" and await owner(world, "@7:example.org") == "李梅"

    def part(ctx: Context) -> None:
        ctx.session.query(Identity).filter_by(native="@7:example.org").one().parted_at = ctx.now

    await world.run(part)
    assert await account(world, li) is None and await owner(world, "@7:example.org") is None


@pytest.mark.parametrize("how", ["removed_at", "erased_at"])
async def test_who_is_not_there_has_no_account(world: World, how: str) -> None:
    li = await teacher(world, "李梅", staff_no="1")
    await bound(world, li, "@li:example.org")
    wang = await teacher(world, "王刚", staff_no="2", matrix_id="@wang:example.org")

    def go(ctx: Context) -> None:
        for voice in (li, wang):
            setattr(ctx.session.get_one(Person, voice.person.id), how, ctx.now)

    await world.run(go)
    for voice, native in ((li, "@li:example.org"), (wang, "@wang:example.org")):
        assert await account(world, voice) is None and await owner(world, native) is None
    assert await owner(world, "@1:example.org") is None
    successor = await teacher(world, "陈静", staff_no="1")
    assert await account(world, successor) == "@1:example.org", "the number is free again"


async def test_one_query_for_any_number_of_people(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    people = [await world.teacher(f"老师{n}", school, staff_no=f"N{n}") for n in range(5)]
    for voice in people[:2]:
        await bound(world, voice, f"@{voice.person.pid}:example.org")
    engine, seen = world.runtime.database.engine, list[str]()
    event.listen(engine, "before_cursor_execute", lambda *about: seen.append(about[2]))
    ids = [voice.person.id for voice in people]
    found = await world.run(lambda ctx: accounts_of(ctx.session, "matrix", ids, TEMPLATE))
    assert len(found) == 5 and len([one for one in seen if one.startswith("SELECT")]) == 1
    seen.clear()
    back = await world.run(lambda ctx: people_of(ctx.session, "matrix", list(found.values()), TEMPLATE))
    assert {person.id: native for native, person in back.items()} == found
    assert len([one for one in seen if one.startswith("SELECT")]) == 2
    assert await world.run(lambda ctx: accounts_of(ctx.session, "matrix", [])) == {}
    assert await world.run(lambda ctx: people_of(ctx.session, "matrix", [])) == {}
