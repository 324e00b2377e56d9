"""School administrators get the claim codes of their people."""

import re
from collections.abc import AsyncIterator

import pytest

from storage.people import ClaimCode, Person
from tests.support.accounts import school_of
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_codes_for_a_school(world: World) -> None:
    county, school = await school_of(world)
    admin = await world.teacher("周主任", school)
    await world.appoint(admin, school, "school_admin")
    for n in range(3):
        await world.run(lambda ctx, n=n: ctx.session.add(
            Person(name=f"=老师{n}", staff_no=str(n), school_id=school.id, region_id=county.id, created_at=ctx.now)
        ))  # fmt: skip
    await admin.say("绑定码")
    admin.expect("第一小学", "3 人")
    await admin.say("随便")
    admin.expect("还没有账号的人")
    await admin.press("所有没有账号的人")
    admin.expect("3 人", "失效")
    await admin.press("生成绑定码")
    sheet = admin.expect("3 个绑定码", "只交给本人")
    assert len(sheet.files) == 2
    await admin.say("/codes")
    await admin.press("某一个人")
    await admin.say("没有的人")
    admin.expect("没有找到")
    await admin.say("老师1")
    await admin.press("=老师1")
    text = admin.expect("=老师1的绑定码").text
    assert re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", text)
    usable = await world.run(lambda ctx: ctx.session.query(ClaimCode).filter(ClaimCode.voided_at.is_(None)).count())
    assert usable == 3, "the one that was replaced is void"
    teacher = await world.teacher("普通老师", school)
    await teacher.say("绑定码")
    teacher.expect("学校或区域管理员")


async def test_codes_where_nobody_waits_for_one_are_for_one_person(world: World) -> None:
    _, school = await school_of(world)
    admin = await world.teacher("周主任", school)
    await world.appoint(admin, school, "school_admin")
    await world.teacher("李梅", school)
    await admin.say("绑定码")
    assert not admin.expect("都有账号", "姓名或工号").buttons
    await admin.say("李梅")
    await admin.press("李梅")
    admin.expect("李梅的绑定码")
