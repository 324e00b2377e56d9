"""Passes over rooms on paper: what fails stops nothing else and is tried ever more slowly; nothing is looked at twice.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from api.context import Context
from api.messaging.places import move_chat
from api.opening import take_over
from api.rooms.passes import LEASE, Outcome, add_room, finish, lease_rooms
from api.rooms.planning import Standing
from bot.platforms.base import Moved, Rejected, RetryAfter
from storage.communities import Community
from storage.messaging import Chat
from storage.mirrors import AT_ONCE, release_created
from storage.reach import Reach
from storage.rooms import Room, RoomAccount
from tests.support.county import County
from tests.support.paper_rooms import PaperRooms
from tests.support.talk import World


@dataclass
class Passes:
    """Two workshops with rooms: 语文 (王, 李) and 数学 (王, 陈)."""

    county: County
    rooms: PaperRooms
    chinese: str
    maths: str

    @property
    def world(self) -> World:
        return self.county.world

    async def go(self, **span: float) -> list[tuple[str, str]]:
        """Let time pass and do what is due; what was tried."""
        self.world.pass_time(**span)
        self.rooms.acts.clear()
        await self.world.mirrors.drain()
        return list(self.rooms.acts)

    async def row(self, native: str) -> Room:
        """The room as it is in the database."""

        def look(ctx: Context) -> Room:
            return ctx.session.query(Room).join(Chat, Chat.id == Room.chat_id).filter(Chat.native == native).one()

        return await self.county.run(look)

    async def touch(self, *natives: str) -> None:
        """Make rooms due."""
        for native in natives:
            row = await self.row(native)
            await self.county.run(lambda ctx, id=row.id: setattr(ctx.session.get_one(Room, id), "due_at", AT_ONCE))


@pytest.fixture
async def passes(county: County) -> AsyncIterator[Passes]:
    world, rooms = county.world, PaperRooms()
    world.paper.mirroring = rooms
    maths = await world.workshop(county.county, "数学工坊")
    await world.join(county.wang, maths, "host")
    await world.join(county.li, county.workshop)
    await world.join(county.chen, maths)

    def add(ctx: Context) -> None:
        for community in (county.workshop, maths):
            add_room(ctx, ctx.session.get_one(Community, community.id), "paper", "room")

    await county.run(add)
    await world.mirrors.drain()
    natives = {room.name: native for native, room in rooms.rooms.items()}
    yield Passes(county, rooms, natives["语文工坊"], natives["数学工坊"])


async def test_rooms_are_made_and_nothing_is_left(passes: Passes) -> None:
    wang, li = passes.county.wang.native, passes.county.li.native
    assert {who: one.state for who, one in passes.rooms.rooms[passes.chinese].members.items()} == {
        wang: "invite", li: "invite"
    }  # fmt: skip
    assert passes.rooms.looks[passes.chinese] <= 2  # when it was made, and once more if its space was made after it
    passes.rooms.looks.clear()
    assert await passes.go() == [] and not passes.rooms.looks
    assert await passes.go(hours=8) == []
    assert passes.rooms.looks == {passes.chinese: 1, passes.maths: 1}  # the sweep


async def test_only_what_changed_is_looked_at_and_once(passes: Passes) -> None:
    passes.rooms.looks.clear()
    await passes.world.join(passes.county.chen, passes.county.workshop)
    assert await passes.go() == [(passes.chinese, f"invite:{passes.county.chen.native}")]
    assert passes.rooms.looks == {passes.chinese: 1}


async def test_what_fails_stops_nothing_else(passes: Passes) -> None:
    county, rooms = passes.county, passes.rooms
    rooms.failures[passes.maths, "look"] = Rejected("forbidden")
    rooms.failures[passes.chinese, f"invite:{county.zhou.native}"] = Rejected("no such account")
    for who in (county.zhou, county.chen):
        await passes.world.join(who, county.workshop)
    await passes.touch(passes.maths)
    await passes.go()
    assert rooms.rooms[passes.chinese].members[county.chen.native].state == "invite"
    chinese, maths = await passes.row(passes.chinese), await passes.row(passes.maths)
    assert chinese.findings["failed"] == {f"invite:{county.zhou.native}": "no such account"}
    assert chinese.findings["n_left"] == 1 and maths.findings["error"] == "forbidden"
    del rooms.failures[passes.maths, "look"]
    await passes.go(minutes=2)
    assert (await passes.row(passes.maths)).findings["error"] == ""


async def test_patience_grows_and_is_forgotten(passes: Passes) -> None:
    key = f"invite:{passes.county.chen.native}"
    passes.rooms.failures[passes.chinese, key] = Rejected("not now")
    await passes.world.join(passes.county.chen, passes.county.workshop)
    assert await passes.go() == [(passes.chinese, key)]
    assert await passes.go(seconds=4) == []
    assert await passes.go(seconds=2) == [(passes.chinese, key)]
    assert await passes.go(seconds=15) == []
    assert await passes.go(seconds=6) == [(passes.chinese, key)]
    assert (await passes.row(passes.chinese)).tries[key][0] == 3
    passes.rooms.failures.clear()
    assert await passes.go(minutes=2) == [(passes.chinese, key)]
    # an hour after it was possible again nobody remembers
    await passes.go(hours=2)
    await passes.touch(passes.chinese)
    await passes.go()
    assert (await passes.row(passes.chinese)).tries == {}


async def test_a_long_limit_on_an_invitation_waits_for_its_account_alone(passes: Passes) -> None:
    county = passes.county
    passes.rooms.failures[passes.chinese, f"invite:{county.zhou.native}"] = [RetryAfter(300)]
    for who in (county.zhou, county.chen):
        await passes.world.join(who, county.workshop)
    assert len(await passes.go()) == 2
    assert passes.rooms.rooms[passes.chinese].members[county.chen.native].state == "invite"
    assert await passes.go(seconds=290) == []
    assert await passes.go(seconds=20) == [(passes.chinese, f"invite:{county.zhou.native}")]
    assert (await passes.row(passes.chinese)).findings["n_left"] == 0


async def test_an_account_that_may_not_be_invited_is_left_alone_in_all_rooms(passes: Passes) -> None:
    county, key = passes.county, f"invite:{passes.county.zhou.native}"
    passes.rooms.failures[passes.chinese, key] = [RetryAfter(300)]
    await passes.world.join(county.zhou, county.workshop)
    assert await passes.go() == [(passes.chinese, key)]
    await passes.touch(passes.maths)
    maths = (await passes.row(passes.maths)).community_id
    await passes.world.join(county.zhou, await county.run(lambda ctx: ctx.session.get_one(Community, maths)))
    assert await passes.go(seconds=5) == []


async def test_any_other_long_limit_stops_its_kind_everywhere(passes: Passes) -> None:
    passes.rooms.failures[passes.chinese, "name"] = [RetryAfter(300)]
    passes.rooms.failures[passes.maths, "name"] = [RetryAfter(300)]
    for native in (passes.chinese, passes.maths):
        passes.rooms.change(native, name="别的", topic="别的")
        await passes.touch(native)
    tried = [key for _, key in await passes.go()]
    assert tried.count("topic") == 2 and 1 <= tried.count("name") <= 2
    await passes.touch(passes.chinese, passes.maths)
    assert "name" not in [key for _, key in await passes.go(seconds=10)]


async def test_a_short_limit_is_waited_for(passes: Passes) -> None:
    passes.rooms.failures[passes.chinese, "name"] = [RetryAfter(0.2), RetryAfter(0.1)]
    passes.rooms.change(passes.chinese, name="别的")
    await passes.touch(passes.chinese)
    assert await passes.go() == [(passes.chinese, "name")] * 3
    assert passes.rooms.rooms[passes.chinese].name == "语文工坊"


async def test_whoever_comes_too_late_with_an_outcome_changes_nothing(passes: Passes) -> None:
    await passes.touch(passes.chinese)
    [lost] = await passes.county.run(lease_rooms, Reach(("paper",)), 1)
    assert await passes.go(seconds=LEASE.total_seconds() - 1) == []
    await passes.go(seconds=2)
    seen = (await passes.row(passes.chinese)).looked_at
    assert seen is not None and passes.rooms.looks[passes.chinese] > 1
    await passes.county.run(finish, lost, Outcome(error="late"))
    row = await passes.row(passes.chinese)
    assert (row.looked_at, row.findings["error"]) == (seen, "")


async def test_what_was_not_begun_is_given_back_when_the_service_stops(passes: Passes) -> None:
    passes.rooms.change(passes.chinese, name="别的", topic="别的")
    await passes.touch(passes.chinese)
    passes.rooms.acts.clear()

    async def stop() -> None:
        passes.world.runtime.stopping = True

    passes.rooms.meanwhile = stop
    await passes.world.mirrors.run()
    assert passes.rooms.acts == []
    row = await passes.row(passes.chinese)
    assert row.leased_until is None and row.due_at is not None and row.due_at <= passes.world.runtime.now()
    passes.world.runtime.stopping = False
    assert sorted(await passes.go()) == [(passes.chinese, "name"), (passes.chinese, "topic")]


async def test_what_changes_during_a_pass_is_looked_at_again(passes: Passes) -> None:
    county = passes.county
    passes.rooms.looks.clear()

    async def join() -> None:
        await passes.world.join(county.chen, county.workshop)

    passes.rooms.meanwhile = join
    await passes.touch(passes.chinese)
    await passes.go()
    assert passes.rooms.looks == {passes.chinese: 2}
    assert passes.rooms.rooms[passes.chinese].members[county.chen.native].state == "invite"


async def test_what_is_let_go_during_a_pass_stays_let_go(passes: Passes) -> None:
    async def release() -> None:
        await passes.county.run(lambda ctx: release_created(ctx.session, passes.county.county.path, "paper"))

    passes.rooms.meanwhile = release
    await passes.touch(passes.chinese)
    await passes.go()
    assert (await passes.row(passes.chinese)).due_at is None


async def test_a_room_that_we_are_not_in_waits_for_us(passes: Passes) -> None:
    kept = passes.rooms.rooms.pop(passes.chinese)
    await passes.touch(passes.chinese)
    await passes.go()
    row = await passes.row(passes.chinese)
    assert row.findings["gone"] and row.due_at is not None
    assert row.due_at - passes.world.runtime.now() > timedelta(hours=5)
    passes.rooms.rooms[passes.chinese] = kept
    await passes.touch(passes.chinese)
    await passes.go()
    assert not (await passes.row(passes.chinese)).findings["gone"]


async def test_a_room_that_moved_goes_on_elsewhere(passes: Passes) -> None:
    passes.rooms.failures[passes.chinese, "look"] = Moved("elsewhere")
    passes.rooms.rooms["elsewhere"] = replace(passes.rooms.rooms[passes.chinese], name="别的")
    await passes.touch(passes.chinese)
    await passes.go()
    assert (await passes.go(seconds=6)) == [("elsewhere", "name")]
    assert (await passes.row("elsewhere")).community_id == passes.county.workshop.id


@pytest.mark.parametrize("heard_of", [False, True])
async def test_whoever_was_asked_into_what_a_room_was_before_has_not_been(passes: Passes, heard_of: bool) -> None:
    li, chen = passes.county.li.native, passes.county.chen.native
    rows = {li: "invite", chen: "join"}

    def move(ctx: Context) -> dict[str, str]:
        chat = ctx.session.query(Chat).filter_by(native=passes.chinese).one()
        room = ctx.session.query(Room).filter_by(chat_id=chat.id).one()
        for who, state in rows.items():
            ctx.session.add(RoomAccount(room_id=room.id, native=who, state=state, at=ctx.now))
        if heard_of:
            ctx.session.add(Chat(platform="paper", native="elsewhere", kind="room", created_at=ctx.now))
        ctx.session.flush()
        move_chat(ctx, chat, "elsewhere")
        ctx.session.expire_all()
        return {one.native: one.state for one in ctx.session.query(RoomAccount).filter_by(room_id=room.id)}

    assert await passes.county.run(move) == {li: "", chen: "join"}


async def test_who_just_came_is_looked_at_again_in_a_while(passes: Passes) -> None:
    county = passes.county
    chen = county.chen.native
    await passes.world.join(county.chen, county.workshop, status="left")
    passes.rooms.change(passes.chinese, members={chen: Standing("join", fresh=True)})
    await passes.touch(passes.chinese)
    await passes.go()
    assert passes.rooms.rooms[passes.chinese].members[chen].state == "join"
    passes.rooms.change(passes.chinese, members={chen: Standing("join")})
    assert (passes.chinese, f"remove:{chen}") in await passes.go(seconds=100)


async def test_two_workers_look_at_a_room_once(passes: Passes) -> None:
    await passes.touch(passes.chinese, passes.maths)
    passes.rooms.looks.clear()
    await asyncio.gather(passes.world.mirrors.drain(), passes.world.mirrors.drain())
    assert passes.rooms.looks == {passes.chinese: 1, passes.maths: 1}


async def test_a_new_process_goes_on_with_what_the_last_one_had_in_hand(passes: Passes) -> None:
    await passes.touch(passes.chinese, passes.maths)
    await passes.county.run(lease_rooms, Reach(("paper",)), 2)
    maths = (await passes.row(passes.maths)).id
    await passes.county.run(lambda ctx: setattr(ctx.session.get_one(Room, maths), "due_at", None))
    passes.rooms.looks.clear()
    await passes.county.run(take_over)
    await passes.go()
    assert passes.rooms.looks == {passes.chinese: 1}
