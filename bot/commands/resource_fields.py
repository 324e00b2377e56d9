"""What a resource says of itself, in chat: shown, asked for and read, for a new one and for one that is changed."""

from collections.abc import Sequence
from typing import Any

from api.attachments.service import find_attachments, keep_file
from api.attachments.texts import describe
from api.messaging.tree import Bullets, Node, T
from api.resources.kinds import KINDS
from api.resources.service import WEB
from bot.turn import Choices, Turn

PROMPTS: dict[str, T] = {
    "title": T("What is its title?"),
    "kind": T("What kind is it?"),
    "subject": T("Which subject is it for?"),
    "tags": T("Type tags with spaces between them, such as “grade3 reading”."),
}
PRESS = T("Please press one of the buttons.")
BACK: list[tuple[Node, str]] = [(T("Leave it as it is"), "back")]


def lines_of(title: str, kind: str, subject: str, tags: Sequence[str]) -> list[Node]:
    """The fields, a line each."""
    return [
        T("Title: {title}", title=title),
        T("Kind: {kind}", kind=KINDS[kind]),
        T("Subject: {subject}", subject=subject or T("none")),
        T("Tags: {tags}", tags=" ".join(f"#{tag}" for tag in tags) or T("none")),
    ]


def list_files(turn: Turn, files: Sequence[str]) -> list[Node]:
    """The files of a card; nothing where there are none."""
    return [Bullets(*[describe(file) for file in find_attachments(turn.ctx, files)])] if files else []


def choices_of(field: str) -> Choices:
    """The buttons that answer the question for a field, and the one that leaves it."""
    answers: list[tuple[Node, str]] = []
    if field == "kind":
        answers = [(label, f"v:{kind}") for kind, label in KINDS.items()]
    elif field in ("subject", "tags"):
        answers = [(T("none"), "v:")]
    return [*[answers[n : n + 3] for n in range(0, len(answers), 3)], BACK]


def read_field(turn: Turn, field: str) -> Any:
    """What was answered for a field; None: nothing that can be used yet."""
    pressed = turn.choice[2:] if turn.choice and turn.choice.startswith("v:") else None
    if field in ("kind", "bank"):
        if pressed is None:
            turn.say(PRESS)
        return pressed
    if pressed == "":
        return [] if field == "tags" else ""
    return (turn.text.replace("#", " ").split() if field == "tags" else turn.text) or None


def content_of(text: str) -> dict[str, str]:
    """Words that were sent, as `text` and `url` of a resource: a link alone is no text."""
    link = WEB.search(text)
    return {"text": "" if link is not None and link[0] == text else text, "url": link[0] if link else ""}


def keep_files(turn: Turn) -> list[str]:
    """The pids of the files that were just sent."""
    return [keep_file(turn.ctx, file, turn.face.chat).pid for file in turn.files]
