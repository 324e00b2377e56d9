"""An open poll in a Telegram group is Telegram's own; a room elsewhere has buttons. There is one outcome."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.context import Context
from storage.base import new_pid
from storage.messaging import Chat
from storage.rooms import Room
from tests.support.clock import tick
from tests.support.quizzing import Quizzing, quizzing_in
from tests.support.telegram import TelegramWorld, a_telegram_world

PAGE = "room-on-paper"


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Quizzing]:
    async with a_telegram_world(database_url) as world:
        yield await quizzing_in(world)


def add_room(ctx: Context, community_id: int) -> None:
    chat = Chat(pid=new_pid(), platform="paper", native=PAGE, kind="room", created_at=ctx.now)
    ctx.session.add(chat)
    ctx.session.flush()
    ctx.session.add(Room(chat_id=chat.id, community_id=community_id, created_at=ctx.now))


async def test_native_votes_and_presses_elsewhere_are_counted_together(shop: Quizzing) -> None:
    world: Any = shop.world
    assert isinstance(world, TelegramWorld)
    host, li, wang, zhao = (shop.host, shop.li, shop.wang, shop.zhao)
    group = await world.room(shop.workshop)
    await world.run(add_room, shop.workshop.id)
    await host.say("投票 周几教研？\nA．周二\nB．周三", room=group)
    await host.press("确认发送")
    message = next(each for each in li.messages(group) if each.poll is not None)  # type: ignore[attr-defined]
    page = world.paper.chats[PAGE][-1]
    assert "周几教研？" in page.text and [label for label, _ in page.buttons][:2] == ["A．周二", "B．周三"]
    stranger = world.new_voice("路人")
    for voice, option in ((li, 0), (wang, 0), (wang, 1), (stranger, 1)):
        voice.where(group)
        voice.phone.vote(message, option)
        await world.settle()
    await world.run(_vote_on_the_page, shop, zhao)
    world.pass_time(seconds=30)
    await tick(world)
    await world.settle()
    live = next(sheet for sheet in reversed(host.sheets()) if "公开投票已发出" in sheet.text)
    assert "A．周二 · 1 人：李老师\nB．周三 · 2 人：王老师、赵老师" in live.text and "3 人已投票" in live.text
    assert "A．周二 · 1 人：李老师\nB．周三 · 2 人：王老师、赵老师" in page.text
    assert not message.poll.closed
    wang.phone.vote(message)
    await world.settle()
    await host.press("结束投票")
    await host.press("确定结束")
    world.pass_time(seconds=30)
    await world.settle()
    assert message.poll.closed
    assert "已结束" in page.text and "B．周三 · 1 人：赵老师" in page.text and not page.buttons


def _vote_on_the_page(ctx: Context, shop: Quizzing, voice: Any) -> None:
    from api.polls.service import choose
    from storage.polls import OpenPoll

    ctx.actor, ctx.system = ctx.session.merge(voice.person), False
    choose(ctx, ctx.session.query(OpenPoll).one().pid, 1)
