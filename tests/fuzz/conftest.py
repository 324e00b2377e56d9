"""How much is tried, and by which chance: the same each time, unless one says otherwise."""

import os

import pytest

from tests.fuzz.county import NUMBER

AT_A_TIME = 5_000  # updates of one county; the next ones meet a fresh one


@pytest.fixture
def rounds() -> list[tuple[int, int]]:
    """(seed, updates) of each county. $GONGFANG_FUZZ says how many updates, $GONGFANG_FUZZ_SEED where seeds begin."""
    seed = int(os.environ.get("GONGFANG_FUZZ_SEED") or 1)
    return [(seed + n, min(AT_A_TIME, NUMBER - done)) for n, done in enumerate(range(0, NUMBER, AT_A_TIME))]
