"""A service to be treated badly, and the people who use it meanwhile."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.site import Site

SEED = "GONGFANG_FAULTS_SEED"


@pytest.fixture
def seed() -> int:
    """Another one each time; $GONGFANG_FAULTS_SEED repeats one."""
    return int(os.environ.get(SEED) or secrets.randbelow(10**6))


@pytest.fixture
def chance(seed: int) -> Random:
    """Where all random moments come from."""
    return Random(seed)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A service in an empty folder; nothing of it runs yet."""
    made = Site(tmp_path)
    yield made
    await made.close()
