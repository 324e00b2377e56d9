"""Keyboards under messages: what the server accepts."""

from typing import Any

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.entities import is_web_address
from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.model import Json

DATA = 64  # bytes of callback_data
MOST = 100  # buttons
COPIED = 256  # characters of copy_text
STYLES = {"", "default", "primary", "danger", "success"}
KNOWN = {"text", "url", "callback_data", "copy_text", "style", "icon_custom_emoji_id"}
REPLY_KINDS = {"keyboard", "remove_keyboard", "force_reply"}


def read_markup(call: Call) -> tuple[list[list[Json]], Json | None]:
    """The rows of an inline keyboard, or another reply markup. Raises Refused."""
    given = call.decoded("reply_markup", "reply keyboard markup")
    if given is None:
        return [], None
    if not isinstance(given, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" in given:
        rows = _rows(given["inline_keyboard"], "inline_keyboard")
        if sum(map(len, rows)) > MOST:
            raise bad("reply markup is too long")
        return [[_inline(button) for button in row] for row in rows if row], None
    if not REPLY_KINDS & given.keys():
        return [], None
    for row in _rows(given.get("keyboard", []), "keyboard"):
        for button in row:
            if not isinstance(button, str | dict):
                raise bad("can't parse keyboard button: KeyboardButton must be a String or an Object")
            if not (button if isinstance(button, str) else button.get("text")):
                raise bad("keyboard button text must be non-empty")
    return [], given


def read_inline(call: Call) -> list[list[Json]]:
    """The inline keyboard of an edit. Raises Refused for any other."""
    rows, other = read_markup(call)
    if other is not None:
        raise bad("inline keyboard expected")
    return rows


def _rows(given: Any, field: str) -> list[list[Any]]:
    if not isinstance(given, list) or not all(isinstance(row, list) for row in given):
        raise bad(f'field "{field}" must be an Array of Arrays')
    return given


def _inline(button: Any) -> Json:
    broken = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(broken + "InlineKeyboardButton must be an Object")
    if "text" not in button:
        raise bad(broken + 'Can\'t find field "text"')
    if not str(button["text"]).strip():
        raise bad("inline keyboard button text must be non-empty")
    if strange := sorted(button.keys() - KNOWN):
        raise bad(f"{broken}field {strange[0]} is not supported by this emulator")
    if button.get("style", "") not in STYLES:
        raise bad(broken + "invalid button style specified")
    if url := button.get("url"):
        if not is_web_address(url):
            raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    elif data := button.get("callback_data"):
        if len(str(data).encode()) > DATA:
            raise bad("BUTTON_DATA_INVALID")
    elif copied := button.get("copy_text"):
        if not isinstance(copied, dict) or not 0 < len(copied.get("text", "")) <= COPIED:
            raise bad("BUTTON_COPY_TEXT_INVALID")
    else:
        raise bad(broken + "Text buttons are unallowed in the inline keyboard")
    return dict(button)
