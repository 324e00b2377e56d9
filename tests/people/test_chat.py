"""How people become known: claim codes and the privacy notice, as they read it, in Chinese."""

from collections.abc import AsyncIterator

import pytest

from api.people.codes import issue_claim_code
from tests.support.accounts import an_account, code_for, owner, school_of
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_a_code_binds_after_the_privacy_notice(world: World) -> None:
    county, school = await school_of(world)
    li = await world.teacher("李梅", school)
    await world.workshop(county, "语文工坊", policy="open")
    phone = await world.teacher("小李", bound=False)
    await phone.say("你好")
    phone.expect("工坊助手", "绑定码")
    phone.expect_button("我没有绑定码")
    code = await code_for(world, li)
    await phone.say(f" {code.lower().replace('-', '　')} ")
    phone.expect("李梅", "第一小学", "会记录", "工号")
    assert await owner(world, phone) is None, "nothing is bound before they agree"
    await phone.say("这是什么意思")
    phone.expect("同意")
    await phone.press("同意")
    phone.expect("欢迎你，李梅", "第一小学", "语文工坊")
    assert await owner(world, phone) == "李梅"
    li.expect("新账号绑定")
    await phone.say("帮助")
    phone.expect("accounts", "看看绑定了哪些账号")
    third = await world.teacher("路人", bound=False)
    await third.say(code)
    third.expect("已经用过")


async def test_not_agreeing_leaves_the_code_valid(world: World) -> None:
    _, school = await school_of(world)
    li = await world.teacher("李梅", school)
    code = await code_for(world, li)
    phone = await an_account(world, li)
    await phone.say(code)
    await phone.press("不同意")
    phone.expect("没有绑定")
    assert await owner(world, phone) is None
    await phone.say(code)
    await phone.say("取消")
    phone.expect("已取消")
    await phone.say(f"http://127.0.0.1:8080/c/{code}")
    await phone.press("同意")
    assert await owner(world, phone) == "李梅"
    await phone.press("同意")
    assert phone.unread(), "the second press changed nothing and said so"


async def test_a_new_binding_can_be_undone_from_the_other_account(world: World) -> None:
    _, school = await school_of(world)
    li = await world.teacher("李梅", school)
    phone = await an_account(world, li, "陌生手机")
    await phone.say(await code_for(world, li))
    await phone.press("同意")
    li.expect("新账号绑定", "陌生手机", "7 天")
    stranger = await world.teacher("别人", school)
    action = li.sheets()[-1].buttons[0][1].action
    toasts = await stranger.press_action(action)
    assert "没有找到" in toasts[0] and await owner(world, phone) == "李梅", "pressed again by hostile hands"
    assert await li.press("撤销") == ["已撤销。"]
    assert "不再和你关联" in li.sheets()[-1].text
    phone.expect("李梅", "撤销")
    assert await owner(world, phone) is None
    await phone.say("账号")
    phone.expect("我还不知道你是谁", "绑定码")
    assert "没有找到" in (await li.press_action(action))[0], "a second press finds nothing to undo"


async def test_a_late_undo_points_to_accounts(world: World) -> None:
    _, school = await school_of(world)
    li = await world.teacher("李梅", school)
    phone = await an_account(world, li)
    await phone.say(await code_for(world, li))
    await phone.press("同意")
    world.pass_time(days=8)
    assert "超过 7 天" in (await li.press("撤销"))[0]
    assert await owner(world, phone) == "李梅"


async def test_a_bound_account_refuses_other_codes(world: World) -> None:
    _, school = await school_of(world)
    li, wang = await world.teacher("李梅", school), await world.teacher("王刚", school)
    code = await code_for(world, wang)
    await li.say(code)
    li.expect("已经属于李梅", "账号")
    fresh = await an_account(world, wang)
    await fresh.say(code)
    fresh.expect("王刚", "会记录")


async def test_guessing_is_slowed_down(world: World) -> None:
    _, school = await school_of(world)
    li = await world.teacher("李梅", school)
    code = await code_for(world, li)
    guesser = await world.teacher("猜码人", bound=False)
    for n in range(5):
        await guesser.say(f"ABCD-EFGH-JK3{'346789'[n]}")
        guesser.expect("没有这个绑定码")
    await guesser.say(code)
    guesser.expect("输错太多次", "60 分钟")
    other = await world.teacher("李梅的手机", bound=False)
    await other.say(code)
    other.expect("李梅")
    world.pass_time(minutes=61)
    await guesser.say(code)
    guesser.expect("李梅")


async def test_a_code_in_a_group_is_void(world: World) -> None:
    county, school = await school_of(world)
    admin, li = await world.teacher("周主任", school), await world.teacher("李梅", school)
    await world.appoint(admin, school, "school_admin")
    room = await world.room(county)
    code = (await world.run(issue_claim_code, li.person, actor=admin)).code
    await admin.say(f"@李梅 你的码：{code} 快绑定", room=room)
    admin.expect("大家都能看到", "私下")
    admin.expect_nothing(room=room)
    li.expect("李梅", "作废", "管理员")
    assert [sheet.text for sheet in admin.sheets() if "李梅" in sheet.text], "who issued it is told as well"
    phone = await an_account(world, li)
    await phone.say(code)
    phone.expect("失效")
    await admin.say("ABCD-EFGH-JK34", room=room)
    admin.expect_nothing()


@pytest.mark.parametrize(
    "row",
    [
        "李梅 YX-1006 {a}-{b}-{c}", "code {a}-{b}-{c}", "2026 {a}{b}{c}", "学校\t李梅\tT100\t{a}-{b}-{c}\t2026-12-13",
        "{a}_{b}_{c}", "{a}.{b}.{c}", "{a} - {b} - {c}", "{a}——{b}——{c}", "{a}  {b}  {c}", "{a}{b} {c}", "９{a}{b}{c}X",
        "http://127.0.0.1:8080/c/{a}{b}{c}", "{padding}{a}-{b}-{c}",
    ],
)  # fmt: skip
async def test_a_code_in_a_group_is_void_whatever_stands_around_it(world: World, row: str) -> None:
    county, school = await school_of(world)
    li = await world.teacher("李梅", school)
    room = await world.room(county)
    a, b, c = (await code_for(world, li)).split("-")
    await li.say(row.format(a=a, b=b.lower(), c=c, padding="A" * 5000), room=room)
    li.expect("大家都能看到")
    phone = await an_account(world, li)
    await phone.say(f"{a}-{b}-{c}")
    phone.expect("失效")


async def test_a_code_put_into_a_message_later_is_void_too(world: World) -> None:
    county, school = await school_of(world)
    li = await world.teacher("李梅", school)
    room = await world.room(county)
    code = await code_for(world, li)
    await li.say("大家好", room=room)
    await world.arrive(li, li.chat, "edited", text=code, event="m1")
    li.expect("我按你先发的那句办了")
    await world.arrive(li, room, "edited", text="大家好，再见", event="m1")
    li.expect_nothing()
    await world.arrive(li, room, "edited", text=f"大家好 {code}", event="m1")
    li.expect("大家都能看到")
    li.expect_nothing(room=room)
    phone = await an_account(world, li)
    await phone.say(code)
    phone.expect("失效")
