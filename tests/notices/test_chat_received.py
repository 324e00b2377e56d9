"""收到, typed instead of pressed (G13)."""

from collections.abc import AsyncIterator

import pytest

from tests.notices.test_chat import a_school
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_the_typed_word_counts_in_private(world: World) -> None:
    _, admin, (li, zhang, _), room = await a_school(world)
    await li.say("收到")
    li.expect("没有等你收到的通知")
    for words in ("明天交计划", "周五开会"):
        await admin.say(f"通知 {words}", room=room)
        await admin.press("确认发送")
    await li.say("收到！")
    li.expect("收到的是哪一条")
    await li.press("明天交计划")
    await li.say("好的，收到")
    li.expect("已收到", "周五开会")
    await li.say("收到了")
    li.expect("没有等你收到的通知")
    await admin.say("收到")
    admin.expect("没有等你收到的通知")
    await zhang.say("收到吗？")
    zhang.expect("没听懂")


async def test_the_typed_word_counts_in_the_room_without_a_word(world: World) -> None:
    _, admin, (li, zhang, _), room = await a_school(world)
    await admin.say("通知 周五开会", room=room)
    await admin.press("确认发送")
    stranger = await world.teacher("路人", bound=False)
    for voice in (li, zhang, stranger):
        voice.unread(room)
    for voice in (li, li, stranger):
        await voice.say("收到", room=room)
        voice.expect_nothing(room=room)
    await zhang.say("收到了吗", room=room)
    await admin.press("谁没收到")
    missing = admin.expect("还有 2 人没点收到", "老师1", "老师2")
    assert "老师0" not in missing.text
