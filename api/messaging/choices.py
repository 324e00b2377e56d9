"""Choices without buttons: by number, by word, by reaction (platforms whose capabilities have no buttons)."""

import re
from dataclasses import dataclass

from api.context import Context
from api.i18n import LANGUAGES
from api.messaging.faces import Chat
from api.messaging.render import Reader, plain
from api.messaging.tree import rows_for, unpack_rows
from api.numbers import read_number
from api.times import zone_of
from storage import messages

KEYCAP = "\u20e3"  # 1️⃣ is 1, a variation selector, and this
YES = frozenset("✅☑✔👍👌🆗💯")
ORNAMENT = re.compile("[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]")
NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of something we said: its action, and the platform's id of the message."""

    event: str
    action: str


def choice_by_text(ctx: Context, chat_id: int, text: str, event: str | None = None) -> Choice | None:
    """The choice that a number or a label means: of the message answered (`event`), or of the last thing said."""
    found = _offered(ctx, chat_id, event)
    if found is None:
        return None
    native, actions = found
    n, word = read_number(text.strip().rstrip(".．。、"), 3), _bare(text)
    for number, (labels, action) in enumerate(actions, 1):
        if n == number or (n is None and word and word in labels):
            return Choice(native, action)
    return None


def choice_by_reaction(ctx: Context, chat_id: int, key: str, event: str) -> Choice | None:
    """The choice that a reaction under a message means: 1️⃣ 2️⃣ ..., or any yes where there is one choice only."""
    found = _offered(ctx, chat_id, event)
    if found is None:
        return None
    native, actions = found
    sign = ORNAMENT.sub("", key)
    n = read_number(sign.removesuffix(KEYCAP), 1) if sign.endswith(KEYCAP) else None
    if n is None and sign in YES and len(actions) == 1:
        n = 1
    return Choice(native, actions[n - 1][1]) if n is not None and 0 < n <= len(actions) else None


def _offered(ctx: Context, chat_id: int, event: str | None) -> tuple[str, list[tuple[set[str], str]]] | None:
    """The message and its choices: (what they are called, action)."""
    event = event or messages.last_event(ctx.session, chat_id)
    message = messages.message_of_event(ctx.session, chat_id, event) if event else None
    if event is None or message is None:
        return None
    readers = [Reader(language, zone_of(ctx.config.time.zone), ctx.now) for language in LANGUAGES]
    # as they were drawn: a choice of a room is seen by everybody there
    private = ctx.session.get_one(Chat, chat_id).kind == "private"
    rows = rows_for(unpack_rows(message.buttons), discreet=private)
    buttons = [button for row in rows for button in row if button.action]
    return event, [({_bare(plain(b.label, reader)) for reader in readers}, b.action) for b in buttons]


def _bare(text: str) -> str:
    return NO_WORD.sub("", text).casefold()
