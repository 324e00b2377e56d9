"""A workshop's settings: name, subject, description, picture, how people join, rules, join code, archive."""

from typing import Any

from api.attachments.service import keep_file
from api.communities.joining import join_link
from api.communities.lookup import get_workshop_for
from api.communities.pictures import set_picture
from api.communities.rules import RULE_KEYS, rule
from api.communities.service import archive_workshop, edit_workshop, renew_join_code
from api.communities.texts import POLICIES
from api.communities.views import view_workshop
from api.messaging.dialogues import prompt_of
from api.messaging.tree import Bold, Bullets, Button, Code, Lines, Node, Rows, T, Words
from api.numbers import read_number
from bot.commands.confirming import Confirm
from bot.registry import Feature, Talk
from bot.turn import Choices, Turn

SET, PICTURE = "workshop.set", "picture"
FIELDS: dict[str, tuple[T, T]] = {
    "name": (T("Workshop name"), T("What is the new name?")),
    "subject": (T("Subject"), T("Which subject?")),
    "about": (T("Description"), T("In a sentence or two: what is it about?")),
    "policy": (T("Joining"), T("How do people join?")),
    PICTURE: (T("Picture"), T("Send one photo: its rooms will look like that where rooms have pictures.")),
}


def press_settings(turn: Turn, argument: str) -> None:
    """`<pid>` shows what is set; `<pid>.<field>` asks for a new value."""
    pid, _, field = argument.partition(".")
    workshop = get_workshop_for(turn.ctx, pid, "manage")
    if field in FIELDS:
        turn.ask(SET, field, FIELDS[field][1], _choices(field, workshop.picture is not None), pid=pid)
    elif field in RULE_KEYS:
        known = RULE_KEYS[field]
        ask = T("{rule}: which number, from {low} to {high}?", rule=known.label, low=known.low, high=known.high)
        turn.ask(SET, field, ask, pid=pid)
    elif field == "code":
        RENEW.ask(turn, T("Make a new join code? The old one, its link and its QR code stop working."), pid=pid)
    elif field == "archive":
        n = view_workshop(turn.ctx, pid).counts.get("active", 0)
        say = Lines(
            T("Archive “{name}”? Its members ({n}) are told.", name=workshop.name, n=n),
            T("Nobody can join or hand in any more. This cannot be undone here."),
        )
        ARCHIVE.ask(turn, say, pid=pid, called=workshop.name)
    else:
        turn.whisper(_shown(turn, pid), _buttons(pid))


def _choices(field: str, pictured: bool = False) -> Choices:
    if field == PICTURE:
        return [[(T("Take the picture away"), "-")]] if pictured else []
    if field == "policy":
        return [[(label, policy)] for policy, label in POLICIES.items()]
    return [[(T("Leave empty"), "-")]] if field in ("subject", "about") else []


def _shown(turn: Turn, pid: str) -> Node:
    workshop = get_workshop_for(turn.ctx, pid, "manage")
    nothing = T("none")
    lines: list[Node] = [
        T("Workshop name: {name}", name=workshop.name),
        T("Subject: {subject}", subject=workshop.subject or nothing),
        T("Description: {about}", about=workshop.about or nothing),
        T("Picture: {picture}", picture=T("set") if workshop.picture else nothing),
        T("Joining: {policy}", policy=POLICIES[workshop.policy]),
        *[T("{rule}: {n}", rule=known.label, n=rule(workshop, key)) for key, known in RULE_KEYS.items()],
    ]
    if workshop.join_code and workshop.policy != "invitation":
        lines.append(T("Join code: {code}", code=Code(workshop.join_code)))
    return Lines(Bold(T("Settings of “{name}”", name=workshop.name)), Bullets(*lines))


def _buttons(pid: str) -> Rows:
    fields = [Button(label, f"{SET}:{pid}.{field}") for field, (label, _) in FIELDS.items()]
    rules = [[Button(known.label, f"{SET}:{pid}.{key}")] for key, known in RULE_KEYS.items()]
    last = [
        Button(T("New join code"), f"{SET}:{pid}.code"),
        Button(T("Archive"), f"{SET}:{pid}.archive", style="danger"),
    ]
    return [fields[:2], fields[2:4], fields[4:], *rules, last]


def take(turn: Turn) -> None:
    """The new value of the field that is asked for."""
    dialogue = turn.dialogue
    assert dialogue is not None
    field, pid = dialogue.step, dialogue.data["pid"]
    if field == PICTURE:
        _take_picture(turn, pid)
        return
    value = _value(turn, field)
    if value is None:
        turn.ask(SET, field, prompt_of(dialogue), _choices(field), pid=pid)
        return
    edit_workshop(turn.ctx, pid, **({"rules": {field: value}} if field in RULE_KEYS else {field: value}))
    turn.end()
    turn.say(_shown(turn, pid), _buttons(pid))


def _take_picture(turn: Turn, pid: str) -> None:
    workshop = get_workshop_for(turn.ctx, pid, "manage")
    if turn.choice != "-" and (len(turn.files) != 1 or turn.files[0].kind != "photo"):
        turn.ask(SET, PICTURE, FIELDS[PICTURE][1], _choices(PICTURE, workshop.picture is not None), pid=pid)
        return
    set_picture(turn.ctx, pid, None if turn.choice == "-" else keep_file(turn.ctx, turn.files[0], turn.face.chat).pid)
    turn.end()
    turn.say(_shown(turn, pid), _buttons(pid))


def _value(turn: Turn, field: str) -> Any:
    """What was meant, or None when it does not fit the question."""
    if field == "policy":
        return turn.choice if turn.choice in POLICIES else None
    if field in RULE_KEYS:
        return read_number(turn.text, 8)
    return "" if turn.choice == "-" else turn.text or None


def _renew(turn: Turn, data: dict[str, Any]) -> None:
    workshop = renew_join_code(turn.ctx, data["pid"])
    say: list[Node] = [T("Join code: {code}", code=Code(workshop.join_code or ""))]
    if link := join_link(turn.ctx, workshop):
        say.append(T("Link for posters and QR codes: {link}", link=Words(link)))
    turn.say(Lines(*say))


def _archive(turn: Turn, data: dict[str, Any]) -> None:
    archive_workshop(turn.ctx, data["pid"])
    turn.say(T("“{name}” is archived.", name=data["called"]))


RENEW = Confirm("workshop.code", T("a new join code"), T("Yes, make a new one"), _renew)
ARCHIVE = Confirm("workshop.archive", T("archiving a workshop"), T("Yes, archive it"), _archive, danger=True)

FEATURE = Feature(
    buttons=((SET, press_settings),),
    dialogues=((SET, Talk(T("settings of a workshop"), take)), RENEW.talk, ARCHIVE.talk),
)
