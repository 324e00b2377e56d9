"""A served county, or the real program with its sample; and a Chromium to look at it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.product import Product, a_product
from tests.support.served import Served, a_served_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[Served]:
    async with a_served_world(database_url) as world:
        yield world


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    async with a_product(tmp_path) as product:
        yield product
