"""Reading a poll as it is typed: the question first, then options line by line or as A．… B．…; what does. Pure."""

import re
from collections.abc import Sequence

from api.errors import Invalid
from api.messaging.render import clean
from api.messaging.tree import T
from api.quizzes.marks import BEFORE_OPTION, LETTERS, OPTION, letter_of, options_begin, tidy

QUESTION_LIMIT, OPTION_LIMIT = 200, 100
LEAST_OPTIONS, MOST_OPTIONS = 2, 12
BULLET = re.compile(r"(?:[-*]\s+|[•·●▪]\s*)(?=\S)")
NUMBER = re.compile(r"[(（]?(\d{1,2})(?:\s*[．、)）]|\.(?!\d))\s*(?=\S)")


def read_poll(text: str) -> tuple[str, list[str]]:
    """(question, options) of what was typed; without options there is only a question.

    Marks before options are left out: letters in order, wherever in a line they stand; else numbers in order or
    bullets, when every line has one.
    """
    lines = [line for line in map(tidy, clean(text).split("\n")) if line]
    if not lines:
        return "", []
    return _lettered("\n".join(lines)) or (lines[0], read_options("\n".join(lines[1:])))


def read_options(text: str) -> list[str]:
    """The options of what was typed after the question."""
    lines = [line for line in map(tidy, clean(text).split("\n")) if line]
    if lettered := _lettered("\n".join(["?", *lines])):
        return lettered[1]
    for marked in (_numbered(lines), _bulleted(lines)):
        if marked is not None:
            return marked
    return lines


def check_question(text: str) -> str:
    """The question in one line; raises Invalid when there is none or it is too long."""
    question = " ".join(clean(text).split())
    if not question:
        raise Invalid("poll.no_question", T("What do you want to ask? Type the question."))
    if len(question) > QUESTION_LIMIT:
        say = T("The question has at most {limit} characters; yours has {n}.", limit=QUESTION_LIMIT, n=len(question))
        raise Invalid("poll.question_too_long", say, limit=QUESTION_LIMIT, n=len(question))
    return question


def check_options(options: Sequence[str]) -> list[str]:
    """The options, each in one line; raises Invalid for too few, too many, too long ones, empty ones, or two alike."""
    tidied = [" ".join(clean(option).split()) for option in options]
    if not LEAST_OPTIONS <= len(tidied) <= MOST_OPTIONS:
        say = T("A poll has {least} to {most} options; yours has {n}.",
                least=LEAST_OPTIONS, most=MOST_OPTIONS, n=len(tidied))  # fmt: skip
        raise Invalid("poll.options", say, least=LEAST_OPTIONS, most=MOST_OPTIONS, n=len(tidied))
    for n, option in enumerate(tidied):
        if not option:
            raise Invalid("poll.option_empty", T("Option {letter} is empty.", letter=LETTERS[n]), n=n)
        if len(option) > OPTION_LIMIT:
            say = T("Option {letter} has more than {limit} characters.", letter=LETTERS[n], limit=OPTION_LIMIT)
            raise Invalid("poll.option_too_long", say, n=n, limit=OPTION_LIMIT)
        if option in tidied[:n]:
            raise Invalid("poll.options_alike", T("Two options are the same: “{option}”.", option=option), n=n)
    return tidied


def _lettered(text: str) -> tuple[str, list[str]] | None:
    """(question, options) when at least A and B stand before options, and nothing is empty."""
    found = list(OPTION.finditer(text))
    leads = {mark.start() for mark in found if mark.start() == 0 or text[mark.start() - 1] == "\n"}
    # a letter that begins a line is an option there only: “方案A、方案B、还是方案C？”
    own = {letter_of(mark) for mark in found if mark.start() in leads}
    among = [mark for mark in found if mark.start() in leads or letter_of(mark) not in own]
    first = options_begin(text, among)
    marks: list[re.Match[str]] = []
    for mark in among[among.index(first) :] if first else []:
        stands = mark.start() == 0 or BEFORE_OPTION.match(text[mark.start() - 1])
        if stands and len(marks) < len(LETTERS) and letter_of(mark) == LETTERS[len(marks)]:
            marks.append(mark)
    if len(marks) < LEAST_OPTIONS:
        return None
    ends = [*[mark.start() for mark in marks[1:]], len(text)]
    options = [" ".join(text[mark.end() : end].split()) for mark, end in zip(marks, ends, strict=True)]
    question = " ".join(text[: marks[0].start()].split())
    return (question, options) if question and all(options) else None


def _numbered(lines: Sequence[str]) -> list[str] | None:
    found = [NUMBER.match(line) for line in lines]
    if [int(each[1]) if each else 0 for each in found] != list(range(1, len(lines) + 1)):
        return None
    return [line[each.end() :] for line, each in zip(lines, found, strict=True) if each]


def _bulleted(lines: Sequence[str]) -> list[str] | None:
    found = [BULLET.match(line) for line in lines]
    return [line[each.end() :] for line, each in zip(lines, found, strict=True) if each] if all(found) else None
