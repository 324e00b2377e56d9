"""/start: where everybody begins, also by a link that brings a claim code along."""

from collections.abc import AsyncIterator

import pytest

from api.people.codes import issue_claim_code
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_start_greets_strangers_and_people_it_knows(world: World) -> None:
    school = await world.school(await world.region(), "第一小学")
    stranger = await world.teacher("路人", bound=False)
    await stranger.say("/start")
    stranger.expect("工坊助手", "绑定码")
    stranger.expect_button("我没有绑定码")
    li = await world.teacher("李老师", school)
    await li.say("开始")
    li.expect("李老师，你好")
    li.expect_button("我能做什么？")


async def test_start_takes_the_code_behind_it(world: World) -> None:
    school = await world.school(await world.region(), "第一小学")
    li = await world.teacher("李老师", school)
    issued = await world.run(issue_claim_code, li.person)
    phone = await world.teacher("新手机", bound=False)
    await phone.say(f"/start {issued.code}")
    phone.expect("李老师", "第一小学", "你同意吗？")


async def test_start_is_for_the_private_chat(world: World) -> None:
    county = await world.region()
    li = await world.teacher("李老师", await world.school(county, "第一小学"))
    room = await world.room(county)
    await li.say("/start", room=room)
    li.expect("私聊")
    li.expect_nothing(room=room)
    stranger = await world.teacher("路人", bound=False)
    await stranger.say("/start", room=room)
    assert "这里" not in stranger.expect("“开始”要私下用", "打开和我的私聊", room=room).text
    stranger.expect_nothing()
