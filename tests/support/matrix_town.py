"""The voices of `talk.py` on Matrix: dialogues are played word for word, presses are numbers and reactions."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from api.context import Context
from api.messaging.tree import Button, Words
from api.runtime import Runtime
from bot.commands import FEATURES
from storage.communities import Community
from storage.messaging import Chat
from storage.people import Identity, Person
from storage.rooms import Room
from tests.support.matrix import CLIENT, MatrixWorld, Somebody, a_matrix_world
from tests.support.paper import Sheet
from tests.support.synapse import Registered, Synapse
from tests.support.talk import Voice

CHOICE = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
KINDS = {"photo": "m.image", "voice": "m.audio", "video": "m.video", "document": "m.file"}


class MatrixTown(MatrixWorld):
    """A county whose people are on Matrix."""

    def __init__(self, runtime: Runtime, synapse: Synapse, bot: Registered, features: Any = FEATURES) -> None:
        super().__init__(runtime, synapse, bot, features)
        self.owner: Somebody | None = None
        self._coming: tuple[Somebody, str] | None = None

    async def settle(self) -> None:
        """Let the bot read what happened, then handle, fetch and deliver."""
        await self.pump(settle=False)
        await super().settle()

    async def teacher(self, name: str, *args: Any, **how: Any) -> Voice:
        """A person with an account on Matrix and a private chat with the bot."""
        somebody = await self.somebody(name)
        self._coming = somebody, await self.chat_with(somebody)
        voice = await super().teacher(name, *args, **how)
        voice.unread()
        return voice

    def new_voice(self, name: str) -> "MatrixVoice":
        """Whoever is coming."""
        assert self._coming is not None
        return MatrixVoice(self, name, *self._coming)

    def _add_account(self, ctx: Context, voice: Voice, person: Person | None, language: str) -> None:
        identity = ctx.session.query(Identity).filter_by(platform="matrix", native=voice.native).one()
        identity.language = language
        if person is not None:
            identity.person_id, identity.bound_at, person.home_chat_id = person.id, ctx.now, identity.chat_id

    async def room(self, community: Community) -> str:
        """A bound room."""
        self.owner = self.owner or await self.somebody("群主")
        native = await self.owner.make_room(self.bot.user_id, name=community.name)
        await self.pump()
        await self.run(_bind, native, community)
        return native


def _bind(ctx: Context, native: str, community: Community) -> None:
    chat = ctx.session.query(Chat).filter_by(platform="matrix", native=native).one()
    ctx.session.add(Room(chat_id=chat.id, community_id=community.id, created_at=ctx.now))


class MatrixVoice(Voice):
    """Somebody's account on Matrix; `client` is what they use."""

    world: MatrixTown

    def __init__(self, world: MatrixTown, name: str, client: Somebody, chat: str) -> None:
        super().__init__(world, name, None)
        self.client, self.native, self.chat = client, client.user_id, chat
        self._joined: set[str] = {chat}
        self._seen: set[str] = set()

    async def enter(self, room: str | None) -> str:
        """The room, with this person in it."""
        self._enter_to_read(room)
        return room or self.chat

    async def say(
        self, text: str, *, room: str | None = None, files: Sequence[dict[str, Any]] = (), **more: Any
    ) -> None:
        where = await self.enter(room)
        for file in files:
            data = self.world.paper.files[file["ref"]["key"]]
            name = file["name"] or file["kind"]
            info = {"mimetype": file["mime"], "size": len(data)}
            url = await self.client.upload(data, file["mime"], name)
            await self.client.send(where, {
                "msgtype": KINDS[file["kind"]], "body": text or name, "filename": name, "url": url, "info": info,
            })  # fmt: skip
        if not files:
            await self.client.say(where, text)
        await self.world.settle()

    def _enter_to_read(self, room: str | None) -> None:
        if room is None or room in self._joined:
            return
        assert self.world.owner is not None
        for who, rest, body in ((self.world.owner, "invite", {"user_id": self.native}), (self.client, "join", {})):
            headers = {"Authorization": f"Bearer {who.account.token}"}
            url = f"{self.world.synapse.url}{CLIENT}/rooms/{room}/{rest}"
            httpx2.post(url, headers=headers, json=body).raise_for_status()
        self._joined.add(room)

    async def press(self, label: str, *, room: str | None = None) -> list[str]:
        """Choose by number, in a room by a reply to the message; the short words that came back."""
        where = await self.enter(room)
        sheet, number = next(
            (sheet, button.action) for sheet in reversed(self.sheets(room)) for text, button in sheet.buttons
            if label in text
        )  # fmt: skip
        before = {one.native for one in self.sheets()}
        await self.client.say(where, number, reply_to=sheet.native)
        await self.world.settle()
        return [one.text for one in self.sheets() if one.native not in before]

    def sheets(self, room: str | None = None) -> list[Sheet]:
        """What the bot said there, as a client shows it now; whoever looks into a room joins it."""
        self._enter_to_read(room)
        headers = {"Authorization": f"Bearer {self.client.account.token}"}
        query = {"dir": "b", "limit": 200}
        url = f"{self.world.synapse.url}{CLIENT}/rooms/{room or self.chat}/messages"
        events = httpx2.get(url, headers=headers, params=query).raise_for_status().json()["chunk"][::-1]
        shown: dict[str, Sheet] = {}
        for event in events:
            content, relation = event["content"], event["content"].get("m.relates_to", {})
            if event["type"] != "m.room.message" or event["sender"] != self.world.bot.user_id or not content:
                continue
            if relation.get("rel_type") == "m.replace":
                if (old := shown.get(relation["event_id"])) is not None:
                    old.text, old.edits = content["m.new_content"]["body"], old.edits + 1
                    old.buttons = _choices(old.text)
            else:
                files = [content["msgtype"]] if content["msgtype"] != "m.text" else []
                shown[event["event_id"]] = Sheet(event["event_id"], content["body"], _choices(content["body"]), files)
        return list(shown.values())

    def unread(self, room: str | None = None) -> list[Sheet]:
        fresh = [sheet for sheet in self.sheets(room) if sheet.native not in self._seen]
        self._seen |= {sheet.native for sheet in fresh}
        return fresh


def _choices(text: str) -> list[tuple[str, Button]]:
    tail = text.rpartition("\n\n")[2]
    return [(label, Button(Words(label), number)) for number, label in CHOICE.findall(tail)]


@asynccontextmanager
async def a_matrix_town(database_url: str, synapse: Synapse) -> AsyncIterator[MatrixTown]:
    """A town on a fresh database."""
    async with a_matrix_world(database_url, synapse, kind=MatrixTown) as world:
        assert isinstance(world, MatrixTown)
        yield world

