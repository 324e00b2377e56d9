"""What is said about a pushed quiz: as it arrives, as it goes, as it ends. In a room nothing is said of anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.messaging.polls import Poll
from api.messaging.reasons import unreached
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Plural, Rows, Seq, T, Words
from api.quizzes.marks import LETTERS
from api.quizzes.polls import question_poll
from api.quizzes.questions import SINGLE, TRUTH, Question
from api.quizzes.texts import FALSE, TRUE, question_tree, short
from storage.communities import Community
from storage.people import Person
from storage.quiz_pushes import Attempt, QuizPush
from storage.quizzes import Quiz

SHOWN = 10  # questions with their figures in one message
PER_ROW = 4
WITHDRAWN = T("This quiz was taken back.")
PASSED, NOT_PASSED = T("✓ Passed."), T("Not passed this time.")
CLOSED = T("This quiz is closed; answers do not count any more.")


@dataclass(frozen=True, slots=True)
class Figures:
    """How a push goes: people who finished, who passed, who still owe an answer, whom it did not reach."""

    answered: int
    passed: int
    missing: int
    lost: Mapping[str, int]  # why -> people it did not reach


@dataclass(frozen=True, slots=True)
class Tally:
    """One question over everybody's first attempt: how many answered, how many rightly, how many chose each option."""

    n: int
    question: Question
    answers: int
    correct: int
    options: tuple[int, ...]


def push_tree(push: QuizPush, quiz: Quiz, questions: Sequence[Question], community: Community, author: Person,
              answered: int = 0) -> Node:  # fmt: skip
    """A push as it arrives: the question, or the title of several; how many have answered, never who."""
    lines: list[Node] = [_head(community, author)]
    if len(questions) == 1:
        lines.append(question_tree(questions[0]))
    else:
        lines.append(Seq(Words("📝 "), Bold(Words(quiz.title))))
        lines.append(Plural("{n} question", "{n} questions", len(questions)))
    lines += terms(push)
    lines.append(T("Only you see your answer."))
    if answered:
        lines.append(Plural("{n} person has answered", "{n} people have answered", answered))
    return Lines(*lines)


def push_poll(push: QuizPush, questions: Sequence[Question], community: Community, author: Person) -> Poll | None:
    """A push of one question for people whose platform has quizzes of its own; in a room its votes would be seen."""
    if len(questions) != 1:
        return None
    return question_poll(questions[0], f"quiz.push:{push.pid}", _head(community, author), push.closes_at)


def _head(community: Community, author: Person) -> Node:
    return T("{name} asks · {community}", name=author.name, community=community.name)


def terms(push: QuizPush) -> list[Node]:
    """Until when, how often, what it takes to pass; what goes without saying is left out."""
    lines: list[Node] = []
    if push.closes_at is not None:
        lines.append(T("Open until {at}", at=push.closes_at))
    if push.attempts != 1:
        times = T("You may try {n} times.", n=push.attempts)
        lines.append(times if push.attempts else T("You may try as often as you like."))
    return lines


def push_rows(push: QuizPush, questions: Sequence[Question]) -> Rows:
    """The options, where a single press answers and only the presser is told; else what leads to the private chat."""
    if len(questions) != 1 or questions[0].kind not in (SINGLE, TRUTH):
        return start_rows(push)
    labels: list[Node] = [TRUE, FALSE]
    if questions[0].kind == SINGLE:
        labels = [Words(LETTERS[n]) for n in range(len(questions[0].options))]
    buttons = [Button(label, f"quiz.vote:{push.pid}.{n}", only="discreet") for n, label in enumerate(labels)]
    return [*[buttons[n : n + PER_ROW] for n in range(0, len(buttons), PER_ROW)], [_start(push, "open")]]


def start_rows(push: QuizPush) -> Rows:
    """The button that leads to the questions in the private chat."""
    return [[_start(push)]]


def _start(push: QuizPush, only: str = "") -> Button:
    return Button(T("Take the quiz"), f"quiz.start:{push.pid}", style="primary", only=only)


def reminder_tree(push: QuizPush, quiz: Quiz, community: Community, author: Person) -> Node:
    """To somebody who has not finished, in private."""
    head = T("{name} is waiting for your answers to “{title}” · {community}",
             name=author.name, title=quiz.title, community=community.name)  # fmt: skip
    return Lines(head, *terms(push))


