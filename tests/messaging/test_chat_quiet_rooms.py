"""Groups stay quiet: what concerns one person is answered privately, and people may talk to each other."""

from collections.abc import AsyncIterator

import pytest

from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_help_from_a_room_comes_privately(world: World) -> None:
    county = await world.region()
    room = await world.room(await world.workshop(county, "识字工坊"))
    li = await world.teacher("李老师", await world.school(county, "第一小学"))
    await li.say("帮助", room=room)
    li.expect_nothing(room=room)
    li.expect("这个群里可以说", "/members")


async def test_words_that_people_say_to_each_other_are_not_commands_there(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    room = await world.room(await world.workshop(county, "识字工坊"))
    li, guest = await world.teacher("李老师", school), await world.teacher("路人", bound=False)
    for word in ("？", "?", "菜单", "资源", "名单", "我的"):
        await li.say(word, room=room)
        li.expect_nothing(room=room)
        li.expect_nothing()
    for word in ("帮助", "成员", "进度", "加入"):
        await guest.say(word, room=room)
        guest.expect_nothing(room=room)
    await guest.say("/help", room=room)
    guest.expect("请先绑定账号", room=room)
    await li.say("资源")
    li.expect("资源库")
