"""People at their phones, pages and apps: say, hear, press, whatever the platform. Each does one thing at a time."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2

from tests.emulators.telegram import Bot, Emulator, Message, Press
from tests.emulators.telegram import Chat as Group
from tests.emulators.telegram import Person as Phone
from tests.faults.page import BOT, Page
from tests.support.browser import SCRIPT, Drawn
from tests.support.matrix import Somebody

PATIENCE = 180.0  # seconds: nobody waits longer
SYNC_SECONDS = 20


@dataclass
class Voice(ABC):
    """Somebody. `spoke`: when they last said or pressed something (monotonic); `heard`: the message they wait with."""

    n: int
    platform: str = ""
    busy: bool = False
    spoke: float = 0.0
    heard: Any = None

    @abstractmethod
    async def say(self, text: str) -> None:
        """Say something to the bot in private."""

    @abstractmethod
    async def tell(self, text: str) -> None:
        """Say something in the room of one's workshop."""

    @abstractmethod
    async def hears(self, *parts: str, button: str = "") -> None:
        """Wait for an answer with these words and this button. Raises TimeoutError or AssertionError."""

    @abstractmethod
    async def press(self, label: str) -> None:
        """Press a button of what was heard."""


class Reader(Voice):
    """Somebody on a platform where all acts are played: photos are sent, and what went to everybody is found."""

    @abstractmethod
    async def show(self, photo: bytes) -> None:
        """Send a photo."""

    @abstractmethod
    def finds(self, words: str, label: str, room: bool = False) -> bool:
        """Look for a message with a button; it is what `press` presses."""

    @abstractmethod
    async def is_told(self) -> None:
        """Wait for the word that only who pressed sees."""

    @abstractmethod
    def looks_away(self) -> None:
        """From now on wait for what is new only."""


@dataclass
class OnPhone(Reader):
    """On Telegram."""

    telegram: Emulator = field(kw_only=True)
    phone: Phone = field(kw_only=True)
    group: Group = field(kw_only=True)
    platform: str = "telegram"
    pressed: Press | None = None
    since: int = 0

    @property
    def _bot(self) -> Bot:
        return self.telegram.world.bot()

    def _newest_first(self, room: bool = False) -> list[Message]:
        shown = self.phone.sees(self.group if room else self._bot)
        return [message for message in reversed(shown) if message.sender is self._bot]

    async def _until(self, found: Callable[[], Any]) -> Any:
        return await self.telegram.world.until(found, PATIENCE)

    async def say(self, text: str) -> None:
        self.since, self.spoke = self.phone.say(self._bot, text).id, time.monotonic()

    async def tell(self, text: str) -> None:
        self.phone.say(self.group, text)

    async def hears(self, *parts: str, button: str = "") -> None:
        def fits() -> Message | None:
            return next((m for m in self._newest_first() if m.id > self.since and all(part in m.text for part in parts)
                         and (not button or any(button in label for label in m.labels))), None)  # fmt: skip

        self.heard = await self._until(fits)

    async def press(self, label: str) -> None:
        self.pressed, self.spoke = self.phone.press(self.heard, _label(self.heard.labels, label)), time.monotonic()

    async def show(self, photo: bytes) -> None:
        self.phone.send(self._bot, "photo", photo, "课堂.jpg")
        self.spoke = time.monotonic()

    def finds(self, words: str, label: str, room: bool = False) -> bool:
        fits = [m for m in self._newest_first(room) if words in m.text and any(label in b for b in m.labels)]
        self.heard = fits[0] if fits else None
        return self.heard is not None

    async def is_told(self) -> None:
        assert self.pressed is not None
        pressed = self.pressed
        await self._until(lambda: pressed.answer is not None)

    def looks_away(self) -> None:
        self.since = self.phone.sees(self._bot)[-1].id


def _label(labels: list[str], part: str) -> str:
    return next(label for label in labels if part in label)


