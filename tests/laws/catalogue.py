"""Every text of ours and its Chinese: what the source says, what the catalogues hold, and how the two differ.

`make messages` prints the entries that are missing, ready to be pasted into api/locale/zh_CN/<capability>.po.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from tests.laws.source import PRODUCT, ROOT, called, files, name, tree

CATALOGUES = ROOT / "api" / "locale" / "zh_CN"
HOLE = re.compile(r"\{(\w+)\}")
# which argument is the msgid; what follows it for a plural is the English for many
SINGULAR = {"T": 0, "_": 0, "gettext": 1}
PLURAL = {"Plural": 0, "ngettext": 1}
# these take msgids from elsewhere, because they carry them out
CARRIERS = ("api/messaging/tree.py", "api/messaging/render.py", "api/i18n.py", "bot/platforms/web/")


@dataclass(frozen=True)
class Said:
    """A text in the source: where, the msgid, the English for many ("" when it does not count), names of its values."""

    where: str
    msgid: str
    many: str = ""
    values: frozenset[str] | None = None  # None: handed on as **values, so unknown

    @property
    def holes(self) -> set[str]:
        return set(HOLE.findall(self.many or self.msgid))


@dataclass
class Translation:
    """An entry of a catalogue; `where` lists the files that have it."""

    where: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    fuzzy: bool = False


def said() -> tuple[list[Said], list[str]]:
    """Everything the source says, and the places whose msgid cannot be read from the source."""
    found: list[Said] = []
    unclear: list[str] = []
    for path in files(".py", folders=PRODUCT):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and called(node) in {**SINGULAR, **PLURAL}:
                texts = list(of_call(node, f"{name(path)}:{node.lineno}"))
                found += texts
                if not texts and called(node) in ("T", "Plural") and not name(path).startswith(CARRIERS):
                    unclear.append(f"{name(path)}:{node.lineno}")
    for path in files(".html", ".txt", folders=PRODUCT):
        found += _of_template(path)
    return found, unclear


def translations() -> dict[str, Translation]:
    """The Chinese catalogues, by msgid."""
    found: dict[str, Translation] = {}
    for path in sorted(CATALOGUES.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_CN"):
                msgid = message.id if isinstance(message.id, str) else message.id[0]
                text = message.string if isinstance(message.string, str) else message.string[0]
                if msgid:
                    entry = found.setdefault(msgid, Translation())
                    entry.where.append(name(path))
                    entry.texts.add(text)
                    entry.fuzzy |= message.fuzzy
    return found


def of_call(node: ast.Call, where: str) -> Iterator[Said]:
    """What one call says; nothing when its msgid is not written there."""
    names = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
    values = names if all(keyword.arg for keyword in node.keywords) else None
    if called(node) in SINGULAR:
        position = SINGULAR[called(node)]
        for msgid in _literals(node.args[position : position + 1]):
            yield Said(where, msgid, values=None if position else values)
    else:
        position = PLURAL[called(node)]
        ones, many = _literals(node.args[position : position + 1]), _literals(node.args[position + 1 : position + 2])
        for one, other in zip(ones, many, strict=False):
            yield Said(where, one, other, None if position or values is None else values | {"n"})


def entry(text: Said) -> str:
    """A catalogue entry without its Chinese."""
    if text.many:
        return f'#: {text.where}\nmsgid {_quoted(text.msgid)}\nmsgid_plural {_quoted(text.many)}\nmsgstr[0] ""\n'
    return f'#: {text.where}\nmsgid {_quoted(text.msgid)}\nmsgstr ""\n'


def missing() -> dict[str, list[Said]]:
    """Texts without Chinese, by the catalogue that suits where they are said."""
    known = {msgid for msgid, found in translations().items() if any(found.texts)}
    lacking: dict[str, dict[str, Said]] = {}
    for text in said()[0]:
        if text.msgid not in known:
            lacking.setdefault(_home(text.where), {}).setdefault(text.msgid, text)
    return {home: list(texts.values()) for home, texts in sorted(lacking.items())}


def _literals(arguments: list[ast.expr]) -> list[str]:
    """The strings an argument can be: a literal, or a choice between literals."""
    match arguments:
        case [ast.Constant(value=str(text))]:
            return [text]
        case [ast.IfExp(body=body, orelse=otherwise)]:
            return _literals([body]) + _literals([otherwise])
    return []


def _of_template(path: Path) -> Iterator[Said]:
    parsed = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text(encoding="utf-8"))
    for line, function, message in extract_from_ast(parsed, ("_", "gettext", "ngettext"), babel_style=False):
        texts = [text for text in (message if isinstance(message, tuple) else (message,)) if text]
        if texts:
            many = texts[1] if function == "ngettext" and len(texts) > 1 else ""
            yield Said(f"{name(path)}:{line}", texts[0], many)


def _home(where: str) -> str:
    """api/journals/texts.py and bot/commands/journals.py -> journals.po; bot/platforms/web/... -> webchat.po."""
    parts = where.split(":")[0].split("/")
    if parts[:3] == ["bot", "platforms", "web"]:
        return "webchat.po"
    inner = parts[1] if parts[0] == "api" and len(parts) > 2 else Path(parts[-1]).stem
    return f"{inner if parts[:2] == ['bot', 'commands'] or len(parts) > 2 else 'common'}.po"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    for home, texts in missing().items():
        print(f"# {CATALOGUES.relative_to(ROOT)}/{home}\n")
        print("\n".join(entry(text) for text in texts))
