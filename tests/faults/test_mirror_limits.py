"""A county on a Synapse with the limits it has when nobody touches them: all are met, obeyed, and nobody waits long."""

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from storage.base import new_pid
from tests.support.large_county import Size
from tests.support.matrix import Somebody
from tests.support.mirroring_site import MirroringSite, a_mirroring_site
from tests.support.synapse import running_synapse

# Synapse lets an account do 10 things at once and then one in 5 s, whatever it is: invite, make a room, say something.
# The whole county takes 36 minutes (GONGFANG_WHOLE_COUNTY=1). The other one is as small as meets every limit: more than
# 10 rooms (one a minute from then on), and people asked into 6 (5 at once, then one in 333 s). It takes 11 minutes.
WHOLE = bool(os.environ.get("GONGFANG_WHOLE_COUNTY"))
COUNTY = Size() if WHOLE else Size(schools=3, workshops=5, people=10, each=4)
IN_STEP = 4500.0 if WHOLE else 1800.0
WITHIN = 30.0  # seconds in which somebody is answered all the while
ASK_EVERY = 25.0

pytestmark = [pytest.mark.faults, pytest.mark.timeout(IN_STEP + 200)]


async def ask_for_help(one: MirroringSite, somebody: Somebody, room: str, waits: list[float]) -> None:
    """Say something to the bot now and then, and measure how long the answer takes."""
    while True:
        before = len(await somebody.shown(room, of=one.bot.user_id))
        await somebody.say(room, "帮助")
        began = time.monotonic()
        while len(await somebody.shown(room, of=one.bot.user_id)) == before:
            await asyncio.sleep(0.25)
        waits.append(time.monotonic() - began)
        await asyncio.sleep(ASK_EVERY)


async def test_a_county_within_the_limits_of_an_untouched_synapse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_synapse(lifted=False, write_down=True) as synapse:
        async with a_mirroring_site(tmp_path, synapse, COUNTY) as one:
            somebody = Somebody(synapse, synapse.register(f"u{new_pid()}"), "李春华")
            room = await somebody.make_room(one.bot.user_id, direct=True)
            began, waits = time.monotonic(), list[float]()
            await one.site.start()
            asking = asyncio.create_task(ask_for_help(one, somebody, room, waits))
            try:
                await one.is_in_step(IN_STEP)
            finally:
                asking.cancel()
                await somebody.close()
                took = time.monotonic() - began
                asked = synapse.requests(one.bot.user_id)
                limited = Counter(_what(method, path) for method, path, status in asked if status == 429)
                doing = sum(method != "GET" for method, _, _ in asked)
                with capsys.disabled():
                    print(f"\nwith default limits: {len(one.county.rooms())} rooms, {one.actions().total()} things "
                          f"done in {took:.0f} s; {len(asked)} requests ({doing} that change something), "
                          f"{limited.total()} of them limited {dict(limited)}; answers after "
                          f"{', '.join(f'{wait:.0f}' for wait in waits)} s")  # fmt: skip
            assert await one.site.end(15) == 0, one.site.log()
            assert await one.faults() == []
            assert limited.total() < doing / 6  # who did not learn from them would be refused hundreds of times
            assert len(waits) >= 5 and max(waits) < WITHIN


def _what(method: str, path: str) -> str:
    if method == "GET":
        return "look"
    return next((one for one in ("createRoom", "invite", "state", "send", "join") if one in path), "other")
