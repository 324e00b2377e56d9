"""What goes out. Transaction ids are made of the delivery: sent twice, it is there once (API, 11.7.1.1)."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from api.matrix.service import Taken
from api.messaging.delivering import Work
from api.messaging.polls import PREFIX
from api.messaging.tree import Lines
from bot.platforms.base import Gone, Moved, SendError, Transient
from bot.platforms.matrix.connection import Connection
from bot.platforms.matrix.files import Files
from bot.platforms.matrix.homeserver import CLIENT, Refused, SignedOut, part, room_path
from bot.platforms.matrix.markup import answering, contents_of, edit_of, in_thread, reactions_for
from bot.platforms.matrix.polls import END, START, end_of, start_of
from bot.platforms.matrix.rooms import Room

MESSAGE = "m.room.message"
NOT_AGAIN = frozenset({"M_DUPLICATE_ANNOTATION"})  # it is there already: as good as done


class Sending:
    """The writer of one account."""

    def __init__(self, connection: Connection, files: Files) -> None:
        self.connection, self.files = connection, files

    async def send(self, work: Work) -> Sequence[str]:
        """Make one delivery; returns the ids of the messages it became. Raises SendError."""
        await self.connection.open()
        holder = self.connection.holder
        room = self._room(work)
        try:
            match work.kind:
                case "send":
                    return await self._say(room, work)
                case "edit":
                    await self._edit(room, work)
                case "delete":
                    for n, target in enumerate(work.targets):
                        await self._redact(room, target, f"{work.pid}-{n}-delete")
            return []
        except SignedOut:
            self.connection.signed_out()
            raise
        except Taken as error:
            await self.connection.end_term(holder)
            raise Transient(str(error)) from error
        except Refused as error:
            if error.status in (403, 404) and not await self._inside(room):
                raise Gone(str(error)) from error
            raise

    def _room(self, work: Work) -> Room:
        """The room, if we are in it and it is what it was when this was addressed to it. Raises Gone, Moved."""
        room = self.connection.rooms.get(work.chat.native)
        if room is not None and (new := self.connection.moved_to(room)) is not None:
            raise Moved(new.native)
        if work.chat.account != self.connection.account or room is None or room.membership != "join":
            raise Gone("we are not in this room")
        if work.chat.kind == "private" and (room.kind != "private" or room.deserted):
            raise Gone("this is no conversation of two any more")
        return room

    async def _say(self, room: Room, work: Work) -> list[str]:
        asked = start_of(work.poll, work.reader) if work.poll is not None else None
        if asked is not None:
            event = await self._tell(room, work, START, f"{work.pid}-0-poll", asked)
            return [event, f"{PREFIX}{event}"]
        files = await self.files.contents(work.files, room.encrypted)
        contents = await self._words(work)
        last = len(contents) - 1
        contents = [content for content in contents if content["body"]] + files
        sent = []
        for n, content in enumerate(contents):
            if n == 0 and work.reply_to is not None:
                content = answering(content, work.reply_to)
            sent.append(await self._tell(room, work, MESSAGE, f"{work.pid}-{n}", content))
            if sent[-1] not in work.begun:
                work.begun.append(sent[-1])  # what comes after it may fail
        if room.kind == "room" and sent:
            for n, key in enumerate(reactions_for(work.rows)):
                relation = {"rel_type": "m.annotation", "event_id": sent[min(last, len(sent) - 1)], "key": key}
                await self._react(room, f"{work.pid}-{n}-react", {"m.relates_to": relation})
        return sent

    async def _words(self, work: Work) -> list[dict[str, Any]]:
        left_out = await self.files.left_out(work.files)
        tree = Lines(work.tree, "", *left_out) if left_out else work.tree
        return contents_of(tree, work.reader, work.rows)

    async def _tell(self, room: Room, work: Work, kind: str, txn: str, content: dict[str, Any]) -> str:
        """Say one thing, in the thread where it was asked for."""
        if work.handle:
            try:
                return await self._put(room, kind, txn, in_thread(content, work.handle))
            except Refused as error:
                if error.status != 400:
                    raise  # 400: no thread of this room, or none that can be answered; then the room is answered
        return await self._put(room, kind, txn, content)

    async def _edit(self, room: Room, work: Work) -> None:
        if work.poll_id is not None:
            await self._change_poll(room, work, work.poll_id)
            return
        contents = await self._words(work)
        words = work.targets[: max(1, len(work.targets) - len(work.files))]  # files come after them
        for n, (target, content) in enumerate(zip(words, contents, strict=False)):
            # by its content: when an edit is repeated, the message may say something else by then
            await self._put(room, MESSAGE, f"{work.pid}-{n}-edit-{_digest(content)}", edit_of(content, target))
        for target in words[len(contents) :]:  # of what was longer, or of files that were taken back
            await self._redact(room, target, f"{work.pid}-{quote(target, safe='')}-gone")

    async def _change_poll(self, room: Room, work: Work, poll_id: str) -> None:
        """Others answered its words: they stay. It ends when it is closed, and goes when there is none any more."""
        if work.poll is None:
            await self._redact(room, poll_id, f"{work.pid}-0-delete")
        elif work.poll.closed:
            await self._put(room, END, f"{quote(poll_id, safe='')}-end", end_of(poll_id, work.tree, work.reader))

    async def _redact(self, room: Room, event: str, txn: str) -> None:
        """Take an event back. In rooms of version 3 its id may have a slash in it."""
        path = room_path(room.native, f"redact/{quote(event, safe='')}/{txn}")
        await self.connection.home.call("PUT", path, {})

    async def _react(self, room: Room, txn: str, content: dict[str, Any]) -> None:
        """Reactions are sent in clear, in encrypted rooms too: so do all clients."""
        try:
            await self.connection.home.call("PUT", room_path(room.native, f"send/m.reaction/{txn}"), content)
        except Refused as error:
            if error.code not in NOT_AGAIN and error.status != 403:  # a room may forbid reactions, not the message
                raise

    async def _put(self, room: Room, kind: str, txn: str, content: dict[str, Any]) -> str:
        if room.encrypted:
            content = await self.connection.secrecy.sharing.encrypt(room.native, kind, content)
            kind = "m.room.encrypted"
        answer = await self.connection.home.call("PUT", room_path(room.native, f"send/{kind}/{txn}"), content)
        return part(answer, "event_id", str)

    async def _inside(self, room: Room) -> bool:
        """Whether we are still in a room that refused us something."""
        try:
            joined = part(await self.connection.home.call("GET", f"{CLIENT}/joined_rooms"), "joined_rooms", list)
        except SendError:
            return True
        return room.native in joined


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
