"""A browser without a screen: signs in, reads pages and says things over HTTP, the way the pages' scripts do."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import httpx2
from pydantic import SecretStr

from api.app import create_app
from api.config import Config
from api.people.websessions import open_web_session
from api.registry import FOLLOWERS, GUARDS
from api.runtime import Runtime
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from bot.platforms.web.adapter import WebPlatform
from bot.platforms.web.routes import make_routers
from storage.base import new_pid
from storage.blobs import Blobs
from storage.engine import Database
from storage.people import Person
from tests.support.paper import Paper
from tests.support.talk import NOW, Voice, World

ADDRESS = "http://gongfang.test"
SCRIPT = {"X-Requested-With": "fetch", "Accept": "*/*"}


class WebWorld(World):
    """A county whose people also have browsers."""

    def __init__(self, runtime: Runtime, features: Any = FEATURES) -> None:
        super().__init__(runtime, Paper(), features)
        self.web = WebPlatform(runtime)
        bots = Bots.of(self.paper, self.web)
        self.handlers = Handlers(runtime, Dispatcher(features), bots)
        self.deliverers = Deliverers(runtime, bots, GUARDS)
        self.fetchers = Fetchers(runtime, bots, FOLLOWERS)
        self.app = create_app(runtime, make_routers(runtime))

    async def browser(self, person: "Person | Voice | None" = None, **headers: str) -> "Browser":
        """A browser signed in as somebody; or one that has never been here."""
        browser = Browser(self, headers)
        known = person.person if isinstance(person, Voice) else person
        if known is not None:
            _, secret = await self.runtime.transact(open_web_session, known, "Chrome · Linux", via="web")
            browser.http.cookies.set("gongfang", secret, domain="gongfang.test")
            await self.settle()
            await browser.open("/web")
        return browser


class Browser:
    """One browser. `html` is the last page, `csrf` its token."""

    def __init__(self, world: WebWorld, headers: dict[str, str]) -> None:
        self.world = world
        transport = httpx2.ASGITransport(world.app)
        accept = {"Accept": "text/html,*/*", "Accept-Language": "zh-CN", **headers}
        self.http = httpx2.AsyncClient(transport=transport, base_url=ADDRESS, headers=accept)
        self.html = self.csrf = ""

    async def open(self, path: str, expect: int = 200, follow: bool = True) -> str:
        """Open a page as a person does."""
        answer = await self.http.get(path, follow_redirects=follow)
        return self._took(answer, expect)

    async def submit(self, path: str, expect: int = 200, follow: bool = True, **fields: str) -> str:
        """Send a form of the page that is open."""
        answer = await self.http.post(path, data={"csrf": self.csrf, **fields}, follow_redirects=follow)
        return self._took(answer, expect)

    def _took(self, answer: httpx2.Response, expect: int) -> str:
        assert answer.status_code == expect, f"{answer.status_code}: {answer.text[:2000]}"
        self.html = answer.text
        if found := re.search(r'name="csrf-token" content="([^"]+)"', self.html):
            self.csrf = found[1]
        return self.html

    async def script(self, path: str, expect: int = 200, files: Any = None, **fields: Any) -> httpx2.Response:
        """Post as the pages' scripts do."""
        answer = await self.http.post(path, data=fields, files=files, headers={**SCRIPT, "X-CSRF-Token": self.csrf})
        assert answer.status_code == expect, f"{answer.status_code}: {answer.text[:2000]}"
        return answer

    def chats(self) -> dict[str, str]:
        """name -> id of the chats in the list of the last page."""
        rows = re.findall(r'<li class="row" id="c-(\w+)".*?<span class="name">(.*?)</span>', self.html, re.S)
        return {unescape(name): pid for pid, name in rows}

    async def chat(self, name: str = "工坊助手") -> str:
        """The id of a chat by its name."""
        await self.open("/web")
        return self.chats()[name]

    async def say(self, text: str, chat: str = "工坊助手", expect: int = 200, **fields: Any) -> str:
        """Say something, and let the bot answer; returns the drawn post."""
        pid = await self.chat(chat)
        answer = await self.script(
            f"/web/chats/{pid}/messages", expect, **{"client": new_pid(), "text": text, **fields}
        )
        await self.world.settle()
        return answer.text

    async def send_file(
        self, name: str, data: bytes, mime: str, text: str = "", chat: str = "工坊助手", expect: int = 200
    ) -> str:
        """Upload a file and say it; returns the drawn post, or the refusal."""
        pid = await self.chat(chat)
        answer = await self.script(
            f"/web/chats/{pid}/uploads", expect, files={"file": (name, data, mime)}, client=new_pid()
        )
        if expect != 200:
            return answer.text
        return await self.say(text, chat, file=answer.json()["id"])

    async def read(self, chat: str = "工坊助手") -> "list[Drawn]":
        """The posts of a chat as this browser shows them."""
        await self.open(f"/web/chats/{await self.chat(chat)}")
        return posts_in(self.html)

    async def press(self, label: str, chat: str = "工坊助手", expect: int = 204) -> httpx2.Response:
        """Press the newest button with this label; the bot answers."""
        for post in reversed(await self.read(chat)):
            for text, value in post.buttons:
                if label in text:
                    answer = await self.script(f"/web/messages/{post.pid}/press", expect, value=value)
                    await self.world.settle()
                    return answer
        raise AssertionError(f"no button {label!r}")

    @asynccontextmanager
    async def listen(self) -> "AsyncIterator[Stream]":
        """The live events of the page that is open, from where it was drawn."""
        found = re.search(r'data-cursor="([^"]*)"', self.html)
        stream = Stream(self, unescape(found[1]) if found else "")
        await stream.start()
        try:
            yield stream
        finally:
            await stream.stop()


