"""The HTTP side: /bot<token>/<method>, /file/bot<token>/<path>. Runs in the event loop of whoever starts it."""

import asyncio
import inspect
import json
import socket
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.emulators.telegram.access import find_chat
from tests.emulators.telegram.call import Call, Upload, read_arguments
from tests.emulators.telegram.errors import Refused
from tests.emulators.telegram.faults import Fault, Faults
from tests.emulators.telegram.limits import Limits
from tests.emulators.telegram.methods import check_parameters, find_method
from tests.emulators.telegram.methods.registry import Method
from tests.emulators.telegram.model import Bot, Chat, Json
from tests.emulators.telegram.webhook import Webhook
from tests.emulators.telegram.world import Accepted, World

TICK = 0.2  # seconds between looks at what has become due


class Emulator:
    """A Bot API server on 127.0.0.1 over a World. `async with Emulator() as telegram: …`

    `api_base` is what a client takes for https://api.telegram.org. `limits`, `faults` and `world` can be used while
    it runs, from the same event loop. A server that was away: leave the block and enter that of another Emulator with
    the same world and port.
    """

    def __init__(self, world: World | None = None, limits: Limits | None = None, port: int = 0) -> None:
        self.world = world or World()
        self.limits = limits or Limits()
        self.faults = Faults()
        self.calls: list[tuple[str, int]] = []  # every call that came, and the status it got (0: cut)
        self.page: ASGIApp | None = None  # what answers all other paths
        self.world.obey = self._obey
        # with the protocol named asyncio switches Nagle off: 1 ms an answer instead of 45
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.api_base = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def __aenter__(self) -> "Emulator":
        config = uvicorn.Config(self, log_config=None, lifespan="off", timeout_graceful_shutdown=1, access_log=False)
        self._server = uvicorn.Server(config)
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])
        for bot in self.world.bots.values():
            if bot.webhook is not None:  # another emulator served this world before
                bot.webhook = Webhook(self.world, bot, *bot.webhook.settings)
        self._tasks = [asyncio.ensure_future(self._server.main_loop()), asyncio.ensure_future(self._tick())]
        return self

    async def __aexit__(self, *raised: object) -> None:
        for bot in self.world.bots.values():
            bot.reader.end("terminated by setWebhook request")
            if bot.webhook is not None:
                await bot.webhook.close()
        self._server.should_exit = True
        self._tasks += self._server.server_state.tasks  # calls that still wait
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # what uvicorn's own shutdown does, without its pauses
        for connection in list(self._server.server_state.connections):
            connection.transport.close()
        for listening in self._server.servers:
            listening.close()
        self._socket.close()
        await asyncio.sleep(0)

    async def _tick(self) -> None:
        while True:
            self.world.clock.run_due()
            await asyncio.sleep(TICK)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        try:
            await self._answered(scope, receive, send)
        except asyncio.CancelledError:
            if not self._server.should_exit:
                raise

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith("/bot"):
            await self._called(scope, receive, send)
        elif path.startswith("/file/bot"):
            await self._file(path.removeprefix("/file/bot"), receive, send)
        elif self.page is not None:
            await self.page(scope, receive, send)
        else:
            await _answer(send, 404, Refused(404, "Not Found").body())

    async def _called(self, scope: Scope, receive: Receive, send: Send) -> None:
        token, _, name = scope["path"].removeprefix("/bot").partition("/")
        call: Call | None = None
        try:
            bot = self._bot(token)
            method = find_method(name)
            args, uploads = await read_arguments(Request(scope, receive))
            call = Call(self.world, bot, name.lower(), args, uploads)
            fault = self.faults.strike(call)
            if fault is not None and await self._broken(fault, call, receive, send):
                return
            status, body = 200, {"ok": True, "result": await self.obey(method, call)}
            if call.description:
                body["description"] = call.description
        except Refused as refused:
            status, body, fault = refused.code, refused.body(), None
        self.calls.append((name, status))
        if fault is not None and fault.cut == "after":
            return await _hang_up(receive)
        if fault is not None and fault.body:
            return await _answer(send, 200, fault.body)
        await _answer(send, status, body)

    async def obey(self, method: Method, call: Call) -> Any:
        """Do a call's work and note that it was done. Raises Refused."""
        check_parameters(method, call)
        counted = self._counted(call) if method.counts else None
        if counted is not None:
            self.limits.check(*counted)
        result = method.act(call)
        if inspect.isawaitable(result):
            result = await result
        if counted is not None:
            self.limits.count(*counted)
        if not call.method.startswith("get"):
            self.world.accepted.append(
                Accepted(self.world.clock.time(), call.bot, call.method, dict(call.args), result)
            )
            self.world.touch()
        return result

    async def _obey(self, bot: Bot, name: str, args: dict[str, str]) -> None:
        """A call inside a webhook's answer: nobody hears what becomes of it."""
        try:
            await self.obey(find_method(name), Call(self.world, bot, name, args, dict[str, Upload]()))
        except Refused as refused:
            self.calls.append((name, refused.code))

    def _counted(self, call: Call) -> tuple[Chat, float, int] | None:
        """Where and when how many messages are to be sent; None: the call itself will say what is wrong."""
        try:
            chat = find_chat(call, write=True)
        except Refused:
            return None
        parts = call.text("media").count('"media"') if call.method == "sendmediagroup" else 1
        return chat, self.world.clock.time(), max(1, parts)

    def _bot(self, token: str) -> Bot:
        if token[:1] == "0" or len(token) > 80 or not token.partition(":")[0].isdigit() or ":" not in token:
            raise Refused(401, "Unauthorized: invalid token specified")
        if (bot := self.world.bots.get(token)) is None:
            raise Refused(401, "Unauthorized")
        return bot

    async def _broken(self, fault: Fault, call: Call, receive: Receive, send: Send) -> bool:
        """What a fault does before the work; True: the work is not done."""
        if fault.seconds:
            await self.world.clock.sleep(fault.seconds)
        if fault.refusal is not None:
            raise fault.refusal
        if fault.cut == "before":
            self.calls.append((call.method, 0))
            await _hang_up(receive)
            return True
        if fault.status:
            self.calls.append((call.method, fault.status))
            await _answer(send, fault.status, fault.body)
            return True
        return False

    async def _file(self, rest: str, receive: Receive, send: Send) -> None:
        token, _, path = rest.partition("/")
        stored, bot = self.world.files.at(path), self.world.bots.get(token)
        if bot is None or stored is None or stored.offered_until < self.world.clock.time():
            return await _answer(send, 404, Refused(404, "Not Found").body())
        call = Call(self.world, bot, "file", {"path": path})
        fault = self.faults.strike(call)
        try:
            if fault is not None and await self._broken(fault, call, receive, send):
                return
        except Refused as refused:
            return await _answer(send, refused.code, refused.body())
        if fault is not None and fault.cut == "after":  # half of it
            headers = [(b"content-length", str(len(stored.data)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": stored.data[: len(stored.data) // 2], "more_body": True})
            return await _hang_up(receive)
        await _answer(send, 200, stored.data, "application/octet-stream")


async def _answer(send: Send, status: int, body: Json | bytes, kind: str = "application/json") -> None:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(data)).encode())]
    if status == 429 and isinstance(body, dict):
        headers.append((b"retry-after", str(body["parameters"]["retry_after"]).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def _hang_up(receive: Receive) -> None:
    """End the connection without a word: ASGI has no way to say so, uvicorn's own objects do."""
    receive.__self__.transport.abort()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
