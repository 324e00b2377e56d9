"""/push: a resource to a workshop, school or region; and what happens when people open it (G9, C4)."""

from typing import Any

from api.access import forbidden
from api.communities.audiences import communities_where
from api.messaging.tree import Bold, Button, Lines, Node, T, Words
from api.numbers import read_number
from api.resources import pushes, service
from api.resources.pushes import Push
from api.resources.texts import about, lost_tree
from bot.commands.resources import show
from bot.commands.sending import CANCEL, Data, Sending
from bot.commands.sent import SentList
from bot.registry import LEADER, Command, Feature, Talk
from bot.turn import Choices, Turn

NAME, ACTION = "push", "push"
CHOICES = 6


def handle_push(turn: Turn) -> None:
    """Begin a push: which resource? In a room its community is the audience."""
    data: Data = {"resource": None, "community": None}
    if not turn.private and turn.community is not None:
        data["community"] = turn.community.pid
    if not communities_where(turn.ctx, ACTION, limit=1):
        raise forbidden(ACTION)
    _ask_resource(turn, data, turn.args)


def press_start(turn: Turn, pid: str) -> None:
    """Begin a push of this resource."""
    data: Data = {"resource": service.get_resource_for(turn.ctx, pid).pid, "community": None}
    SENDING.go_on(turn, data)


def _ask_resource(turn: Turn, data: Data, words: str = "") -> None:
    found = service.find_resources(turn.ctx, words, limit=CHOICES)
    if not found:
        prompt = (
            T("I found no such resource. Type other words, or send me a file, a link or a text first.")
            if words
            else T("There is no resource yet. Send me a file, a link or a text, then push it.")
        )
        turn.ask(NAME, "pick", prompt, [[CANCEL]], **data)
        return
    prompt = T("Which resource? Choose, or type words to search.")
    rows: Choices = [
        [(Words(each.resource.title[:30]), f"r:{each.resource.pid}")] for each in found
    ]
    turn.ask(NAME, "pick", prompt, [*rows, [CANCEL]], **data)


def _pick(turn: Turn, data: Data) -> None:
    if turn.choice and turn.choice.startswith("r:"):
        data["resource"] = service.get_resource_for(turn.ctx, turn.choice[2:]).pid
        SENDING.go_on(turn, data)
    elif turn.text:
        _ask_resource(turn, data, turn.text)


def _show(turn: Turn, data: Data) -> Node:
    row = service.get_resource_for(turn.ctx, data["resource"])
    return Lines(Bold(Words(row.title)), about(row))


def _send(turn: Turn, data: Data, **how: Any) -> Push:
    return pushes.push_resource(turn.ctx, data["resource"], data["community"], **how)


def press_open(turn: Turn, pid: str) -> None:
    """Open a push: the resource arrives in the private chat; a double press sends it once."""
    if turn.face.person is None:
        turn.toast(T("I do not know you yet. Open a private chat with me and send your claim code."))
        return
    opened = pushes.open_push(turn.ctx, pid)
    if opened.show:
        show(turn, opened.resource)
        turn.toast(None if turn.private else T("I sent it to our private chat."))
    else:
        turn.toast(T("I sent it a moment ago; look a little further up."))


def press_lost(turn: Turn, rest: str) -> None:
    """Whom it did not reach, why, and what to do; in private, a page at a time."""
    pid, _, page = rest.partition(".")
    number = read_number(page, 4) or 0
    push, people, n = pushes.find_lost(turn.ctx, pid, number)
    more = [[Button(T("More names"), f"push.lost:{push.pid}.{number + 1}")]] if n > (number + 1) * pushes.PAGE else []
    turn.whisper(lost_tree(people, n), more)


def press_withdraw(turn: Turn, pid: str) -> None:
    """Ask before a push is taken back."""
    waits = pushes.get_push_for(turn.ctx, pid).released_at is None
    yes = Button(T("Yes, take it back"), f"push.withdrawn:{pid}", style="danger")
    gone = T("Take this push back? It disappears for everybody; the resource stays in its bank.")
    turn.whisper(T("It has not gone out yet. Shall it not be sent at all?") if waits else gone, [[yes]])


def press_withdrawn(turn: Turn, pid: str) -> None:
    """Take it back."""
    push = pushes.withdraw_push(turn.ctx, pid)
    turn.replace_pressed(T("✓ Taken back.") if push.released_at is not None else T("✓ It will not be sent."))


SENDING = Sending(NAME, ACTION, _pick, _show, _send)
SENT = SentList(
    NAME, T("My pushes"), T("You have pushed nothing yet. Send “push” to choose a resource."), pushes.list_pushes,
    pushes.describe_sent, pushes.show_card,
)  # fmt: skip
FEATURE = Feature(
    commands=(
        Command(
            "push", ("推送", "推送资源", "push"), T("push a resource and see who opened it"), handle_push, who=LEADER
        ),
        Command(
            "pushes", ("我的推送", "my pushes"), T("what I pushed: who opened it, take back"), SENT.handle, who=LEADER
        ),
    ),
    buttons=(
        ("push.start", press_start),
        ("push.open", press_open),
        ("push.lost", press_lost),
        ("push.withdraw", press_withdraw),
        ("push.withdrawn", press_withdrawn),
        *SENT.buttons,
    ),
    dialogues=((NAME, Talk(T("the push"), SENDING.hear)),),
)
