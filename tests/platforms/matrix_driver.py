"""Drives Matrix for the contract suite: people with clients of their own on a real Synapse."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

from api.context import Context
from bot.platforms.base import Capabilities
from storage.people import Identity, Person, choose_home
from tests.platforms.driver import Account, Driver, Heard, Seen
from tests.support.matrix import POLL, MatrixWorld, Somebody, a_matrix_world
from tests.support.synapse import Synapse
from tests.support.talk import Voice

KINDS = {"image": "m.image", "audio": "m.audio", "video": "m.video"}
TAGS = {"bold": "strong", "italic": "em", "code": "code"}


class MatrixDriver(Driver):
    """Clear rooms of version 11, or of whatever `version` says."""

    capabilities = Capabilities(buttons=False, acks=False, idempotent=True, albums=False, listed=True, polls=True)
    world: MatrixWorld

    def __init__(self, world: MatrixWorld, heard: Heard) -> None:
        self.world, self.platform, self.heard = world, world.matrix, heard

    def raw(self) -> dict[str, Any]:
        event = {"type": "m.room.message", "event_id": "$1", "sender": "@li:localhost",
                 "content": {"msgtype": "m.text", "body": "好"}}  # fmt: skip
        return {"event": event, "room": "!r", "me": "@bot:localhost", "name": "李"}

    async def account(self, name: str = "李春华", bound: bool = True) -> Account:
        person = await self.world.somebody(name)
        chat = await self.world.chat_with(person)
        if bound:
            await self.world.run(bind, await self.world.teacher(name), person.user_id)
        return Account(person.user_id, chat, person)

    async def room(self, *people: Account) -> str:
        first: Somebody = people[0].of
        room = await first.make_room(self.world.bot.user_id, *[who.native for who in people[1:]], name="数学坊")
        for who in people[1:]:
            await who.of.join(room)
        await self.world.pump()
        return room

    async def say(self, who: Account, text: str, chat: str = "", files: Sequence[tuple[str, str, bytes]] = (),
                  reply_to: str = "") -> None:  # fmt: skip
        person: Somebody = who.of
        for name, mime, data in files:
            url = await person.upload(data, mime, name)
            kind = KINDS.get(mime.partition("/")[0], "m.file")
            info = {"mimetype": mime, "size": len(data)}
            content = {"msgtype": kind, "body": text or name, "filename": name, "url": url, "info": info}
            await person.send(chat or who.chat, content)
        if not files:
            await person.say(chat or who.chat, text, reply_to)
        await self.world.pump()

    async def press(self, who: Account, event: str, label: str, chat: str = "") -> None:
        raise NotImplementedError("there are no buttons on Matrix")

    async def vote(self, who: Account, event: str, *options: int) -> None:
        await who.of.vote(who.chat, event, *[str(option) for option in options])
        await self.world.pump()

    async def change(self, who: Account, event: str, text: str | None) -> None:
        person: Somebody = who.of
        await (person.redact(who.chat, event) if text is None else person.edit(who.chat, event, text))
        await self.world.pump()

    async def seen(self, who: Account, chat: str = "") -> list[Seen]:
        found = []
        for message in await who.of.shown(chat or who.chat, of=self.world.bot.user_id):
            content = message["content"]
            html, is_file = content.get("formatted_body", ""), content["msgtype"] != "m.text"
            options = [option["org.matrix.msc1767.text"] for option in content.get(POLL, {}).get("answers", [])]
            found.append(Seen(
                message["event"], content["body"], files=int(is_file), styled=_styles(html), options=options,
                closed=message.get("ended", False),
            ))  # fmt: skip
        return found

    async def words_to(self, who: Account) -> list[str]:
        return []

    async def lose(self, who: Account) -> None:
        await who.of.leave(who.chat)
        await self.world.pump(settle=False)


def bind(ctx: Context, voice: Voice, native: str) -> None:
    """Give an account on Matrix to somebody who has one on paper, and only there."""
    assert voice.person is not None
    ctx.session.query(Identity).filter_by(native=voice.native).one().person_id = None
    identity = ctx.session.query(Identity).filter_by(platform="matrix", native=native).one()
    identity.person_id, identity.bound_at = voice.person.id, ctx.now
    ctx.session.flush()
    ctx.session.get_one(Person, voice.person.id).home_chosen = False
    choose_home(ctx.session, voice.person.id)


def _styles(html: str) -> dict[str, list[str]]:
    if not html:
        return {}
    found: dict[str, Any] = {
        style: [unescape(words) for words in re.findall(f"<{tag}>(.*?)</{tag}>", html)] for style, tag in TAGS.items()
    }
    return found


@asynccontextmanager
async def a_matrix(database_url: str, heard: Heard, synapse: Synapse) -> AsyncIterator[Driver]:
    """A driver on a fresh world."""
    async with a_matrix_world(database_url, synapse, (heard.feature(),)) as world:
        yield MatrixDriver(world, heard)
