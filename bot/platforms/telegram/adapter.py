"""Telegram as a chat platform. What needs aiogram is imported by `start`, in a thread: that takes seconds."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from api.config import bot_account
from api.messaging.delivering import Work
from api.people.doors import keep_username
from api.runtime import Runtime
from bot.inbound import File, Inbound
from bot.platforms.base import Capabilities, Finding, Mirroring, Rejected, RetryAfter, SendError, Transient
from bot.platforms.telegram.arriving import KINDS, TELEGRAM, newest_of, poll
from bot.platforms.telegram.limits import Limits
from bot.platforms.telegram.mirroring import TelegramMirroring
from bot.platforms.telegram.reading import one_of, place_of, read, split_place
from bot.platforms.telegram.webhook import webhook_path
from bot.registry import Command
from bot.sharing import Portion

if TYPE_CHECKING:
    from bot.platforms.telegram.client import Client
    from bot.platforms.telegram.groups import Groups
    from bot.platforms.telegram.sending import Sender

log = structlog.get_logger()

MODULES = ("client", "sending", "menus", "checking", "groups")  # those that import aiogram
AGAIN_SECONDS = 10.0
CONNECTIONS = 40
FILE_LIMIT = 20 * 2**20


class TelegramPlatform:
    """One bot account on Telegram."""

    name = TELEGRAM
    capabilities = Capabilities(polls=True)

    def __init__(
        self, runtime: Runtime, commands: Sequence[Command] = (), limits: Limits | None = None, token: str = ""
    ) -> None:
        self.runtime, self.commands = runtime, commands
        self.section = runtime.config.telegram
        self._token = token or self.section.tokens[0]
        self.account = bot_account(self._token)
        self.limits = limits or Limits(self.section.rate)
        self.portion = Portion(runtime, self.name, self.account, self.limits.rate, self.limits.whole.resize)
        self.username = ""
        self.mirroring: Mirroring | None = TelegramMirroring(self._open_groups)
        self._client: Client | None = None
        self._sender: Sender | None = None
        self._groups: Groups | None = None

    async def start(self) -> None:
        """Import the library and ask who we are. Raises SendError, StorageUnavailable."""
        client = await self._open()
        from aiogram.methods import GetMe

        me = await client.call(GetMe())
        self.username = me.username or ""
        await self.runtime.transact(keep_username, self.account, self.username)
        await self.portion.join()

    async def _open(self) -> "Client":
        if self._client is None:
            for module in MODULES:
                await asyncio.to_thread(importlib.import_module, f"bot.platforms.telegram.{module}")
        if self._client is None:  # still: somebody else may have opened it meanwhile
            from bot.platforms.telegram.client import Client
            from bot.platforms.telegram.groups import Groups
            from bot.platforms.telegram.sending import Sender

            self._client = Client(self._token, self.section.api_base)
            self._sender = Sender(self.runtime, self._client, self.limits)
            self._groups = Groups(self.runtime, self._client, self.account)
        return self._client

    async def _open_groups(self) -> "Groups":
        await self._open()
        assert self._groups is not None
        return self._groups

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = self._sender = self._groups = None

    def parse(self, raw: dict[str, Any]) -> Inbound | None:
        """The Inbound of a raw update, or of an album's."""
        inbound = read(raw, self.username, self.account)
        at = newest_of([one_of(raw)])
        return replace(inbound, at=at) if inbound is not None and at is not None else inbound

    async def receive(self) -> None:
        """Set up menus and the way updates come; then poll, or wait to be called."""
        client = await self._open()
        from aiogram.methods import DeleteWebhook, SetWebhook

        await self._set_menus(client)
        if self.section.mode == "polling":
            await self._insist(client, DeleteWebhook())
            await poll(self.runtime, client, self.account)
        url = f"{self.runtime.config.web.base_url}{webhook_path(self.section, self.account)}"
        secret = self.section.webhook_secret.get_secret_value()
        await self._insist(client, SetWebhook(
            url=url, secret_token=secret, allowed_updates=list(KINDS), max_connections=CONNECTIONS,
        ))  # fmt: skip
        await asyncio.Event().wait()

    async def _set_menus(self, client: "Client") -> None:
        from bot.platforms.telegram.menus import set_menus

        try:
            await set_menus(self.runtime, client, self.account, self.commands)
        except SendError as error:  # the next start tries again
            log.warning("the command menus were not set", error=str(error))

    async def _insist(self, client: "Client", method: Any) -> None:
        while True:
            try:
                await client.call(method)
                return
            except SendError as error:
                pause = error.seconds if isinstance(error, RetryAfter) else AGAIN_SECONDS
                log.error("telegram did not take how updates are to come", error=str(error), again_in=pause)
                await asyncio.sleep(pause)

    async def send(self, work: Work) -> Sequence[str]:
        """Make one delivery. Raises SendError."""
        if self._sender is None:
            raise Transient("still starting")
        return await self._sender.send(work)

    def spare(self, claimed: int) -> int | None:
        """What the bot may send in a moment."""
        return self.limits.whole.spare(claimed)

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file somebody sent; bots get at most 20 MB."""
        if file.size > FILE_LIMIT:
            raise Rejected("Telegram hands files of at most 20 MB to bots")
        client = await self._open()
        async for piece in client.download(file.ref["file_id"]):
            yield piece

    async def administers(self, raw: dict[str, Any]) -> bool:
        """Whether who sent this update administers its group. Raises SendError."""
        update = one_of(raw)
        place = place_of(update)
        if place.kind != "room":
            return False
        sender = (update.get("message") or update.get("callback_query") or {}).get("from", {}).get("id")
        client = await self._open()
        from aiogram.methods import GetChatAdministrators

        administrators = await client.call(GetChatAdministrators(chat_id=split_place(place.native)[0]))
        return any(member.user.id == sender for member in administrators)

    async def check(self) -> list[Finding]:
        """The token, privacy mode, how updates come, every bound group."""
        client = await self._open()
        from bot.platforms.telegram.checking import find_out

        return [finding async for finding in find_out(self.runtime, client, self.account)]
