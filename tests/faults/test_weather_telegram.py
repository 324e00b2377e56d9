"""Telegram is away, slow, talks nonsense, fails, hangs up, and brings updates twice, late, out of order and broken,
while teachers talk with the bot and are told: nothing is lost, doubles only where an answer was never heard.

$GONGFANG_WEATHER: how many seconds each kind of weather lasts (180 are minutes).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from random import Random

import pytest

from tests.emulators.telegram import Bot, Emulator, Limits, Message, Person, add_person
from tests.emulators.telegram.webhook import Webhook
from tests.faults.abroad import Heard, Teacher
from tests.faults.mixing import Mixer, broken_update
from tests.faults.season import ADMINISTRATOR, FOUL, SECONDS, Season, a_clerk
from tests.faults.site import Site
from tests.faults.test_kill_telegram import SECRET, free_port
from tests.faults.weather import Weather, weather

PEOPLE = {"YX-1004": "林晓岚", "YX-1005": "周明月", "YX-1006": "何思齐", "YX-1007": "吕佳禾"}
FILES = ("photo", "document", "voice")

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200 + 20 * SECONDS)]


class TelegramPhone:
    """Somebody's chat with the bot on the emulator."""

    def __init__(self, person: Person, bot: Bot) -> None:
        self.person, self.bot, self.name = person, bot, person.first_name

    async def say(self, text: str) -> None:
        self.person.say(self.bot, text)

    async def show(self, photo: bytes) -> None:
        self.person.send(self.bot, "photo", photo)

    async def heard(self) -> list[Heard]:
        return [
            Heard(f"{one.id}", one.text, one.labels, sum(kind in one.content for kind in FILES))
            for one in self.person.sees(self.bot) if one.sender is self.bot
        ]  # fmt: skip

    async def press(self, message: Heard, label: str) -> None:
        self.person.press(self._message(message), next(one for one in message.labels if label in one))

    def _message(self, message: Heard) -> Message:
        return self.person.world.private(self.person, self.bot).messages[int(message.id)]


class Sparing:
    """Strikes each message that is sent once at most: what may have been sent is tried again after half a minute, then
    after five."""

    def __init__(self) -> None:
        self.struck: set[bytes] = set()

    def __call__(self, path: str, head: bytes) -> bool:
        method = path.rpartition("/")[2]
        if not method.startswith("send"):
            return True
        boundary = head.partition(b"\r\n")[0] if head.startswith(b"--") else b""
        key = sha256(method.encode() + (head.replace(boundary, b"") if boundary else head)).digest()
        fresh = key not in self.struck
        self.struck.add(key)
        return fresh


@pytest.fixture(params=["polling", "webhook"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def a_season(site: Site, chance: Random, mode: str) -> AsyncIterator[tuple[Season, Emulator, Weather]]:
    """The service is started in a storm; then it clears and the teachers bind. Yields also the way to our webhook."""
    site.address = f"http://127.0.0.1:{free_port(chance)}"
    async with (
        Emulator(limits=Limits(on=False)) as telegram, weather(telegram.api_base, chance) as sky,
        weather(site.address, chance, free_port(chance)) as inward,
    ):  # fmt: skip
        bot = telegram.world.add_bot(privacy=False)
        site.commands.env |= {
            "GONGFANG_TELEGRAM__TOKEN": bot.token, "GONGFANG_TELEGRAM__API_BASE": sky.url,
            "GONGFANG_TELEGRAM__MODE": mode, "GONGFANG_TELEGRAM__WEBHOOK_SECRET": SECRET,
            "GONGFANG_WEB__BASE_URL": site.address,
        }  # fmt: skip
        await asyncio.to_thread(site.prepare)
        codes = {number: await asyncio.to_thread(site.claim_code, number) for number in (ADMINISTRATOR, *PEOPLE)}
        sky.strikes = Sparing()
        sky.turn(*FOUL, share=0.5)
        await site.start()
        await asyncio.sleep(SECONDS)
        sky.turn()
        await site.is_ready(180)
        if mode == "webhook":
            await lead_astray(telegram, bot, site.address, inward.url)
        teachers = [Teacher(TelegramPhone(add_person(telegram.world, name), bot)) for name in PEOPLE.values()]
        await asyncio.gather(*[bind(one, codes[number]) for one, number in zip(teachers, PEOPLE, strict=True)])
        async with a_clerk(site, codes[ADMINISTRATOR], chance) as gu:
            yield Season(site, sky, teachers, gu), telegram, inward


async def lead_astray(telegram: Emulator, bot: Bot, address: str, inward: str) -> None:
    """What Telegram posts to our webhook goes another way."""
    async with asyncio.timeout(120):
        while bot.webhook is None:
            await asyncio.sleep(0.1)
    url, secret, most = bot.webhook.settings
    await bot.webhook.close()
    bot.webhook = Webhook(telegram.world, bot, url.replace(address, inward), secret, most)


async def bind(teacher: Teacher, code: str) -> None:
    """By a deep link, as on the slip."""
    await teacher.phone.say(f"/start {code}")
    await teacher.phone.press(await teacher.hears("会记录你的哪些信息", button="同意"), "同意")
    await teacher.hears("欢迎你")


async def test_all_weathers(
    site: Site, mode: str, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_season(site, chance, mode) as (season, telegram, inward):
        first = season.teachers[0].phone
        assert isinstance(first, TelegramPhone)
        breaks = partial(broken_update, who=first.person.id)
        mixer = Mixer(inward if mode == "webhook" else season.sky, breaks)
        if mode == "webhook":
            inward.tamper = mixer.posts
        else:
            season.sky.tamper = mixer.updates
        async with season.at_work():
            inward.turn("slow", "broken", "upload cut", "hung up", share=0.2)
            await season.all_weathers()
            mixer.on = True
            await season.lasts(mixer.way)
            mixer.on = False
            inward.turn()
        reckoning = await season.close("telegram", "", arrived(telegram))
    reckoning.print(season, seed, capsys)
    with capsys.disabled():
        print(f"{mode}: on the way to us {dict(inward.struck)}")
    reckoning.is_well(site)
    assert reckoning.unknown <= reckoning.counted and reckoning.unheard == reckoning.counted
    assert len(reckoning.abroad.doubled) <= reckoning.counted


def arrived(telegram: Emulator) -> frozenset[str]:
    """The ids of all updates that there were."""
    queue = telegram.world.bot().queue
    return frozenset(str(number) for number in range(queue._next - queue.pushed, queue._next))
