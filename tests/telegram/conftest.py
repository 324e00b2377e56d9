"""A county on Telegram for the dialogues, and the real program beside the emulator."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.program import Program
from tests.support.telegram import TelegramWorld, a_telegram_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[TelegramWorld]:
    async with a_telegram_world(database_url) as world:
        yield world


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.close()
