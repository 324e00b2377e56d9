"""A running Telegram emulator, and a way to call it as bare HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.emulators.telegram import Bot, Emulator, Person, World, add_person

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def telegram() -> AsyncIterator[Emulator]:
    """An emulator with no accounts."""
    async with Emulator() as running:
        yield running


@pytest.fixture
def world(telegram: Emulator) -> World:
    """Its world."""
    return telegram.world


@pytest.fixture
def bot(world: World) -> Bot:
    """A bot."""
    return world.add_bot()


@pytest.fixture
def li(world: World, bot: Bot) -> Person:
    """Somebody who pressed START; the update of it is done with."""
    person = add_person(world, "李老师", "li_laoshi")
    person.start(bot)
    bot.queue.clear()
    return person


@pytest.fixture
async def ask(telegram: Emulator, bot: Bot) -> AsyncIterator[Ask]:
    """`await ask("getMe", limit=1)`: the answer's JSON."""
    async with httpx2.AsyncClient(base_url=telegram.api_base, timeout=10, trust_env=False, verify=False) as client:

        async def call(method: str, token: str = bot.token, **arguments: Any) -> dict[str, Any]:
            answer = await client.post(f"/bot{token}/{method}", json=arguments)
            body: dict[str, Any] = answer.json()
            assert answer.status_code == (200 if body["ok"] else body["error_code"])
            return body

        yield call
