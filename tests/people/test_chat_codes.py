"""School administrators get the claim codes of their people."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.attachments.making import hand_out
from api.attachments.service import find_attachments, read_attachment
from api.people import papers
from api.registry import HOLDERS
from storage.attachments import Attachment
from storage.communities import Appointment
from storage.people import ClaimCode, Person
from tests.support.accounts import school_of
from tests.support.talk import NOW, Voice, World, a_world


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
    told, sheet = admin.unread()
    assert "正在为第一小学生成" in told.text and "3 个绑定码" in sheet.text and "只交给本人" in sheet.text
    names = await world.run(lambda ctx: [one.name for one in find_attachments(ctx, sheet.files)])
    assert names == ["绑定码 第一小学.xlsx", "绑定码小条 第一小学.html"]
    for pid in sheet.files:
        content = await world.run(read_attachment, pid, HOLDERS, actor=admin)
        assert content.fleeting and content.size == len(await world.runtime.blobs.get(content.blob_key))
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


async def ask_for_codes(world: World) -> Voice:
    """A school administrator who asked for everybody's, with two people who have no account."""
    county, school = await school_of(world)
    admin = await world.teacher("周主任", school)
    await world.appoint(admin, school, "school_admin")
    people = [Person(name=f"老师{n}", school_id=school.id, region_id=county.id, created_at=NOW) for n in range(2)]
    await world.run(lambda ctx: ctx.session.add_all(people))
    await admin.say("绑定码")
    await admin.press("所有没有账号的人")
    return admin


async def test_codes_are_made_after_the_answer(world: World) -> None:
    admin = await ask_for_codes(world)
    fetchers, world.fetchers = world.fetchers, Asleep()  # type: ignore[assignment]
    await admin.press("生成绑定码")
    assert "马上发到这里" in admin.unread()[-1].text
    assert await world.run(lambda ctx: ctx.session.query(ClaimCode).count()) == 0, "nothing of it in that transaction"
    world.fetchers = fetchers
    await world.settle()
    admin.expect("2 个绑定码")
    stored = await world.run(lambda ctx: [one.ref for one in ctx.session.query(Attachment)])
    assert all(set(ref) <= {"maker", "place", "actor", "chat", "language"} for ref in stored), "no code in a row"


class Asleep:
    """A file worker that is not there yet."""

    async def drain(self) -> None:
        """Do nothing."""


async def test_codes_that_failed_are_made_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = await ask_for_codes(world)
    made: list[int] = []

    async def lose_the_first(*given: Any) -> bool:
        made.append(len(given))
        if len(made) == 1:
            raise OSError("the disk is full")
        return await hand_out(*given)

    monkeypatch.setattr(papers, "hand_out", lose_the_first)
    await admin.press("生成绑定码")
    admin.expect("马上发到这里")
    admin.expect_nothing()
    world.pass_time(minutes=5)
    await world.settle()
    assert len(admin.expect("2 个绑定码").files) == 2 and len(made) == 2
    usable = await world.run(lambda ctx: ctx.session.query(ClaimCode).filter(ClaimCode.voided_at.is_(None)).count())
    assert usable == 2, "those on the lost paper are void"
    await world.settle()
    admin.expect_nothing()


async def test_codes_are_not_made_for_who_lost_the_office(world: World) -> None:
    admin = await ask_for_codes(world)
    fetchers, world.fetchers = world.fetchers, Asleep()  # type: ignore[assignment]
    await admin.press("生成绑定码")
    await world.run(lambda ctx: ctx.session.query(Appointment).update({"ended_at": ctx.now}))
    world.fetchers = fetchers
    await world.settle()
    assert not admin.expect("没有生成成功").files
    assert await world.run(lambda ctx: ctx.session.query(ClaimCode).count()) == 0
