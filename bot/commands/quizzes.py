"""/quiz: what waits to be answered; for hosts, a quiz of their bank to a community, and how it goes (C4, G8)."""

from typing import Any

from api.communities.audiences import communities_where
from api.messaging.tree import Bold, Button, Lines, Node, Plural, Rows, T, When, Words
from api.numbers import read_number
from api.quizzes import answering, pushes, service
from api.quizzes.parsing import Draft
from api.quizzes.pushes import QuizPush
from api.quizzes.status import SHOWN, missing_tree, statistics, status_rows, status_tree
from bot.commands import quizmaking, quiztaking
from bot.commands.closing import ask_closing, closing_of, take_closing
from bot.commands.sending import CANCEL, Data, Sending, moment
from bot.commands.sent import SentList
from bot.registry import LEADER, Command, Feature, Talk
from bot.turn import Choices, Turn

NAME, ACTION = "quiz", service.PUSH
CHOICES = 6
ATTEMPTS = (1, 2, 3, 0)
MARKS = (60, 80, 100, 0)


def handle_quiz(turn: Turn) -> None:
    """What waits for my answers; then, for who may push, which quiz. In a room its community is the audience."""
    leads = bool(communities_where(turn.ctx, ACTION, limit=1))
    waits = _show_waiting(turn)
    if leads:
        data: Data = {"quiz": None, "community": None}
        if not turn.private and turn.community is not None:
            data["community"] = turn.community.pid
        _ask_quiz(turn, data, turn.args)
    elif not waits:
        turn.whisper(T("No quiz waits for you."))


def _show_waiting(turn: Turn) -> bool:
    found = answering.find_waiting(turn.ctx, CHOICES)
    rows: Rows = [[Button(Words(quiz.title[:30]), f"quiz.start:{push.pid}")] for push, quiz, _ in found]
    if found:
        turn.whisper(Plural("{n} quiz waits for you:", "{n} quizzes wait for you:", len(found)), rows)
    return bool(found)


def press_push(turn: Turn, pid: str) -> None:
    """Begin a push of this quiz."""
    SENDING.go_on(turn, {"quiz": service.get_quiz_for(turn.ctx, pid).pid, "community": None})


def _ask_quiz(turn: Turn, data: Data, words: str = "") -> None:
    found = service.find_quizzes(turn.ctx, words, limit=CHOICES)
    rows: Choices = [[(Words(each.quiz.title[:30]), f"q:{each.quiz.pid}")] for each in found]
    none = T("I found no such quiz. Type other words, or a new quiz.")
    empty = T("There is no quiz in your bank yet. Type the first one.")
    prompt = T("Which quiz shall I push? Choose, or type words to search.") if found else none if words else empty
    turn.ask(NAME, "pick", prompt, [*rows, [(T("Type a new one"), "new"), CANCEL]], **data)


def _take(turn: Turn, data: Data) -> None:
    """The steps before the preview, and those that go back to it."""
    assert turn.dialogue is not None
    if turn.dialogue.step == "closing":
        _take_closing(turn, data)
    elif turn.choice == "new":
        quizmaking.begin(turn, "", data["community"])
    elif turn.choice and turn.choice.startswith("q:"):
        SENDING.go_on(turn, {**data, "quiz": service.get_quiz_for(turn.ctx, turn.choice[2:]).pid})
    elif turn.text:
        _ask_quiz(turn, data, turn.text)


def _show(turn: Turn, data: Data) -> Node:
    quiz = service.get_quiz_for(turn.ctx, data["quiz"])
    closes = closing_of(turn, data, ACTION)
    mark, attempts = data.get("mark", MARKS[0]), data.get("attempts", ATTEMPTS[0])
    return Lines(
        Bold(Words(quiz.title)),
        Plural("{n} question", "{n} questions", len(service.questions_of(turn.ctx, quiz))),
        T("Closes: {at}", at=When(closes) if closes else T("never")),
        T("Attempts: {n}", n=attempts or T("as many as they like")),
        T("Pass mark: {mark}", mark=f"{mark} %" if mark else T("none")),
    )


