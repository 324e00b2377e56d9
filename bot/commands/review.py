"""/review: read and judge logs, one after the other, from a queue that cohosts share (G11-G13)."""

from api.communities.rules import rule
from api.journals.reviewing import (
    Taken,
    comment_entry,
    comments_of,
    feature_entry,
    finish_reading,
    get_to_review,
    read_entry,
    score_entry,
    skip_entry,
    take_next,
    waiting_workshops,
)
from api.journals.service import author_of, files_of
from api.journals.texts import entry_as_seen, headline, judgement, said_about
from api.messaging.faces import Community
from api.messaging.tree import Bold, Button, Lines, Node, Plural, Rows, T, Words
from api.numbers import read_number
from bot.registry import HOST, Command, Feature, Talk
from bot.turn import Turn

NAME = "review"


def handle_review(turn: Turn) -> None:
    """What waits in my workshops; where it is one, its next log at once."""
    waiting = waiting_workshops(turn.ctx)
    if not waiting:
        turn.whisper(T("No logs wait for you. 👏"))
    elif len(waiting) == 1:
        show_taken(turn, take_next(turn.ctx, waiting[0][0].pid))
    else:
        rows = [[Button(Words(f"{shop.name}  {n}"), f"review.open:{shop.pid}")] for shop, n in waiting]
        turn.whisper(T("Logs wait in these workshops:"), rows)


def press_open(turn: Turn, workshop_pid: str) -> None:
    """Begin with a workshop's queue."""
    show_taken(turn, take_next(turn.ctx, workshop_pid))


def show_taken(turn: Turn, taken: Taken) -> None:
    """The next log, or why there is none."""
    if taken.entry is not None:
        show_entry(turn, taken.entry.pid, taken.waiting)
    elif taken.readers:
        names = "、".join(taken.readers)
        say = Plural("{n} more log waits, but {names} is reading.", "{n} more logs wait; reading now: {names}.",
                     taken.waiting, names=names)  # fmt: skip
        turn.whisper(say, [[Button(T("Look again"), f"review.open:{taken.workshop.pid}")]])
    elif taken.waiting:
        say = Plural("That was the last one. {n} that was skipped still waits.",
                     "That was the last one. {n} that were skipped still wait.", taken.waiting)  # fmt: skip
        turn.whisper(say, [[Button(T("From the beginning"), f"review.open:{taken.workshop.pid}")]])
    else:
        turn.whisper(T("All logs of {workshop} are read. Thank you! 👏", workshop=taken.workshop.name))


def show_entry(turn: Turn, pid: str, waiting: int) -> None:
    """A log with its files, and everything a reviewer can do."""
    tree, rows = as_reviewed(turn, pid)
    files = [file.pid for file in files_of(turn.ctx, get_to_review(turn.ctx, pid)[0]) if file.state == "stored"]
    head: list[Node] = [Plural("{n} log waits", "{n} logs wait", waiting)] if waiting else []
    turn.whisper(Lines(*head, *tree.children), rows, files)


def as_reviewed(turn: Turn, pid: str) -> tuple[Lines, Rows]:
    """How a log looks to a reviewer now, with its buttons."""
    ctx = turn.ctx
    entry, community = get_to_review(ctx, pid)
    author = author_of(ctx, entry)
    most = rule(community, "score_max")
    said = [said_about(comment, person) for comment, person in comments_of(ctx, entry)]
    seen = entry_as_seen(entry, author, community, files_of(ctx, entry))
    tree = Lines(*seen.children, *judgement(entry, most), *said)
    feature = (
        Button(T("Not featured any more"), f"review.unfeature:{pid}") if entry.featured_at is not None
        else Button(T("Feature it"), f"review.feature:{pid}")
    )  # fmt: skip
    if most <= 5:
        points = [Button(Words(f"{n}★"), f"review.score:{pid}:{n}") for n in range(1, most + 1)]
    else:
        points = [Button(T("Score"), f"review.points:{pid}")]
    onward = [
        Button(T("Next log"), f"review.next:{pid}", style="primary"),
        Button(T("Skip it"), f"review.skip:{pid}"),
    ]
    return tree, [points, [Button(T("Comment"), f"review.comment:{pid}"), feature], onward]