def late_tree(quiz: Quiz, community: Community) -> Node:
    """To who scheduled a push whose closing time passed before it went out."""
    return T("“{title}” was not sent to {community}: its closing time had passed.",
             title=quiz.title, community=community.name)  # fmt: skip


def ended_tree(quiz: Quiz, attempt: Attempt, questions: int) -> Node:
    """To somebody who had begun and not finished when it closed."""
    closed = T("“{title}” is closed. What you had answered counts: {score} of {all} right.",
               title=quiz.title, score=attempt.score, all=questions)  # fmt: skip
    return Lines(closed, *([] if attempt.passed is None else [PASSED if attempt.passed else NOT_PASSED]))


def closed_tree(quiz: Quiz, community: Community, author: Person, answered: int) -> Node:
    """What a room reads when it is over."""
    return Lines(
        _head(community, author),
        Bold(Words(quiz.title)),
        Plural("Closed; {n} person answered.", "Closed; {n} people answered.", answered),
    )


def status_tree(push: QuizPush, quiz: Quiz, community: Community, figures: Figures, tallies: Sequence[Tally]) -> Node:
    """How it goes, for the one who pushed only."""
    if push.withdrawn_at is not None:
        return T("The quiz “{title}” to {community} was taken back.", title=quiz.title, community=community.name)
    closed = T("Quiz closed · {title} · {community}", title=quiz.title, community=community.name)
    if push.released_at is None:
        waits = T("Quiz goes out {at} · {title} · {community}",
                  at=push.release_at, title=quiz.title, community=community.name)  # fmt: skip
        return Lines(Bold(waits), *terms(push))
    running = T("Quiz sent · {title} · {community}", title=quiz.title, community=community.name)
    lines: list[Node] = [Bold(closed if push.closed_at is not None else running)]
    lines.append(T("Answered: {n}", n=figures.answered))
    if push.pass_mark:
        lines.append(T("Passed: {n} (pass mark {mark} %)", n=figures.passed, mark=push.pass_mark))
    if figures.missing:
        lines.append(T("Not yet: {n}", n=figures.missing))
    lines += unreached(figures.lost)
    if push.closed_at is None and push.closes_at is not None:
        lines.append(T("Open until {at}", at=push.closes_at))
    if any(tally.answers for tally in tallies):
        lines += statistics(tallies[:SHOWN])
    return Lines(*lines)


def statistics(tallies: Sequence[Tally]) -> list[Node]:
    """Each question: how many were right, and how many chose what; over everybody's first attempt."""
    lines: list[Node] = []
    for tally in tallies:
        right = T("{right} of {all} right", right=tally.correct, all=tally.answers)
        lines.append(Seq(Words(f"{tally.n}. {short(tally.question.stem, 20)}　"), right))
        if tally.options:
            lines.append(Seq(Words("　"), *_options(tally)))
    return lines


def _options(tally: Tally) -> list[Node]:
    truth = tally.question.kind == TRUTH
    nodes: list[Node] = []
    for n, count in enumerate(tally.options):
        label: Node = (TRUE, FALSE)[n] if truth else Words(LETTERS[n])
        mark = "✓" if n in tally.question.right else ""
        nodes += [Words(" · ") if n else Words(""), label, Words(f"{mark} {count}")]
    return nodes


def status_rows(push: QuizPush, figures: Figures) -> Rows:
    """What the one who pushed can do about it."""
    if push.withdrawn_at is not None:
        return []
    if push.released_at is None:
        return [[Button(T("Take back"), f"quiz.withdraw:{push.pid}")]]
    ask = [Button(T("Who has not answered"), f"quiz.missing:{push.pid}")]
    if push.closed_at is None:
        ask.append(Button(T("Remind who has not ({n})", n=figures.missing), f"quiz.remind:{push.pid}"))
    about = [Button(T("Question by question"), f"quiz.stats:{push.pid}")]
    if push.closed_at is None:
        about.append(Button(T("Take back"), f"quiz.withdraw:{push.pid}"))
    return [*([ask] if figures.missing else []), about]


def missing_tree(people: Sequence[Person], n: int) -> Node:
    """Who has not finished; private to the one who pushed."""
    if not n:
        return T("Everybody has answered.")
    head = Plural("{n} person has not answered yet:", "{n} people have not answered yet:", n)
    return Lines(head, Bullets(*[Words(person.name) for person in people]))
