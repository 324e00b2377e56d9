"""Who sends faster than anybody can write is told so once and not read for a minute; everybody else is answered."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from api.messaging.receiving import Arrival, receive
from storage.messaging import Incoming
from tests.support.county import County, a_county
from tests.support.talk import Voice, a_world

MOST = 6  # in one go
TOLD = "你发得太快"


@pytest.fixture
async def c(database_url: str) -> AsyncIterator[County]:
    async with a_world(database_url) as world:
        world.handlers.patience.most = 2 * MOST
        yield await a_county(world)


async def flood(c: County, voice: Voice, number: int, room: str | None = None, text: str = "帮助") -> None:
    """Everything at the same moment."""
    kind = "room" if room else "private"
    said = {"kind": "said", "sender": voice.native, "name": voice.name, "text": text}
    arrivals = [Arrival(f"{voice.native}-{n}-{c.world.runtime.now()}", room or voice.chat, kind, said)
                for n in range(number)]  # fmt: skip
    await c.world.runtime.transact(receive, c.world.paper.name, "", arrivals)
    await c.world.settle()


def told(voice: Voice, room: str | None = None) -> int:
    return sum(TOLD in sheet.text for sheet in voice.sheets(room))


async def test_a_flood_is_told_once_and_costs_one_answer_each_only_as_far_as_it_is_read(c: County) -> None:
    with capture_logs() as logs:
        await flood(c, c.li, 200)
    assert [len(c.li.sheets()), told(c.li)] == [MOST + 1, 1]
    c.li.expect("你发得太快，我来不及看了", "请等一分钟，再把要紧的重发一次")
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == [
        "an account sends more than is read"
    ]
    rows = await c.run(lambda ctx: ctx.session.query(Incoming.state, Incoming.raw).all())
    assert [state for state, _ in rows] == ["done"] * 200
    assert sum(not raw for _, raw in rows) == 199 - MOST, "of what is not read nothing is kept"


async def test_who_waits_a_minute_is_read_again(c: County) -> None:
    await flood(c, c.li, 200)
    c.world.pass_time(seconds=20)
    await c.li.say("帮助")
    assert told(c.li) == 1, "it is said once"
    c.world.pass_time(seconds=65)
    c.li.unread()
    await c.li.say("帮助")
    assert TOLD not in c.li.expect("可以").text


async def test_the_dialogue_stands_where_it_was(c: County) -> None:
    await c.li.say("日志 今天听了王老师的一节识字课，孩子们用字卡分组找朋友，课堂很活跃。")
    await flood(c, c.li, 200, text="刷屏")
    c.world.pass_time(minutes=2)
    c.li.unread()
    await c.li.press("提交")
    c.li.expect("已存为个人日志", "今天听了王老师的一节识字课")


async def test_nobody_else_is_held_up_or_told(c: County) -> None:
    await flood(c, c.li, 200)
    c.wang.unread()
    await c.wang.say("帮助")
    c.wang.expect("可以")
    assert told(c.wang) == 0


async def test_in_a_room_it_is_told_in_private_and_others_there_are_heard(c: County) -> None:
    room = await c.world.room(c.workshop)
    await flood(c, c.li, 50, room)
    assert [told(c.li), told(c.li, room)] == [1, 0]
    c.wang.unread()
    await c.wang.say("进度", room=room)
    assert told(c.wang) == 0
    assert c.wang.unread() or c.wang.unread(room)


async def test_a_room_does_not_read_that_somebody_unknown_writes_too_fast(c: County) -> None:
    room = await c.world.room(c.workshop)
    stranger = await c.world.teacher("路人", bound=False)
    await flood(c, stranger, 50, room)
    assert [told(stranger), told(stranger, room)] == [0, 0]


async def test_presses_are_counted_too_and_answered_as_a_toast(c: County) -> None:
    toasts = [await c.li.press_action("run:help") for _ in range(MOST + 3)]
    assert [any(TOLD in one for one in said) for said in toasts] == [False] * MOST + [True, False, False]


async def test_without_a_limit_everything_is_read(c: County) -> None:
    c.world.handlers.patience.most = 0
    await flood(c, c.li, 60)
    assert [len(c.li.sheets()), told(c.li)] == [60, 0]
