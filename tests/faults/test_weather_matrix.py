"""The homeserver is away, slow, talks nonsense, fails, hangs up, and brings events twice, late, out of order and
broken, while teachers talk with the bot and are told: nothing is lost, nothing doubled.

$GONGFANG_WEATHER: how many seconds each kind of weather lasts (180 are minutes).
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from random import Random

import pytest

from storage.base import new_pid
from tests.faults.abroad import Heard, Teacher
from tests.faults.mixing import Mixer, broken_event
from tests.faults.season import ADMINISTRATOR, FOUL, SECONDS, Season, a_clerk
from tests.faults.site import Site
from tests.faults.weather import weather
from tests.support.matrix import Somebody
from tests.support.synapse import Synapse

PEOPLE = {"YX-1004": "林晓岚", "YX-1005": "周明月", "YX-1006": "何思齐"}
CHOICE = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200 + 20 * SECONDS)]


class MatrixPhone:
    """Somebody's room with the bot; the way between their own client and the homeserver is always clear."""

    def __init__(self, client: Somebody, bot: str) -> None:
        self.client, self.bot, self.name = client, bot, client.name
        self.room = ""

    async def say(self, text: str) -> None:
        await self.client.say(self.room, text)

    async def show(self, photo: bytes) -> None:
        address = await self.client.upload(photo, "image/jpeg", "课堂.jpg")
        info = {"mimetype": "image/jpeg", "size": len(photo)}
        await self.client.send(self.room, {"msgtype": "m.image", "body": "课堂.jpg", "url": address, "info": info})

    async def heard(self) -> list[Heard]:
        return [
            Heard(one["event"], text, [label for _, label in CHOICE.findall(text)],
                  int(one["content"].get("msgtype") == "m.image"))
            for one in await self.client.shown(self.room, of=self.bot) if (text := one["content"].get("body", ""))
        ]  # fmt: skip

    async def press(self, message: Heard, label: str) -> None:
        number = next(number for number, shown in CHOICE.findall(message.text) if label in shown)
        await self.client.say(self.room, number, reply_to=message.id)


@asynccontextmanager
async def a_season(site: Site, synapse: Synapse, chance: Random) -> AsyncIterator[Season]:
    """The service is started in a storm; then it clears and the teachers bind."""
    bot = synapse.register(f"bot{new_pid()}")
    async with weather(synapse.url, chance) as sky:
        site.commands.env |= {
            "GONGFANG_MATRIX__HOMESERVER": sky.url, "GONGFANG_MATRIX__USER_ID": bot.user_id,
            "GONGFANG_MATRIX__PASSWORD": bot.password,
        }  # fmt: skip
        await asyncio.to_thread(site.prepare)
        codes = {number: await asyncio.to_thread(site.claim_code, number) for number in (ADMINISTRATOR, *PEOPLE)}
        sky.turn(*FOUL, share=0.5)
        await site.start()
        await asyncio.sleep(SECONDS)
        sky.turn()
        await site.is_ready(180)
        phones = [MatrixPhone(Somebody(synapse, synapse.register(f"u{new_pid()}"), name), bot.user_id)
                  for name in PEOPLE.values()]  # fmt: skip
        teachers = [Teacher(phone) for phone in phones]
        await asyncio.gather(*[bind(one, codes[number]) for one, number in zip(teachers, PEOPLE, strict=True)])
        try:
            async with a_clerk(site, codes[ADMINISTRATOR], chance) as gu:
                yield Season(site, sky, teachers, gu)
        finally:
            for phone in phones:
                await phone.client.close()


async def bind(teacher: Teacher, code: str) -> None:
    """Ask the bot into a room and say who one is."""
    phone = teacher.phone
    assert isinstance(phone, MatrixPhone)
    phone.room = await phone.client.make_room(phone.bot, direct=True)
    await teacher.hears("绑定码")
    await phone.say(code)
    await phone.press(await teacher.hears("会记录你的哪些信息", button="同意"), "同意")
    await teacher.hears("欢迎你")


async def test_all_weathers(
    site: Site, synapse: Synapse, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_season(site, synapse, chance) as season:
        first = season.teachers[0].phone
        assert isinstance(first, MatrixPhone)
        mixer = Mixer(season.sky, partial(broken_event, room=first.room, who=first.client.user_id))
        season.sky.tamper = mixer.syncs
        async with season.at_work():
            await season.all_weathers()
            mixer.on = True
            await season.lasts(mixer.way)
            mixer.on = False
        reckoning = await season.close("matrix", "$broken")
    reckoning.print(season, seed, capsys)
    reckoning.is_well(site)
    assert (reckoning.abroad.doubled, reckoning.unknown, reckoning.counted) == ([], 0, 0)
