"""The web chat as a chat platform: what the bot says becomes posts, what people do arrives through the pages."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from api.messaging.delivering import Work
from api.people.websessions import WEB
from api.runtime import Runtime
from api.webchat.speaking import answer_press, edit_bot_post, remove_bot_post, write_bot_post
from api.webchat.uploads import blob_of_upload
from bot.inbound import File, Inbound
from bot.platforms.base import Capabilities, Finding, Gone, Mirroring, Transient, Unreadable
from bot.platforms.web.mirroring import WebMirroring


class WebPlatform:
    """The built-in web chat. Its pages post straight into the inbox (api.webchat.posting)."""

    name = WEB
    account = ""
    capabilities = Capabilities(idempotent=True)

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.mirroring: Mirroring | None = WebMirroring(runtime)

    async def start(self) -> None:
        """Nothing: the pages are served already."""

    async def close(self) -> None:
        """Nothing is open."""

    def parse(self, raw: dict[str, Any]) -> Inbound | None:
        """The Inbound that a page's request was written down as."""
        try:
            return Inbound(**{**raw, "files": tuple(File(**file) for file in raw.get("files", ()))})
        except TypeError as error:
            raise Unreadable(str(error)) from error

    async def receive(self) -> None:
        """Nothing to ask for: pages call us."""
        await asyncio.Event().wait()

    def spare(self, claimed: int) -> int | None:
        """A page takes whatever there is."""
        return None

    async def send(self, work: Work) -> Sequence[str]:
        """Make a delivery; one that was made before is not made again."""
        run, chat = self.runtime.transact, work.chat.chat_id
        match work.kind:
            case "send":
                pid = await run(write_bot_post, chat, work.delivery_id, work.tree, work.rows, work.files, work.reply_to)
                if pid is None:
                    raise Gone("this chat is over")
                return [pid]
            case "edit":
                await run(edit_bot_post, chat, work.targets, work.tree, work.rows, work.files)
            case "delete":
                await run(remove_bot_post, chat, work.targets)
            case "ack":
                await run(answer_press, work.handle or "", work.delivery_id, work.tree)
        return []

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of an upload."""
        key = await self.runtime.read(blob_of_upload, file.ref["upload"])
        if key is None:
            raise Gone("this upload is not here any more")
        try:
            async for piece in self.runtime.blobs.stream(key):
                yield piece
        except FileNotFoundError as error:
            raise Gone("the bytes of this upload are not here any more") from error
        except OSError as error:
            raise Transient(str(error)) from error

    async def administers(self, raw: dict[str, Any]) -> bool:
        """Built-in rooms belong to their communities: nobody administers one by itself."""
        return False

    async def check(self) -> list[Finding]:
        """The pages need an address that people can reach; encrypted, unless it is this machine."""
        web = self.runtime.config.web
        address = web.base_url or f"http://{web.host}:{web.port}"
        local = any(host in address for host in ("//127.0.0.1", "//localhost", "//[::1]"))
        safe = local or address.startswith("https://")
        note = address if safe else f"{address} is not encrypted: set [web] base_url to an https:// address"
        return [Finding(WEB, safe, note)]
