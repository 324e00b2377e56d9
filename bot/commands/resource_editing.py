"""Changing what is in a bank already (G9), and removing it.

Each change is kept at once, and a dialogue is open only while an answer is waited for: one may stop anywhere.
"""

from typing import Any

from api.errors import Forbidden, NotFound
from api.messaging.tree import Bold, Button, Lines, Node, Plural, T
from api.resources import service
from api.resources.service import Resource
from bot.commands.resource_fields import (
    BACK,
    PROMPTS,
    choices_of,
    content_of,
    keep_files,
    lines_of,
    list_files,
    read_field,
)
from bot.registry import Talk
from bot.turn import Turn

NAME = "resource.change"
CONTENT = "content"
ASK_CONTENT = T("Send the new words, link or files: words replace the old words, files the old files.")
FIELDS: dict[str, T] = {
    "title": T("Change title"),
    "kind": T("Change kind"),
    "subject": T("Change subject"),
    "tags": T("Change tags"),
    CONTENT: T("Replace the content"),
}


def buttons_of(turn: Turn, row: Resource) -> list[Button]:
    """What who acts may do to a resource."""
    change = [Button(T("Change"), f"resource.edit:{row.pid}")] if service.may_edit(turn.ctx, row) else []
    remove = Button(T("Remove from the bank"), f"resource.remove:{row.pid}")
    return [*change, remove] if service.may_change(turn.ctx, row) else change


def press_edit(turn: Turn, pid: str) -> None:
    """Show what can be changed."""
    _show_card(turn, service.get_resource_to_edit(turn.ctx, pid))


def _show_card(turn: Turn, row: Resource, *said: Node) -> None:
    words = [Plural("Text: {n} character", "Text: {n} characters", len(row.text))] if row.text else []
    link = [T("Link: {url}", url=row.url)] if row.url else []
    fields = lines_of(row.title, row.kind, row.subject, row.tags)
    buttons = [Button(label, f"resource.change:{row.pid}.{field}") for field, label in FIELDS.items()]
    turn.whisper(
        Lines(*said, Bold(T("What shall be changed?")), *fields, *words, *link, *list_files(turn, row.files)),
        [buttons[:3], buttons[3:]],
    )


def press_change(turn: Turn, rest: str) -> None:
    """Ask for one field: "<resource>.<field>"."""
    pid, _, field = rest.partition(".")
    row = service.get_resource_to_edit(turn.ctx, pid)
    if turn.dialogue is not None and turn.dialogue.name == NAME:
        turn.end()  # the answers under an earlier question are not for this one
    if field == CONTENT:
        turn.ask(NAME, CONTENT, ASK_CONTENT, [BACK], resource=row.pid)
    elif field in FIELDS:
        turn.ask(NAME, field, PROMPTS[field], choices_of(field), resource=row.pid)


def take_change(turn: Turn) -> None:
    """The answer, kept at once; who may not change it any more hears so, and nothing is waited for."""
    assert turn.dialogue is not None
    pid, field = turn.dialogue.data["resource"], turn.dialogue.step
    try:
        row = service.get_resource_to_edit(turn.ctx, pid)
    except (NotFound, Forbidden) as problem:
        turn.end()
        turn.say(problem.say)
        return
    if turn.choice == "back":
        turn.end()
        _show_card(turn, row)
    elif changes := _read(turn, field):
        row = service.edit_resource(turn.ctx, pid, **changes)
        turn.end()
        _show_card(turn, row, T("✓ Saved."))


def _read(turn: Turn, field: str) -> dict[str, Any]:
    """The changes that an answer means; none: nothing that can be used yet."""
    if field == CONTENT:
        files = {"files": keep_files(turn)} if turn.files else {}
        return {**files, **(content_of(turn.text) if turn.text else {})}
    value = read_field(turn, field)
    return {} if value is None else {field: value}


def press_remove(turn: Turn, pid: str) -> None:
    """Ask before something is removed."""
    row = service.get_resource_for(turn.ctx, pid, "manage")
    yes = Button(T("Yes, remove it"), f"resource.removed:{row.pid}", style="danger")
    turn.whisper(T("Remove “{title}” from the bank? Nobody finds it any more.", title=row.title), [[yes]])


def press_removed(turn: Turn, pid: str) -> None:
    """Remove it."""
    service.remove_resource(turn.ctx, pid)
    turn.replace_pressed(T("✓ Removed."))


BUTTONS = (
    ("resource.edit", press_edit),
    ("resource.change", press_change),
    ("resource.remove", press_remove),
    ("resource.removed", press_removed),
)
TALK = (NAME, Talk(T("changing a resource"), take_change))
