"""How rooms are: what of a last look makes which state, what is seen first, and by how few questions."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from api.context import Context
from api.rooms.reports import count_states, get_report, list_first, list_rooms
from storage.base import new_pid
from storage.communities import Community
from storage.messaging import Chat
from storage.rooms import Room
from storage.roomstates import STATES
from tests.support.county import County

LEFT = [["invite", "u1", None]]
CLEAN = {"error": "", "gone": False, "members": 3, "left": [], "lacking": [], "failed": {}}
# name -> (state, findings, chat's state; "": not made yet, whether it is kept in step)
CASES: dict[str, tuple[str, dict[str, Any], str, bool]] = {
    "gone chat": ("gone", CLEAN, "gone", True),
    "gone and let go": ("gone", {}, "gone", False),
    "put out": ("gone", {**CLEAN, "gone": True, "error": "not inside"}, "active", True),
    "let go": ("loose", {**CLEAN, "failed": {"name": "no"}}, "active", False),
    "an action failed": ("failing", {**CLEAN, "failed": {"name": "no"}, "left": LEFT}, "active", True),
    "a look failed": ("failing", {**CLEAN, "error": "502"}, "active", True),
    "cannot be made": ("failing", {**CLEAN, "error": "502"}, "", True),
    "no right": ("lacking", {**CLEAN, "lacking": LEFT, "left": LEFT}, "active", True),
    "something left": ("waiting", {**CLEAN, "left": LEFT}, "active", True),
    "not made": ("unmade", {}, "", True),
    "made, not looked at": ("waiting", {}, "active", True),
    "fine": ("steady", CLEAN, "active", True),
}


async def fill(county: County, cases: dict[str, tuple[str, dict[str, Any], str, bool]]) -> dict[str, str]:
    """A workshop with a room for each; name -> the room's pid. The best are made first."""

    def add(ctx: Context) -> dict[str, str]:
        made = {}
        for name, (_, findings, chat_state, kept) in reversed(cases.items()):
            place = Community(parent_id=county.county.id, path="", kind="workshop", name=name, created_at=ctx.now)
            chat = Chat(platform="telegram", native=new_pid(), kind="room", state=chat_state, created_at=ctx.now)
            ctx.session.add_all([place, chat] if chat_state else [place])
            ctx.session.flush()
            place.path = f"{county.county.path}{place.id}/"
            room = Room(
                chat_id=chat.id if chat_state else None, community_id=place.id, platform="telegram", findings=findings,
                due_at=ctx.now + timedelta(hours=6) if kept else None, created_at=ctx.now,
            )  # fmt: skip
            ctx.session.add(room)
            ctx.session.flush()
            made[name] = room.pid
        return made

    return await county.run(add)


@pytest.mark.both_databases
async def test_how_a_room_is(county: County) -> None:
    pids = await fill(county, CASES)
    top = county.county.pid
    for name, (state, *_) in CASES.items():
        assert (await county.run(get_report, pids[name], actor=county.lin)).state == state, name
    listed = await county.run(list_rooms, top, actor=county.lin)
    assert {one.community.name: one.state for one in listed} == {name: case[0] for name, case in CASES.items()}
    assert await county.run(count_states, top, actor=county.lin) == {
        ("telegram", "gone"): 3, ("telegram", "loose"): 1, ("telegram", "failing"): 3, ("telegram", "lacking"): 1,
        ("telegram", "waiting"): 2, ("telegram", "unmade"): 1, ("telegram", "steady"): 1,
    }  # fmt: skip
    first = [one.state for one in await county.run(list_first, top, actor=county.lin)]
    assert first == sorted(first, key=STATES.index) and len(first) == 10
    assert [one.state for one in await county.run(list_first, top, 4, actor=county.lin)] == [*["gone"] * 3, "failing"]
    for operation in (count_states, list_first):
        await county.refused("forbidden", operation, county.w, actor=county.li)


@pytest.mark.both_databases
async def test_what_is_wrong_is_found_among_many_by_as_few_questions(county: County) -> None:
    asked: list[str] = []
    engine = county.world.runtime.database.engine

    async def questions() -> int:
        def look(*args: Any) -> None:
            asked.append(args[2])

        asked.clear()
        event.listen(engine, "before_cursor_execute", look)
        await county.lin.press_action(f"rooms:{county.county.pid}")
        event.remove(engine, "before_cursor_execute", look)
        return sum("FROM rooms" in one for one in asked)

    await county.world.room(county.county)
    await fill(county, {"没权限": CASES["no right"]})
    few = await questions()
    county.lin.expect("Telegram，没权限：", "晨光县：")
    await fill(county, {"坏工坊": CASES["a look failed"], **{f"工坊{n}": CASES["fine"] for n in range(205)}})
    assert 0 < await questions() == few
    county.lin.expect("Telegram：205 个", "Telegram，坏工坊：", "Telegram，没权限：", "晨光县：")