def _terms(_turn: Turn, _data: Data) -> Choices:
    return [[(T("Closing time"), "closing"), (T("Attempts"), "attempts"), (T("Pass mark"), "mark")]]


def _change(turn: Turn, data: Data, verb: str) -> bool:
    """One tap changes attempts and pass mark; the closing time is asked for."""
    if verb == "closing":
        ask_closing(turn, NAME, data)
    elif verb == "attempts":
        SENDING.go_on(turn, {**data, "attempts": _after(ATTEMPTS, data.get("attempts"))})
    elif verb == "mark":
        SENDING.go_on(turn, {**data, "mark": _after(MARKS, data.get("mark"))})
    return verb in ("closing", "attempts", "mark")


def _after(values: tuple[int, ...], value: int | None) -> int:
    return values[((values.index(value) if value in values else 0) + 1) % len(values)]


def _take_closing(turn: Turn, data: Data) -> None:
    if take_closing(turn, data):
        closes, attempts, mark = closing_of(turn, data, ACTION), ATTEMPTS[0], MARKS[0]
        pushes.check_terms(turn.ctx, moment(data) or turn.ctx.now, closes, attempts, mark)
        SENDING.go_on(turn, data)


def _send(turn: Turn, data: Data, **how: Any) -> QuizPush:
    return pushes.push_quiz(
        turn.ctx, data["quiz"], data["community"], closes_at=closing_of(turn, data, ACTION),
        attempts=data.get("attempts", ATTEMPTS[0]), pass_mark=data.get("mark", MARKS[0]), **how,
    )  # fmt: skip


def press_show(turn: Turn, pid: str) -> None:
    """A quiz of the bank with its answers, in private."""
    quiz = service.get_quiz_for(turn.ctx, pid)
    questions = service.questions_of(turn.ctx, quiz)
    lines = quizmaking.questions_shown(Draft(quiz.title, tuple(questions), ()))
    tags = [Words(" ".join(f"#{tag}" for tag in quiz.tags))] if quiz.tags else []
    rows: Rows = [[
        Button(T("Push this quiz"), f"quiz.push:{pid}", style="primary"), Button(T("Change"), f"quiz.edit:{pid}"),
        Button(T("Remove this quiz"), f"quiz.remove:{pid}"),
    ]]  # fmt: skip
    turn.whisper(Lines(Bold(Words(quiz.title)), *tags, *lines), rows)


def press_remove(turn: Turn, pid: str) -> None:
    """Ask before a quiz is removed, with what else will not happen then."""
    quiz = service.get_quiz_for(turn.ctx, pid)
    yes = Button(T("Yes, remove it"), f"quiz.removed:{pid}", style="danger")
    lines: list[Node] = [T("Remove “{title}” from the quiz bank? Nobody finds it any more.", title=quiz.title)]
    if n := service.count_scheduled(turn.ctx, quiz):
        lines.append(Plural("One scheduled push of it will not go out.",
                            "{n} scheduled pushes of it will not go out.", n))  # fmt: skip
    turn.whisper(Lines(*lines), [[yes]])


def press_removed(turn: Turn, pid: str) -> None:
    """Remove it."""
    service.remove_quiz(turn.ctx, pid)
    turn.replace_pressed(T("✓ Removed."))


def press_stats(turn: Turn, rest: str) -> None:
    """How it goes, ten questions at a time, in private."""
    pid, _, first = rest.partition(".")
    start = read_number(first, 4) or 0
    push, quiz, figures, tallies = pushes.get_statistics(turn.ctx, pid)
    community = pushes.around(turn.ctx, push)[1]
    tree: Node = Lines(*statistics(tallies[start : start + SHOWN]))
    if not start:
        tree = status_tree(push, quiz, community, figures, tallies)
    rows = status_rows(push, figures) if not start else []
    if len(tallies) > start + SHOWN:
        rows.append([Button(T("More questions"), f"quiz.stats:{push.pid}.{start + SHOWN}")])
    turn.whisper(tree, rows)


