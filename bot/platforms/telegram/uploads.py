"""Files the bot sends: our attachments, alone with words under them or as albums. Imports aiogram."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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
    MessageEntity,
    ReplyParameters,
)

from api.attachments.service import Content, content_of, find_attachments
from api.context import Context
from api.errors import Problem
from api.messaging.delivering import SLOWEST_UPLOAD
from api.runtime import Runtime
from bot.platforms.base import Rejected, Transient
from bot.platforms.telegram.client import CALL_SECONDS, Client, NoFile, ids_of
from bot.platforms.telegram.markup import Piece

PHOTO_LIMIT = 10 * 2**20  # bytes; larger pictures go as files
ALBUM = 10
KNOWN_FILES = 512  # files whose Telegram id is remembered: a push uploads once
TURN_SECONDS = 15  # to wait until another file was uploaded
LOOKS = ("photo", "video")  # what can be mixed in an album
# https://core.telegram.org/bots/api#sendvoice: an .OGG file encoded with OPUS, .MP3 or .M4A; others are documents
VOICES = frozenset("audio/ogg audio/opus audio/mpeg audio/mp3 audio/mp4 audio/m4a audio/x-m4a".split())
# words of a refusal that concern the file itself, in every chat
UNFIT = ("photo_invalid", "image_process", "too big for a photo", "photo_ext_invalid", "photo_save_file_invalid")
ALONE, DOCUMENT, REFUSED = "alone", "document", "refused"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file of ours to be sent as photo, video, voice or document; `alone`: in no album."""

    pid: str
    kind: str
    content: Content
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Bunch:
    """Files for one call: an album, or one file with words and buttons."""

    files: Sequence[Outgoing]
    caption: Piece | None = None
    keyboard: InlineKeyboardMarkup | None = None
    reply_to: int | None = None  # the message that it answers
    paid: bool = False  # that it goes faster than what is free


def bunches_of(files: Sequence[Outgoing]) -> list[Bunch]:
    """Files in order, as few calls as possible: photos and videos go together, documents alone, voice one by one."""
    bunches = []
    for _, group in groupby(enumerate(files), key=lambda pair: _company(*pair)):
        found = [file for _, file in group]
        bunches += [Bunch(found[n : n + ALBUM]) for n in range(0, len(found), ALBUM)]
    return bunches


def _company(n: int, file: Outgoing) -> object:
    """What is equal for neighbours that can share an album."""
    if file.alone or file.kind == "voice":
        return n
    return "look" if file.kind in LOOKS else file.kind


def instead(bunch: Bunch) -> str:
    """What to try with files after they were refused as this bunch: each alone, as a document, not at all."""
    if len(bunch.files) > 1:
        return ALONE
    return REFUSED if bunch.files[0].kind == "document" else DOCUMENT


class Forgotten(NoFile):
    """Ids that Telegram gave us do not live for ever: the files are to be uploaded again, in their turn."""