def press_next(turn: Turn, pid: str) -> None:
    """Done with this one; the next."""
    finish_reading(turn.ctx, pid)
    turn.replace_pressed(as_reviewed(turn, pid)[0])
    show_taken(turn, take_next(turn.ctx, workshop_of(turn, pid).pid))


def press_skip(turn: Turn, pid: str) -> None:
    """Leave this one for others; the next."""
    taken = skip_entry(turn.ctx, pid)
    turn.replace_pressed(T("Skipped: “{title}”", title=headline(get_to_review(turn.ctx, pid)[0])))
    show_taken(turn, taken)


def workshop_of(turn: Turn, pid: str) -> Community:
    """The workshop of a log that may be reviewed."""
    return get_to_review(turn.ctx, pid)[1]


def press_score(turn: Turn, rest: str) -> None:
    """Points by a button."""
    pid, _, points = rest.partition(":")
    entry = score_entry(turn.ctx, pid, read_number(points, 3) or 0)
    turn.toast(T("Scored: {score}", score=entry.score or 0))
    turn.replace_pressed(*as_reviewed(turn, pid))


def press_points(turn: Turn, pid: str) -> None:
    """Ask for points as a number."""
    most = rule(get_to_review(turn.ctx, pid)[1], "score_max")
    turn.ask(NAME, "points", T("How many points, from 1 to {most}?", most=most), entry=pid)


def press_comment(turn: Turn, pid: str) -> None:
    """Ask for a comment."""
    author = author_of(turn.ctx, get_to_review(turn.ctx, pid)[0])
    turn.ask(NAME, "comment", T("Write your comment; only {name} will read it.", name=author.name), entry=pid)


def press_feature(turn: Turn, pid: str) -> None:
    """Feature a log."""
    _feature(turn, pid, True)


def press_unfeature(turn: Turn, pid: str) -> None:
    """Take the featuring back."""
    _feature(turn, pid, False)


def _feature(turn: Turn, pid: str, featured: bool) -> None:
    changed = feature_entry(turn.ctx, pid, featured)
    turn.toast(T("That is so already.") if not changed else T("🏅 Featured") if featured else T("No longer featured."))
    turn.replace_pressed(*as_reviewed(turn, pid))


def press_read(turn: Turn, pid: str) -> None:
    """Open one log again."""
    read_entry(turn.ctx, pid)
    show_entry(turn, pid, 0)


def hear(turn: Turn) -> None:
    """The comment or the points that were asked for."""
    assert turn.dialogue is not None
    pid = turn.dialogue.data["entry"]
    if turn.dialogue.step == "points":
        digits = turn.text.removesuffix("分").strip()
        score_entry(turn.ctx, pid, read_number(digits, 3) or 0)
        said: Node = T("✓ Scored.")
    else:
        comment_entry(turn.ctx, pid, turn.text)
        said = T("✓ {name} will read it.", name=Bold(author_of(turn.ctx, get_to_review(turn.ctx, pid)[0]).name))
    turn.end()
    show = Button(T("Show"), f"review.read:{pid}")
    turn.say(said, [[Button(T("Next log"), f"review.next:{pid}", style="primary"), show]])


FEATURE = Feature(
    commands=(Command(NAME, ("批阅", "review", "评阅", "批日志"), T("read and judge logs"), handle_review, who=HOST),),
    buttons=(
        ("review.open", press_open),
        ("review.next", press_next),
        ("review.skip", press_skip),
        ("review.score", press_score),
        ("review.points", press_points),
        ("review.comment", press_comment),
        ("review.feature", press_feature),
        ("review.unfeature", press_unfeature),
        ("review.read", press_read),
    ),
    dialogues=((NAME, Talk(T("Review"), hear)),),
)

