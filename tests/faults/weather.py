"""What happens on the way to a platform: an HTTP proxy that lets requests through, or late, garbled, half, not at all.

One seeded chance decides what befalls which request.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, web

from tests.support.nonsense import NONSENSE

PAGE = b"<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"
SLOW = (0.5, 4.0)  # seconds
ENDLESS = 45.0  # longer than anybody waits
NOT_DONE, PERHAPS_DONE = (502, 503), (500, 504)
HOP = {"transfer-encoding", "content-length", "connection", "keep-alive", "content-encoding", "host"}
HEAD = 1500  # bytes of a request by which one decides what befalls it


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform answered."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Weather:
    """`kinds` strike a `share` of the requests that `strikes` admits (path, and how the body begins). `tamper` may
    change an answer that is not struck."""

    chance: Random
    upstream: str
    kinds: tuple[str, ...] = ()
    share: float = 0.0
    strikes: Callable[[str, bytes], bool] = lambda path, body: True
    tamper: "Callable[[web.Request, bytes, Answer], Awaitable[Answer]] | None" = None
    struck: Counter[str] = field(default_factory=Counter)
    port: int = 0
    runner: web.AppRunner | None = None
    http: ClientSession | None = None

    @property
    def url(self) -> str:
        """Where the service believes the platform to be."""
        return f"http://127.0.0.1:{self.port}"

    def turn(self, *kinds: str, share: float = 0.4) -> None:
        """Other weather; none: all goes well."""
        self.kinds, self.share = kinds, share

    async def appear(self) -> None:
        """Be there, at the same address as before."""
        app = web.Application(client_max_size=1 << 28)
        app.router.add_route("*", "/{any:.*}", self.pass_on)
        self.runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self.runner.addresses[0][1]

    async def go_away(self) -> None:
        """Cut every connection and take no more: nobody listens there."""
        assert self.runner is not None
        server = self.runner.server
        for connection in list(server.connections) if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()
        await self.runner.cleanup()
        self.struck["away"] += 1

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        kind = self.chance.choice(self.kinds) if self.kinds and self.chance.random() < self.share else ""
        head = await _beginning(request)
        if not kind or not self.strikes(request.path, head):
            body = head + await request.content.read()
            answer = await self.ask(request, body)
            return _told(answer if self.tamper is None else await self.tamper(request, body, answer))
        self.struck[kind] += 1
        if kind == "upload cut":
            return _hang_up(request)
        return await self._strike(request, head + await request.content.read(), kind)

    async def _strike(self, request: web.Request, body: bytes, kind: str) -> web.StreamResponse:
        if kind == "slow":
            await asyncio.sleep(self.chance.uniform(*SLOW))
        elif kind == "endless":
            await asyncio.sleep(ENDLESS)
        elif kind == "broken":
            return await self._break(request, body)
        elif kind == "garbage" and self.chance.random() < 0.5:
            return web.Response(body=self._nonsense(), content_type="text/html")
        answer = await self.ask(request, body)
        if kind == "garbage":
            half = answer.body[: len(answer.body) // 2]
            garbled = self.chance.choice((half, self._nonsense()))
            return web.Response(status=answer.status, body=garbled, headers=answer.headers)
        if kind == "hung up":
            return _hang_up(request)
        return await _half(request, answer) if kind == "answer cut" else _told(answer)

    def _nonsense(self) -> bytes:
        return self.chance.choice(list(NONSENSE.values()))

    async def _break(self, request: web.Request, body: bytes) -> web.Response:
        status = self.chance.choice(NOT_DONE + PERHAPS_DONE)
        if status in PERHAPS_DONE and self.chance.random() < 0.5:
            await self.ask(request, body)
        return web.Response(status=status, body=PAGE, content_type="text/html")

    async def ask(self, request: web.Request, body: bytes) -> Answer:
        """What the platform says to it."""
        assert self.http is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        url = f"{self.upstream}{request.raw_path}"
        try:
            async with self.http.request(request.method, _as_it_is(url), data=body or None, headers=headers) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
                return Answer(answer.status, kept, await answer.read())
        except ClientError:
            return Answer(502, {"Content-Type": "text/html"}, PAGE)


async def _beginning(request: web.Request) -> bytes:
    head = b""
    while len(head) < HEAD and (piece := await request.content.read(HEAD - len(head))):
        head += piece
    return head


def _told(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.Request, answer: Answer) -> web.StreamResponse:
    said = web.StreamResponse(status=answer.status, headers=answer.headers)
    said.content_length = len(answer.body) + 1
    with suppress(ConnectionError):
        await said.prepare(request)
        await said.write(answer.body[: len(answer.body) // 2])
    _hang_up(request)
    return said


def _as_it_is(url: str) -> Any:
    from yarl import URL

    return URL(url, encoded=True)


@asynccontextmanager
async def weather(upstream: str, chance: Random, port: int = 0) -> AsyncIterator[Weather]:
    """Fair weather, until it is told to turn."""
    made = Weather(chance, upstream, port=port)
    async with ClientSession(timeout=ClientTimeout(total=120), cookie_jar=DummyCookieJar()) as http:
        made.http = http
        await made.appear()
        try:
            yield made
        finally:
            if made.runner is not None:
                await made.runner.cleanup()
