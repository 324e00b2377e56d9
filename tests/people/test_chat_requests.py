"""People without a code ask their school, and what it answers."""

from collections.abc import AsyncIterator

import pytest

from storage.people import Person
from tests.support.accounts import an_account, code_for, owner, school_of
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_asking_the_school(world: World) -> None:
    _, school = await school_of(world)
    admin, li = await world.teacher("周主任", school), await world.teacher("李梅", school, staff_no="T01")
    second = await world.teacher("吴主任", school)
    await world.appoint(admin, school, "school_admin")
    await world.appoint(second, school, "school_admin")
    someone = await world.teacher("小梅", bound=False)
    await someone.say("在吗")
    await someone.press("我没有绑定码")
    someone.expect("什么名字")
    await someone.say("李梅")
    someone.expect("哪个学校")
    await someone.say("没有的学校")
    someone.expect("没有找到")
    await someone.say("第一")
    await someone.press("第一小学")
    someone.expect("工号")
    await someone.press("跳过")
    someone.expect("李梅", "第一小学")
    await someone.say("好的")
    someone.expect("发送")
    await someone.press("发送")
    someone.expect("已经转给学校")
    li.expect_nothing()
    for one in (admin, second):
        one.expect("李梅", "申请加入第一小学", "小梅")
        one.expect_button("T01")
    await someone.say("怎么样了")
    someone.expect("已经收到")
    await admin.say("绑定申请")
    admin.expect("李梅", "申请加入第一小学")
    await li.say("/requests")
    li.expect("没有人在等")
    action = next(button.action for label, button in admin.sheets()[-1].buttons if "T01" in label)
    assert "没有找到" in (await li.press_action(action))[0], "a teacher has no say in it"
    assert "已通过" in (await admin.press("T01"))[0]
    world.pass_time(minutes=1)
    await world.settle()
    assert "周主任已通过" in second.sheets()[-1].text and not second.sheets()[-1].buttons
    assert "周主任已经通过" in (await second.press_action(action))[0]
    someone.expect("第一小学通过了", "会记录")
    assert await owner(world, someone) is None
    agree = someone.sheets()[-1].buttons[0][1].action
    assert "没有找到" in (await li.press_action(agree))[0]
    await someone.press("同意")
    someone.expect("欢迎你，李梅")
    assert await owner(world, someone) == "李梅"
    li.expect("新账号")


async def test_a_request_is_declined_or_makes_a_new_person(world: World) -> None:
    county, school = await school_of(world)
    chief = await world.teacher("县管理员", school)
    await world.appoint(chief, county, "region_admin")
    for name in ("新人甲", "新人乙"):
        someone = await world.teacher(name, bound=False)
        await someone.say("你好")
        await someone.press("我没有绑定码")
        await someone.say(name)
        await someone.say("第一")
        await someone.press("第一小学")
        await someone.say(f"N-{name}")
        await someone.press("发送")
        chief.expect(name, "没有这个名字")
        if name == "新人甲":
            await chief.press("作为新人员通过")
            someone.expect("还差一步")
            await someone.press("同意")
            assert await owner(world, someone) == "新人甲"
        else:
            await chief.press("不通过")
            someone.expect("没能通过", "绑定码")
            assert await owner(world, someone) is None


async def test_a_stranger_who_tries_a_command_hears_how_to_come_in(world: World) -> None:
    _, school = await school_of(world)
    someone = await world.teacher("小梅", bound=False)
    await someone.say("日志")
    someone.expect("把绑定码发给我", "发“开始”")
    room = await world.room(school)
    await someone.say("/log", room=room)
    someone.expect("打开和我的私聊", room=room)


async def ask(voice: Voice, name: str, school: str, number: str | None = None) -> None:
    """Ask a school for being let in, up to the confirmation."""
    await voice.say("你好")
    await voice.press("我没有绑定码")
    await voice.say(name)
    await voice.say(school)
    await voice.press("第一小学")
    await (voice.say(number) if number else voice.press("跳过"))


@pytest.mark.parametrize("number", ["330106001234", "346789346789", "2026ABCD0011"])
async def test_a_staff_number_of_twelve_is_no_claim_code(world: World, number: str) -> None:
    _, school = await school_of(world)
    admin = await world.teacher("周主任", school)
    await world.appoint(admin, school, "school_admin")
    someone = await world.teacher("小梅", bound=False)
    for _ in range(6):
        await ask(someone, "李梅", "第一", number)
        someone.expect(number)
        await someone.say("取消")
    await ask(someone, "李梅", "第一", number)
    await someone.press("发送")
    admin.expect(f"工号：{number}")


async def test_a_claim_code_among_the_answers_is_one(world: World) -> None:
    _, school = await school_of(world)
    li = await world.teacher("李梅", school)
    someone = await an_account(world, li)
    await ask(someone, "李梅", "第一", await code_for(world, li))
    someone.expect("李梅", "会记录")


async def test_who_comes_in_with_a_code_waits_no_longer(world: World) -> None:
    _, school = await school_of(world)
    admin, li = await world.teacher("周主任", school), await world.teacher("李梅", school)
    await world.appoint(admin, school, "school_admin")
    someone = await an_account(world, li)
    await ask(someone, "梅子", "第一")
    await someone.press("发送")
    action = next(button.action for label, button in admin.sheets()[-1].buttons if "新人员" in label)
    await someone.say(await code_for(world, li))
    await someone.press("同意")
    assert await owner(world, someone) == "李梅"
    world.pass_time(minutes=1)
    await world.settle()
    assert "不用再处理" in admin.sheets()[-1].text and not admin.sheets()[-1].buttons
    people = await world.run(lambda ctx: ctx.session.query(Person).count())
    assert "不用再处理" in (await admin.press_action(action))[0]
    assert await world.run(lambda ctx: ctx.session.query(Person).count()) == people, "nobody was added"
    await admin.say("绑定申请")
    admin.expect("没有人在等")


@pytest.mark.parametrize("name", ["李　梅", "李 梅", "李梅老师", "我叫李梅。"])
async def test_a_name_is_found_as_people_type_it(world: World, name: str) -> None:
    _, school = await school_of(world)
    admin = await world.teacher("周主任", school)
    await world.teacher("李梅", school, staff_no="T01")
    await world.appoint(admin, school, "school_admin")
    someone = await world.teacher("小梅", bound=False)
    await ask(someone, name, "第一")
    await someone.press("发送")
    admin.expect("李梅申请加入")
    admin.expect_button("T01")


@pytest.mark.parametrize("text", ["第一小学。", "第 一 小学", "晨光县第一小学", "晨光县第一", "第１小学"])
async def test_a_school_is_found_as_people_type_it(world: World, text: str) -> None:
    county, _ = await school_of(world)
    await world.school(county, "第1小学" if "１" in text else "第二小学")
    someone = await world.teacher("小梅", bound=False)
    await someone.say("你好")
    await someone.press("我没有绑定码")
    await someone.say("李梅")
    await someone.say(text)
    labels = [label for label, _ in someone.expect("是哪一所").buttons]
    assert len(labels) == 1 and ("第1小学" if "１" in text else "第一小学") in labels[0]
