"""/logs: one's own logs; look at one, change it, take it back, answer what was said about it."""

from api.communities.rules import rule
from api.errors import Conflict
from api.journals.reviewing import answer_comment, comments_of
from api.journals.service import community_of, files_of, get_mine, list_mine, withdraw_entry
from api.journals.submitting import hand_in_button
from api.journals.texts import STATES, entry_as_seen, headline, in_sum, judgement, place, said_about
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Rows, Seq, T, When, Words
from bot.registry import Command
from bot.turn import Turn

PAGE = 8


def handle_logs(turn: Turn) -> None:
    """The newest logs."""
    show_page(turn, None)


def show_page(turn: Turn, before: int | None) -> None:
    """A page of one's logs, a button each."""
    found = list_mine(turn.ctx, before, PAGE)
    if not found:
        turn.whisper(T("You have no logs yet. Send “log” to write one."))
        return
    lines: list[Node] = []
    rows: Rows = []
    for entry, _ in found[:PAGE]:
        where = place(community_of(turn.ctx, entry))
        when = When(entry.submitted_at or entry.created_at, "day")
        score = rule(community_of(turn.ctx, entry), "score_max")
        parts: list[Node] = [headline(entry), where, when, STATES[entry.state], *judgement(entry, score)]
        lines.append(Seq(*[node for n, part in enumerate(parts) for node in ((Words(" · "), part) if n else (part,))]))
        rows.append([Button(headline(entry, 12), f"log.show:{entry.pid}")])
    if len(found) > PAGE:
        rows.append([Button(T("Earlier ones"), f"log.page:{found[PAGE - 1][0].pid}")])
    turn.whisper(Lines(Bold(T("My logs")), Bullets(*lines)), rows)


def press_page(turn: Turn, pid: str) -> None:
    """The page after an entry."""
    show_page(turn, get_mine(turn.ctx, pid).id)


def press_show(turn: Turn, pid: str) -> None:
    """One log with all that was said about it, and what can be done with it."""
    ctx, entry = turn.ctx, get_mine(turn.ctx, pid)
    community, files = community_of(ctx, entry), files_of(ctx, entry)
    seen = entry_as_seen(entry, turn.person, community, files)
    said = [said_about(comment, person) for comment, person in comments_of(ctx, entry)]
    lines = [*seen.children, *judgement(entry, rule(community, "score_max")), *said]
    rows: Rows = []
    if entry.state == "submitted":
        row = [Button(T("Change"), f"log.edit:{pid}")] if entry.score is None else []
        rows.append([*row, Button(T("Withdraw"), f"log.withdraw:{pid}")])
        if any(person.id != turn.person.id for _, person in comments_of(ctx, entry)):
            rows.append([Button(T("Answer"), f"log.answer:{pid}")])
    else:
        rows.append([hand_in_button(entry), Button(T("Write on"), f"log.go:{pid}")])
    turn.whisper(Lines(*lines), rows, [file.pid for file in files if file.state == "stored"])


def press_edit(turn: Turn, pid: str) -> None:
    """Ask for the new words of a log that is handed in."""
    entry = get_mine(turn.ctx, pid)
    if entry.score is not None:
        raise Conflict("journal.scored", T("This log has a score already, so it cannot be changed any more."))
    prompt = T("Send me the new words of “{title}”; they replace the old ones. Photos and files stay.",
               title=headline(entry))  # fmt: skip
    turn.ask("log", "revise", prompt, entry=pid)


def press_withdraw(turn: Turn, pid: str) -> None:
    """Ask before taking a log back."""
    entry = get_mine(turn.ctx, pid)
    held = in_sum(entry, files_of(turn.ctx, entry))
    say = T("Withdraw “{title}” ({sum})? It will not count any more, and its files go.",
            title=headline(entry), sum=held)  # fmt: skip
    yes = Button(T("Yes, withdraw"), f"log.takeback:{pid}", style="danger")
    turn.whisper(say, [[yes, Button(T("Keep it"), f"log.keep:{pid}")]])


def press_takeback(turn: Turn, pid: str) -> None:
    """Take a log back."""
    entry = withdraw_entry(turn.ctx, pid)
    done = T("✓ Withdrawn: “{title}”. It does not count any more.", title=headline(entry))
    turn.replace_pressed(done)
    turn.toast(T("Withdrawn."))


def press_keep(turn: Turn, pid: str) -> None:
    """Leave it as it is."""
    turn.replace_pressed(T("Kept: “{title}”", title=headline(get_mine(turn.ctx, pid))))


def press_answer(turn: Turn, pid: str) -> None:
    """Ask for the answer to a comment."""
    entry = get_mine(turn.ctx, pid)
    turn.ask("log", "answer", T("What do you want to answer about “{title}”?", title=headline(entry)), entry=pid)


def hear_answer(turn: Turn, pid: str) -> None:
    """The answer to a comment."""
    answer_comment(turn.ctx, pid, turn.text)
    turn.end()
    turn.say(T("✓ Sent."))


COMMAND = Command("logs", ("我的日志", "my logs"), T("my logs: look, change, withdraw"), handle_logs)
BUTTONS = (
    ("log.page", press_page),
    ("log.show", press_show),
    ("log.edit", press_edit),
    ("log.withdraw", press_withdraw),
    ("log.takeback", press_takeback),
    ("log.keep", press_keep),
    ("log.answer", press_answer),
)
