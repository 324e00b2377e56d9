"""A quiz in the built-in web chat, over its real pages: typed, pushed, answered in the room and in private (C4)."""

from collections.abc import AsyncIterator

import pytest

from api.communities.tree import ensure_web_room
from tests.support.browser import WebWorld, a_web_world
from tests.support.clock import tick
from tests.support.quizzing import ONE, Quizzing, quizzing_in

SEVERAL = "1．水果？\nA．苹果\nB．白菜\nC．梨\n答案：AC\n2．太阳从东边升起。（ ）\n答案：对"


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Quizzing]:
    async with a_web_world(database_url) as world:
        yield await quizzing_in(world)


async def test_from_typing_to_the_answer_in_the_room(shop: Quizzing) -> None:
    world = shop.world
    assert isinstance(world, WebWorld)
    await world.run(ensure_web_room, shop.workshop)
    host, li, wang = [await world.browser(voice) for voice in (shop.host, shop.li, shop.wang)]
    await host.say(ONE)
    await host.press("存入题库")
    assert "已存入科学工坊的题库" in (await host.read())[-2].text
    await host.press("发给大家")
    await host.press("确认发送")
    asked = (await li.read("科学工坊"))[-1]
    assert "地球绕着谁转" in asked.text and [label for label, _ in asked.buttons] == ["A", "B", "C"]
    await wang.read("科学工坊")
    async with wang.listen() as others:
        async with li.listen() as mine:
            await li.press("B", "科学工坊")
            _, told = await mine.next("toast")
            assert "答对了" in told and "一年转一圈" in told
        assert not [name for name, _ in await others.quiet() if name == "toast"]
    world.pass_time(seconds=30)
    await tick(world)
    assert "已答完：1 人" in (await host.read())[-1].text
    assert "已有 1 人作答" in (await wang.read("科学工坊"))[-1].text


async def test_several_questions_in_private_with_marks_that_show_at_once(shop: Quizzing) -> None:
    world = shop.world
    assert isinstance(world, WebWorld)
    li = await world.browser(shop.li)
    await li.say("测验")
    await shop.push(SEVERAL)
    await world.settle()
    await li.press("作答")
    for label in ("A", "B", "B", "C"):
        await li.press(label)
    marked = (await li.read())[-1].text
    assert "☑ A．苹果" in marked and "☑ C．梨" in marked and "☑ B" not in marked
    await li.press("提交答案")
    await li.press("错")
    before, last = (await li.read())[-2:]
    assert "你的答案：错" in before.text and not before.buttons
    assert "答完了：2 题答对 1 题" in last.text and "没有通过" in last.text
