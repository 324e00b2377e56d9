"""What is said about quizzes and their questions."""

from collections.abc import Sequence

from api.messaging.tree import Bold, Bullets, Lines, Node, Plural, Seq, T, Words
from api.quizzes.marks import LETTERS, typed_lines
from api.quizzes.parsing import Fault
from api.quizzes.questions import MULTIPLE, SHORT, SINGLE, TRUTH, Question
from storage.communities import Community
from storage.quizzes import Quiz

EXCERPT = 30
MOST_FAULTS = 10
KIND_NAMES: dict[str, T] = {
    SINGLE: T("one right answer"),
    MULTIPLE: T("several right answers"),
    TRUTH: T("true or false"),
    SHORT: T("short answer"),
}
TRUE, FALSE = T("True"), T("False")


def faults_tree(faults: Sequence[Fault], text: str) -> Node:
    """Every fault by its line, with the line itself."""
    source = typed_lines(text)
    head = Plural("One thing is not right yet:", "{n} things are not right yet:", len(faults))
    lines: list[Node] = []
    for fault in faults[:MOST_FAULTS]:
        line = source[fault.line - 1].strip() if fault.line <= len(source) else ""
        shown = line if len(line) <= EXCERPT else line[:EXCERPT] + "…"
        said: list[Node] = [T("Line {n}: {what}", n=fault.line, what=fault.say)]
        lines.append(Seq(*said, *([Words(f"　「{shown}」")] if shown else [])))
    if len(faults) > MOST_FAULTS:
        lines.append(Plural("and one more", "and {n} more", len(faults) - MOST_FAULTS))
    return Lines(head, Bullets(*lines))


def question_tree(question: Question, head: Node | None = None, chosen: Sequence[int] = ()) -> Node:
    """A question as it is asked; `chosen` are the options marked so far."""
    lines: list[Node] = [head] if head else []
    lines.append(Bold(Words(question.stem)))
    lines += [
        Words(f"{'☑ ' if n in chosen else ''}{LETTERS[n]}．{option}") for n, option in enumerate(question.options)
    ]
    return Lines(*lines)


def gone_tree(quiz: Quiz, community: Community) -> Node:
    """To who scheduled a push of a quiz that is in its bank no more."""
    return T("“{title}” was not sent to {community}: it was removed from the quiz bank.",
             title=quiz.title, community=community.name)  # fmt: skip


def answer_node(question: Question) -> Node:
    """The right answer."""
    if question.kind == SHORT:
        return Words(" / ".join(question.accepted))
    return options_node(question, question.right)


def options_node(question: Question, picked: Sequence[int]) -> Node:
    """Options by their letters, or true and false; a single one with its words."""
    if question.kind == TRUTH:
        return FALSE if 1 in picked else TRUE
    if len(picked) == 1:
        return Words(f"{LETTERS[picked[0]]}．{question.options[picked[0]]}")
    return Words("、".join(LETTERS[n] for n in picked))


def with_answer(n: int, question: Question) -> Node:
    """A question with its answer and explanation, as its author checks it."""
    lines: list[Node] = [question_tree(question, Seq(Words(f"{n}. "), KIND_NAMES[question.kind]))]
    if len(question.accepted) > 1:
        quoted = "".join(f"「{one}」" for one in question.accepted)
        lines.append(T("Any one of these counts: {answers}", answers=quoted))
    else:
        lines.append(T("Answer: {answer}", answer=answer_node(question)))
    if question.reason:
        lines.append(T("Because: {reason}", reason=question.reason))
    if question.tags:
        lines.append(Words(" ".join(f"#{tag}" for tag in question.tags)))
    return Lines(*lines)


def short(text: str, limit: int = EXCERPT) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit].rstrip() + "…"
