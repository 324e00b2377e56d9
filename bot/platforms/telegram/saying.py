"""sendMessage, the call that is made most: written once for all who are told the same. Imports aiogram.

Typed objects for every copy cost as much as sending it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from aiogram.types import InlineKeyboardMarkup

from api.messaging.delivering import Work
from api.messaging.render import Reader
from api.messaging.tree import Node, Rows
from bot.platforms.telegram.client import Written
from bot.platforms.telegram.markup import Piece, keyboard_of, pieces_of, sayable

GAP = Piece("…")  # buttons need words above them
QUIET = '{"is_disabled": true}'  # no previews of links


class SendWords(Written):
    """https://core.telegram.org/bots/api#sendmessage"""

    __api_method__ = "sendMessage"


def words_to(
    chat: int, topic: int | None, written: bytes, reply_to: int | None = None, paid: bool = False
) -> SendWords:
    """The call that says what `write` wrote in a chat or topic, as an answer to one of its messages."""
    where = b"chat_id=%d&" % chat if topic is None else b"chat_id=%d&message_thread_id=%d&" % (chat, topic)
    if reply_to is not None:
        answered = {"message_id": reply_to, "allow_sending_without_reply": True}
        where += urlencode({"reply_parameters": json.dumps(answered)}).encode() + b"&"
    return SendWords(body=where + (b"allow_paid_broadcast=true&" if paid else b"") + written)


def write(piece: Piece, keyboard: InlineKeyboardMarkup | None) -> bytes:
    """A message as it goes over the wire, but for where it goes."""
    parts = {"text": piece.text, "link_preview_options": QUIET}
    if piece.entities:
        parts["entities"] = json.dumps(piece.entities)
    if keyboard is not None:
        parts["reply_markup"] = keyboard.model_dump_json(exclude_none=True)
    return urlencode(parts).encode()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message as it was drawn for one kind of reader; `written`: its pieces, the buttons under the last."""

    tree: Node
    rows: Rows
    reader: Reader
    pieces: Sequence[Piece]
    keyboard: InlineKeyboardMarkup | None
    written: Sequence[bytes]

    def fits(self, work: Work) -> bool:
        """Whether a delivery looks the same: the very tree, and equal buttons for an equal reader."""
        return self.tree is work.tree and self.rows == work.rows and self.reader == work.reader


def draw(work: Work) -> Drawn:
    """A message as it looks for the reader of a delivery."""
    tree, rows = sayable(work.tree, work.rows)
    pieces, keyboard = pieces_of(tree, work.reader), markup_of(rows, work.reader)
    shown = with_buttons(pieces or ([GAP] if keyboard is not None else []), keyboard)
    return Drawn(work.tree, work.rows, work.reader, pieces, keyboard, [write(*one) for one in shown])


def with_buttons(
    pieces: Sequence[Piece], keyboard: InlineKeyboardMarkup | None
) -> list[tuple[Piece, InlineKeyboardMarkup | None]]:
    """Pieces, the buttons under the last."""
    return [(piece, keyboard if n == len(pieces) - 1 else None) for n, piece in enumerate(pieces)]


def markup_of(rows: Rows, reader: Reader) -> InlineKeyboardMarkup | None:
    """The keyboard under a message."""
    drawn = keyboard_of(rows, reader)
    return InlineKeyboardMarkup(inline_keyboard=cast(Any, drawn)) if drawn else None
