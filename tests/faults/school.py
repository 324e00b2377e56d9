"""A morning at school: a host and two teachers at their pages, doing their rounds for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import httpx2

from api.times import utcnow
from tests.faults.day import HOST, TEACHERS, WORKSHOP, Somebody, host, teach
from tests.faults.ledger import Account, take_account
from tests.faults.page import BOT, Page
from tests.faults.site import Site
from tests.support.browser import SCRIPT, Drawn

NAMES = {"YX-1003": "沈雨桐", "YX-1004": "林晓岚", "YX-1005": "周明月"}
RINGS = timedelta(seconds=75)  # a reminder of "in a minute", with the clock's tick and a slow machine


@dataclass
class School:
    """The site and its people."""

    site: Site
    people: list[Somebody]
    since: datetime

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Everybody does rounds while the block lasts, and finishes the last one. Whoever fails stops all."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for somebody in self.people:
                group.create_task(somebody.work(host if somebody.page.name == NAMES[HOST] else teach, over))
            yield
            over.set()

    async def wait_for_news(self, seconds: float) -> None:
        """Wait until some page has heard something new; no longer than `seconds`."""
        before = sum(somebody.page.heard for somebody in self.people)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while sum(somebody.page.heard for somebody in self.people) == before:
                    await asyncio.sleep(0.01)

    async def is_refused(self) -> None:
        """A message is refused in words, to be tried again, and what is there can still be asked for."""
        page = self.people[1].page
        async with httpx2.AsyncClient(base_url=self.site.address, cookies=page.http.cookies, timeout=30) as http:
            assert (await http.get("/healthz")).status_code == 200
            headers = {**SCRIPT, "X-CSRF-Token": page.csrf, "Accept-Language": "zh-CN"}
            refused = await http.post(f"/web/chats/{page.chats[BOT]}/messages", data={"text": "在吗"}, headers=headers)
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert refused.headers["retry-after"]
        assert "存不了东西" in refused.json()["detail"], refused.json()

    async def say_meanwhile(self, text: str) -> "asyncio.Task[Drawn]":
        """Somebody says something that is refused for now; it is said when the task ends."""
        page = self.people[1].page
        before = page.refused
        saying = asyncio.create_task(page.say(text, chat=WORKSHOP))
        async with asyncio.timeout(30):
            while page.refused == before:
                await asyncio.sleep(0.05)
        return saying

    async def close_the_day(self) -> Account:
        """Wait for what is on its way, compare each page with itself drawn anew, end the service and take account."""
        await self.site.is_ready()
        wanted = [(somebody, tag) for somebody in self.people for tag in somebody.deeds.reminders]
        async with asyncio.timeout(RINGS.total_seconds()):
            for somebody, tag in wanted:
                await somebody.page.hears("⏰ 提醒", tag)
        until = await self.site.settle()
        # an edit that is told live comes a moment after it is made
        await asyncio.sleep(1)
        differences = [text for somebody in self.people for text in await compare_with_fresh(somebody.page)]
        assert await self.site.end(15) == 0, self.site.log()
        account = take_account(self.site.database, self.people, self.since, until)
        account.never(differences, "the page was not up to date")
        return account


@asynccontextmanager
async def a_school(site: Site, chance: Random) -> AsyncIterator[School]:
    """A started site with the sample county, and its people signed in by claim codes, following their live events."""
    site.prepare()
    codes = {number: site.claim_code(number) for number in (HOST, *TEACHERS)}
    await site.start()
    people = [Somebody(Page(site.address, NAMES[number], chance)) for number in codes]
    since = utcnow()
    for somebody, code in zip(people, codes.values(), strict=True):
        await somebody.page.enter(code)
    try:
        async with asyncio.TaskGroup() as group:
            listeners = [group.create_task(somebody.page.listen()) for somebody in people]
            yield School(site, people, since)
            for listener in listeners:
                listener.cancel()
    finally:
        for somebody in people:
            await somebody.page.http.aclose()


async def compare_with_fresh(page: Page) -> list[str]:
    """What a page shows by its live events alone against the same page drawn anew."""
    live = page.posts
    await page.reload()
    found = []
    for chat, fresh in page.posts.items():
        for pid in live.get(chat, {}).keys() | fresh.keys():
            was, now = live.get(chat, {}).get(pid), fresh.get(pid)
            if was is None or now is None or was.rev != now.rev:
                found.append(f"{page.name}: {(now or was).text!r} {was and was.rev} {now and now.rev}")  # type: ignore[union-attr]
    return found
