"""The drivers of the contract suite. A new platform joins by a driver of its own and a line in DRIVERS."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from html import unescape
from typing import Any

from api.communities.tree import ensure_web_room
from api.context import Context
from bot.platforms.base import Capabilities
from storage.base import new_pid
from storage.communities import Community
from storage.messaging import Chat
from tests.platforms.driver import Account, Driver, Heard, Seen
from tests.platforms.matrix_driver import MatrixDriver, a_matrix
from tests.platforms.telegram import TelegramDriver, a_telegram
from tests.support.browser import Browser, WebWorld, a_web_world
from tests.support.talk import Voice, World, a_world


class PaperDriver(Driver):
    """Chats on paper."""

    capabilities = Capabilities()

    def __init__(self, world: World, heard: Heard) -> None:
        self.world, self.platform, self.heard = world, world.paper, heard

    async def account(self, name: str = "李春华", bound: bool = True) -> Account:
        voice = await self.world.teacher(name, bound=bound)
        return Account(voice.native, voice.chat, voice)

    async def room(self, *people: Account) -> str:
        return await self.world.room(await self.world.workshop(await self.world.region(), "数学坊"))

    async def say(self, who: Account, text: str, chat: str = "", files: Sequence[tuple[str, str, bytes]] = (),
                  reply_to: str = "") -> None:  # fmt: skip
        sent = []
        for name, mime, data in files:
            key = new_pid()
            self.world.paper.files[key] = data
            kind = {"image": "photo", "audio": "voice", "video": "video"}.get(mime.split("/")[0], "document")
            sent.append({"kind": kind, "name": name, "mime": mime, "size": len(data), "ref": {"key": key}})
        event = new_pid()
        await who.of.say(text, room=chat or None, files=sent, reply_to=reply_to, event=event)

    async def press(self, who: Account, event: str, label: str, chat: str = "") -> None:
        sheet = next(sheet for sheet in who.of.sheets(chat or None) if sheet.native == event)
        button = next(button for text, button in sheet.buttons if text == label)
        handle = f"{who.native}.{new_pid()}"
        await self.world.arrive(who.of, chat or who.chat, "pressed", action=button.action, event=event, handle=handle)

    async def change(self, who: Account, event: str, text: str | None) -> None:
        kind = "edited" if text is not None else "deleted"
        await self.world.arrive(who.of, who.chat, kind, event=event, text=text or "")

    async def seen(self, who: Account, chat: str = "") -> list[Seen]:
        return [
            Seen(s.native, s.text, [label for label, _ in s.buttons], len(s.files), s.deleted)
            for s in who.of.sheets(chat or None) if not s.deleted
        ]  # fmt: skip

    async def words_to(self, who: Account) -> list[str]:
        toasts = self.world.paper.toasts.items()
        return [word for handle, words in toasts for word in words if handle.startswith(f"{who.native}.") and word]

    async def lose(self, who: Account) -> None:
        self.world.paper.gone.add(who.chat)


class PlainPaperDriver(PaperDriver):
    """Chats on paper without buttons: choices are numbers."""

    capabilities = Capabilities(buttons=False, acks=False, edits=False, deletes=False)


class WebDriver(Driver):
    """The built-in web chat, over its real routes."""

    capabilities = Capabilities(idempotent=True)
    world: WebWorld

    def __init__(self, world: WebWorld, heard: Heard) -> None:
        self.world, self.platform, self.heard = world, world.web, heard
        self.room_names: dict[str, str] = {}

    async def account(self, name: str = "李春华", bound: bool = True) -> Account:
        if bound:
            voice = await self.world.teacher(name)
            await self.world.run(_forget_paper, voice)
            browser = await self.world.browser(voice)
        else:
            voice, browser = None, await self.world.browser()
            await browser.open("/web")
            await browser.submit("/web/visit")
        await self.world.settle()
        native, chat = await self.world.run(_own, browser.http.cookies["gongfang"])
        return Account(native, chat, (browser, voice))

    async def room(self, *people: Account) -> str:
        workshop = await self.world.workshop(await self.world.region(), f"坊{new_pid()}")
        native = await self.world.run(_room_of, workshop)
        for who in people:
            _, voice = who.of
            await self.world.join(voice, workshop)
        self.room_names[native] = workshop.name
        return native

    def _name(self, chat: str) -> str:
        return self.room_names.get(chat, "工坊助手")

    async def say(self, who: Account, text: str, chat: str = "", files: Sequence[tuple[str, str, bytes]] = (),
                  reply_to: str = "") -> None:  # fmt: skip
        browser: Browser = who.of[0]
        pid = await browser.chat(self._name(chat))
        uploads = []
        for name, mime, data in files:
            answer = await browser.script(
                f"/web/chats/{pid}/uploads", files={"file": (name, data, mime)}, client=new_pid()
            )
            uploads.append(answer.json()["id"])
        await browser.say(text, self._name(chat), file=uploads, reply=reply_to)

    async def press(self, who: Account, event: str, label: str, chat: str = "") -> None:
        browser: Browser = who.of[0]
        post = next(post for post in await browser.read(self._name(chat)) if post.pid == event)
        value = next(value for text, value in post.buttons if text == label)
        await browser.script(f"/web/messages/{event}/press", 204, value=value)
        await self.world.settle()

    async def change(self, who: Account, event: str, text: str | None) -> None:
        browser: Browser = who.of[0]
        fields = {"text": text} if text is not None else {}
        await browser.script(f"/web/messages/{event}/{'edit' if fields else 'withdraw'}", **fields)
        await self.world.settle()

    async def seen(self, who: Account, chat: str = "") -> list[Seen]:
        posts = await who.of[0].read(self._name(chat))
        return [
            Seen(post.pid, post.text, [label for label, _ in post.buttons], len(post.files), False, _styles(post.inner))
            for post in posts if post.side == "bot"
        ]  # fmt: skip

    async def words_to(self, who: Account) -> list[str]:
        browser: Browser = who.of[0]
        await browser.open("/web")
        browser.html = 'data-cursor="0"'
        async with browser.listen() as stream:
            return [text for name, text in await stream.quiet(0.2) if name == "toast"]

    async def lose(self, who: Account) -> None:
        await self.world.run(_lose, who.chat)


def _styles(html: str) -> dict[str, list[str]]:
    tags = {"bold": "strong", "italic": "em", "code": "code"}
    return {
        style: [unescape(words) for words in re.findall(f"<{tag}>(.*?)</{tag}>", html)] for style, tag in tags.items()
    }


def _room_of(ctx: Context, workshop: Community) -> str:
    return ctx.session.get_one(Chat, ensure_web_room(ctx, workshop)).native


def _own(ctx: Context, secret: str) -> tuple[str, str]:
    from api.webchat.places import enter

    seat = enter(ctx, secret)
    return seat.identity.native, ctx.session.get_one(Chat, seat.identity.chat_id).native


def _forget_paper(ctx: Context, voice: Voice) -> None:
    from storage.people import Identity, Person

    assert voice.person is not None
    ctx.session.query(Identity).filter_by(native=voice.native).one().person_id = None
    ctx.session.get_one(Person, voice.person.id).home_chat_id = None


def _lose(ctx: Context, native: str) -> None:
    ctx.session.query(Chat).filter_by(platform="web", native=native).one().state = "gone"


@asynccontextmanager
async def _paper(database_url: str, heard: Heard, kind: type[PaperDriver]) -> AsyncIterator[Driver]:
    shape = {name: getattr(kind.capabilities, name) for name in ("buttons", "acks", "edits", "deletes")}
    async with a_world(database_url, **shape) as world:
        world.handlers.dispatcher = type(world.handlers.dispatcher)((heard.feature(),))
        yield kind(world, heard)


@asynccontextmanager
async def _web(database_url: str, heard: Heard) -> AsyncIterator[Driver]:
    async with a_web_world(database_url, (heard.feature(),)) as world:
        yield WebDriver(world, heard)


def driven(name: str, database_url: str, fixture: Callable[[str], Any]) -> AbstractAsyncContextManager[Driver]:
    """A driver by name, on a fresh world. `fixture` brings what only one platform needs."""
    heard, opened = Heard(), {"web": _web, "telegram": a_telegram}
    if name == "matrix":
        return a_matrix(database_url, heard, fixture("synapse"))
    return opened[name](database_url, heard) if name in opened else _paper(database_url, heard, PAPERS[name])


PAPERS: dict[str, type[PaperDriver]] = {"paper": PaperDriver, "paper-without-buttons": PlainPaperDriver}
DRIVERS: dict[str, type[Driver]] = {"web": WebDriver, "telegram": TelegramDriver, "matrix": MatrixDriver, **PAPERS}
