"""Generated requests to the web chat: no page fails, what was said is handled, everybody is answered afterwards."""

import time
from collections import Counter
from random import Random
from typing import Any

import pytest

from api.context import Context
from storage import sample
from storage.people import Person
from tests.fuzz.browsers import Browsers
from tests.fuzz.county import LONGEST, PEOPLE, Figures, check, dead_rows, fill, let_time_pass
from tests.fuzz.watching import Watch, watching
from tests.fuzz.words import Vocabulary
from tests.support.browser import WebWorld, a_web_world, posts_in
from tests.support.clock import tick
from tests.support.databases import Databases

BATCH, AT_ONCE = 200, 8

pytestmark = [pytest.mark.slow, pytest.mark.timeout(LONGEST)]


async def test_requests_of_every_kind(
    rounds: list[tuple[int, int]], databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    total, faults = Figures(rounds[0][0]), []
    for seed, number in rounds:
        with databases.fresh("sqlite") as url, watching() as watch:
            async with a_web_world(url, most_a_minute=0) as world:
                figures = await play(world, watch, seed, number)
        total.add(figures)
        faults += [f"seed {seed}: {fault}" for fault in watch.faults]
        with capsys.disabled():
            print(f"\nweb, {figures}", *watch.faults, sep="\n")
    with capsys.disabled():
        print(f"\nweb in all, from {total}")
    assert not faults, f"{len(faults)} faults, the first: {faults[0]}"


async def play(world: WebWorld, watch: Watch, seed: int, number: int) -> Figures:
    """Send so many requests, and look what became of them."""
    chance, figures, began = Random(seed), Figures(seed), time.monotonic()
    vocabulary = Vocabulary(chance)
    await fill(world, vocabulary)
    browsers = Browsers(chance, vocabulary, world)
    await browsers.open([*await world.run(people), None, None])
    for done in range(0, number, BATCH):
        await browsers.come_back()
        await browsers.look_around()
        for n in range(done, min(done + BATCH, number), AT_ONCE):
            await browsers.send(min(AT_ONCE, number - n))
        await world.settle()
        world.pass_time(seconds=40)
        if chance.random() < 0.1:
            await tick(world)
    await let_time_pass(world)
    await check(world, watch, figures)
    for event, reason, raw in await world.run(dead_rows):
        watch.fault(f"{event} is dead: {reason} {raw!r:.1500}")
    for failure in browsers.failures[:20]:
        watch.fault(failure)
    await browsers.come_back()
    await ask_everywhere(browsers, watch)
    figures.tried = browsers.tried
    figures.sent += Counter({f"HTTP {status}": n for status, n in browsers.answers.items()})
    figures.seconds = time.monotonic() - began
    return figures


def people(ctx: Context) -> list[Person]:
    """Those of the county who have browsers."""
    return [sample.person(ctx.session, number) for number in PEOPLE]


async def ask_everywhere(browsers: Browsers, watch: Watch) -> None:
    """Everybody asks for help in the chat with the bot and is answered there."""
    for page, chat, _ in browsers.people:
        words: Any = await page.script(f"/web/chats/{chat}/messages", client=f"help{chat}", text="帮助")
        await browsers.world.settle()
        posts = posts_in(await page.open(f"/web/chats/{chat}"))
        if not words or posts[-1].side != "bot":
            watch.fault(f"nobody is answered in {chat}: {posts[-1].text[:200]}")