class Uploads:
    """Sends files; what Telegram has already is sent by its id."""

    def __init__(self, runtime: Runtime, client: Client) -> None:
        self.runtime, self.client = runtime, client
        self._uploading = asyncio.Lock()
        self._known: OrderedDict[tuple[str, str], str] = OrderedDict()  # (pid, sent as) -> file id
        self._unfit: OrderedDict[str, None] = OrderedDict()  # pids of what is no photo for Telegram

    async def find(self, pids: Sequence[str], tried: Mapping[str, str]) -> tuple[list[Outgoing], list[Outgoing]]:
        """The files of a message that are still there: those to be sent, and those that were refused. `tried` (pid ->
        ALONE, DOCUMENT, REFUSED) is what is left to be tried with some."""
        found = await self.runtime.read(_outgoing, pids) if pids else []
        refused = [file for file in found if tried.get(file.pid) == REFUSED]
        return [self._as_sent(file, tried.get(file.pid)) for file in found if file not in refused], refused

    def _as_sent(self, file: Outgoing, how: str | None) -> Outgoing:
        large = file.kind == "photo" and file.content.size > PHOTO_LIMIT
        strange = file.kind == "voice" and file.content.mime not in VOICES
        unfit = large or strange or how == DOCUMENT or file.pid in self._unfit
        # what was refused once goes into no album again, that each refusal leaves less to be tried
        return replace(file, kind="document" if unfit else file.kind, alone=how is not None)

    @asynccontextmanager
    async def alone(self, bunch: Bunch) -> AsyncIterator[None]:
        """What Telegram does not know is sent one after another: whoever waited finds the file known, and memory stays
        small. Who waits does so here, and holds up nothing that the bot could send meanwhile. Raises Transient."""
        if self._knows(bunch):
            yield
            return
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._uploading.acquire()
        except TimeoutError as error:
            raise Transient("other files are being uploaded") from error
        try:
            yield
        finally:
            self._uploading.release()

    async def send(self, bunch: Bunch, chat: int, topic: int | None) -> list[str]:
        """Send a bunch by one call; returns message ids. Raises SendError; Forgotten: it is to be sent anew."""
        keys = [(file.pid, file.kind) for file in bunch.files]
        used = {key: self._known[key] for key in keys if key in self._known}
        try:
            return await self._send(bunch, chat, topic)
        except Rejected as error:
            if isinstance(error, NoFile) and used:
                for key, held in used.items():
                    if self._known.get(key) == held:  # else somebody has uploaded it meanwhile
                        del self._known[key]
                raise Forgotten(str(error)) from error
            if len(bunch.files) == 1 and any(word in str(error).lower() for word in UNFIT):
                _remember(self._unfit, bunch.files[0].pid, None)
            raise

    def _knows(self, bunch: Bunch) -> bool:
        return all((file.pid, file.kind) in self._known for file in bunch.files)

    async def _send(self, bunch: Bunch, chat: int, topic: int | None) -> list[str]:
        given = [await self._given(file) for file in bunch.files]
        where: dict[str, Any] = {"chat_id": chat, "message_thread_id": topic}
        if bunch.paid:
            where["allow_paid_broadcast"] = True
        if bunch.reply_to is not None:
            where["reply_parameters"] = ReplyParameters(message_id=bunch.reply_to, allow_sending_without_reply=True)
        method: TelegramMethod[Any]
        if len(bunch.files) > 1:
            media = [MEDIA[file.kind](media=one) for file, one in zip(bunch.files, given, strict=True)]
            method = SendMediaGroup(media=cast(Any, media), **cast(Any, where))
        else:
            method = _single(bunch, given[0], where)
        size = sum(file.content.size for file, one in zip(bunch.files, given, strict=True) if not isinstance(one, str))
        sent = await self.client.send(method, CALL_SECONDS + size / SLOWEST_UPLOAD)
        for file, message in zip(bunch.files, sent, strict=False):
            self._learn(file, message)
        return ids_of(sent)

    async def _given(self, file: Outgoing) -> str | InputFile:
        if known := self._known.get((file.pid, file.kind)):
            return known
        return await as_upload(self.runtime, file.content)

    def _learn(self, file: Outgoing, message: Any) -> None:
        """Under which id Telegram has a file now; what it made a document of is sent as one from now on."""
        kind = "document" if file.kind not in message and "document" in message else file.kind
        if kind != file.kind:
            _remember(self._unfit, file.pid, None)
        held = message.get(kind)
        largest = held[-1] if isinstance(held, list) and held else held
        if isinstance(largest, dict) and isinstance(largest.get("file_id"), str):
            _remember(self._known, (file.pid, kind), largest["file_id"])


async def as_upload(runtime: Runtime, content: Content) -> BufferedInputFile:
    """The bytes of an attachment. Raises Rejected when they are gone, Transient when they cannot be read now."""
    if content.blob_key is None:
        return BufferedInputFile(content.data or b"", content.name)
    try:
        data = b"".join([piece async for piece in runtime.blobs.stream(content.blob_key)])
    except FileNotFoundError as error:
        raise Rejected(f"the bytes of {content.mark} are not there any more") from error
    except OSError as error:
        raise Transient(f"the bytes of {content.mark} cannot be read: {error}") from error
    return BufferedInputFile(data, content.name)


MEDIA: dict[str, Callable[..., Any]] = {
    "photo": InputMediaPhoto, "video": InputMediaVideo, "document": InputMediaDocument,
}  # fmt: skip
SINGLE: dict[str, Callable[..., TelegramMethod[Any]]] = {
    "photo": SendPhoto, "video": SendVideo, "voice": SendVoice, "document": SendDocument,
}  # fmt: skip


def _remember(of: "OrderedDict[Any, Any]", key: object, value: object) -> None:
    of[key] = value
    if len(of) > KNOWN_FILES:
        of.popitem(last=False)


def _single(bunch: Bunch, given: Any, where: dict[str, Any]) -> TelegramMethod[Any]:
    words: dict[str, Any] = {}
    if bunch.caption is not None:
        words["caption"] = bunch.caption.text
        words["caption_entities"] = [MessageEntity(**entity) for entity in bunch.caption.entities] or None
    kind = bunch.files[0].kind
    return SINGLE[kind](reply_markup=bunch.keyboard, **{kind: given}, **words, **where)


def _outgoing(ctx: Context, pids: Sequence[str]) -> list[Outgoing]:
    found = []
    for row in find_attachments(ctx, pids):
        try:
            found.append(Outgoing(row.pid, row.kind, content_of(ctx, row)))
        except Problem:  # failed or not fetched yet: the words go out all the same
            continue
    return found
