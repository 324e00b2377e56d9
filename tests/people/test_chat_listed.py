"""What looking at the list costs: nothing for whoever is bound, nor where no list names accounts; else now and then."""

import pytest
from sqlalchemy import event

from tests.support.databases import Databases
from tests.support.talk import Voice, World, a_world


async def statements(world: World, voice: Voice, text: str) -> int:
    """How many statements answering a word takes."""
    seen: list[str] = []

    def look(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engine = world.runtime.database.engine
    event.listen(engine, "before_cursor_execute", look)
    try:
        await voice.say(text)
    finally:
        event.remove(engine, "before_cursor_execute", look)
    return len(seen)


async def three_words(url: str, bound: bool, listed: bool) -> list[int]:
    async with a_world(url, listed=listed) as world:
        voice = await world.teacher("李梅", bound=bound)
        await voice.say("你好")  # what is asked once for each process
        world.pass_time(minutes=6)
        return [await statements(world, voice, "你好") for _ in range(3)]


@pytest.mark.parametrize("bound", [True, False])
async def test_only_an_unknown_account_costs_more_and_only_now_and_then(databases: Databases, bound: bool) -> None:
    taken: dict[bool, list[int]] = {}
    for listed in (False, True):
        with databases.fresh("sqlite") as url:
            taken[listed] = await three_words(url, bound, listed)
    if bound:
        assert taken[True] == taken[False]
    else:
        assert taken[True][0] > taken[False][0] and taken[True][1:] == taken[False][1:]
