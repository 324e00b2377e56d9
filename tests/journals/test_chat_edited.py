"""A message that is changed after it was said: the draft follows, anything else says that it does not."""

from collections.abc import AsyncIterator

import pytest

from api.context import Context
from storage.journals import JournalEntry
from tests.support.classroom import LONG, Classroom, a_classroom


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Classroom]:
    async with a_classroom(database_url) as room:
        yield room


async def draft(room: Classroom) -> str:
    def newest(ctx: Context) -> str:
        return ctx.session.query(JournalEntry).order_by(JournalEntry.id.desc()).first().body

    return await room.world.run(newest)


async def change(room: Classroom, event: str, text: str) -> None:
    await room.world.arrive(room.li, room.li.chat, "edited", event=event, text=text)


async def test_the_draft_follows(room: Classroom) -> None:
    li = room.li
    await li.say("日志")
    await li.say("今天听了王老师的识字可", event="m1")
    await li.say("孩子们很投入", event="m2")
    await change(room, "m1", "今天听了王老师的识字课，收获很大")
    li.expect("已收到", "22 字")
    await change(room, "m1", "今天听了王老师的识字课")
    assert await draft(room) == "今天听了王老师的识字课\n孩子们很投入"
    await change(room, "m0", "以前说过的话")
    li.expect("我按你先发的那句办了")
    assert await draft(room) == "今天听了王老师的识字课\n孩子们很投入"


async def test_what_is_handed_in_and_what_was_no_log_says_so(room: Classroom) -> None:
    li = room.li
    await li.say("日志")
    await li.say(LONG, event="m1")
    await li.say("提交")
    li.expect("已交到")
    await change(room, "m1", "改了")
    li.expect("我按你先发的那句办了")
    assert await draft(room) == LONG
    stranger = await room.world.teacher("路人", bound=False)
    await room.world.arrive(stranger, stranger.chat, "edited", event="m9", text="改了")
    stranger.expect_nothing()
