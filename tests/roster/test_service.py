"""Rosters: read from files people really have, imported twice, with transfers, offices and rows that are wrong."""

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from xlsxwriter import Workbook

from api.context import Context
from api.errors import Invalid, TooLarge
from api.messaging.render import plain
from api.people.service import create_admin
from api.roster.importing import Report, import_roster
from api.roster.reading import read_roster
from storage import roster as queries
from storage.communities import Appointment, Community, Membership, Transfer
from storage.people import Audit, Person
from storage.rooms import Room
from tests.support.talk import World, a_world

HEAD = "地区,学校,学校代码,姓名,工号,学科,学段,邮箱,职务"
FIRST = f"""{HEAD}
晨光县,第一小学,S1,李梅,001,语文,小学,li@example.org,校长、学校管理员
晨光县,第一小学,S1,王䶮,002,数学,小学,,教研组长
晨光县,第二小学,S2,张强,003,英语,小学,,
"""


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def load(world: World, text: str | bytes, name: str = "名单.csv", **how: Any) -> Report:
    data = text.encode() if isinstance(text, str) else text
    return await import_roster(world.runtime, read_roster(data, name), **how)


def numbers(report: Report) -> tuple[int, ...]:
    return report.added, report.changed, report.unchanged, report.transferred, len(report.rejected)


def reasons(world: World, report: Report, which: str = "rejected") -> dict[int, str]:
    def say(ctx: Context) -> dict[int, str]:
        return {number: plain(why, ctx.reader()) for number, why in getattr(report, which)}

    with world.runtime.database.transaction() as session:
        return say(world.runtime.context(session))


async def everyone(world: World) -> dict[str, tuple[Any, ...]]:
    def read(ctx: Context) -> dict[str, tuple[Any, ...]]:
        schools = {c.id: c.name for c in ctx.session.query(Community)}
        return {
            p.staff_no or "": (p.name, schools[p.school_id or 0], p.subject, p.email) for p in ctx.session.query(Person)
        }

    return await world.run(read)


async def count(world: World, table: Any) -> int:
    return await world.run(lambda ctx: ctx.session.query(table).count())


async def test_a_first_file_and_the_same_again(world: World) -> None:
    report = await load(world, FIRST)
    assert numbers(report) == (3, 0, 0, 0, 0)
    assert (report.regions, report.schools, report.appointed) == (1, 2, 3)
    assert (await everyone(world))["002"] == ("王䶮", "第一小学", "数学", None)
    before = await everyone(world), [await count(world, t) for t in (Community, Appointment, Room, Transfer)]
    again = await load(world, FIRST)
    assert numbers(again) == (0, 0, 3, 0, 0)
    assert (again.regions, again.schools, again.appointed, again.absent) == (0, 0, 0, [])
    assert before == (await everyone(world), [await count(world, t) for t in (Community, Appointment, Room, Transfer)])
    assert await count(world, Room) == 3, "every community has its room"


async def test_offices_are_held_where_they_belong(world: World) -> None:
    await load(world, f"{HEAD}\n晨光县,第一小学,,周敏,9,,,,县级培训者/专家\n晨光县,第一小学,,吴刚,8,,,,图书管理\n")

    def read(ctx: Context) -> set[tuple[str, str]]:
        places = {c.id: c.kind for c in ctx.session.query(Community)}
        return {(a.office, places[a.community_id]) for a in ctx.session.query(Appointment)}

    assert await world.run(read) == {("county_trainer", "region"), ("expert", "region")}
    again = await load(world, f"{HEAD}\n晨光县,第一小学,,吴刚,8,,,,图书管理\n")
    assert "图书管理" in reasons(world, again, "notes")[2]


async def test_a_changed_school_is_a_transfer(world: World) -> None:
    await load(world, FIRST)

    def join(ctx: Context) -> None:
        person = ctx.session.query(Person).filter_by(staff_no="002").one()
        ctx.session.add(Membership(person_id=person.id, community_id=person.school_id, role="member", since=ctx.now))

    await world.run(join)
    report = await load(world, f"{HEAD}\n晨光县,第二小学,S2,王䶮,002,数学,小学,,\n")
    assert numbers(report) == (0, 1, 0, 1, 0)
    assert [(one.name, one.school) for one in report.absent] == [("张强", "第二小学")]
    assert (await everyone(world))["002"][1] == "第二小学"

    def read(ctx: Context) -> tuple[Any, ...]:
        moved = ctx.session.query(Transfer).one()
        names = {c.id: c.name for c in ctx.session.query(Community)}
        held = {names[m.community_id]: m.status for m in ctx.session.query(Membership)}
        return names[moved.from_id], names[moved.to_id], moved.at == ctx.now, held

    assert await world.run(read) == ("第一小学", "第二小学", True, {"第一小学": "left", "第二小学": "active"})
    assert numbers(await load(world, f"{HEAD}\n晨光县,第二小学,S2,王䶮,002,数学,小学,,\n")) == (0, 0, 1, 0, 0)


