"""Asking before doing, picking people by name, and quiet answers to double presses; shared by several commands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from api.communities.search import Found
from api.errors import Conflict, Problem
from api.messaging.dialogues import prompt_of
from api.messaging.tree import Node, T, Words
from bot.registry import Talk
from bot.turn import Choices, Danger, Primary, Turn

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Confirm:
    """A question with yes and no. `act(turn, data)` runs on yes; whatever it answers, the question is over then.

    `danger`: yes takes something away, and looks like it.
    """

    name: str
    title: T
    yes: T
    act: Callable[[Turn, dict[str, Any]], None]
    danger: bool = False

    def ask(self, turn: Turn, prompt: Node, **data: Any) -> None:
        """Say what would happen, privately, and wait."""
        yes = (Danger if self.danger else Primary)(self.yes, "yes")
        turn.ask(self.name, "sure", prompt, [[yes, (T("No, leave it"), "no")]], **data)

    def handle(self, turn: Turn) -> None:
        """Take yes or no; anything else hears the question again."""
        dialogue = turn.dialogue
        assert dialogue is not None
        if turn.choice not in ("yes", "no"):
            self.ask(turn, prompt_of(dialogue), **dialogue.data)
            return
        turn.end()
        if turn.choice == "no":
            turn.say(T("All right, nothing was changed."))
            return
        try:
            with turn.ctx.attempt():
                self.act(turn, dialogue.data)
        except Problem as problem:
            turn.say(problem.say)

    @property
    def talk(self) -> tuple[str, Talk]:
        """How it stands in a feature's dialogues."""
        return self.name, Talk(self.title, self.handle)


def press_once(turn: Turn, operation: Callable[..., Result], *args: Any) -> Result | None:
    """Run what a button stands for. What is over already is said to the presser by a toast only; None then."""
    try:
        with turn.ctx.attempt():
            return operation(turn.ctx, *args)
    except Conflict as problem:
        turn.toast(problem.say)
        return None


def people_to_pick(found: Sequence[Found]) -> Choices:
    """A button for each person found, with the school to tell namesakes apart."""
    return [[(Words(f"{one.name} · {one.school}" if one.school else one.name), one.pid)] for one in found]


def nobody_found(name: str) -> T:
    """What is said when a search finds nobody."""
    return T("I found nobody called “{name}”. Try the full name or just the family name.", name=name[:40])