def press_missing(turn: Turn, rest: str) -> None:
    """Who has not answered, in private, a page at a time."""
    pid, _, page = rest.partition(".")
    first = (read_number(page, 4) or 0) * pushes.PAGE
    push, people, n = pushes.find_missing(turn.ctx, pid, first)
    rows: Rows = []
    if n > first + pushes.PAGE:
        rows.append([Button(T("More names"), f"quiz.missing:{push.pid}.{first // pushes.PAGE + 1}")])
    if n and push.closed_at is None and push.withdrawn_at is None:
        rows.append([Button(T("Remind who has not ({n})", n=n), f"quiz.remind:{push.pid}")])
    turn.whisper(missing_tree(people, n), rows)


def press_remind(turn: Turn, pid: str) -> None:
    """Remind only those who have not, once a day."""
    n = pushes.remind_missing(turn.ctx, pid)
    say = Plural("I am reminding {n} person in private.", "I am reminding {n} people in private.", n)
    turn.toast(say if n else T("They were reminded today already."))


def press_withdraw(turn: Turn, pid: str) -> None:
    """Ask before a quiz is taken back."""
    waits = pushes.get_push_for(turn.ctx, pid).released_at is None
    yes = Button(T("Yes, take it back"), f"quiz.withdrawn:{pid}", style="danger")
    gone = T("Take this quiz back? It disappears for everybody; what was answered stays counted.")
    turn.whisper(T("It has not gone out yet. Shall it not be sent at all?") if waits else gone, [[yes]])


def press_withdrawn(turn: Turn, pid: str) -> None:
    """Take it back."""
    push = pushes.withdraw_push(turn.ctx, pid)
    turn.replace_pressed(T("✓ Taken back.") if push.released_at is not None else T("✓ It will not be sent."))


SENDING = Sending(NAME, ACTION, _take, _show, _send, _terms, _change)
SENT = SentList(
    NAME, T("My quizzes"), T("You have sent no quiz yet. Send “quiz” to choose one."), pushes.list_sent,
    pushes.describe_sent, pushes.show_card,
)  # fmt: skip
FEATURE = Feature(
    commands=(
        Command(NAME, ("测验", "微测", "quiz"), T("quizzes that wait for me; hosts push one"), handle_quiz),
        Command("quizzes", ("我的测验", "my quizzes"), T("quizzes I sent: how they go, remind, take back"), SENT.handle,
                who=LEADER),
        Command("newquiz", ("出题", "新测验", "newquiz"), T("type questions into the bank"), quizmaking.handle_newquiz,
                who=LEADER),
    ),
    buttons=(
        ("quiz.push", press_push),
        ("quiz.show", press_show),
        ("quiz.edit", quizmaking.press_edit),
        ("quiz.remove", press_remove),
        ("quiz.removed", press_removed),
        ("quiz.start", quiztaking.press_start),
        ("quiz.vote", quiztaking.press_vote),
        ("quiz.pick", quiztaking.press_pick),
        ("quiz.mark", quiztaking.press_mark),
        ("quiz.hand", quiztaking.press_hand),
        ("quiz.stats", press_stats),
        ("quiz.missing", press_missing),
        ("quiz.remind", press_remind),
        ("quiz.withdraw", press_withdraw),
        ("quiz.withdrawn", press_withdrawn),
        *SENT.buttons,
    ),
    votes=(("quiz", quiztaking.hear_vote), ("quiz.push", quiztaking.hear_push_vote)),
    dialogues=(
        (NAME, Talk(T("the push of a quiz"), SENDING.hear)),
        (quizmaking.NAME, Talk(T("the new quiz"), quizmaking.hear)),
        (quiztaking.NAME, Talk(T("the quiz"), quiztaking.hear, quiztaking.cancelled, answers=quiztaking.HAND_IN)),
    ),
    offers=(quizmaking.offer_quiz,),
)  # fmt: skip