async def test_empty_cells_keep_what_is_known_and_absent_people_stay(world: World) -> None:
    await load(world, FIRST)
    report = await load(world, "地区,学校,姓名,工号\n晨光县,第一小学,李小梅,001\n")
    assert numbers(report) == (0, 1, 0, 0, 0)
    assert [one.staff_no for one in report.absent] == ["002"], "only of the schools in the file"
    assert (await everyone(world))["001"] == ("李小梅", "第一小学", "语文", "li@example.org")
    assert len(await everyone(world)) == 3


async def test_every_bad_row_is_named_and_the_others_are_taken(world: World) -> None:
    report = await load(
        world,
        f"""{HEAD}
晨光县,第一小学,,甲,1,,,,
晨光县,第一小学,,乙,,,,,
晨光县,第一小学,,丙,110101199001011234,,,,
晨光县,第一小学,,丁,1,,,,
晨光县,第一小学,,戊,5,,,不是邮箱,

晨光县,第一小学,,{"长" * 81},6,,,,
晨光县,第一小学,,=1+1,7,,,,
""",
    )
    assert report.added == 2, "a formula is just somebody's odd name"
    why = reasons(world, report)
    assert sorted(why) == [3, 4, 5, 6, 8]
    assert "工号" in why[3] and "身份证" in why[4] and "两次" in why[5] and "邮箱" in why[6] and "80" in why[8]


async def test_numbers_of_a_spreadsheet(world: World) -> None:
    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["2026年教师名单"])
        sheet.write_row(1, 0, ["地区", "学 校", "姓名*", "工号"])
        sheet.write_row(2, 0, ["晨光县", "第一小学", "李梅", 1001])
        sheet.write_row(3, 0, ["晨光县", "第一小学", "王刚", 110101199001011234])
        sheet.write_row(4, 0, ["晨光县", "第一小学", "　张　强　", "００３"])
    report = await load(world, out.getvalue(), "名单.XLSX")
    assert set(await everyone(world)) == {"1001", "003"}
    assert (await everyone(world))["003"][0] == "张强"
    assert "文本" in reasons(world, report)[4]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_encodings_of_csv(world: World, encoding: str) -> None:
    report = await load(world, FIRST.encode(encoding))
    assert report.added == 3 and (await everyone(world))["001"][0] == "李梅"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xff\xff\xff\x00", "a.csv"),
        (b"not a workbook", "a.xlsx"),
        (b"x", "a.pdf"),
        ("姓名,工号\n甲,1\n".encode(), "a.csv"),
        (b"", "a.csv"),
        (f"{HEAD}\n晨光县,{'长' * 140_000}\n".encode(), "a.csv"),
        (b"PK\x03\x04 half a workbook", "a.xlsx"),
    ],
)
def test_files_that_cannot_be_used(data: bytes, name: str) -> None:
    with pytest.raises(Invalid):
        read_roster(data, name)


@pytest.mark.parametrize("corner", [(1_048_575, 16_383), (1_048_575, 30), (300_000, 0)])
def test_a_stray_mark_far_away_does_not_fill_the_memory(corner: tuple[int, int]) -> None:
    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["地区", "学校", "姓名", "工号"])
        sheet.write(*corner, "x")
    with pytest.raises(TooLarge):
        read_roster(out.getvalue(), "a.xlsx")


async def test_many_rows_go_in_chunks(world: World) -> None:
    lines = [f"晨光县,第{n % 7}小学,教师{n},{n}" for n in range(1203)]
    seen: list[tuple[int, int]] = []
    report = await load(
        world, "地区,学校,姓名,工号\n" + "\n".join([*lines, lines[0]]), progress=lambda *at: seen.append(at)
    )
    assert (report.added, report.schools, len(report.rejected)) == (1203, 7, 1)
    assert seen == [*((n, 1204) for n in range(200, 1201, 200)), (1204, 1204)]


