"""Deliverers look again while somebody else's chats are due, but not in a busy loop."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from api.messaging.delivering import Work
from api.messaging.outbox import tell_person
from api.messaging.tree import Words
from tests.support.talk import a_world


async def test_a_slow_send_keeps_nobody_busy(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world(database_url) as world:
        li = await world.teacher("李老师")
        assert li.person is not None
        looked: list[int] = []
        lease = type(world.deliverers).lease

        async def looking(self: Any, limit: int) -> list[Work]:
            looked.append(limit)
            return await lease(self, limit)

        async def endless(_work: Work) -> Sequence[str]:
            await asyncio.Event().wait()
            return []

        monkeypatch.setattr(type(world.deliverers), "lease", looking)
        monkeypatch.setattr(world.paper, "send", endless)
        await world.run(tell_person, li.person.id, Words("早上好"))
        world.runtime.spawn(world.deliverers.run(), "deliverers")
        await asyncio.sleep(1)
        assert 1 < len(looked) < 10
