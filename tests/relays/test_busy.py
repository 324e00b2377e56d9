"""Both rooms talk at once, on several workers."""

import time

import pytest

from api.messaging.receiving import Arrival, receive
from tests.relays.conftest import Village

MANY = 40
PATIENCE = 10  # seconds; PostgreSQL needs one to see that two wait for each other, and they would for every third


@pytest.mark.both_databases
async def test_both_rooms_talk_at_once(village: Village) -> None:
    world = village.here
    for n in range(MANY):
        for who, room, platform in ((village.li, village.room, "paper"), (village.wang, village.other, "other")):
            raw = {"kind": "said", "sender": who.native, "event": f"{platform}-{n}", "text": f"第 {n} 句"}
            await world.runtime.transact(receive, platform, "", [Arrival(f"e{n}", room, "room", raw)])
    began = time.monotonic()
    await world.handlers.drain()
    took = time.monotonic() - began
    await world.deliverers.drain()
    assert village.texts() == [f"李春华: 第 {n} 句" for n in range(MANY)]
    assert village.texts(there=False) == [f"王芳: 第 {n} 句" for n in range(MANY)]
    assert took < PATIENCE, "they wait for each other in circles"