async def test_regions_of_one_name(world: World) -> None:
    head = "地区,学校,姓名,工号\n"
    await load(world, f"{head}东市/城关区,一小,甲,1\n西市/城关区,一小,乙,1\n")
    assert await world.run(lambda ctx: len(queries.regions_named(ctx.session, ["城关区"]))) == 2
    report = await load(world, f"{head}城关区,一小,丙,2\n")
    assert "城关区" in reasons(world, report)[2]


async def test_only_region_administrators_import(world: World) -> None:
    county = await world.region("晨光县")
    school = await world.school(county, "第一小学")
    chief, teacher = await world.teacher("县管理员", school), await world.teacher("老师", school)
    await world.appoint(chief, county, "region_admin")
    rows = "地区,学校,姓名,工号\n晨光县,第一小学,新人,77\n"
    assert teacher.person and chief.person
    refused = await load(world, rows, actor_id=teacher.person.id)
    assert len(refused.rejected) == 1 and refused.added == 0
    assert (await load(world, rows, actor_id=chief.person.id)).added == 1
    other = await load(world, "地区,学校,姓名,工号\n别县,一小,新人,77\n", actor_id=chief.person.id)
    assert other.regions == 0 and len(other.rejected) == 1


async def test_one_region_written_in_two_ways_is_one_region(world: World) -> None:
    head = "地区,学校,姓名,工号\n"
    crossed = f"{head}西市/西县,一小,甲,N1\n西县,二小,甲,N1\n西市 / 西县,二小,甲,N1\n"
    for _ in range(2):
        report = await load(world, crossed)
        assert sorted(reasons(world, report)) == [3, 4] and "两次" in reasons(world, report)[3]
        assert (await everyone(world))["N1"][1] == "一小"
    assert numbers(report) == (0, 0, 1, 0, 2) and await count(world, Community) == 3
    far = head + "西县,一小,甲,N1\n" + "".join(f"西县,一小,乙,M{n}\n" for n in range(250)) + "西市/西县,二小,甲,N1\n"
    assert list(reasons(world, await load(world, far))) == [253], "also in another chunk"
    assert numbers(await load(world, far)) == (0, 0, 251, 0, 1)


async def test_a_region_that_hung_nowhere_goes_under_the_one_above(world: World) -> None:
    await world.run(create_admin, "晨光县", "王局", "A1")
    await load(world, "地区,学校,姓名,工号\n晨光县,一小,李四,T2\n")
    workshop = await world.run(lambda ctx: ctx.session.query(Community).filter_by(kind="school").one())
    await world.workshop(workshop, "语文工坊")
    report = await load(world, "地区,学校,姓名,工号\n晨光市/晨光县,一小,张三,T1\n晨光市/晨光县,一小,李四,T2\n")
    assert (report.regions, report.schools, report.added, report.unchanged) == (1, 0, 1, 1)
    assert reasons(world, report, "notes") == {2: "原来就有“晨光县”，现在归到“晨光市”下面了。"}

    def paths(ctx: Context) -> list[list[str]]:
        names = {c.id: c.name for c in ctx.session.query(Community)}
        found = ctx.session.query(Community).order_by(Community.path)
        return [[names[one] for one in c.line] for c in found if (c.line[-2:-1] or [None])[0] == c.parent_id]

    assert sorted(await world.run(paths), key=len) == [
        ["晨光市"], ["晨光市", "晨光县"], ["晨光市", "晨光县", "一小"], ["晨光市", "晨光县", "一小", "语文工坊"],
    ]  # fmt: skip
    again = await load(world, "地区,学校,姓名,工号\n晨光市/晨光县,一小,张三,T1\n晨光县,一小,李四,T2\n")
    assert (again.regions, again.unchanged, again.notes) == (0, 2, [])


async def test_only_the_command_line_moves_regions_and_none_into_itself(world: World) -> None:
    county, city = await world.region("晨光县"), await world.region("晨光市")
    chief = await world.teacher("市管理员", await world.school(county, "一小"))
    await world.appoint(chief, city, "region_admin")
    await world.appoint(chief, county, "region_admin")
    assert chief.person
    row = "地区,学校,姓名,工号\n晨光市/晨光县,一小,张三,T1\n"
    assert "没有叫" in reasons(world, await load(world, row, actor_id=chief.person.id))[2]
    assert (await load(world, row)).added == 1
    upside_down = await load(world, "地区,学校,姓名,工号\n晨光县/晨光市,一小,张三,T2\n")
    assert (upside_down.regions, upside_down.notes) == (1, []), "a city inside of its own county is another one"


