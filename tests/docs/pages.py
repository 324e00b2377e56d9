"""The documentation as the tests read it: its pages, whom a command is for, what the dialogue tests say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from bot.commands import FEATURES
from bot.registry import ANYONE, BOUND, HOST, LEADER, REGION, SCHOOL, Command
from tests.laws.source import ROOT, called, files, tree

DOCS = ROOT / "docs"
LANGUAGES = ("zh", "en")
# whom help shows a command to -> whose pages explain it
PAGES: dict[str, tuple[str, ...]] = {
    ANYONE: ("teacher",),
    BOUND: ("teacher",),
    HOST: ("host",),
    LEADER: ("host", "administrator"),
    SCHOOL: ("administrator",),
    REGION: ("administrator",),
}
COMMANDS: tuple[Command, ...] = tuple(command for feature in FEATURES for command in feature.commands)


def page(language: str, name: str) -> str:
    """The text of docs/<language>/<name>.md."""
    return (DOCS / language / f"{name}.md").read_text(encoding="utf-8")


def written() -> list[Path]:
    """Every page that we write: docs/ and what stands at the top of the repository."""
    return [*sorted(ROOT.glob("*.md")), *files(".md", folders=("docs",))]


def headings(text: str, level: int) -> list[str]:
    """The headings of one level, outside of code blocks."""
    mark, inside, found = "#" * level + " ", False, []
    for line in text.splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside and line.startswith(mark):
            found.append(line.removeprefix(mark))
    return found


def blocks(text: str, kind: str) -> list[str]:
    """The code blocks of a kind ("toml", "python") of a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """What a link to a heading ends in, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")


def said_in_tests() -> set[str]:
    """What somebody says in a dialogue test: the beginning of every text given to `say`."""
    return {text for path in files(".py", folders=("tests",)) for text in _said(tree(path))}


def _said(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and called(node) == "say" and node.args:
            first = node.args[0]
            if isinstance(first, ast.JoinedStr):
                first = first.values[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value.strip().lower()


def calls(text: str, command: Command) -> bool:
    """Whether a person who says `text` means the command: /name or !name, or one of its words and then a gap."""
    if text.split()[:1] in ([f"/{command.name}"], [f"!{command.name}"]):
        return True
    return any(
        text == word or (text.startswith(word) and (command.joined or text[len(word)] in " :：,，"))
        for word in command.words
    )
