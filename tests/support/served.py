"""The real thing in a real browser: the service listening on a port of its own, its workers running, Chromium."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect
from pydantic import SecretStr

from api.config import Config
from api.people.codes import issue_claim_code
from api.people.websessions import make_one_time_link
from api.runtime import Runtime
from api.times import utcnow
from storage.blobs import Blobs
from storage.engine import Database
from storage.people import Person
from tests.support.browser import WebWorld
from tests.support.chromium import ARGUMENTS, find_chromium
from tests.support.talk import Voice

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1280, "height": 800}}
MICROPHONE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
# Chromium's own words about answers that tests provoke; htmx's about a tap that another tap overtook
NOISE = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")


class Served(WebWorld):
    """A county behind a listening service. The clock runs."""

    address = ""
    chromium: Browser

    async def code_for(self, voice: Voice) -> str:
        """A claim code for a person."""
        assert voice.person is not None
        return (await self.run(issue_claim_code, voice.person)).code

    async def link_for(self, person: Person) -> str:
        """A one-time sign-in link."""
        return f"{self.address}/link/{await self.run(make_one_time_link, person)}"

    async def window(self, person: "Voice | Person | None" = None, **options: Any) -> "Window":
        """A fresh browser, on a desk unless told PHONE; signed in by a one-time link."""
        settings = {**DESK, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **options}
        context = await self.chromium.new_context(**settings)
        context.set_default_timeout(10_000)
        window = Window(self, context, await context.new_page())
        known = person.person if isinstance(person, Voice) else person
        if known is not None:
            await window.page.goto(await self.link_for(known))
            await window.page.click("button.primary")
            await window.page.wait_for_url("**/web")
        return window


class HasAddress(Protocol):
    """Whatever is listening: a served world, or the running program."""

    @property
    def address(self) -> str: ...


class Window:
    """One browser window; everything its console complains about is collected."""

    def __init__(self, world: "HasAddress", context: BrowserContext, page: Page) -> None:
        self.world, self.context, self.page = world, context, page
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(NOISE):
            self.complaints.append(message.text)

    async def go(self, path: str) -> None:
        """Open a page of the service."""
        await self.page.goto(self.world.address + path)

    async def chat(self, name: str = "工坊助手") -> None:
        """Open a chat from the list."""
        if await self.page.locator(".app").count() == 0:
            await self.go("/web")
        row = self.page.locator(".row a", has=self.page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$")))
        await expect(self.page.locator(".row a:visible, .pane .back:visible").first).to_be_visible()
        if not await row.is_visible():  # a phone shows one pane
            await self.page.locator(".pane .back").click()
        await row.click()
        await expect(self.page.locator("#chat")).to_have_attribute("data-title", name)

    async def say(self, text: str) -> None:
        """Type into the open chat and send."""
        await self.page.fill("#text", text)
        await self.page.click("#send")

    async def press(self, label: str, whole: bool = False) -> None:
        """Press the newest button of the open chat whose label begins so, or (`whole`) is this."""
        said = re.compile(rf"^\s*{re.escape(label)}{'$' if whole else ''}")
        await self.page.locator(".buttons .key", has_text=said).last.click()

    async def told(self, text: str) -> None:
        """A short word over the page says so."""
        await expect(self.page.locator(".toast", has_text=text).last).to_be_visible()

    def posts(self, side: str = "") -> Locator:
        """The posts of the open chat: mine, other, bot, or all."""
        return self.page.locator(f"article.post{f'.{side}' if side else ''}:not(.pending)")

    async def hears(self, *parts: str, side: str = "bot") -> Locator:
        """A post with all the parts is (or comes) there; returns the newest."""
        found = self.posts(side)
        for part in parts:
            found = found.filter(has_text=part)
        await expect(found.last).to_be_visible()
        return found.last

    async def offline(self, off: bool) -> None:
        """Take the network away, or give it back."""
        await self.context.set_offline(off)

    async def shot(self, path: Path) -> None:
        """What it looks like."""
        await self.page.screenshot(path=str(path))

    async def close(self) -> None:
        """Close it; it must have had nothing to complain about."""
        await self.context.close()
        assert not self.complaints, self.complaints


@asynccontextmanager
async def a_served_world(database_url: str, blobs: str = "memory:") -> AsyncIterator[Served]:
    """A served world on a fresh database, with a Chromium."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = Config(web={"secret": SecretStr("for tests only"), "base_url": address})
    runtime = Runtime(config, Database(database_url), Blobs(blobs), now=utcnow)
    world = Served(runtime)
    world.address = address
    server = uvicorn.Server(uvicorn.Config(world.app, log_config=None, lifespan="off", timeout_graceful_shutdown=2))
    runtime.spawn(server.serve(sockets=[listener]), "http")
    for worker in (world.handlers, world.deliverers, world.fetchers):
        runtime.spawn(worker.run(), type(worker).__name__)
    async with async_playwright() as playwright:
        path = str(find_chromium())
        world.chromium = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *MICROPHONE])
        try:
            yield world
        finally:
            await world.chromium.close()
            runtime.stop()
            server.should_exit = True
            await asyncio.sleep(0.1)
            await runtime.close()
            listener.close()
