"""What was seen of accounts in rooms, and decided by nobody, is forgotten in time."""

from datetime import timedelta

from api.clock import run_job
from api.context import Context
from api.registry import JOBS
from storage.rooms import Room, RoomAccount
from tests.rooms.test_chat_following import a_room, happens
from tests.support.county import County

[FORGET] = [job for job in JOBS if job.name == "rooms.forget"]


async def rows(county: County) -> set[str]:
    """The accounts that are known in rooms."""
    return await county.run(lambda ctx: {one.native for one in ctx.session.query(RoomAccount)})


async def test_what_nobody_decided_about_is_forgotten_after_a_month(county: County) -> None:
    room = await a_room(county)
    others = [county.world.new_voice("过客") for _ in range(6)]
    knocked, left, out, left_be, there, late = others
    await happens(county, room, "asked_to_join", knocked)
    for one in (left, out, left_be, there):
        await happens(county, room, "joined", one)
    await happens(county, room, "left", left, county.wang, how="removed")
    await happens(county, room, "left", out, how="left")
    await happens(county, room, "left", left_be, county.wang, how="removed")
    await county.run(lambda ctx: setattr(ctx.session.query(RoomAccount).filter_by(native=left_be.native).one(),
                                         "left_be", "here"))  # fmt: skip
    county.world.pass_time(days=29)
    await happens(county, room, "asked_to_join", late)
    await run_job(county.world.runtime, FORGET)
    assert len(await rows(county)) == 6
    county.world.pass_time(days=2)
    await run_job(county.world.runtime, FORGET)
    assert await rows(county) == {out.native, left_be.native, there.native, late.native}


async def test_forgetting_takes_more_than_one_batch(county: County) -> None:
    room = await a_room(county)

    def add(ctx: Context) -> None:
        place, then = ctx.session.query(Room).filter_by(platform="paper").one(), ctx.now - timedelta(days=31)
        for n in range(1100):
            ctx.session.add(RoomAccount(room_id=place.id, native=f"@{n}:x", state="leave", asked="refused", at=then))

    await county.run(add)
    assert room and await run_job(county.world.runtime, FORGET) == 3 and await rows(county) == set()
