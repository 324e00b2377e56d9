"""Both workshops of a topic talk and change what they said, on several workers, while a third one comes and goes."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event

from api.messaging.receiving import Arrival, receive
from api.topics.inviting import accept_topic, invite_workshops, leave_topic
from tests.support.discussing import two_workshops
from tests.support.talk import World, a_world

MANY = 30


def watch_circles(world: World) -> list[str]:
    """What is asked of the database while two transactions wait for each other."""
    found: list[str] = []

    def look(context: Any) -> None:
        if getattr(context.original_exception, "sqlstate", None) == "40P01":
            found.append(context.statement)

    event.listen(world.runtime.database.engine, "handle_error", look)
    return found


@pytest.mark.both_databases
async def test_both_workshops_talk_at_once(database_url: str) -> None:
    async with a_world(database_url) as world:
        two = await two_workshops(world)
        third = await world.workshop(two.county, "英语工坊")
        await world.join(two.guest, third, "host")
        far = await world.room(third)
        pid = await two.open_to_both()
        await world.run(invite_workshops, pid, [third.pid], actor=two.wang)
        talk = [(two.li, two.here), (two.chen, two.there)]
        begins = {room: next(one.native for one in world.paper.chats[room] if "研讨 · " in one.text)
                  for _, room in talk}  # fmt: skip
        for n in range(MANY):
            for who, room in talk:
                said = {"sender": who.native, "event": f"{room}-{n}", "text": f"第 {n} 句"}
                for kind, more in (("said", {"reply_to": begins[room]}), ("edited", {"text": f"第 {n} 句，订正"})):
                    arrival = Arrival(f"{room}-{n}-{kind}", room, "room", {"kind": kind, **said, **more})
                    await world.runtime.transact(receive, "paper", "", [arrival])
        circles = watch_circles(world)

        async def come_and_go() -> None:
            await world.run(accept_topic, pid, third.pid, actor=two.guest)
            await world.run(leave_topic, pid, third.pid, actor=two.guest)

        await asyncio.gather(world.handlers.drain(), come_and_go())
        await world.handlers.drain()  # it ends early where all that waits is locked at that moment
        assert not circles, "they wait for each other in circles"
        await world.deliverers.drain()
        for (who, _), (_, room), name in zip(talk, talk[::-1], ("语文工坊", "数学工坊"), strict=True):
            heard = [one.text for one in world.paper.chats[room] if "句" in one.text]
            assert heard == [f"{who.name} · {name}: 第 {n} 句，订正" for n in range(MANY)]
        assert any("研讨 · " in one.text for one in world.paper.chats[far])
