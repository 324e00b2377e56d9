"""Catalogues of what we say. Msgids are English; `locale/<language>/*.po` hold the rest, one file per capability."""

from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("zh_CN", "en")


@cache
def _catalogue(language: str) -> dict[str, str]:
    from babel.messages.pofile import read_po

    found: dict[str, str] = {}
    for path in sorted((LOCALE / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                key = message.id if isinstance(message.id, str) else message.id[0]
                text = message.string if isinstance(message.string, str) else (message.string or ("",))[0]
                if key and text:
                    found[key] = text
    return found


def gettext(language: str, key: str) -> str:
    """The text of a msgid in a language; English is the msgid itself."""
    return key if language == "en" else _catalogue(language).get(key, key)


def ngettext(language: str, one: str, many: str, n: int) -> str:
    """The text for a number. Chinese has one form; English two."""
    if language == "en":
        return one if n == 1 else many
    return _catalogue(language).get(one, many)


def language_of(tag: str) -> str:
    """Our language for a platform's or browser's tag: "zh-Hans" -> zh_CN, "en-GB" -> en, anything else -> zh_CN."""
    return "en" if tag.lower().startswith("en") else "zh_CN"
