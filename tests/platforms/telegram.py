"""The contract suite's driver of Telegram: phones of the emulator."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bot.platforms.base import Capabilities
from tests.emulators.telegram import Press
from tests.platforms.driver import Account, Driver, Heard, Seen
from tests.support.telegram import TelegramVoice, TelegramWorld, a_telegram_world

KINDS = {"image": "photo", "audio": "voice", "video": "video"}
STYLES = ("bold", "italic", "code")


class TelegramDriver(Driver):
    """Telegram, through the emulator's HTTP."""

    capabilities = Capabilities(polls=True)
    nameless = frozenset({"photo", "voice"})
    tells_deletes = False
    world: TelegramWorld

    def __init__(self, world: TelegramWorld, heard: Heard) -> None:
        self.world, self.platform, self.heard = world, world.telegram, heard
        self.pressed: list[tuple[str, Press]] = []

    async def account(self, name: str = "李春华", bound: bool = True) -> Account:
        voice = await self.world.teacher(name, bound=bound)
        return Account(voice.native, voice.chat, voice)

    async def room(self, *people: Account) -> str:
        native = await self.world.room(await self.world.workshop(await self.world.region(), "数学坊"))
        for who in people:
            who.of.where(native)
        await self.world.settle()
        return native

    async def say(self, who: Account, text: str, chat: str = "", files: Sequence[tuple[str, str, bytes]] = (),
                  reply_to: str = "") -> None:  # fmt: skip
        voice: TelegramVoice = who.of
        if files:
            sent = [self._file(name, mime, data) for name, mime, data in files]
            await voice.say(text, room=chat or None, files=sent)
            return
        where = voice.where(chat or None)
        answered = next((m for m in voice.phone.sees(where) if str(m.id) == reply_to), None)
        voice.phone.say(where, text, reply_to=answered)
        await self.world.settle()

    def _file(self, name: str, mime: str, data: bytes) -> dict[str, Any]:
        self.world.paper.files[name] = data
        kind = KINDS.get(mime.split("/")[0], "document")
        return {"kind": kind, "name": name, "mime": mime, "ref": {"key": name}}

    async def press(self, who: Account, event: str, label: str, chat: str = "") -> None:
        message = next(m for m in who.of.messages(chat or None) if str(m.id) == event)
        self.pressed.append((who.native, who.of.phone.press(message, label)))
        await self.world.settle()

    async def vote(self, who: Account, event: str, *options: int) -> None:
        message = next(m for m in who.of.messages() if str(m.id) == event)
        who.of.phone.vote(message, *options)
        await self.world.settle()

    async def change(self, who: Account, event: str, text: str | None) -> None:
        message = next(m for m in who.of.phone.sees(self.world.bot) if str(m.id) == event)
        if text is None:
            who.of.phone.delete(message)
        else:
            who.of.phone.edit(message, text)
        await self.world.settle()

    async def seen(self, who: Account, chat: str = "") -> list[Seen]:
        return [
            Seen(
                str(m.id), m.poll.question if m.poll else m.text, m.labels,
                int("text" not in m.content and m.poll is None), False, _styles(m),
                [option["text"] for option in m.poll.options] if m.poll else [], m.poll is not None and m.poll.closed,
            )
            for m in who.of.messages(chat or None)
        ]  # fmt: skip

    async def words_to(self, who: Account) -> list[str]:
        return [press.answer["text"] for native, press in self.pressed
                if native == who.native and press.answer and press.answer["text"]]  # fmt: skip

    async def lose(self, who: Account) -> None:
        who.of.phone.block(self.world.bot)

    def raw(self) -> dict[str, Any]:
        chat, li = {"id": 5, "type": "private", "first_name": "李"}, {"id": 5, "is_bot": False, "first_name": "李"}
        return {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": chat, "from": li, "text": "好"}}

    def garbage(self) -> dict[str, Any]:
        return {"update_id": 1, "message": {"message_id": "one"}}


def _styles(message: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    text = message.text.encode("utf-16-le")
    for entity in message.content.get("entities", []):
        if entity["type"] in STYLES:
            words = text[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
            found.setdefault(entity["type"], []).append(words)
    return found


@asynccontextmanager
async def a_telegram(database_url: str, heard: Heard) -> AsyncIterator[Driver]:
    """A driver on a fresh world."""
    async with a_telegram_world(database_url, (heard.feature(),)) as world:
        yield TelegramDriver(world, heard)
