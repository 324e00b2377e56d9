"""Files both ways: up as they are read, down as they come, never whole in memory; sealed in encrypted rooms."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from api.attachments.service import Content, content_of, find_attachments
from api.attachments.texts import megabytes
from api.context import Context
from api.errors import Problem
from api.messaging.tree import Node, T
from bot.inbound import File
from bot.platforms.base import Rejected, Transient
from bot.platforms.matrix.connection import Connection
from bot.platforms.matrix.homeserver import Refused
from bot.platforms.matrix.sealing import Seal, opened

MSGTYPES = {"photo": "m.image", "voice": "m.audio", "video": "m.video", "document": "m.file"}
PIECE = 256 * 1024  # bytes in memory at a time
KNOWN_UPLOADS = 1_000  # addresses of what was uploaded already: a push goes to many rooms
TOO_LARGE = 413  # also of a proxy that takes less than the homeserver


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file of a message."""

    pid: str
    kind: str
    content: Content


class Files:
    """The files of one account."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: OrderedDict[tuple[str, bool], dict[str, Any] | None] = OrderedDict()
        self._turns: dict[tuple[str, bool], asyncio.Lock] = {}

    async def contents(self, pids: Sequence[str], encrypted: bool) -> list[dict[str, Any]]:
        """The m.room.message contents of attachments, without those that are too large. Raises SendError."""
        found = []
        for pid in pids:  # one at a time: what just came in may still lie in the database, and comes whole
            for file in await self.connection.runtime.read(outgoing, [pid]):
                where = await self._where(file, encrypted)
                if where is not None:
                    found.append(_content(file, where))
        return found

    async def left_out(self, pids: Sequence[str]) -> list[Node]:
        """What is to be said of attachments that are too large. Raises SendError."""
        if not pids:
            return []
        most, said = await self.connection.home.most_bytes(), list[Node]()
        for pid, name, size in await self.connection.runtime.read(sizes_of, pids):
            if most is not None and size > most:
                limit = megabytes(most)
                say = T("“{name}” ({size}) is too large to be sent here: at most {limit} each.", name=name,
                        size=megabytes(size), limit=limit)  # fmt: skip
                said.append(say)
            elif None in (self._known.get((pid, sealed), {}) for sealed in (False, True)):
                said.append(T("“{name}” ({size}) is too large to be sent here.", name=name, size=megabytes(size)))
        return said

    async def _where(self, file: Outgoing, encrypted: bool) -> dict[str, Any] | None:
        """The address of a file, which is uploaded once; None for one that is too large."""
        key = file.pid, encrypted
        if key not in self._known:
            async with self._turns.setdefault(key, asyncio.Lock()):  # a push sends one file to many at once
                if key not in self._known:
                    self._known[key] = await self._put(file, encrypted)
                    if len(self._known) > KNOWN_UPLOADS:
                        self._known.popitem(last=False)
            self._turns.pop(key, None)
        return self._known[key]

    async def _put(self, file: Outgoing, encrypted: bool) -> dict[str, Any] | None:
        most = await self.connection.home.most_bytes()
        if most is not None and file.content.size > most:
            return None
        try:
            return await (self._upload_sealed(file) if encrypted else self._upload(file))
        except Refused as error:
            if error.status != TOO_LARGE:
                raise
            return None

    async def _upload(self, file: Outgoing) -> dict[str, Any]:
        home, content = self.connection.home, file.content
        return {"url": await home.upload(self._pieces(content), content.size, content.mime, content.name)}

    async def _upload_sealed(self, file: Outgoing) -> dict[str, Any]:
        seal, content = Seal(), file.content
        sealed = seal.close(self._pieces(content))
        url = await self.connection.home.upload(sealed, content.size, "application/octet-stream")
        return {"file": {**seal.how(), "url": url}}

    async def _pieces(self, content: Content) -> AsyncIterator[bytes]:
        if content.data is not None:
            for start in range(0, len(content.data), PIECE):
                yield content.data[start : start + PIECE]
            return
        assert content.blob_key is not None
        try:
            async for piece in self.connection.runtime.blobs.stream(content.blob_key):
                yield piece
        except FileNotFoundError as error:
            raise Rejected("the bytes of this file are not here any more") from error

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file that somebody sent. Raises SendError, for one that was changed after its last piece."""
        pieces, sealed = self._come(file), file.ref.get("file")
        async for piece in opened(pieces, sealed) if isinstance(sealed, dict) else pieces:
            yield piece

    async def _come(self, file: File) -> AsyncIterator[bytes]:
        """The bytes as they lie there."""
        empty = True
        async for piece in self.connection.home.download(file.ref["mxc"], file.mime, file.size):
            empty = False
            yield piece
        if empty and file.size:
            raise Transient("nothing came of a file that is not empty")


def _content(file: Outgoing, where: dict[str, Any]) -> dict[str, Any]:
    name = file.content.name
    info = {"mimetype": file.content.mime, "size": file.content.size}
    content = {"msgtype": MSGTYPES[file.kind], "body": name, "filename": name, "info": info, **where}
    return content | {"org.matrix.msc3245.voice": {}} if file.kind == "voice" else content


def outgoing(ctx: Context, pids: Sequence[str]) -> list[Outgoing]:
    """What can be sent of some attachments; one that failed is left out, its words go all the same."""
    found = []
    for row in find_attachments(ctx, pids):
        try:
            found.append(Outgoing(row.pid, row.kind, content_of(ctx, row)))
        except Problem:
            continue
    return found


def sizes_of(ctx: Context, pids: Sequence[str]) -> list[tuple[str, str, int]]:
    """(pid, name, size in bytes) of attachments that are stored."""
    return [(row.pid, row.name, row.size) for row in find_attachments(ctx, pids) if row.state == "stored"]
