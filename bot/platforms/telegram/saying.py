"""sendMessage, the call that is made most: written once for all who are told the same. Imports aiogram.

Typed objects for every copy cost as much as sending it. And the answer is read raw: one that aiogram could not read
would count as none, and the message would be sent again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiogram.types import InlineKeyboardMarkup

from api.messaging.delivering import Work
from api.messaging.render import Reader
from api.messaging.tree import Node, Rows
from bot.platforms.telegram.client import Written
from bot.platforms.telegram.markup import Piece

QUIET = '{"is_disabled": true}'  # no previews of links


class SendWords(Written):
    """https://core.telegram.org/bots/api#sendmessage"""

    __returning__ = dict[str, Any]
    __api_method__ = "sendMessage"


def words_to(chat: int, topic: int | None, written: bytes) -> SendWords:
    """The call that says what `write` wrote in a chat or topic."""
    where = b"chat_id=%d&" % chat if topic is None else b"chat_id=%d&message_thread_id=%d&" % (chat, topic)
    return SendWords(body=where + written)


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
