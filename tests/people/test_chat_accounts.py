"""People look after their accounts, devices and settings."""

from collections.abc import AsyncIterator

import pytest

from api.people.tokens import create_token
from api.tokens import use_token
from storage.people import Identity, Person
from tests.support.accounts import an_account, code_for, owner, school_of
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_accounts_are_listed_and_unbound(world: World) -> None:
    _, school = await school_of(world)
    li = await world.teacher("李梅", school)
    phone = await an_account(world, li, "旧手机")
    await phone.say(await code_for(world, li))
    await phone.press("同意")
    li.unread()
    await li.say("账号")
    li.expect("你的账号", "旧手机", "本机")
    await li.press("解绑：paper · 旧手机")
    li.expect("要解绑")
    await li.press("不解绑")
    assert await owner(world, phone) == "李梅"
    await li.press("解绑：paper · 旧手机")
    await li.press("解绑")
    phone.expect("已与李梅解绑")
    assert await owner(world, phone) is None
    await li.say("/accounts")
    await li.press("解绑：paper · 李梅")
    li.expect("最后一个账号", "新的绑定码")
    stranger = await world.teacher("别人", school)
    part = next(button.action for label, button in li.sheets()[-1].buttons if label == "解绑")
    assert "没有找到" in (await stranger.press_action(part))[0]
    await li.press("解绑")
    assert await owner(world, li) is None
    await li.say("你好")
    li.expect("绑定码")


async def test_a_new_token_is_told_and_ended_by_a_press(world: World) -> None:
    _, school = await school_of(world)
    li, stranger = await world.teacher("李梅", school), await world.teacher("别人", school)
    _, secret = await world.run(create_token, li.person, "排课", ["read"], 30, actor=li)
    await world.settle()
    li.expect("“排课”可以代表你", "12月23日")
    stranger.expect_nothing()
    action = li.sheets()[-1].buttons[0][1].action
    assert "没有找到" in (await stranger.press_action(action))[0]
    assert await world.run(use_token, secret)
    assert await li.press("停用") == ["已停用。"]
    assert "不能再代表你" in li.sheets()[-1].text and not li.sheets()[-1].buttons
    assert await world.run(use_token, secret) is None
    assert await li.press_action(action) == ["已停用。"], "a second press changes nothing"


async def test_language_quiet_hours_and_here(world: World) -> None:
    _, school = await school_of(world)
    li = await world.teacher("李梅", school)
    await li.say("语言")
    await li.press("English")
    li.expect("From now on I speak English")
    await li.say("/language 中文")
    li.expect("我用中文")
    await li.say("/language 火星文")
    li.expect("我会说")
    await li.say("免打扰")
    li.expect("21:30-07:00")
    await li.say("晚上别吵")
    li.expect("22:00-06:30")
    await li.say("23：00-6:00")
    li.expect("23:00-06:00")
    await li.say("/quiet never")
    li.expect("任何时候")
    await li.say("/quiet")
    li.expect("不设")
    await li.press("按默认")
    li.expect("21:30-07:00")
    phone = await an_account(world, li)
    await phone.say(await code_for(world, li))
    await phone.press("同意")
    await li.say("/here")
    li.expect("发到这里")
    await phone.say("你好")
    home = await world.run(lambda ctx: ctx.session.get(Person, li.person.id).home_chat_id)
    mine = await world.run(lambda ctx: ctx.session.query(Identity).filter_by(native=li.native).one().chat_id)
    assert home == mine
    visitor = await world.teacher("visitor", bound=False)
    await visitor.say("/language en")
    await visitor.say("hello")
    visitor.expect("Hello! I am the workshop assistant")


async def test_one_time_links_and_devices(world: World) -> None:
    from api.people.websessions import open_web_session, use_one_time_link

    county, school = await school_of(world)
    li = await world.teacher("李梅", school)
    room = await world.room(county)
    await li.say("/web", room=room)
    li.expect_nothing(room=room)
    sheet = li.expect("15 分钟", "不要转发")
    secret = sheet.buttons[0][1].url.rsplit("/link/", 1)[1]
    person = await world.run(use_one_time_link, secret)
    await world.run(lambda ctx: open_web_session(ctx, ctx.session.get(Person, person.id), "手机浏览器"))
    await world.settle()
    li.expect("新设备", "手机浏览器")
    await li.say("设备")
    li.expect("手机浏览器")
    other = await world.teacher("别人", school)
    action = next(button.action for label, button in li.sheets()[-1].buttons if "手机浏览器" in label)
    assert "没有找到" in (await other.press_action(action))[0]
    assert await li.press("退出：手机浏览器") == ["已退出登录。"]
    assert await li.press("退出：手机浏览器") == ["它已经退出了。"]
