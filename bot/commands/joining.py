"""/join: by code or from the list; and the buttons by which hosts let in and invited people answer."""

import re

from api.access import NAMES
from api.communities.joining import Joined, decide_request, join_by_code, join_workshop, list_joinable
from api.communities.offers import answer_offer
from api.communities.requests import decide_wish
from api.messaging.tree import Button, Lines, Rows, T, Words
from bot.commands.confirming import press_once
from bot.registry import Command, Feature
from bot.turn import Turn

CODE = re.compile(r"[A-Za-zＡ-Ｚａ-ｚ]{2}[\s-]?[0-9０-９]{6}")
PAGE = 8


def handle_join(turn: Turn) -> None:
    """加入 AB123456, or the list of workshops that can be joined."""
    if turn.args:
        _joined(turn, join_by_code(turn.ctx, turn.args))
    elif turn.community is not None and turn.community.kind == "workshop":
        _joined(turn, join_workshop(turn.ctx, turn.community.pid))
    else:
        _list(turn, None)


def _list(turn: Turn, after: str | None) -> None:
    found = list_joinable(turn.ctx, PAGE, after)
    if not found:
        turn.whisper(
            T("There is no workshop to choose from right now. If you have a code, send it to me, like AB123456.")
        )
        return
    rows: Rows = [[Button(_label(one.name, one.subject), f"join:{one.pid}")] for one in found[:PAGE]]
    if len(found) > PAGE:
        rows.append([Button(T("More"), f"join.more:{found[PAGE - 1].id}")])
    turn.whisper(Lines(T("Which workshop would you like to join?"), T("Or send me its code, like AB123456.")), rows)


def _label(name: str, subject: str) -> Words:
    return Words(f"{name} · {subject}" if subject and subject not in name else name)


def _joined(turn: Turn, joined: Joined) -> None:
    """Who is in gets the welcome from the operation; who waits hears that hosts were asked."""
    name = joined.workshop.name
    if joined.membership.status == "pending":
        turn.whisper(T("I have asked the hosts of “{name}”. You will hear from me as soon as they decide.", name=name))
    elif turn.private and turn.person.home_chat_id != turn.face.chat.id:
        turn.say(T("You are {role} of “{name}” now.", role=NAMES["member"], name=name))


def press_join(turn: Turn, pid: str) -> None:
    """A workshop of the list."""
    joined = press_once(turn, join_workshop, pid)
    if joined is not None:
        _joined(turn, joined)


def press_admit(turn: Turn, argument: str, accept: bool) -> None:
    """A host lets somebody in or not; the message changes for all hosts."""
    workshop, _, person = argument.partition(".")
    if press_once(turn, decide_request, workshop, person, accept) is not None:
        turn.toast(T("Let in ✓") if accept else T("Turned away"))


def press_offer(turn: Turn, pid: str, accept: bool) -> None:
    """An invited person answers; so does a member who is offered another role."""
    if press_once(turn, answer_offer, pid, accept) is not None:
        turn.toast(T("Welcome!") if accept else T("All right."))


def press_wish(turn: Turn, pid: str, accept: bool) -> None:
    """A region administrator opens a workshop that somebody asked for, or not."""
    if press_once(turn, decide_wish, pid, accept) is not None:
        turn.toast(T("Opened ✓") if accept else T("Turned away"))


def hear_code(turn: Turn) -> bool:
    """A join code alone is enough."""
    if turn.face.person is None or not CODE.fullmatch(turn.text):
        return False
    _joined(turn, join_by_code(turn.ctx, turn.text))
    return True


FEATURE = Feature(
    commands=(
        Command(
            "join", ("加入", "join", "加入工作坊"), T("join a workshop: with its code, or from a list"), handle_join
        ),
    ),
    buttons=(
        ("join", press_join),
        ("join.more", lambda turn, after: _list(turn, after)),
        ("admit.yes", lambda turn, rest: press_admit(turn, rest, True)),
        ("admit.no", lambda turn, rest: press_admit(turn, rest, False)),
        ("offer.yes", lambda turn, rest: press_offer(turn, rest, True)),
        ("offer.no", lambda turn, rest: press_offer(turn, rest, False)),
        ("wish.yes", lambda turn, rest: press_wish(turn, rest, True)),
        ("wish.no", lambda turn, rest: press_wish(turn, rest, False)),
    ),
    offers=(hear_code,),
)
