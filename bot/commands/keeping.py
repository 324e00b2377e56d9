"""What people send or forward to the bot becomes a resource in a few presses, or a log (G9, G10)."""

import re
from dataclasses import asdict, replace

from api.attachments.service import keep_file
from api.communities.audiences import communities_where
from api.messaging.tree import Bold, Button, Lines, T, Words
from api.resources import service
from api.resources.kinds import guess_kind
from api.resources.service import WEB
from bot.commands import journals
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
from bot.commands.sending import CANCEL, Data, sum_up
from bot.inbound import File
from bot.registry import PRIVATE, Command
from bot.turn import Choices, Primary, Turn

NAME = "resource"
LONG = 30  # characters from which words are worth keeping
FIELDS = ("title", "kind", "subject", "tags", "bank")


def offer_keeping(turn: Turn) -> bool:
    """Something that is no command was sent in private: keep it as a resource, or write a log with it?"""
    if turn.face.person is None or not _worth_keeping(turn):
        return False
    _ask_what_it_is(turn, {"text": turn.text, "files": [asdict(file) for file in turn.files]})
    return True


def _worth_keeping(turn: Turn) -> bool:
    return bool(turn.files or WEB.search(turn.text) or len(turn.text) >= LONG)


def _ask_what_it_is(turn: Turn, data: Data) -> None:
    choices: Choices = [[(T("Keep as a resource"), "keep"), (T("Write a log with it"), "log")]]
    prompt = Lines(sum_up(len(data["text"]), len(data["files"])), T("What shall I do with it?"))
    turn.ask(NAME, "offer", prompt, [*choices, [(T("Nothing"), "cancel")]], **data)


def continue_keeping(turn: Turn) -> None:
    """The next step of the dialogue."""
    assert turn.dialogue is not None
    data, step = dict(turn.dialogue.data), turn.dialogue.step
    if turn.choice == "cancel":
        turn.end()
        turn.replace_pressed(T("All right, I leave it."))
    elif step == "offer":
        _take_offer(turn, data)
    elif step == "card":
        _take_card(turn, data)
    else:
        _take_field(turn, step, data)


def _take_offer(turn: Turn, data: Data) -> None:
    if turn.choice == "keep":
        _begin_card(turn, data)
    elif turn.choice == "log":
        _hand_to_log(turn, data)
    elif (command := _commanded(turn)) is not None:
        turn.end()
        command.handler(turn)
    elif turn.files or turn.text:
        data["text"] = "\n".join(part for part in (data["text"], turn.text) if part)
        data["files"] = [*data["files"], *[asdict(file) for file in turn.files]]
        _ask_what_it_is(turn, data)


def _commanded(turn: Turn) -> Command | None:
    """The command that a word begins: nobody asked for our question, so it must not stand in the way."""
    for command in turn.commands:
        for word in command.words + command.asides if PRIVATE in command.places else ():
            if re.match(rf"{re.escape(word)}(?:[\s:：,，]|$)", turn.text, re.IGNORECASE):
                turn.args = turn.text[len(word) :].strip(" \t\n:：,，")
                return command
    return None


def _hand_to_log(turn: Turn, data: Data) -> None:
    """A log takes over what was sent."""
    turn.end()
    turn.toast(None)
    journals.begin(turn, data["text"])
    if data["files"] and turn.dialogue is not None:
        files = tuple(File(**file) for file in data["files"])
        turn.inbound = replace(turn.inbound, text="", files=files)
        journals.hear_more(turn, turn.dialogue.data["entry"])


def _begin_card(turn: Turn, data: Data) -> None:
    banks = communities_where(turn.ctx, "contribute")
    if not banks:
        turn.end()
        turn.say(
            T("You belong to no school or workshop yet, so there is no bank to put it into. Join a workshop first.")
        )
        return
    files = [File(**file) for file in data["files"]]
    kept = [keep_file(turn.ctx, file, turn.face.chat).pid for file in files]
    text = data["text"]
    title = service.title_of(text, [file.name for file in files])
    turn.toast(None)
    kind = guess_kind(f"{title} {text}", [file.kind for file in files], len(text) > 200)
    card: Data = {
        "title": title or turn.person.name, "kind": kind,
        "subject": turn.person.subject, "tags": [], "bank": banks[0].pid, "files": kept, **content_of(text),
    }  # fmt: skip
    _show_card(turn, card)


def _show_card(turn: Turn, data: Data) -> None:
    service.check_fields({name: data[name] for name in ("title", "kind", "subject", "tags", "text", "url")})
    banks = {bank.pid: bank for bank in communities_where(turn.ctx, "contribute", limit=20)}
    lines = lines_of(data["title"], data["kind"], data["subject"], data["tags"])
    lines.append(T("Bank: {bank}", bank=banks[data["bank"]].name if data["bank"] in banks else "?"))
    lines += list_files(turn, data["files"])
    choices: Choices = [
        [Primary(T("Put it into the bank"), "save")],
        [(T("Change title"), "title"), (T("Change kind"), "kind"), (T("Change subject"), "subject")],
        [(T("Add tags"), "tags"), *([(T("Change bank"), "bank")] if len(banks) > 1 else []), CANCEL],
    ]
    shown = Lines(Bold(T("A new resource")), *lines)
    turn.ask(NAME, "card", T("Press “Put it into the bank”, or what you want to change."), choices, show=shown, **data)


def _take_card(turn: Turn, data: Data) -> None:
    if turn.choice == "save":
        _save(turn, data)
    elif turn.choice in FIELDS:
        _ask_field(turn, turn.choice, data)
    elif turn.files:
        data["files"] = [*data["files"], *keep_files(turn)]
        _show_card(turn, data)
    else:
        turn.say(T("Press “Put it into the bank”, or what you want to change."))


def _ask_field(turn: Turn, field: str, data: Data) -> None:
    if field == "bank":
        banks = communities_where(turn.ctx, "contribute", limit=20)
        turn.ask(NAME, field, T("Into which bank?"), [*[[(Words(c.name), f"v:{c.pid}")] for c in banks], BACK], **data)
    else:
        turn.ask(NAME, field, PROMPTS[field], choices_of(field), **data)


def _take_field(turn: Turn, field: str, data: Data) -> None:
    if turn.choice != "back":
        value = read_field(turn, field)
        if value is None:
            return
        data[field] = value
    _show_card(turn, data)


def _save(turn: Turn, data: Data) -> None:
    row = service.add_resource(
        turn.ctx, data["bank"], data["title"], data["kind"], subject=data["subject"], tags=data["tags"],
        text=data["text"], url=data["url"], files=data["files"],
    )  # fmt: skip
    turn.end()
    turn.replace_pressed(
        T("✓ “{title}” is in the bank of {bank}.", title=row.title, bank=service.bank_of(turn.ctx, row).name)
    )
    turn.say(T("Whoever may see the bank finds it with “bank”."), [buttons(turn, row.pid)])


def buttons(turn: Turn, pid: str) -> list[Button]:
    """What can be done with a resource that was just put in."""
    opening = Button(T("Open"), f"resource.open:{pid}")
    push = [Button(T("Push"), f"push.start:{pid}")] if communities_where(turn.ctx, "push", limit=1) else []
    return [opening, Button(T("Change"), f"resource.edit:{pid}"), *push]
