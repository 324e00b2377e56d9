"""What is said about dead letters: to those who look after them, in private. What a letter says is not shown."""

from collections.abc import Sequence

from api.messaging.reasons import REASONS
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Plural, Rows, Seq, T, When, Words
from api.people.texts import PLATFORMS
from storage.letters import Counted, LetterRow

OVER = T("It is no dead letter any more: it was tried again, dropped, or it arrived.")
TOO_LATE = T("Its time is over: it is not sent any more. Send it anew if it still matters, and drop this one.")
NOWHERE = T("It could not arrive now: there is nowhere to send it. See what to do for its reason, then try it again.")
ALL_WELL = T("Everything that was to be delivered to your people and rooms was delivered, or is on its way.")
NONE_LEFT = T("There are none of these any more.")


def status_tree(names: Sequence[str], counted: Sequence[Counted]) -> Node:
    """What could not be delivered in some places, by reason."""
    head = Bold(T("Delivery · {places}", places=" / ".join(names)))
    if not counted:
        return Lines(head, ALL_WELL)
    n = sum(one.n for one in counted)
    lines = [Seq(Words(f"{one.n} · "), REASONS[one.reason].why) for one in counted]
    return Lines(head, Plural("{n} message did not arrive:", "{n} messages did not arrive:", n), Bullets(*lines))


def status_rows(counted: Sequence[Counted]) -> Rows:
    """A button for each reason."""
    return [[Button(Seq(REASONS[one.reason].why, Words(f" ({one.n})")), f"letters.show:{one.reason}")]
            for one in counted]  # fmt: skip


def reason_tree(counted: Counted, shown: Sequence[LetterRow]) -> Node:
    """Letters of one reason: to whom, since when, and what to do."""
    reason = REASONS[counted.reason]
    lines: list[Node] = [Bold(Seq(reason.why, Words(f" ({counted.n})"))), reason.advice]
    if 0 < counted.retriable < counted.n:
        lines.append(T("{could} of {n} could arrive now.", could=counted.retriable, n=counted.n))
    lines += [Seq(Words(f"{n}. "), *_line(letter)) for n, letter in enumerate(shown, 1)]
    return Lines(*lines)


def _line(letter: LetterRow) -> list[Node]:
    parts: list[Node] = [Words(letter.name or letter.place or "—")]
    if letter.name and letter.school:
        parts.append(Words(letter.school))
    if letter.platform:
        parts.append(PLATFORMS.get(letter.platform, Words(letter.platform)))
    parts.append(When(letter.created_at))
    joined: list[Node] = []
    for n, part in enumerate(parts):
        joined += [Words(" · "), part] if n else [part]
    return joined


def reason_rows(counted: Counted, shown: Sequence[LetterRow], more: bool) -> Rows:
    """What can be done with each, and with all."""
    rows: Rows = []
    for n, letter in enumerate(shown, 1):
        drop = Button(T("Drop no. {n}", n=n), f"letters.drop:{letter.pid}")
        again = Button(T("Try no. {n} again", n=n), f"letters.again:{letter.pid}")
        rows.append([again, drop] if letter.retriable else [drop])
    if more:
        rows.append([Button(T("More ›"), f"letters.show:{counted.reason}.{shown[-1].pid}")])
    every = [Button(T("Drop all ({n})", n=counted.n), f"letters.drop_all:{counted.reason}", style="danger")]
    if counted.retriable:
        all_ = T("Try all again ({n})", n=counted.retriable)
        every.insert(0, Button(all_, f"letters.again_all:{counted.reason}", style="primary"))
    return [*rows, every]
