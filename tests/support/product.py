"""The real program with the sample county in a folder of its own, and a Chromium to use it like people do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Download, async_playwright

from tests.support.chromium import ARGUMENTS, find_chromium
from tests.support.program import Program, Running
from tests.support.served import DESK, MICROPHONE, Window

# nobody sleeps here: what is sent to people arrives at whatever hour the tests run
AWAKE = {"LANG": "C.UTF-8", "GONGFANG_TIME__QUIET_HOURS": ""}


@dataclass(slots=True)
class Product:
    """A running service; `command` is its command line in the same folder."""

    command: Program
    service: Running
    chromium: Browser

    @property
    def address(self) -> str:
        """Where its pages are."""
        return self.service.address

    @property
    def links(self) -> list[str]:
        """The printed one-time links: a teacher's, a host's, the county administrator's."""
        return [each["link"] for each in self.service.started["links"]]

    async def window(self, link: str = "", **options: Any) -> Window:
        """A fresh browser; signed in where a one-time link is given."""
        context = await self.chromium.new_context(
            **{**DESK, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **options}
        )
        context.set_default_timeout(10_000)
        window = Window(self, context, await context.new_page())
        if link:
            await window.page.goto(link)
            await window.page.click("button.primary")
            await window.page.wait_for_url("**/web")
        return window


@asynccontextmanager
async def a_product(folder: Path) -> AsyncIterator[Product]:
    """`gongfang run --sample` in an empty folder."""
    command = Program(folder, AWAKE)
    try:
        service = await asyncio.to_thread(command.run, "--sample")
        async with async_playwright() as playwright:
            path = str(find_chromium())
            chromium = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *MICROPHONE])
            try:
                yield Product(command, service, chromium)
            finally:
                await chromium.close()
    finally:
        command.close()


async def download(window: Window, name: str, to: Path) -> Path:
    """Fetch the newest file with this in its name by pressing it."""
    async with window.page.expect_download() as coming:
        await window.page.locator("a.file", has_text=name).last.click()
    got: Download = await coming.value
    path = to / got.suggested_filename
    await got.save_as(path)
    return path
