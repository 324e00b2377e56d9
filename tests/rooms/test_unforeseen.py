"""Accounts that nobody told us of: they are known by what they say, or by the next look."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

import api.rooms.unforeseen
from api.context import Context
from api.rooms.planning import Standing
from storage.mirrors import AT_ONCE
from storage.rooms import Room, RoomAccount
from tests.rooms.test_chat_following import a_room, desired, happens
from tests.rooms.test_service_passes import Passes, passes
from tests.support.county import County

__all__ = ["passes"]
STRANGERS = {f"@gast{n}:elsewhere": Standing("join") for n in range(30)}


async def rows(county: County, **by: Any) -> dict[str, str]:
    """account -> how it stands, of what is known in rooms."""

    def look(ctx: Context) -> dict[str, str]:
        return {one.native: one.state for one in ctx.session.query(RoomAccount).filter_by(**by)}

    return await county.run(look)


async def test_whoever_speaks_has_come(county: County) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop)
    await county.li.say("我早就在群里了，大家好", room=room)
    assert await rows(county) == {county.li.native: "join"}
    stranger = county.world.new_voice("路人")
    for text in ("大家好", "我又来了"):
        await stranger.say(text, room=room)
    asked = county.wang.expect("不认识的账号", "路人")
    assert asked.buttons
    county.wang.expect_nothing()
    await county.wang.press("不用管")
    await stranger.say("还在", room=room)
    county.wang.expect_nothing()
    assert await county.standing(county.li) == ("active", "member")


async def test_who_is_no_member_and_speaks_is_asked_about(county: County) -> None:
    room = await a_room(county, policy="ask")
    await county.run(lambda ctx: setattr(ctx.session.get_one(type(county.workshop), county.workshop.id), "policy",
                                         "invitation"))  # fmt: skip
    await county.li.say("大家好", room=room)
    county.wang.expect("李老师 进了", "不是成员")


@pytest.mark.parametrize("status", ["left", "removed"])
async def test_who_left_has_not_come_back_by_speaking(county: County, status: str) -> None:
    room = await a_room(county)
    await county.world.join(county.li, county.workshop, status=status)
    await county.run(lambda ctx: setattr(ctx.session.query(Room).filter_by(platform="paper").one(), "due_at", ctx.now
                                         + timedelta(hours=6)))  # fmt: skip
    await county.li.say("大家好", room=room)
    assert await county.standing(county.li) == (status, "member") and await rows(county) == {county.li.native: "join"}
    want = await desired(county)
    assert county.li.native in want.out and county.li.native in want.judged
    assert await county.run(lambda ctx: ctx.session.query(Room).filter_by(due_at=AT_ONCE).count()) == 1
    county.wang.expect_nothing()


@pytest.mark.parametrize("kept", [{"due_at": None}, {"manages": ["name"]}])
async def test_where_members_are_not_kept_nobody_is_written_down(county: County, kept: dict[str, Any]) -> None:
    room = await a_room(county)

    def let_go(ctx: Context) -> None:
        for name, value in kept.items():
            setattr(ctx.session.query(Room).filter_by(platform="paper").one(), name, value)

    await county.run(let_go)
    await county.world.new_voice("路人").say("大家好", room=room)
    assert await rows(county) == {}
    county.wang.expect_nothing()


async def test_to_know_somebody_takes_one_query(county: County) -> None:
    room = await a_room(county)
    await happens(county, room, "joined", county.li)
    found: list[str] = []
    engine = county.world.runtime.database.engine

    def look(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "room_accounts" in statement:
            found.append(statement)

    event.listen(engine, "before_cursor_execute", look)
    await county.li.say("大家好", room=room)
    event.remove(engine, "before_cursor_execute", look)
    assert len(found) == 1


async def test_strangers_that_a_look_finds_are_told_of_once_and_together(passes: Passes) -> None:
    county = passes.county
    li = {county.li.native: Standing("join"), county.wang.native: Standing("join", 50)}
    passes.rooms.change(passes.chinese, members={**STRANGERS, **li, "@eben:elsewhere": Standing("join", fresh=True)})
    await passes.touch(passes.chinese)
    assert await passes.go() == []
    await passes.world.settle()
    county.wang.expect("“语文工坊”的群里有 30 个我不认识的账号", "@gast0:elsewhere", "…")
    county.wang.expect_nothing()
    assert await rows(county) == dict.fromkeys([*STRANGERS, *li], "join")
    assert await rows(county, asked="", left_be="", message_id=None) == await rows(county)
    passes.rooms.change(passes.chinese, members={**STRANGERS, **li, "@eben:elsewhere": Standing("join")})
    for _ in range(2):
        await passes.go(hours=8)
    await passes.world.settle()
    county.wang.expect("“语文工坊”的群里有 1 个我不认识的账号：@eben:elsewhere")
    county.wang.expect_nothing()


async def test_an_account_that_is_somebodys_is_left_to_what_they_do(passes: Passes) -> None:
    """陈 is no member of 语文: who was never asked in is asked about when they come, or speak."""
    passes.rooms.change(passes.chinese, members={passes.county.chen.native: Standing("join")})
    await passes.touch(passes.chinese)
    await passes.go()
    await passes.world.settle()
    passes.county.wang.expect_nothing()
    assert await rows(passes.county) == {}


async def test_many_are_written_down_one_look_after_the_other(passes: Passes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.rooms.unforeseen, "MOST", 12)
    passes.rooms.change(passes.chinese, members={**STRANGERS, passes.county.li.native: Standing("join")})
    await passes.touch(passes.chinese)
    for n in (12, 24, 31):
        await passes.go(minutes=2)
        assert len(await rows(passes.county)) == n


async def test_who_is_there_by_a_look_alone_counts_as_elsewhere(passes: Passes) -> None:
    county = passes.county
    room = await a_room(county)
    passes.rooms.change(passes.chinese, members={county.li.native: Standing("join")})
    await passes.touch(passes.chinese)
    await passes.go()
    await happens(county, room, "left", county.li, how="left")
    assert await county.standing(county.li) == ("active", "member")
