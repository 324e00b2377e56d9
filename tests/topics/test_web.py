"""A topic of two workshops in their web rooms: answered with the mouse, the workshop beside the name."""

from collections.abc import AsyncIterator

import pytest

from api.communities.tree import ensure_web_room
from api.topics import inviting, service
from tests.support.browser import WebWorld, a_web_world
from tests.support.discussing import two_workshops


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[WebWorld]:
    async with a_web_world(database_url) as world:
        yield world


async def test_answered_in_one_room_it_is_read_in_the_other_with_the_workshop(world: WebWorld) -> None:
    two = await two_workshops(world)
    for workshop in (two.chinese, two.maths):
        await world.run(ensure_web_room, workshop)
    li, chen = await world.browser(two.li), await world.browser(two.chen)
    topic = await world.run(service.open_topic, two.chinese.pid, "古诗", "谈谈", actor=two.wang)
    await world.run(inviting.invite_workshops, topic.pid, [two.maths.pid], actor=two.wang)
    await world.run(inviting.accept_topic, topic.pid, two.maths.pid, actor=two.zhao)
    await world.settle()
    [begin] = await li.read("语文工坊")
    assert "研讨 · 古诗" in begin.text
    await li.say("先画后读", "语文工坊", reply=begin.pid)
    there, post = await chen.read("数学工坊")
    assert (post.side, post.text) == ("other", "语文工坊\n先画后读") and 'class="author">李老师<' in post.html
    assert "研讨 · 古诗" in there.text and "<span>研讨 · 古诗" in post.html, "it answers the beginning"
    assert any("李老师 · 语文工坊: 先画后读" in sheet.text for sheet in world.paper.chats[two.there])
    await chen.say("我也试试", "数学工坊", reply=post.pid)
    assert (await li.read("语文工坊"))[-1].text == "数学工坊\n我也试试"
