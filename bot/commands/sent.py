"""What somebody sent to many, newest first, a page at a time; each leads to how it goes and what can be done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from api.broadcasts import Broadcast
from api.context import Context
from api.messaging.tree import Bold, Button, Lines, Node, Rows, Seq, T, When, Words
from bot.registry import PressHandler
from bot.turn import Turn

PAGE = 8
OPEN_PRIVATE = T("Please open a private chat with me first, then send the command again there.")


@dataclass(frozen=True, slots=True)
class SentList:
    """One kind of thing sent to many, by the `name` that its buttons begin with.

    `find(ctx, before, limit)` is the list of /v1; `describe` gives its rows' (words to know it by, community) in two
    queries at most; `card(ctx, pid, chat_id)` says in a chat how one goes.
    """

    name: str
    title: T
    nothing: T
    find: Callable[[Context, str | None, int], Sequence[Broadcast]]
    describe: Callable[[Context, Any], list[tuple[Node, Node]]]
    card: Callable[[Context, str, int], Any]

    def handle(self, turn: Turn) -> None:
        """The newest page; in private, wherever it was asked for."""
        self._show(turn, None)

    def press_page(self, turn: Turn, pid: str) -> None:
        """The page after one that was seen."""
        self._show(turn, pid)

    def press_card(self, turn: Turn, pid: str) -> None:
        """How one goes, and what can be done about it."""
        chat_id = turn.face.chat.id if turn.private else turn.face.identity.chat_id
        if chat_id is None:
            turn.toast(OPEN_PRIVATE)
        else:
            self.card(turn.ctx, pid, chat_id)

    def _show(self, turn: Turn, before: str | None) -> None:
        found = self.find(turn.ctx, before, PAGE + 1)
        shown = found[:PAGE]
        if not shown:
            turn.whisper(self.nothing)
            return
        lines: list[Node] = []
        rows: Rows = []
        for n, (row, (label, community)) in enumerate(zip(shown, self.describe(turn.ctx, shown), strict=True), 1):
            lines.append(Seq(Words(f"{n}. "), Bold(label), " · ", community, " · ", _state(row)))
            rows.append([Button(Seq(Words(f"{n}. "), label), f"{self.name}.card:{row.pid}")])
        if len(found) > PAGE:
            rows.append([Button(T("Earlier ones"), f"{self.name}.sent:{shown[-1].pid}")])
        turn.whisper(Lines(Bold(self.title), *lines), rows)

    @property
    def buttons(self) -> tuple[tuple[str, PressHandler], ...]:
        """How it stands in a feature's buttons."""
        return ((f"{self.name}.sent", self.press_page), (f"{self.name}.card", self.press_card))


def _state(row: Broadcast) -> Node:
    """When it went out, will go out, or that it was taken back."""
    if row.withdrawn_at is not None:
        return T("taken back")
    return When(row.released_at) if row.released_at is not None else T("⏰ goes out {at}", at=row.release_at)
