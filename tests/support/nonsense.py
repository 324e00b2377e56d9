"""Something that answers HTTP in the place of a platform, and talks nonsense."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

ENDLESS = "9" * 400  # a whole number that no machine holds
# what comes instead of a platform's JSON: a proxy's page, half of it, none, what is JSON and means nothing
NONSENSE = {
    "html": b"<html><body><h1>Welcome to nginx!</h1></body></html>",
    "empty": b"",
    "cut": b'{"ok": true, "result": {"message_id": 7, "next_bat',
    "bytes": b"\xff\xfe\x00\x80 nothing that is text",
    "null": b"null",
    "number": b"5",
    "endless": ENDLESS.encode(),
    "text": b'"ok"',
    "list": b"[]",
    "strange list": b'[null, 5, "x", [], {}]',
    "object": b"{}",
    "deep": b"[" * 100_000,
    "no": b'{"ok": false}',
    "yes": b'{"ok": true}',
    "yes of nothing": b'{"ok": true, "result": null}',
    "yes of a number": b'{"ok": true, "result": 5}',
    "yes of a text": b'{"ok": true, "result": "x"}',
    "yes of a list": b'{"ok": true, "result": [null, 5, "x", {}, {"message_id": null}]}',
    "yes of an object": b'{"ok": true, "result": {"message_id": "seven", "chat": 5, "poll": 5, "photo": {"a": 1}}}',
    "no with numbers": b'{"ok": false, "error_code": "x", "description": 5, "parameters": []}',
    "wrong types": b'{"next_batch": 5, "rooms": [], "event_id": 5, "user_id": null, "chunk": 5, "joined": 5}',
}  # fmt: skip


@dataclass
class Talker:
    """What it answers to everything; `asked`: the paths it was asked for."""

    url: str
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def talking_nonsense() -> AsyncIterator[Talker]:
    """It talks for as long as the block lasts."""

    async def say(request: web.Request) -> web.Response:
        await request.read()
        talker.asked.append(request.path)
        return web.Response(status=talker.status, body=talker.body, headers=talker.headers)

    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{any:.*}", say)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    talker = Talker(f"http://{host}:{port}")
    try:
        yield talker
    finally:
        await runner.cleanup()