async def test_the_first_administrator_of_a_county_in_a_city(world: World) -> None:
    await world.run(create_admin, "东市/东县", "王局", "A1")
    report = await load(world, "地区,学校,姓名,工号\n东市/东县,一小,张三,T1\n东县,一小,王局,A1\n")
    assert (report.regions, report.added, report.changed) == (0, 1, 1)
    names = await world.run(lambda ctx: [c.name for c in ctx.session.query(Community).order_by(Community.path)])
    assert names == ["东市", "东县", "一小"]


async def test_numbers_that_a_spreadsheet_has_spoilt_in_a_csv(world: World) -> None:
    report = await load(
        world,
        f"""{HEAD}
晨光县,一小,S1,张一,2.02601E+11,,,,
晨光县,一小,３.3e+9,张二,T2,,,,
晨光县,一小,S1,张三,#N/A,,,,
晨光县,一小,S1,张四,#REF!,,,,
晨光县,一小,#VALUE!,张五,2E5,#N/A,,,
""",
    )
    why = reasons(world, report)
    assert sorted(why) == [2, 3, 4, 5] and "文本" in why[2] and "文本" in why[3]
    assert "没有填：工号" in why[4] and "没有填：工号" in why[5], "as for a workbook"
    assert await everyone(world) == {"2E5": ("张五", "一小", "", None)}


async def test_offices_end_with_the_school_they_are_held_at(world: World) -> None:
    await load(world, f"{FIRST}晨光县,第一小学,S1,周敏,9,,,,学校管理员、县级培训者\n")

    def later(ctx: Context) -> None:
        person = ctx.session.query(Person).filter_by(staff_no="9").one()
        ctx.session.add(Appointment(person_id=person.id, community_id=person.school_id, office="principal",
                                    since=ctx.now.date() + timedelta(days=9)))  # fmt: skip

    await world.run(later)
    report = await load(world, f"{HEAD}\n晨光县,第二小学,S2,周敏,9,,,,教师\n")
    assert (report.transferred, report.ended) == (1, 2)
    assert await world.run(lambda ctx: [plain(what, ctx.reader()) for _, what in report.notes]) == [
        "周敏换了学校，不再担任第一小学的学校管理员。", "周敏换了学校，不再担任第一小学的校长。",
    ]  # fmt: skip

    def held(ctx: Context) -> tuple[list[str], int]:
        mine = ctx.session.query(Appointment).join(Person, Person.id == Appointment.person_id).filter_by(staff_no="9")
        written = ctx.session.query(Audit).filter_by(act="appointment.ended").count()
        return [one.office for one in mine if one.ended_at is None], written

    assert await world.run(held) == (["county_trainer"], 2)
    back = await load(world, f"{HEAD}\n晨光县,第一小学,S1,周敏,9,,,,教师\n")
    assert (back.ended, back.notes) == (0, [])


async def test_a_namesake_without_a_number_is_told(world: World) -> None:
    county = await world.region("晨光县")
    one, two = await world.school(county, "一小"), await world.school(county, "二小")
    li = await world.teacher("李梅", one)
    await world.teacher("王刚", two)
    rows = "地区,学校,姓名,工号\n晨光县,一小,李梅,T1\n晨光县,一小,王刚,T2\n"
    report = await load(world, rows)
    assert report.added == 2
    why = reasons(world, report, "notes")
    assert list(why) == [2] and li.pid in why[2] and "没有工号的李梅" in why[2]
    assert (await load(world, rows)).notes == []


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)
    return out.getvalue()


async def test_the_list_may_stand_on_a_later_sheet(world: World) -> None:
    rows = [["地区", "学校", "姓名", "工号"], ["晨光县", "第一小学", "李梅", "T1"], ["晨光县", "第一小学", "王刚", ""]]
    report = await load(world, workbook(("说明", [["填表说明"]]), ("名单", rows), ("旧", rows)), "名单.xlsx")
    assert report.added == 1 and list(reasons(world, report)) == [3], "numbered as on that sheet"
    with pytest.raises(Invalid) as refused:
        read_roster(workbook(("说明", [["填表说明"]]), ("名单", [["地区", "学校", "姓名"]])), "a.xlsx")
    say = await world.run(lambda ctx: plain(refused.value.say, ctx.reader()))
    assert "缺少这些列：工号" in say and "说明, 名单" in say