class Drawn:
    """One post as it stands in a page."""

    def __init__(self, html: str) -> None:
        self.html = html = html.strip()
        head = re.match(r'<article class="post ([^"]*)" id="p-(\w+)"', html)
        assert head is not None, html[:200]
        self.classes, self.pid = head[1].split(), head[2]
        self.seq = int(re.search(r'data-seq="(\d+)"', html)[1])  # type: ignore[index]
        self.rev = int(re.search(r'data-rev="(\d+)"', html)[1])  # type: ignore[index]
        inner = re.search(r'<div class="text">(.*?)</div>', html, re.S)
        self.inner = inner[1] if inner else ""
        self.text = unescape(re.sub(r"<[^>]+>", "", self.inner))
        keys = re.findall(r'<button class="key[^"]*" name="value" value="([^"]*)"[^>]*>(.*?)</button>', html, re.S)
        self.buttons = [(unescape(re.sub(r"<[^>]+>.*", "", label)), unescape(value)) for value, label in keys]
        self.files = [unescape(url) for url in re.findall(r'(?:href|src)="(/web/messages/[^"]+)"', html)]

    @property
    def side(self) -> str:
        """mine | other | bot | system."""
        return self.classes[0]


def posts_in(html: str) -> list[Drawn]:
    """The posts of a page or fragment, in order."""
    return [Drawn(part) for part in re.findall(r"<article class=\"post (?!mine pending).*?</article>", html, re.S)]


class Stream:
    """Live events as they come. The ASGI application is called directly: the test client would wait for the end."""

    def __init__(self, browser: Browser, cursor: str) -> None:
        self.browser, self.cursor = browser, cursor
        self.events: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.status = 0
        self._buffer = ""
        self._asked = False
        self._gone = asyncio.Event()
        self._began = asyncio.Event()

    async def start(self) -> None:
        cookies = "; ".join(f"{k}={v}" for k, v in self.browser.http.cookies.items())
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/web/events", "raw_path": b"/web/events", "root_path": "", "client": ("127.0.0.1", 1),
            "server": ("gongfang.test", 80), "query_string": str(httpx2.QueryParams({"after": self.cursor})).encode(),
            "headers": [(b"cookie", cookies.encode()), (b"host", b"gongfang.test"), (b"accept", b"text/event-stream")],
        }  # fmt: skip
        runtime = self.browser.world.runtime
        self._task = runtime.spawn(self.browser.world.app(scope, self._receive, self._send), "a-stream")
        await asyncio.wait_for(self._began.wait(), 10)

    async def stop(self) -> None:
        self._gone.set()
        await asyncio.wait([self._task], timeout=10)
        assert self._task.done(), "the stream does not notice that the page is closed"

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self._buffer += message.get("body", b"").decode()
        while "\n\n" in self._buffer:
            block, self._buffer = self._buffer.split("\n\n", 1)
            fields = [line.partition(": ")[::2] for line in block.split("\n")]
            self.cursor = next((value for name, value in fields if name == "id"), self.cursor)
            name = next((value for name, value in fields if name == "event"), "")
            if name:
                self.events.put_nowait((name, "\n".join(value for key, value in fields if key == "data")))
            if fields[0][0] in ("", "id"):  # a comment, or the end of a batch: what was waiting has been told
                self._began.set()
        if not message.get("more_body"):
            self._began.set()

    async def next(self, *names: str, seconds: float = 10) -> tuple[str, str]:
        """The next event (of one of the names)."""
        async with asyncio.timeout(seconds):
            while True:
                event = await self.events.get()
                if not names or event[0] in names:
                    return event

    async def quiet(self, seconds: float = 0.6) -> list[tuple[str, str]]:
        """Everything that comes within a while."""
        await asyncio.sleep(seconds)
        return [self.events.get_nowait() for _ in range(self.events.qsize())]


@asynccontextmanager
async def a_web_world(
    database_url: str, features: Any = FEATURES, most_a_minute: int | None = None, **web: Any
) -> AsyncIterator[WebWorld]:
    """A web world on a fresh database, closed at the end. The clock stands at NOW. `most_a_minute`: as it is set."""
    config = Config(web={"secret": SecretStr("for tests only"), **web})
    if most_a_minute is not None:
        config.bot.most_a_minute = most_a_minute
    runtime = Runtime(config, Database(database_url), Blobs("memory:"), now=lambda: NOW)
    try:
        yield WebWorld(runtime, features)
    finally:
        runtime.stop()
        await runtime.close()
