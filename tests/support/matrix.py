"""People on Matrix, in clear rooms, over raw HTTP; and a county whose bot has a Matrix account."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx2
from pydantic import SecretStr

from api.config import Config
from api.registry import FOLLOWERS, GUARDS
from api.runtime import Runtime
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from bot.mirror import Mirrors
from storage.base import new_pid
from storage.blobs import Blobs
from storage.engine import Database
from tests.support.paper import Paper
from tests.support.synapse import Registered, Synapse
from tests.support.talk import NOW, World

CLIENT = "/_matrix/client/v3"
POLL = "org.matrix.msc3381.poll.start"
SHOWN = frozenset({"m.room.message", POLL})


class Somebody:
    """One person's client: it knows nothing but the specification."""

    def __init__(self, synapse: Synapse, account: Registered, name: str) -> None:
        self.user_id, self.name, self.account = account.user_id, name, account
        headers = {"Authorization": f"Bearer {account.token}"}
        self.http = httpx2.AsyncClient(base_url=synapse.url, headers=headers, timeout=30)
        self._numbers = count(1)

    async def ask(self, method: str, path: str, body: Any = None, expect: int = 200, **query: Any) -> Any:
        """One request."""
        answer = await self.http.request(method, f"{CLIENT}/{path}", json=body, params=query or None)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    async def call_myself(self) -> None:
        """Tell the homeserver one's name."""
        await self.ask("PUT", f"profile/{self.user_id}/displayname", {"displayname": self.name})

    async def make_room(self, *others: str, direct: bool = False, **how: Any) -> str:
        """A room with others invited; its id."""
        body = {"invite": list(others), "is_direct": direct, "preset": "private_chat", "room_version": "11", **how}
        return str((await self.ask("POST", "createRoom", body))["room_id"])

    async def join(self, room: str) -> None:
        """Accept an invitation."""
        await self.ask("POST", f"rooms/{quote(room)}/join", {})

    async def leave(self, room: str) -> None:
        """Leave a room."""
        await self.ask("POST", f"rooms/{quote(room)}/leave", {})

    async def invitations(self) -> list[str]:
        """The rooms that one is asked into."""
        # two questions that are word for word the same get the same answer for two minutes
        answer = await self.ask("GET", "sync", timeout=next(self._numbers))
        return list(answer.get("rooms", {}).get("invite", {}))

    async def send(self, room: str, content: dict[str, Any], kind: str = "m.room.message") -> str:
        """Send an event; its id."""
        path = f"rooms/{quote(room)}/send/{kind}/{new_pid()}{next(self._numbers)}"
        return str((await self.ask("PUT", path, content))["event_id"])

    async def say(self, room: str, text: str, reply_to: str = "", **more: Any) -> str:
        """Say something."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": text, **more}
        if reply_to:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
        return await self.send(room, content)

    async def react(self, room: str, event: str, key: str) -> str:
        """Put a reaction under an event."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        return await self.send(room, {"m.relates_to": relation}, "m.reaction")

    async def vote(self, room: str, poll: str, *answers: str, stable: bool = False) -> str:
        """Vote in a poll by the ids of its answers, as clients do or as the specification says."""
        relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}}
        if stable:
            return await self.send(room, {**relation, "m.selections": list(answers)}, "m.poll.response")
        kind = "org.matrix.msc3381.poll.response"
        return await self.send(room, {**relation, kind: {"answers": list(answers)}}, kind)

    async def edit(self, room: str, event: str, text: str) -> str:
        """Change what one said."""
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": event}
        return await self.send(room, {**new, "body": f"* {text}", "m.new_content": new, "m.relates_to": relation})

    async def redact(self, room: str, event: str) -> str:
        """Delete an event."""
        answer = await self.ask("PUT", f"rooms/{quote(room)}/redact/{quote(event)}/{new_pid()}", {})
        return str(answer["event_id"])

    async def upload(self, data: bytes, mime: str, name: str) -> str:
        """Upload bytes; their address."""
        answer = await self.http.post(
            "/_matrix/media/v3/upload", content=data, headers={"Content-Type": mime}, params={"filename": name}
        )
        return str(answer.raise_for_status().json()["content_uri"])

    async def download(self, mxc: str) -> bytes:
        """The bytes at an address."""
        answer = await self.http.get(f"/_matrix/client/v1/media/download/{mxc.removeprefix('mxc://')}")
        return answer.raise_for_status().content

    async def events(self, room: str, **query: Any) -> list[dict[str, Any]]:
        """Everything in a room, oldest first."""
        found, start = [], ""
        while True:
            more = {"from": start} if start else {}
            page = await self.ask("GET", f"rooms/{quote(room)}/messages", dir="b", limit=500, **more, **query)
            found += page["chunk"]
            start = page.get("end", "")
            if not start or not page["chunk"]:
                return found[::-1]

    async def shown(self, room: str, of: str = "") -> list[dict[str, Any]]:
        """The messages and polls of a room as a client shows them: edited in place, without deleted ones.
        {event, sender, content}, of polls that are over also "ended".
        """
        shown: dict[str, dict[str, Any]] = {}
        for event in await self.events(room):
            content = event["content"]
            relation = content.get("m.relates_to", {})
            if event["type"] == "org.matrix.msc3381.poll.end" and relation.get("event_id") in shown:
                shown[relation["event_id"]]["ended"] = True
            if event["type"] not in SHOWN or not content or (of and event["sender"] != of):
                continue
            if relation.get("rel_type") == "m.replace":
                if relation["event_id"] in shown:
                    shown[relation["event_id"]]["content"] = content["m.new_content"]
            else:
                shown[event["event_id"]] = {"event": event["event_id"], "sender": event["sender"], "content": content}
        return list(shown.values())

    async def close(self) -> None:
        """Hang up."""
        await self.http.aclose()


