"""A question: its kinds and limits, how it is written, and how what people answer is compared (C4). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.quizzes.marks import LETTERS, narrow, tidy

SINGLE, MULTIPLE, TRUTH, SHORT = "single", "multiple", "truth", "short"
KINDS = (SINGLE, MULTIPLE, TRUTH, SHORT)

TITLE_LIMIT, STEM_LIMIT, OPTION_LIMIT, REASON_LIMIT, ACCEPTED_LIMIT = 120, 500, 200, 500, 100
MOST_QUESTIONS, MOST_ACCEPTED, MOST_TAGS, TAG_LIMIT = 50, 10, 10, 20

TRUE_WORDS = frozenset("对 正确 是 √ ✓ ✔ t true yes y right".split())
FALSE_WORDS = frozenset("错 错误 不对 不正确 否 × ✗ ✘ x f false no n wrong".split())
BETWEEN_LETTERS = re.compile(r"[\s,.;/、，；／和及]+")
ENDING = " 。．.；;，,"


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `right`: indices of the right options (truth: 0 is true, 1 is false); `accepted`: short answers.

    `first` and `last` are the lines of the source it stands in, from 1.
    """

    kind: str
    stem: str
    options: tuple[str, ...] = ()
    right: tuple[int, ...] = ()
    accepted: tuple[str, ...] = ()
    reason: str = ""
    tags: tuple[str, ...] = ()
    first: int = field(default=0, compare=False)
    last: int = field(default=0, compare=False)


def render_questions(title: str, questions: Sequence[Question]) -> str:
    """The text that `parse` reads as these questions."""
    parts = [title] if title else []
    for n, question in enumerate(questions, 1):
        lines = [f"{n}．{question.stem}"]
        lines += [f"{LETTERS[i]}．{option}" for i, option in enumerate(question.options)]
        lines.append(f"答案：{answer_text(question)}")
        lines += [f"解析：{question.reason}"] if question.reason else []
        lines += [f"标签：{' '.join(question.tags)}"] if question.tags else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def answer_text(question: Question) -> str:
    """The right answer as it is typed."""
    if question.kind == TRUTH:
        return "对" if question.right == (0,) else "错"
    if question.kind == SHORT:
        return "；".join(question.accepted)
    return "".join(LETTERS[i] for i in question.right)


def normal(words: str) -> str:
    """Words as short answers are compared: width, case, spaces and final punctuation make no difference."""
    return "".join(narrow(tidy(words)).lower().split()).strip(ENDING + "!?！？")


def read_choice(words: str, options: int) -> tuple[int, ...] | None:
    """The options that letters name (“ABD”, “a、c”); None when it is nothing of the kind."""
    letters = BETWEEN_LETTERS.sub("", narrow(tidy(words)).upper())
    allowed = LETTERS[:options]
    if not letters or any(letter not in allowed for letter in letters):
        return None
    return tuple(sorted({allowed.index(letter) for letter in letters}))


def read_truth(words: str) -> tuple[int, ...] | None:
    """(0,) for a word that says true, (1,) for one that says false, else None."""
    word = narrow(tidy(words)).strip(ENDING).lower()
    return (0,) if word in TRUE_WORDS else (1,) if word in FALSE_WORDS else None
