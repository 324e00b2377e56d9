"""A service in foul weather: teachers abroad talk, an administrator at her page sends notices with photos to all."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import httpx2
import pytest

from api.times import utcnow
from tests.faults.abroad import Teacher, a_photo, answered, settle_abroad
from tests.faults.day import Somebody, confirm
from tests.faults.ledger import Account, take_account
from tests.faults.page import Page
from tests.faults.site import Site
from tests.faults.weather import Weather
from tests.support.metrics import sum_of

SECONDS = float(os.environ.get("GONGFANG_WEATHER") or 8)  # each kind of weather lasts so long; 180 are minutes
AWAY_SECONDS = max(20.0, SECONDS)  # tries after 2, 4, 8, 16 ... seconds
COUNTY = "云溪县"
ADMINISTRATOR, HER_NAME = "YX-0001", "顾文澜"
NOTICE_PAUSE = 3.0
LEAST = 5  # requests that each kind of weather strikes
CUTS = ("upload cut", "answer cut", "hung up")
FOUL = ("garbage", "broken", *CUTS)
PHASES: tuple[tuple[str, ...], ...] = (("slow",), ("garbage",), ("broken",), CUTS, ("slow", "endless", *FOUL))


@dataclass
class Season:
    """The site, its people, and what lies between it and the platform."""

    site: Site
    sky: Weather
    teachers: Sequence[Teacher]
    gu: Somebody
    since: datetime = field(default_factory=utcnow)
    notices: list[str] = field(default_factory=list)

    async def send_notices(self, over: asyncio.Event) -> None:
        """One after the other, each with a photo of its own, to the whole county."""
        page = self.gu.page
        while not over.is_set():
            self.gu.rounds += 1
            tag = self.gu.tag("知")
            photo = await page.upload("通知.jpg", a_photo(10_000 + self.gu.rounds), "image/jpeg")
            said = await page.say(f"通知 {tag}：明天下午三点集体备课，照片里是地点", files=[photo])
            await confirm(self.gu, said, tag, COUNTY)
            await page.hears("通知已发出", tag, after=said.seq)
            self.gu.deeds.notices.append(tag)
            self.gu.deeds.answers.append(("通知已发出", tag))
            self.notices.append(tag)
            await asyncio.sleep(NOTICE_PAUSE)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Everybody works while the block lasts, and finishes; then the last notices are answered."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for teacher in self.teachers:
                group.create_task(teacher.work(over))
            group.create_task(self.send_notices(over))
            yield
            over.set()
        async with asyncio.timeout(400):
            for teacher in self.teachers:
                for tag in self.notices:
                    await teacher.hears(f"{tag}：")
                await teacher.answer_notices()

    async def all_weathers(self) -> None:
        """The platform is away, then each kind of weather; then the sky is clear."""
        await asyncio.sleep(2)
        await self.sky.go_away()
        await asyncio.sleep(AWAY_SECONDS)
        await self.sky.appear()
        for kinds in PHASES:
            self.sky.turn(*kinds)
            await self.lasts(self.sky)
        self.sky.turn()

    async def lasts(self, sky: Weather) -> None:
        """The weather lasts for a while, until something came of it: a slow machine asks seldom."""
        before = sky.struck.total()
        await asyncio.sleep(SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while sky.struck.total() < before + LEAST:
                    await asyncio.sleep(0.2)

    async def close(self, platform: str, broken: str, arrived: frozenset[str] = frozenset()) -> "Reckoning":
        """Wait for what is on its way, end the service, take account of the platform (settle_abroad) and the web."""
        assert self.site.process is not None and self.site.process.poll() is None, "the process is dead"
        await self.site.is_ready(120)
        await answered(self.site.database, self.teachers, 120)
        until = await self.site.settle(400)
        async with httpx2.AsyncClient(timeout=30) as http:
            shown = (await http.get(f"{self.site.address}/metrics")).text
        counted = max(0.0, sum_of(shown, "gongfang_ambiguous_sends_total", platform=platform))
        restarts = max(0.0, sum_of(shown, "gongfang_worker_restarts_total"))
        await asyncio.sleep(1)
        assert await self.site.end(15) == 0, self.site.log()
        abroad = Account()
        unknown, unheard = await settle_abroad(
            abroad, self.site.database, platform, self.teachers, self.notices, until, broken, arrived
        )
        web = take_account(self.site.database, [self.gu], self.since, until, platform="web")
        return Reckoning(abroad, web, unknown, unheard, int(counted), int(restarts))


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What was found. `unknown`: messages shown that nobody knows of; `unheard`: attempts without an answer; `counted`:
    of which the metric tells."""

    abroad: Account
    web: Account
    unknown: int
    unheard: int
    counted: int
    restarts: int

    def print(self, season: Season, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
        """The figures."""
        with capsys.disabled():
            print(f"\nseed {seed}, rounds {[teacher.rounds for teacher in season.teachers]}, notices "
                  f"{len(season.notices)}, struck {dict(season.sky.struck)}")  # fmt: skip
            print(f"looked at {dict(self.abroad.looked_at)}; lost {len(self.abroad.lost)}, doubled "
                  f"{self.unknown} of {self.counted} ambiguous sends; on the web looked at "
                  f"{self.web.looked_at.total()}, lost {len(self.web.lost)}, "
                  f"doubled {len(self.web.doubled)}")  # fmt: skip


    def is_well(self, site: Site) -> None:
        """Nothing is lost, nobody fell over; on the web nothing is doubled."""
        abroad = (self.abroad.lost, self.abroad.odd, self.restarts)
        web = (self.web.lost, self.web.doubled, self.web.odd)
        assert abroad == ([], [], 0), abroad
        assert web == ([], [], []), web
        assert "Traceback" not in site.logs(), site.logs()


@asynccontextmanager
async def a_clerk(site: Site, code: str, chance: Random) -> AsyncIterator[Somebody]:
    """The administrator at her page."""
    gu = Somebody(Page(site.address, HER_NAME, chance))
    await gu.page.enter(code)
    try:
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(gu.page.listen())
            yield gu
            listening.cancel()
    finally:
        await gu.page.http.aclose()
