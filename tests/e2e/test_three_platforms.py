"""The walk of docs/zh/three-platforms.md: push, quiz, log and reminder across three platforms, the programs real."""

from pathlib import Path

import pytest

from tests.e2e.take_screenshots import drawn
from tests.support.three import Three, play, three_platforms


async def nothing(_what: str, _three: Three) -> None:
    """No pictures: `make screenshots` takes them."""


@pytest.mark.faults
@pytest.mark.timeout(400)
async def test_the_walk_over_three_platforms(tmp_path: Path) -> None:
    with drawn(tmp_path) as photos:
        async with three_platforms(tmp_path) as three:
            await play(three, photos[0], nothing)
