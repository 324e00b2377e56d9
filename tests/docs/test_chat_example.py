"""The dialogue test that CONTRIBUTING shows is one that passes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.docs.pages import blocks
from tests.laws.source import ROOT
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_the_dialogue_that_contributing_shows(world: World) -> None:
    (source,) = blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "python")
    found: dict[str, Any] = {"World": World}
    exec(source, found)
    (test,) = [value for key, value in found.items() if key.startswith("test_")]
    await test(world)
