"""The page of the emulated Telegram, used as people use it."""

import re
from pathlib import Path

from playwright.async_api import Dialog, Locator, Page, expect


class TelegramPage:
    """One browser window on it, in Chinese."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self._name = page, address, ""
        page.on("dialog", self._answer)

    async def _answer(self, dialog: Dialog) -> None:
        await dialog.accept(self._name)

    async def be(self, name: str, chat: str = "工坊") -> None:
        """Play somebody and open one of their chats."""
        if not self.page.url.startswith(self.address):
            await self.page.goto(self.address)
        await self.page.select_option("#me", label=name)
        await self.page.locator("#chats button", has_text=re.compile(f"^{re.escape(chat)}")).click()
        await expect(self.page.locator("#title")).to_have_text(chat)

    async def tool(self, label: str, name: str = "") -> None:
        """Press a button of the page itself; `name` answers what it asks."""
        self._name = name
        await self.page.get_by_role("button", name=label, exact=True).click()

    async def say(self, text: str, *files: Path) -> None:
        """Write, with files or without."""
        if files:
            await self.page.set_input_files("#file", files)
        await self.page.fill("#text", text)
        await self.page.get_by_role("button", name="发送", exact=True).click()

    async def press(self, label: str) -> None:
        """Press the newest button under a message that begins so."""
        found = self.page.locator("article .keys button", has_text=re.compile(rf"^\s*{re.escape(label)}"))
        await found.last.click()

    async def hears(self, *parts: str) -> Locator:
        """A message with all the parts is (or comes) there; the newest."""
        found = self.page.locator("article")
        for part in parts:
            found = found.filter(has_text=part)
        await expect(found.last).to_be_visible()
        return found.last