def in_thread(root: str) -> dict[str, Any]:
    """What makes a message one of a thread."""
    relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True}
    return {"m.relates_to": {**relation, "m.in_reply_to": {"event_id": root}}}


class MatrixWorld(World):
    """A county whose bot is on Matrix. `pump` lets the bot read what happened there."""

    def __init__(self, runtime: Runtime, synapse: Synapse, bot: Registered, features: Any = FEATURES) -> None:
        from bot.platforms.matrix.adapter import MatrixPlatform

        super().__init__(runtime, Paper(), features)
        self.synapse, self.bot = synapse, bot
        self.matrix = MatrixPlatform(runtime)
        bots = Bots.of(self.paper, self.matrix)
        self.handlers = Handlers(runtime, Dispatcher(features), bots)
        self.deliverers = Deliverers(runtime, bots, GUARDS)
        self.fetchers = Fetchers(runtime, bots, FOLLOWERS)
        self.mirrors = Mirrors(runtime, bots)
        self.people: list[Somebody] = []

    async def somebody(self, name: str = "李春华") -> Somebody:
        """Somebody with an account on the homeserver."""
        person = Somebody(self.synapse, self.synapse.register(f"u{new_pid()}"), name)
        self.people.append(person)
        await person.call_myself()
        return person

    async def chat_with(self, person: Somebody) -> str:
        """A private chat of somebody with the bot."""
        room = await person.make_room(self.bot.user_id, direct=True, preset="trusted_private_chat")
        await self.pump()
        return room

    async def pump(self, settle: bool = True) -> None:
        """Let the bot read until nothing is new, handle and answer it."""
        for _ in range(50):
            before = self.matrix.connection.cursor
            await self.matrix.syncing.step()
            if self.matrix.connection.cursor == before:
                break
        if settle:
            await self.settle()

    async def close(self) -> None:
        """Hang up on everybody."""
        for person in self.people:
            await person.close()
        await self.matrix.connection.release()
        await self.matrix.close()


def config_for(synapse: Synapse, bot: Registered, **more: Any) -> Config:
    """A configuration with a Matrix account."""
    matrix = {"homeserver": synapse.url, "user_id": bot.user_id, "password": SecretStr(bot.password), **more}
    return Config(web={"secret": SecretStr("for tests only")}, matrix=matrix)


@asynccontextmanager
async def a_matrix_world(database_url: str, synapse: Synapse, features: Sequence[Any] = FEATURES,
                         bot: Registered | None = None, kind: "type[MatrixWorld] | None" = None, **more: Any,
                         ) -> AsyncIterator[MatrixWorld]:  # fmt: skip
    """A world with a new account of the bot; it has read everything up to now."""
    bot = bot or synapse.register(f"bot{new_pid()}")
    runtime = Runtime(config_for(synapse, bot, **more), Database(database_url), Blobs("memory:"), now=lambda: NOW)
    world = (kind or MatrixWorld)(runtime, synapse, bot, features)
    try:
        await world.matrix.start()
        await world.pump()
        yield world
    finally:
        await world.close()
        await runtime.close()
