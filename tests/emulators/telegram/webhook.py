"""Delivery to a webhook by the official server's rules (telegram.md 3.2).

One update in flight per key, keys side by side up to max_connections; what is not answered by 2xx comes again: at
once, then after 2, 4, 8 … seconds, at most a random 60 to 120, until the update is too old. Retry-After is obeyed.
"""

import asyncio
import json
import random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2

from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.model import Bot, Json
from tests.emulators.telegram.updates import Entry

if TYPE_CHECKING:
    from tests.emulators.telegram.world import World

ANSWER_TIME = 60  # seconds
SLOWEST = (60, 120)  # seconds between tries, at most
OBEYED = 3600  # seconds of Retry-After, at most
GIVE_UP = 23 * 3600  # seconds of 410 after which the webhook is removed
PORTS = {443, 80, 88, 8443}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
NOT_IN_ANSWERS = {"setwebhook", "deletewebhook", "close", "logout"}


def check_url(url: str) -> None:
    """Refuse what is no webhook URL. On this machine http and any port will do, as with a local server."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise bad("invalid webhook URL specified")
    if parts.hostname in LOOPBACK:
        return
    if parts.scheme == "http":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    raise bad("bad webhook: this emulator delivers to this machine only")


class Webhook:
    """The sender of one bot's updates; lives until `close`."""

    def __init__(self, world: "World", bot: Bot, url: str, secret: str, max_connections: int) -> None:
        self.world, self.bot, self.url, self.secret = world, bot, url, secret
        self.max_connections = max_connections
        self.settings = (url, secret, max_connections)
        self.last_error, self.last_error_at = "", 0.0
        self.tries = 0
        self._client = httpx2.AsyncClient(timeout=ANSWER_TIME, trust_env=False, verify=False)
        self._free = asyncio.Semaphore(max_connections)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._gone_since = 0.0
        self._loop = asyncio.ensure_future(self._watch())

    async def close(self) -> None:
        """Stop; what is in flight stays in the queue and will be sent again by whoever comes next."""
        tasks = [self._loop, *self._busy.values()]
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.gather(*(t for t in tasks if t is not asyncio.current_task()), return_exceptions=True)
        await self._client.aclose()

    async def _watch(self) -> None:
        while True:
            arrived = self.bot.queue.arrived
            for entry in self.bot.queue.waiting():
                if entry.key not in self._busy:
                    self._busy[entry.key] = asyncio.ensure_future(self._serve(entry.key))
            await arrived.wait()

    async def _serve(self, key: str) -> None:
        """Deliver the updates of one key, one after another."""
        try:
            while entry := next((e for e in self.bot.queue.waiting() if e.key == key), None):
                await self._deliver(entry)
        finally:
            self._busy.pop(key, None)

    async def _deliver(self, entry: Entry) -> None:
        """Send until it is taken or too old."""
        delay, failures = 1.0, 0
        while True:
            async with self._free:
                error, wait = await self._send(entry.body())
            if not error:
                break
            self.last_error, self.last_error_at = error, self.world.clock.time()
            if not wait and failures:
                wait = delay = min(random.uniform(*SLOWEST), delay * 2)
            failures += 1
            if self.world.clock.time() + wait > entry.expires:
                break
            await self.world.clock.sleep(wait)
        self.bot.queue.forget(entry.id)
        self.world.touch()

    async def _send(self, body: Json) -> tuple[str, float]:
        """One try: what went wrong ("" for nothing), and how long it asks to wait."""
        headers = {"content-type": "application/json"}
        if self.secret:
            headers["x-telegram-bot-api-secret-token"] = self.secret
        self.tries += 1
        try:
            answer = await self._client.post(self.url, content=json.dumps(body), headers=headers)
        except httpx2.HTTPError as error:
            return f"Connection failed: {type(error).__name__}", 0
        if answer.is_success:
            self._gone_since = 0
            await self._obey(answer)
            return "", 0
        now = self.world.clock.time()
        self._gone_since = (self._gone_since or now) if answer.status_code == 410 else 0
        if self._gone_since and now > self._gone_since + GIVE_UP:
            self.bot.webhook = None
            asyncio.ensure_future(self.close())  # noqa: RUF006 - it ends this very task
        asked = answer.headers.get("retry-after", "")
        wait = float(min(int(asked), OBEYED)) if asked.isdigit() else 0
        return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}", wait

    async def _obey(self, answer: httpx2.Response) -> None:
        """Make the call that an answer may hold; its result is seen by nobody."""
        try:
            given = answer.json()
        except ValueError:
            return
        name = str(given.pop("method", "")).lower() if isinstance(given, dict) else ""
        if name and name not in NOT_IN_ANSWERS and not name.startswith("get") and self.world.obey is not None:
            told = {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()}
            await self.world.obey(self.bot, name, told)
