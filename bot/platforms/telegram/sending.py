"""One delivery as calls of the Bot API: what is sent, changed, taken back, answered. Imports aiogram."""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    EditMessageCaption,
    EditMessageReplyMarkup,
    EditMessageText,
)
from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity

from api.messaging.delivering import Work
from api.metrics import AMBIGUOUS_SENDS
from api.runtime import Runtime
from bot.platforms.base import Rejected
from bot.platforms.telegram.client import Ambiguous, Client, NothingToDo
from bot.platforms.telegram.limits import Limits
from bot.platforms.telegram.markup import CAPTION_LIMIT, Piece, keyboard_of, pieces_of, toast_of, units
from bot.platforms.telegram.polls import change_poll, fields_of, send_poll
from bot.platforms.telegram.reading import split_place
from bot.platforms.telegram.saying import Drawn, words_to, write
from bot.platforms.telegram.uploads import Bunch, Uploads, bunches_of

HALF_SENT = 512  # deliveries of several messages whose beginning is remembered
QUIET = LinkPreviewOptions(is_disabled=True)
LINKS_ONLY = Piece("…")  # buttons need words above them


class Sender:
    """Makes deliveries. A delivery of several messages that is cut short goes on where it stopped."""

    def __init__(self, runtime: Runtime, client: Client, name: str, limits: Limits) -> None:
        self.client, self.name, self.limits = client, name, limits
        self.uploads = Uploads(runtime, client)
        self._drawn: Drawn | None = None
        self._begun: OrderedDict[int, list[str]] = OrderedDict()

    async def send(self, work: Work) -> Sequence[str]:
        """Make a delivery; returns the message ids of what was sent. Raises SendError."""
        try:
            match work.kind:
                case "send":
                    return await self._say(work)
                case "edit":
                    await self._change(work)
                case "delete":
                    await self._take_back(work)
                case "ack":
                    text = toast_of(work.tree, work.reader)
                    await self.client.call(AnswerCallbackQuery(callback_query_id=work.handle or "", text=text or None))
                case _:
                    raise Rejected(f"Telegram cannot {work.kind}")
        except NothingToDo:
            pass
        except Ambiguous:
            if work.kind == "send":
                AMBIGUOUS_SENDS.labels(self.name).inc()
            raise
        return []

    async def _say(self, work: Work) -> list[str]:
        chat, topic = split_place(work.chat.native)
        fields = fields_of(work.poll, work.reader) if work.poll is not None else None
        if fields is not None:
            await self.limits.pass_through(chat, 1)
            with suppress(Rejected):  # a group may forbid polls: then it is said with buttons
                return await send_poll(self.client, work.chat.native, fields)
        steps = await self._steps(work)
        done = self._begun.pop(work.delivery_id, [])
        left = _left(steps, len(done))
        try:
            await self.limits.pass_through(chat, sum(_messages(step) for step in left))
            for step in left:
                done += await self._make(step, chat, topic)
        except BaseException:
            self._remember(work.delivery_id, done)
            raise
        return done

    async def _make(self, step: "Step", chat: int, topic: int | None) -> list[str]:
        if isinstance(step, Bunch):
            return await self.uploads.send(step, chat, topic)
        sent = await self.client.call(words_to(chat, topic, step))
        return [str(sent["message_id"])]

    async def _steps(self, work: Work) -> "list[Step]":
        """The files first, the words after them with the buttons; a single file carries short words itself."""
        drawn = self._draw(work)
        pieces = drawn.pieces
        bunches = bunches_of(await self.uploads.find(work.files))
        single = len(bunches) == 1 and len(bunches[0].files) == 1
        if single and (not pieces or (len(pieces) == 1 and units(pieces[0].text) <= CAPTION_LIMIT)):
            caption = pieces[0] if pieces else None
            return [Bunch(bunches[0].kind, bunches[0].files, caption, drawn.keyboard)]
        if not bunches and not drawn.written:
            raise Rejected("an empty message")
        return [*bunches, *drawn.written]

    def _draw(self, work: Work) -> Drawn:
        """Words and keyboard. Of a push one tree is claimed for many: what was drawn last is kept."""
        if self._drawn is None or not self._drawn.fits(work):
            pieces, keyboard = pieces_of(work.tree, work.reader), markup_of(work)
            shown = pieces or ([LINKS_ONLY] if keyboard is not None else [])
            last = len(shown) - 1
            written = [write(piece, keyboard if n == last else None) for n, piece in enumerate(shown)]
            self._drawn = Drawn(work.tree, work.rows, work.reader, pieces, keyboard, written)
        return self._drawn

    async def _change(self, work: Work) -> None:
        """Other words and buttons. Buttons that are not given again would go."""
        chat, _ = split_place(work.chat.native)
        if work.poll_id is not None:
            await self.limits.pass_through(chat, 1)
            await change_poll(self.client, work)
            return
        targets = work.targets[len(work.files) :] or work.targets[-1:]
        pieces = pieces_of(work.tree, work.reader)[: len(targets)]
        if not targets:
            return
        await self.limits.pass_through(chat, len(targets))
        for n, target in enumerate(targets):
            keyboard = markup_of(work) if n == len(targets) - 1 else None
            piece = pieces[n] if n < len(pieces) else None
            try:
                await self._edit(chat, int(target), piece, keyboard)
            except NothingToDo:
                continue

    async def _edit(self, chat: int, message: int, piece: Piece | None, keyboard: InlineKeyboardMarkup | None) -> None:
        if piece is None:
            await self.client.call(EditMessageReplyMarkup(chat_id=chat, message_id=message, reply_markup=keyboard))
            return
        try:
            await self.client.call(EditMessageText(
                chat_id=chat, message_id=message, text=piece.text, entities=entities_of(piece),
                reply_markup=keyboard, link_preview_options=QUIET,
            ))  # fmt: skip
        except Rejected as error:
            if "no text in the message" not in str(error):
                raise
            await self.client.call(EditMessageCaption(
                chat_id=chat, message_id=message, caption=piece.text, caption_entities=entities_of(piece),
                reply_markup=keyboard,
            ))  # fmt: skip

    async def _take_back(self, work: Work) -> None:
        chat, _ = split_place(work.chat.native)
        for target in work.targets:
            try:
                await self.client.call(DeleteMessage(chat_id=chat, message_id=int(target)))
            except NothingToDo:
                continue

    def _remember(self, delivery_id: int, done: list[str]) -> None:
        if done:
            self._begun[delivery_id] = done
            if len(self._begun) > HALF_SENT:
                self._begun.popitem(last=False)


Step = Bunch | bytes


def _messages(step: Step) -> int:
    return len(step.files) if isinstance(step, Bunch) else 1


def _left(steps: list[Step], done: int) -> list[Step]:
    """The steps that are still to be made after `done` messages went out."""
    left = []
    for step in steps:
        if done >= _messages(step):
            done -= _messages(step)
        else:
            left.append(step)
    return left


def markup_of(work: Work) -> InlineKeyboardMarkup | None:
    """The keyboard under a message."""
    rows = keyboard_of(work.rows, work.reader)
    return InlineKeyboardMarkup(inline_keyboard=cast(Any, rows)) if rows else None


def entities_of(piece: Piece) -> list[MessageEntity] | None:
    """Entities as aiogram types."""
    return [MessageEntity(**entity) for entity in piece.entities] or None
