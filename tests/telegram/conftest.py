"""A county on Telegram for the dialogues, and the real program beside the emulator."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.emulators.telegram import Person, World, add_person
from tests.support.program import Program
from tests.support.telegram import TelegramWorld, a_telegram_world
from tests.telegram.town import PROMOTING, Town


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[TelegramWorld]:
    async with a_telegram_world(database_url) as world:
        yield world


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.close()


@pytest.fixture
def people(world: TelegramWorld) -> World:
    """All accounts and groups."""
    return world.emulator.world


@pytest.fixture
def li(people: World) -> Person:
    """Somebody with a phone."""
    return add_person(people, "李老师")


@pytest.fixture
def town(world: TelegramWorld, li: Person) -> Town:
    """A supergroup with 李老师 in it, where the bot may do everything."""
    group = world.owner.create_group("旧名", world.bot, li, kind="supergroup")
    world.owner.promote(group, world.bot, *PROMOTING)
    return Town(world, group)


@pytest.fixture
def forum(world: TelegramWorld, li: Person) -> Town:
    """The same with topics."""
    group = world.owner.create_group("教研大群", world.bot, li, forum=True)
    world.owner.promote(group, world.bot, *PROMOTING)
    return Town(world, group)
