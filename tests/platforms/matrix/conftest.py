"""Worlds on Matrix."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.base import new_pid
from tests.support.matrix import MatrixWorld, a_matrix_world
from tests.support.sealed import Sealed, a_sealed_client
from tests.support.synapse import Synapse


@pytest.fixture
async def world(database_url: str, synapse: Synapse) -> AsyncIterator[MatrixWorld]:
    """A county whose bot is on Matrix, with everything it can do."""
    async with a_matrix_world(database_url, synapse) as world:
        yield world


@pytest.fixture
async def sealed(synapse: Synapse, tmp_path: Path) -> AsyncIterator[Sealed]:
    """Somebody whose client encrypts."""
    async with a_sealed_client(synapse, synapse.register(f"s{new_pid()}"), tmp_path / "keys") as client:
        yield client
