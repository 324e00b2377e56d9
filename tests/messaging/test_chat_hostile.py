"""Buttons pressed by whoever has no business with them, with arguments that no button of ours ever had."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from api.context import Context
from bot.commands import FEATURES
from storage.base import Base
from tests.support.county import County, a_county
from tests.support.talk import a_world

BUTTONS = sorted(name for feature in FEATURES for name, _ in feature.buttons)
COMMANDS = sorted(command.name for feature in FEATURES for command in feature.commands)
ARGUMENTS = ("", ":", "x", "0", "-1", "9" * 30, "a:b:c:d:e", "a.b", ".", "..", "%", "\x00", "\ud800", "字" * 3000)


@pytest.fixture
async def c(database_url: str) -> AsyncIterator[County]:
    async with a_world(database_url) as world:
        world.handlers.patience.most = 0  # the clock stands still, and each of these is to be looked at
        yield await a_county(world)


def rows_of(ctx: Context) -> dict[str, int]:
    """How much there is of everything that a press could make or change."""
    quiet = ("inbox", "messages", "deliveries", "sent_events", "chats", "identities", "dialogues", "rooms")
    tables = [table for table in Base.metadata.sorted_tables if table.name not in quiet]
    return {table.name: len(ctx.session.execute(table.select()).all()) for table in tables}


@pytest.mark.parametrize("who", ["nobody", "teacher", "host"])
async def test_no_argument_makes_a_button_do_anything(c: County, who: str) -> None:
    voice = {"teacher": c.li, "host": c.wang}.get(who) or await c.world.teacher("路人", bound=False)
    before = await c.run(rows_of)
    failed = []
    with capture_logs() as logs:
        for n, name in enumerate(BUTTONS):
            for argument in ("x", ARGUMENTS[n % len(ARGUMENTS)], ARGUMENTS[(n * 7 + 3) % len(ARGUMENTS)]):
                await voice.press_action(f"{name}:{argument}")
                failed += [(name, argument) for entry in logs if entry["log_level"] == "error"]
                logs.clear()
    assert not failed
    assert await c.run(rows_of) == before


async def test_commands_stand_behind_buttons_for_those_who_may(c: County) -> None:
    stranger = await c.world.teacher("路人", bound=False)
    with capture_logs() as logs:
        for voice in (stranger, c.li):
            for name in COMMANDS:
                await voice.press_action(f"run:{name}:{ARGUMENTS[-1]}")
            await voice.press_action("d:x:y")
    failed = [entry for entry in logs if entry["log_level"] == "error"]
    assert not failed, failed[0]


async def test_a_refused_press_is_answered_once(c: County) -> None:
    c.li.unread()
    assert len(await c.li.press_action("notice.withdrawn:x")) == 1
    c.li.expect_nothing()


async def test_without_toasts_a_refused_press_is_answered_in_words(database_url: str) -> None:
    async with a_world(database_url, acks=False) as world:
        c = await a_county(world)
        room = await world.room(c.workshop)
        for place in (None, room):
            c.li.unread()
            assert await c.li.press_action("notice.withdrawn:x", room=place) in ([], [""])
            c.li.expect("没有找到")
            c.li.expect_nothing(room)


async def test_whoever_is_not_bound_is_told_so_when_pressing(c: County) -> None:
    stranger = await c.world.teacher("路人", bound=False)
    room = await c.world.room(c.workshop)
    assert "把绑定码发给我" in (await stranger.press_action("notice.received:x", room=room))[0]
    stranger.expect_nothing(room)
