"""The page of the emulator when it runs alone: one sees chats as any person, types, presses, makes groups."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.emulators.telegram.acts import ACTS
from tests.emulators.telegram.errors import Refused
from tests.emulators.telegram.methods.commands import menu
from tests.emulators.telegram.model import Bot, Chat, Json, Message, Press
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.world import World

FOLDER = Path(__file__).parent / "static"
PATIENCE = 20  # seconds a request for news waits
SHOWN = 200  # newest messages
FILES = ("photo", "document", "voice", "video", "audio", "video_note", "sticker")


class Page:
    """The ASGI application; `acts` (acts.py) are what the page's buttons do."""

    def __init__(self, world: World, bot: Bot) -> None:
        self.world, self.bot = world, bot
        names = ("page.js", "page.css", "words.js")
        static = [Route(f"/{name}", self._static(name)) for name in names]
        routes = [Route("/", self._static("page.html")), Route("/state", self._state), *static]
        routes += [Route("/act", self._act, methods=["POST"]), Route("/kept/{path:path}", self._kept)]
        self._app = Starlette(routes=routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def _static(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_request: Request) -> Response:
            return FileResponse(FOLDER / name, headers={"cache-control": "no-store"})

        return answer

    async def _state(self, request: Request) -> Response:
        """What one person sees, as soon as it is newer than `version`."""
        world, query = self.world, request.query_params
        if query.get("version") == str(world.version):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(world.changed.wait(), PATIENCE)
        return JSONResponse(self.state(int(query.get("me", 0)), query.get("chat", "bot")))

    async def _act(self, request: Request) -> Response:
        """Do what a button of the page says: JSON with `act`, `me`, `chat` and more."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            return JSONResponse({"error": "JSON, please"}, 415)  # no form of another site can send this
        told = await request.json()
        try:
            done = ACTS[told["act"]](self, self.person(int(told.get("me", 0))), told)
        except (PermissionError, LookupError, ValueError, Refused) as error:
            return JSONResponse({"error": str(error)}, 400)
        self.world.touch()
        return JSONResponse(done or {})

    async def _kept(self, request: Request) -> Response:
        """A file of a message: only pictures are shown, all else is saved."""
        stored = self.world.files.at(request.path_params["path"])
        if stored is None:
            return Response(status_code=404)
        shown = stored.mime if stored.kind == "photo" else "application/octet-stream"
        return Response(stored.data, media_type=shown, headers={"x-content-type-options": "nosniff"})

    def people(self) -> list[Person]:
        """Everybody who can be played."""
        return [one for one in self.world.users.values() if isinstance(one, Person) and one.active]

    def person(self, number: int) -> Person:
        """One of them; the first when there is no such."""
        people = self.people()
        return next((one for one in people if one.id == number), people[0])

    def chat(self, me: Person, key: str) -> Chat:
        """The chat that a key names: "bot" or an id. Raises LookupError."""
        if key == "bot":
            return self.world.private(me, self.bot)
        return self.world.chats[int(key)]

    def state(self, number: int, key: str) -> Json:
        """Everything the page draws."""
        me = self.person(number)
        mine = [chat for chat in self.world.chats.values() if chat.member(me).inside and chat.migrated_to is None]
        open_ = self.chat(me, key) if key == "bot" or int(key) in {chat.id for chat in mine} else self.chat(me, "bot")
        private = self.world.private(me, self.bot)
        titles = [{"key": "bot", "title": f"{self.bot.first_name} @{self.bot.username}", "kind": "private"}]
        titles += [{"key": str(chat.id), "title": chat.title, "kind": chat.type} for chat in mine]
        presses = [press for press in self.bot.callbacks.values() if press.user is me and press.answer]
        return {
            "version": str(self.world.version),
            "me": me.id,
            "bot": {"id": self.bot.id, "username": self.bot.username, "privacy": self.bot.privacy},
            "people": [{"id": one.id, "name": one.first_name} for one in self.people()],
            "chats": titles,
            "chat": self._chat(me, open_),
            "blocked": private.blocked,
            "commands": menu(self.bot, open_, me) if open_ is private or self.bot.id in open_.members else [],
            "answers": [_answer(press) for press in presses[-5:]],
        }

    def _chat(self, me: Person, chat: Chat) -> Json:
        members = [one for one in chat.members.values() if one.inside]
        told = {one.id: one.first_name for one in self.people()}
        return {
            "key": "bot" if chat.bot else str(chat.id),
            "title": self.bot.first_name if chat.bot else chat.title,
            "kind": chat.type,
            "forum": chat.forum,
            "topics": [{"id": one.id, "name": one.name, "closed": one.closed} for one in chat.topics.values()],
            "members": [{"id": m.user.id, "name": m.user.first_name, "status": m.status} for m in members],
            "requests": [{"id": number, "name": told.get(number, "?")} for number in chat.requests],
            "messages": [self._message(me, one) for one in list(chat.messages.values())[-SHOWN:]],
        }

    def _message(self, me: Person, message: Message) -> Json:
        answered = message.chat.messages.get(message.reply_to)
        who = message.sender_chat.title if message.sender_chat else message.sender.first_name if message.sender else ""
        seen: Json = {
            "id": message.id,
            "from": who,
            "mine": me in (message.sender, message.author),
            "date": message.date,
            "text": message.text,
            "entities": message.content.get("entities", message.content.get("caption_entities", [])),
            "buttons": message.buttons,
            "keyboard": message.keyboard,
            "edited": bool(message.edited),
            "topic": message.thread or 1,
            "service": next(iter(message.content), "") if message.service else "",
            "reactions": [one["emoji"] for given in message.reactions.values() for one in given],
        }
        if answered is not None and not answered.service:
            seen["reply"] = answered.text[:80]
        if message.poll is not None:
            poll = message.poll
            counts = [sum(number in vote for vote in poll.votes.values()) for number in range(len(poll.options))]
            options = [{"text": one["text"], "votes": count} for one, count in zip(poll.options, counts, strict=True)]
            voted = poll.votes.get(me.id, [])
            seen["poll"] = {"question": poll.question, "options": options, "voted": voted, "closed": poll.closed}
        for kind in FILES:
            if kind in message.content:
                given = message.content[kind]
                stored = self.world.files.get(given[-1]["file_id"] if kind == "photo" else given["file_id"])
                seen["file"] = {"kind": kind, "name": stored.name or kind, "url": f"kept/{stored.path}"}
        return seen


def _answer(press: Press) -> Json:
    return {"id": press.id, **(press.answer or {})}
