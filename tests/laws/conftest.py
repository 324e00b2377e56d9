"""What the laws read is forgotten when a file of them is done."""

from collections.abc import Iterator

import pytest

from tests.laws.source import tree


@pytest.fixture(scope="module", autouse=True)
def parsed_files_are_forgotten() -> Iterator[None]:
    """All our files, parsed, are a gigabyte, which the tests that follow need not be searched for."""
    yield
    tree.cache_clear()
