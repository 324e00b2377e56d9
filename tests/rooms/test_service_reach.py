"""Which rooms a process looks after: those of its own bots, and those of bots that nobody has any more."""

import pytest

from api.context import Context
from api.messaging.sharing import leave_part, new_holder, take_part
from api.rooms.passes import lease_rooms
from storage.inbox import find_or_add_chat
from storage.reach import Reach
from storage.rooms import Room
from tests.support.county import County


@pytest.mark.both_databases
async def test_rooms_of_a_bot_that_another_process_serves_are_left_to_it(county: County) -> None:
    def two_rooms(ctx: Context) -> None:
        for account in ("1", "2"):
            chat = find_or_add_chat(ctx.session, "paper", account, f"g-{account}", "room", "", ctx.now)
            ctx.session.add(Room(community_id=county.workshop.id, platform="paper", chat_id=chat, due_at=ctx.now,
                                 part=f"p{account}", created_at=ctx.now))  # fmt: skip

    def leased(ctx: Context) -> list[str]:
        return [room.part for room in lease_rooms(ctx, Reach(("paper",), own=("paper:1",)), 9)]

    holder = new_holder()
    await county.run(two_rooms)
    await county.run(take_part, "paper", "2", holder, 30)
    assert await county.run(leased) == ["p1"]
    await county.run(leave_part, "paper", "2", holder)
    assert await county.run(leased) == ["p2"]
