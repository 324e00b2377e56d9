"""What was said becomes something else, or goes. Imports aiogram.

A delivery became files first, then words. Only the ids of its messages are known: which of them are files Telegram
says, for they have no text to edit.
"""

import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiogram.methods import DeleteMessage, EditMessageCaption, EditMessageMedia, EditMessageText, TelegramMethod
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    MessageEntity,
)

from api.messaging.delivering import Work
from bot.platforms.base import Rejected
from bot.platforms.telegram.client import Client, NothingToDo, ids_of
from bot.platforms.telegram.limits import Limits
from bot.platforms.telegram.markup import CAPTION_LIMIT, TEXT_LIMIT, Piece, fitting, sayable
from bot.platforms.telegram.polls import change_poll
from bot.platforms.telegram.reading import split_place
from bot.platforms.telegram.saying import GAP, markup_of, with_buttons, words_to, write

QUIET = LinkPreviewOptions(is_disabled=True)
NO_TEXT, NO_CAPTION, TOO_OLD = "no text in the message", "no caption in the message", "can't be deleted"
MANY = 100  # pieces: more than anything becomes
SIDE = 64  # pixels


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be shown in a chat instead of what was."""

    work: Work
    chat: int
    keyboard: InlineKeyboardMarkup | None

    def pieces(self, most: int = MANY, limit: int = TEXT_LIMIT) -> list[Piece]:
        """The words, in at most so many pieces; buttons need some above them."""
        tree, _ = sayable(self.work.tree, self.work.rows)
        return fitting(tree, self.work.reader, most, limit) or ([GAP] if self.keyboard is not None else [])


class Changer:
    """Edits and deletes. What is done twice looks as if it were done once."""

    def __init__(self, client: Client, limits: Limits) -> None:
        self.client, self.limits = client, limits

    async def change(self, work: Work) -> list[str]:
        """Show what a message says now, and nothing else; returns the ids of what had to be sent for that."""
        chat, topic = split_place(work.chat.native)
        if work.poll_id is not None:
            async with self.limits.turn(chat, 1, not work.waited_for):
                await change_poll(self.client, work)
            return []
        _, rows = sayable(work.tree, work.rows)
        shown, targets = Shown(work, chat, markup_of(rows, work.reader)), [int(target) for target in work.targets]
        if not targets:
            return []
        kept = await self._put_words(shown, targets)
        if not kept and not work.begun:  # before the files go: what is left of a message is never nothing
            for piece, keyboard in with_buttons(shown.pieces(), shown.keyboard):
                said = words_to(chat, topic, write(piece, keyboard))
                async with self.limits.turn(chat, 1, not work.waited_for):
                    work.begun.extend(ids_of(await self.client.send(said)))
        for target in targets[len(work.files) :]:
            if target not in kept:
                await self._remove(work, chat, target)
        return work.begun

    async def _put_words(self, shown: Shown, targets: Sequence[int]) -> Sequence[int]:
        """Write the words where words are; returns the messages that have them now. Under a file they are a caption,
        where there are files."""
        if shown.work.files and len(targets) == 1 and await self._caption(shown, targets[0]):
            return targets
        wanted = len(shown.pieces())
        slots = targets[-wanted:] if wanted else []
        while slots and not await self._write(shown, slots):
            slots = slots[1:]
        if wanted and not slots and shown.work.files and await self._caption(shown, targets[-1]):
            return targets[-1:]
        return slots

    async def _write(self, shown: Shown, slots: Sequence[int]) -> bool:
        """Write the words into these messages, each a part; whether they can hold words: the first may be a file."""
        pieces = with_buttons(shown.pieces(len(slots)), shown.keyboard)
        for slot, (piece, keyboard) in zip(slots, pieces, strict=True):
            try:
                await self._call(shown.work, shown.chat, EditMessageText(
                    chat_id=shown.chat, message_id=slot, text=piece.text, entities=entities_of(piece),
                    reply_markup=keyboard, link_preview_options=QUIET,
                ))  # fmt: skip
            except Rejected as error:
                if NO_TEXT not in str(error):
                    raise
                return False
        return True

    async def _caption(self, shown: Shown, target: int) -> bool:
        """Write the words under a file; whether there is one."""
        (piece,) = shown.pieces(1, CAPTION_LIMIT) or [Piece("")]
        try:
            await self._call(shown.work, shown.chat, EditMessageCaption(
                chat_id=shown.chat, message_id=target, caption=piece.text, caption_entities=entities_of(piece),
                reply_markup=shown.keyboard,
            ))  # fmt: skip
        except Rejected as error:
            if NO_CAPTION not in str(error):
                raise
            return False
        return True

    async def _call(self, work: Work, chat: int, method: TelegramMethod[Any]) -> None:
        """An edit; it may be done already, or its message be gone."""
        async with self.limits.turn(chat, 1, not work.waited_for):
            with suppress(NothingToDo):
                await self.client.call(method)

    async def take_back(self, work: Work) -> None:
        """Delete what a delivery became."""
        chat, _ = split_place(work.chat.native)
        for target in work.targets:
            await self._remove(work, chat, int(target))

    async def _remove(self, work: Work, chat: int, message: int) -> None:
        """Delete a message. After 48 hours that is refused: then nothing that can be read or seen is left in it."""
        try:
            await self.client.call(DeleteMessage(chat_id=chat, message_id=message))
        except NothingToDo as error:
            if TOO_OLD not in str(error):
                return
            for method in _emptied(chat, message):
                try:
                    await self._call(work, chat, method)
                    return
                except Rejected:
                    continue


def _emptied(chat: int, message: int) -> list[TelegramMethod[Any]]:
    """Edits of which one fits: of words, of pictures, of documents (in an album none can become another kind)."""
    picture = InputMediaPhoto(media=BufferedInputFile(_blank(), "blank.png"))
    paper = InputMediaDocument(media=BufferedInputFile(GAP.text.encode(), "blank.txt"))
    return [
        EditMessageText(chat_id=chat, message_id=message, text=GAP.text),
        EditMessageMedia(chat_id=chat, message_id=message, media=picture),
        EditMessageMedia(chat_id=chat, message_id=message, media=paper),
    ]


def _blank() -> bytes:
    """A grey PNG. https://www.w3.org/TR/png-3/"""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\xe6" * SIDE) * SIDE
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def entities_of(piece: Piece) -> list[MessageEntity] | None:
    """Entities as aiogram types."""
    return [MessageEntity(**entity) for entity in piece.entities] or None
