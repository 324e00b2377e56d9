"""Files the bot sends: our attachments, alone with words under them or as albums. Imports aiogram."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from aiogram.methods import SendDocument, SendMediaGroup, SendPhoto, SendVideo, SendVoice, TelegramMethod
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    MessageEntity,
)

from api.attachments.service import Content, content_of, find_attachments
from api.context import Context
from api.errors import Problem
from api.runtime import Runtime
from bot.platforms.base import Rejected, Transient
from bot.platforms.telegram.client import UPLOAD_SECONDS, Client
from bot.platforms.telegram.markup import Piece

PHOTO_LIMIT = 10 * 2**20  # bytes; larger pictures go as files
ALBUM = 10
KNOWN_FILES = 512  # files whose Telegram id is remembered: a push uploads once
NOT_A_PHOTO = ("photo", "image_process")  # words of a refusal: the picture may still go as a file


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file of ours to be sent."""

    pid: str
    kind: str
    content: Content


@dataclass(frozen=True, slots=True)
class Bunch:
    """Files for one call: an album, or one file with words and buttons."""

    kind: str
    files: Sequence[Outgoing]
    caption: Piece | None = None
    keyboard: InlineKeyboardMarkup | None = None


def bunches_of(files: Sequence[Outgoing]) -> list[Bunch]:
    """Files in order, as few calls as possible: photos and videos go together, documents alone, voice one by one."""
    bunches = []
    for kind, group in groupby(files, key=lambda file: "look" if file.kind in ("photo", "video") else file.kind):
        found = list(group)
        size = 1 if kind == "voice" else ALBUM
        bunches += [Bunch(kind, found[n : n + size]) for n in range(0, len(found), size)]
    return bunches


class Uploads:
    """Sends files; what Telegram has already is sent by its id."""

    def __init__(self, runtime: Runtime, client: Client) -> None:
        self.runtime, self.client = runtime, client
        self._uploading = asyncio.Lock()
        self._known: OrderedDict[tuple[str, str], str] = OrderedDict()  # (pid, sent as) -> file id

    async def find(self, pids: Sequence[str]) -> list[Outgoing]:
        """The files of a message that are still there."""
        return await self.runtime.read(_outgoing, pids) if pids else []

    async def send(self, bunch: Bunch, chat: int, topic: int | None) -> list[str]:
        """Send a bunch; returns message ids. Raises SendError. Pictures that are refused as photos go as files."""
        if all((file.pid, _sent_as(file)) in self._known for file in bunch.files):
            return await self._send_somehow(bunch, chat, topic)
        async with self._uploading:  # one after another: whoever waited finds the file known, and memory stays small
            return await self._send_somehow(bunch, chat, topic)

    async def _send_somehow(self, bunch: Bunch, chat: int, topic: int | None) -> list[str]:
        try:
            return await self._send(bunch, chat, topic, as_files=False)
        except Rejected as error:
            if not any(word in str(error).lower() for word in NOT_A_PHOTO):
                raise
        found = []
        for file in bunch.files:
            one = Bunch("document", [file], bunch.caption, bunch.keyboard)
            found += await self._send(one, chat, topic, as_files=True)
        return found

    async def _send(self, bunch: Bunch, chat: int, topic: int | None, as_files: bool) -> list[str]:
        kinds = ["document" if as_files else _sent_as(file) for file in bunch.files]
        given = [await self._given(file, kind) for file, kind in zip(bunch.files, kinds, strict=True)]
        where = {"chat_id": chat, "message_thread_id": topic}
        method: TelegramMethod[Any]
        if len(bunch.files) > 1 and len({kind == "document" for kind in kinds}) == 1:
            media = [MEDIA[kind](media=file) for kind, file in zip(kinds, given, strict=True)]
            method = SendMediaGroup(media=cast(Any, media), **cast(Any, where))
        elif len(bunch.files) > 1:  # a picture too large for a photo among photos
            alone = [Bunch("", [file]) for file in bunch.files]
            return [native for one in alone for native in await self._send_somehow(one, chat, topic)]
        else:
            method = _single(kinds[0], given[0], bunch, where)
        sent = await self.client.call(method, UPLOAD_SECONDS)
        messages: list[Message] = sent if isinstance(sent, list) else [sent]
        for file, kind, message in zip(bunch.files, kinds, messages, strict=False):
            self._learn(file.pid, kind, message)
        return [str(message.message_id) for message in messages]

    async def _given(self, file: Outgoing, kind: str) -> str | InputFile:
        if known := self._known.get((file.pid, kind)):
            return known
        content = file.content
        if content.blob_key is None:
            return BufferedInputFile(content.data or b"", content.name)
        try:
            data = b"".join([piece async for piece in self.runtime.blobs.stream(content.blob_key)])
        except FileNotFoundError as error:
            raise Rejected(f"the bytes of {file.pid} are not there any more") from error
        except OSError as error:
            raise Transient(f"the bytes of {file.pid} cannot be read: {error}") from error
        return BufferedInputFile(data, content.name)

    def _learn(self, pid: str, kind: str, message: Message) -> None:
        held: Any = getattr(message, kind, None)
        largest = held[-1] if isinstance(held, list) and held else held
        if largest is not None:
            self._known[pid, kind] = largest.file_id
            if len(self._known) > KNOWN_FILES:
                self._known.popitem(last=False)


MEDIA: dict[str, Callable[..., Any]] = {
    "photo": InputMediaPhoto, "video": InputMediaVideo, "document": InputMediaDocument,
}  # fmt: skip
SINGLE: dict[str, Callable[..., TelegramMethod[Any]]] = {
    "photo": SendPhoto, "video": SendVideo, "voice": SendVoice, "document": SendDocument,
}  # fmt: skip


def _sent_as(file: Outgoing) -> str:
    large = file.kind == "photo" and file.content.size > PHOTO_LIMIT
    return "document" if large else file.kind


def _single(kind: str, given: Any, bunch: Bunch, where: dict[str, Any]) -> TelegramMethod[Any]:
    words: dict[str, Any] = {}
    if bunch.caption is not None:
        words["caption"] = bunch.caption.text
        words["caption_entities"] = [MessageEntity(**entity) for entity in bunch.caption.entities] or None
    return SINGLE[kind](reply_markup=bunch.keyboard, **{kind: given}, **words, **where)


def _outgoing(ctx: Context, pids: Sequence[str]) -> list[Outgoing]:
    found = []
    for row in find_attachments(ctx, pids):
        try:
            found.append(Outgoing(row.pid, row.kind, content_of(ctx, row)))
        except Problem:  # failed or not fetched yet: the words go out all the same
            continue
    return found