class Window(Page):
    """A page whose owner also reads the short words that pass; its scripts send nothing twice."""

    toasts = 0

    async def send(self, path: str, **how: Any) -> httpx2.Response:
        """Post as the scripts do."""
        return await self.ask("POST", path, **how, headers={**SCRIPT, "X-CSRF-Token": self.csrf})

    async def _hear(self, name: str, data: str) -> None:
        self.toasts += name == "toast"
        await super()._hear(name, data)


@dataclass
class AtPage(Reader):
    """In the web chat, with a page that stays open."""

    window: Window = field(kw_only=True)
    room: str = field(kw_only=True)
    platform: str = "web"
    since: int = 0
    toasts: int = 0

    async def open(self, cookie: str) -> None:
        """Open the page."""
        self.window.http.cookies.set("gongfang", cookie)
        await self.window.reload()

    async def say(self, text: str) -> None:
        self.spoke = time.monotonic()
        self.since = (await self.window.say(text)).seq

    async def tell(self, text: str) -> None:
        await self.window.say(text, chat=self.room)

    async def hears(self, *parts: str, button: str = "") -> None:
        self.heard = await self.window.hears(*parts, button=button, after=self.since)

    async def press(self, label: str) -> None:
        self.spoke, self.toasts = time.monotonic(), self.window.toasts
        await self.window.press(self.heard, label)

    async def show(self, photo: bytes) -> None:
        file = await self.window.upload("课堂.jpg", photo, "image/jpeg")
        self.spoke = time.monotonic()
        await self.window.say("", files=[file])

    def finds(self, words: str, label: str, room: bool = False) -> bool:
        posts = self.window.posts[self.window.chats[self.room if room else BOT]].values()
        fits: list[Drawn] = [post for post in posts if words in post.text and any(label in b for b, _ in post.buttons)]
        self.heard = fits[-1] if fits else None
        return self.heard is not None

    async def is_told(self) -> None:
        async with asyncio.timeout(PATIENCE), self.window.news:
            await self.window.news.wait_for(lambda: self.window.toasts > self.toasts)

    def looks_away(self) -> None:
        self.since = max(post.seq for post in self.window.posts[self.window.chats[BOT]].values())


@dataclass
class InApp(Voice):
    """On Matrix, with an app that reads all the time."""

    client: Somebody = field(kw_only=True)
    bot: str = field(kw_only=True)
    private: str = ""
    room: str = ""
    platform: str = "matrix"
    texts: list[str] = field(default_factory=list)
    since: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        """Read what comes until cancelled."""
        cursor: dict[str, Any] = {}
        while True:
            with suppress(httpx2.TransportError):
                found = await self.client.ask("GET", "sync", timeout=1000 * SYNC_SECONDS, **cursor)
                cursor = {"since": found["next_batch"]}
                mine = found.get("rooms", {}).get("join", {}).get(self.private, {"timeline": {"events": []}})
                contents = [one["content"] for one in mine["timeline"]["events"] if one["sender"] == self.bot]
                self.texts += [one.get("m.new_content", one).get("body", "") for one in contents]
                async with self.news:
                    self.news.notify_all()

    async def say(self, text: str) -> None:
        self.since, self.spoke = len(self.texts), time.monotonic()
        await self.client.say(self.private, text)

    async def tell(self, text: str) -> None:
        await self.client.say(self.room, text)

    async def hears(self, *parts: str, button: str = "") -> None:
        def fits() -> str | None:
            wanted = (*parts, button)
            return next((text for text in reversed(self.texts[self.since :]) if all(p in text for p in wanted)), None)

        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(lambda: fits() is not None)
        self.heard = fits()

    async def press(self, label: str) -> None:
        number = re.search(rf"(\d+)\. [^\n]*{label}", self.heard)
        assert number is not None, self.heard
        await self.say(number[1])


def at_page(n: int, address: str, room: str, chance: Random) -> AtPage:
    """Somebody with a page that is not open yet."""
    return AtPage(n, window=Window(address, f"老师{n}", chance), room=room)
