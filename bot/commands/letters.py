"""/status: what could not be delivered in the region that I administer, why, and what can be done about it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from api.letters import texts
from api.letters.service import (
    Changed,
    count_letters,
    drop_letter,
    drop_letters,
    list_letters,
    look_at,
    retry_letter,
    retry_letters,
)
from api.messaging.reasons import REASONS
from api.messaging.tree import Lines, Node, Plural, Rows, T
from bot.commands.confirming import Confirm, press_once
from bot.registry import ALONE, REGION, Command, Feature
from bot.turn import Turn

SHOWN = 5
MOST_BATCHES = 10  # that one answer changes, of 500 each


def handle_status(turn: Turn) -> None:
    """状态: how many letters there are for each reason."""
    scope, counted = look_at(turn.ctx), count_letters(turn.ctx)
    turn.say(texts.status_tree(scope.names, counted), texts.status_rows(counted))


def press_show(turn: Turn, argument: str) -> None:
    """A page of one reason: `<reason>`, or `<reason>.<the last letter seen>`."""
    turn.whisper(*_page(turn, *argument.partition(".")[::2]))


def _page(turn: Turn, reason: str, after: str = "") -> tuple[Node, Rows]:
    shown = list_letters(turn.ctx, reason=reason, limit=SHOWN, after=after or None)
    counted = next((one for one in count_letters(turn.ctx) if one.reason == reason), None)
    if counted is None or not shown:
        return texts.NONE_LEFT, []
    rows = texts.reason_rows(counted, shown[:SHOWN], len(shown) > SHOWN)
    return texts.reason_tree(counted, shown[:SHOWN]), rows


def press_again(turn: Turn, pid: str) -> None:
    """Try one again; pressed twice it is sent once."""
    letter = press_once(turn, retry_letter, pid)
    if letter is not None:
        turn.toast(T("On its way"))
        turn.replace_pressed(*_page(turn, letter.reason))


def press_drop(turn: Turn, pid: str) -> None:
    """Drop one."""
    letter = press_once(turn, drop_letter, pid)
    if letter is not None:
        turn.toast(T("Dropped"))
        turn.replace_pressed(*_page(turn, letter.reason))


def press_again_all(turn: Turn, reason: str) -> None:
    """Ask before many are sent."""
    _ask(turn, AGAIN, reason)


def press_drop_all(turn: Turn, reason: str) -> None:
    """Ask before many are dropped."""
    _ask(turn, DROP, reason)


def _ask(turn: Turn, question: Confirm, reason: str) -> None:
    counted = next((one for one in count_letters(turn.ctx) if one.reason == reason), None)
    if counted is None:
        turn.toast(texts.NONE_LEFT)
        return
    why = REASONS[reason].why
    if question is DROP:
        say: Node = Plural("Drop {n} message ({why})? It is not sent any more.",
                           "Drop {n} messages ({why})? They are not sent any more.", counted.n, why=why)  # fmt: skip
    else:
        late = T("Whoever sleeps gets it in the morning; what no longer counts is not sent.")
        again = Plural("Send {n} message ({why}) after all?", "Send {n} messages ({why}) after all?",
                       counted.retriable, why=why)  # fmt: skip
        say = Lines(again, late)
    question.ask(turn, say, reason=reason)


def _in_batches(turn: Turn, change: Callable[..., Changed], reason: str) -> Changed:
    """All of a reason, up to as many as people do not wait for the answer of."""
    changed = change(turn.ctx, reason)
    n = changed.n
    for _ in range(MOST_BATCHES - 1):
        if changed.next is None:
            break
        changed = change(turn.ctx, reason, after=changed.next)
        n += changed.n
    return replace(changed, n=n)


def _again_all(turn: Turn, data: dict[str, Any]) -> None:
    changed = _in_batches(turn, retry_letters, data["reason"])
    lines: list[Node] = [Plural("{n} message is on its way.", "{n} messages are on their way.", changed.n)]
    if changed.next is not None:
        lines.append(T("There are more: send “status” once more."))
    elif changed.left:
        lines.append(Plural("{n} is left that could not arrive now.", "{n} are left that could not arrive now.",
                            changed.left))  # fmt: skip
    turn.say(Lines(*lines))


def _drop_all(turn: Turn, data: dict[str, Any]) -> None:
    changed = _in_batches(turn, drop_letters, data["reason"])
    lines: list[Node] = [Plural("{n} message was dropped.", "{n} messages were dropped.", changed.n)]
    if changed.next is not None:
        lines.append(T("There are more: send “status” once more."))
    turn.say(Lines(*lines))


AGAIN = Confirm("letters.again_all", T("sending what did not arrive"), T("Yes, send them"), _again_all)
DROP = Confirm("letters.drop_all", T("dropping what did not arrive"), T("Yes, drop them"), _drop_all, danger=True)

FEATURE = Feature(
    commands=(
        Command("status", ("状态", "status"), T("what did not arrive, and what to do"), handle_status, who=REGION,
                places=ALONE),
    ),
    buttons=(
        ("letters.show", press_show), ("letters.again", press_again), ("letters.drop", press_drop),
        ("letters.again_all", press_again_all), ("letters.drop_all", press_drop_all),
    ),
    dialogues=(AGAIN.talk, DROP.talk),
)  # fmt: skip
