"""Matrix accounts on the list: read however they are written, and each one person's."""

from collections.abc import AsyncIterator

import pytest

from api.context import Context
from api.roster import importing
from api.roster.importing import Report
from storage.people import Identity, Person
from tests.roster.test_service import load, numbers, reasons
from tests.support.talk import World, a_world

MATRIX = "地区,学校,姓名,工号,Matrix账号"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def listed(world: World) -> dict[str, str | None]:
    return await world.run(lambda ctx: {p.staff_no or "": p.matrix_id for p in ctx.session.query(Person)})


@pytest.mark.parametrize("heading", ["Matrix账号", "matrix", "Matrix ID", "matrix_id"])
async def test_matrix_accounts_stand_on_the_list(world: World, heading: str) -> None:
    head = f"地区,学校,姓名,工号,{heading}"
    await load(world, f"{head}\n晨光县,第一小学,李梅,001,＠Li.Mei:Example.org\n晨光县,第一小学,王刚,002,\n")
    assert await listed(world) == {"001": "@li.mei:example.org", "002": None}
    again = await load(world, f"{head}\n晨光县,第一小学,李梅,001,\n晨光县,第一小学,王刚,002,@w:example.org\n")
    assert numbers(again) == (0, 1, 1, 0, 0), "what is empty stays as it is"
    assert await listed(world) == {"001": "@li.mei:example.org", "002": "@w:example.org"}


@pytest.mark.parametrize("account", ["li", "li:example.org", "@:example.org", "@李:example.org", "@li@example.org"])
async def test_what_is_no_matrix_account_is_said(world: World, account: str) -> None:
    report = await load(world, f"{MATRIX}\n晨光县,第一小学,李梅,001,{account}\n")
    assert numbers(report) == (0, 0, 0, 0, 1)
    assert account in reasons(world, report)[2] and "@name:example.org" in reasons(world, report)[2]
    long = await load(world, f"{MATRIX}\n晨光县,第一小学,李梅,001,@{'x' * 250}:example.org\n")
    assert "Matrix账号" in reasons(world, long)[2] and "255" in reasons(world, long)[2]


async def test_one_matrix_account_is_one_persons_in_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    text = MATRIX + "".join(f"\n晨光县,第一小学,老师{n},{n},@t{n % 3}:example.org" for n in range(4))
    report = await load(world, text)
    assert numbers(report) == (3, 0, 0, 0, 1)
    assert all(part in reasons(world, report)[5] for part in ("@t0:example.org", "老师0（0）", "老师3（3）"))


async def test_one_matrix_account_is_one_persons_in_the_database(world: World) -> None:
    await load(world, f"{MATRIX}\n晨光县,第一小学,李梅,001,@a:example.org\n晨光县,第一小学,王刚,002,@b:example.org\n")
    report = await load(world, f"{MATRIX}\n晨光县,第一小学,张强,003,@a:example.org\n")
    assert numbers(report) == (0, 0, 0, 0, 1)
    assert all(part in reasons(world, report)[2] for part in ("@a:example.org", "李梅（001）", "张强（003）"))
    swap = f"{MATRIX}\n晨光县,第一小学,李梅,001,@b:example.org\n晨光县,第一小学,王刚,002,@a:example.org\n"
    assert numbers(await load(world, swap)) == (0, 2, 0, 0, 0)
    assert await listed(world) == {"001": "@b:example.org", "002": "@a:example.org"}

    def leave(ctx: Context) -> None:
        ctx.session.query(Person).filter_by(staff_no="001").one().removed_at = ctx.now

    await world.run(leave)
    freed = await load(world, f"{MATRIX}\n晨光县,第一小学,张强,003,@b:example.org\n")
    assert numbers(freed) == (1, 0, 0, 0, 0)
    assert await listed(world) == {"001": None, "002": "@a:example.org", "003": "@b:example.org"}


async def test_a_bound_account_is_nobody_elses_on_the_list(world: World) -> None:
    await load(world, f"{MATRIX}\n晨光县,第一小学,李梅,001,\n")

    def bind(ctx: Context) -> None:
        li = ctx.session.query(Person).one()
        ctx.session.add(Identity(platform="matrix", native="@li:example.org", person_id=li.id, created_at=ctx.now))

    await world.run(bind)
    report = await load(world, f"{MATRIX}\n晨光县,第一小学,王刚,002,@li:example.org\n")
    assert "李梅（001）" in reasons(world, report)[2]
    assert numbers(await load(world, f"{MATRIX}\n晨光县,第一小学,李梅,001,@li:example.org\n")) == (0, 1, 0, 0, 0)


async def a_list_of(world: World, *pairs: tuple[str, str]) -> Report:
    rows = [f"晨光县,第一小学,老师{number},{number},{account}" for number, account in pairs]
    return await load(world, "\n".join([MATRIX, *rows]))


@pytest.mark.parametrize("chunk", [1, 2, 200])
@pytest.mark.parametrize("order", ["12345", "54321", "31452"])
async def test_accounts_move_within_a_file_however_far_apart(
    world: World, monkeypatch: pytest.MonkeyPatch, chunk: int, order: str
) -> None:
    monkeypatch.setattr(importing, "CHUNK", chunk)
    await a_list_of(world, *[(n, f"@t{n}:example.org") for n in "12345"])
    after = {"1": "@t2:example.org", "2": "@t1:example.org",  # two swapped, three in a chain whose end is new
             "3": "@t4:example.org", "4": "@t5:example.org", "5": "@new:example.org"}  # fmt: skip
    report = await a_list_of(world, *[(n, after[n]) for n in order])
    assert numbers(report) == (0, 5, 0, 0, 0) and reasons(world, report) == {}
    assert await listed(world) == after
    assert numbers(await a_list_of(world, *[(n, after[n]) for n in order])) == (0, 0, 5, 0, 0)


@pytest.mark.parametrize("chunk", [1, 200])
async def test_who_keeps_theirs_is_followed_by_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """A chain that ends at somebody whom the file does not name: nobody in it moves, and each is told why."""
    monkeypatch.setattr(importing, "CHUNK", chunk)
    before = {n: f"@t{n}:example.org" for n in "123"}
    await a_list_of(world, *before.items())
    report = await a_list_of(world, ("1", "@t2:example.org"), ("2", "@t3:example.org"), ("4", "@t4:example.org"))
    assert numbers(report) == (1, 0, 0, 0, 2)
    said = reasons(world, report)
    assert "老师2（2）" in said[2] and "老师3（3）" in said[3]
    assert await listed(world) == {**before, "4": "@t4:example.org"}


async def test_an_account_that_its_person_uses_moves_by_no_list(world: World) -> None:
    await a_list_of(world, ("1", "@t1:example.org"), ("2", "@t2:example.org"))

    def bind(ctx: Context) -> None:
        one = ctx.session.query(Person).filter_by(staff_no="1").one()
        ctx.session.add(Identity(platform="matrix", native="@t1:example.org", person_id=one.id, created_at=ctx.now))

    await world.run(bind)
    report = await a_list_of(world, ("1", "@t2:example.org"), ("2", "@t1:example.org"))
    assert numbers(report) == (0, 0, 0, 0, 2)
    assert "老师1（1）" in reasons(world, report)[3] and "解绑" in reasons(world, report)[3]
