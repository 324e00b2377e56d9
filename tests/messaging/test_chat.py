"""The way in and out, end to end, on the smallest feature there is: help."""

from collections.abc import AsyncIterator

import pytest

from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_help_in_chinese_and_nearest_command(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    li = await world.teacher("李老师", school)
    await li.say("帮助")
    li.expect("帮助", "/help")
    await li.say("帮帮助")
    li.expect("没听懂")
    li.expect_button("帮助")
    await li.press("帮助")
    li.expect("/help")
    await li.say("/help")
    li.expect("/help")


async def test_a_stranger_is_told_how_to_begin(world: World) -> None:
    someone = await world.teacher("路人", bound=False)
    await someone.say("/help")
    someone.expect("/help")
