"""From text as teachers type it to questions; every fault is named with its line (C4). Pure.

    1．地球绕着谁转？            Aiken works too:  Which one is round?
    A．月亮　B．太阳                               A. the Earth
    答案：B                                        B. a brick
    解析：一年转一圈。                              ANSWER: A

`layout` says where questions begin, `pieces` cuts lines at their marks, `blocks` gathers them, `answers` reads the key.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from api.messaging.render import clean
from api.messaging.tree import Node, T
from api.quizzes.answers import MISSING, TWO_ANSWERS, Given, read_answer, too_long
from api.quizzes.blanks import answer_in_blank, without_answer
from api.quizzes.blocks import Block, gather
from api.quizzes.layout import MARKED, QUESTION, lay_out
from api.quizzes.marks import KEYWORD, LETTERS, typed_lines
from api.quizzes.questions import (
    MOST_QUESTIONS,
    MOST_TAGS,
    OPTION_LIMIT,
    REASON_LIMIT,
    SHORT,
    SINGLE,
    STEM_LIMIT,
    TAG_LIMIT,
    TITLE_LIMIT,
    Question,
)

LOST = T("I cannot tell which question this line belongs to. If it explains the answer, begin it with “Explanation:”.")
Report = Callable[[int, str, Node], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot be read, in which line (from 1); `code` is for programs."""

    line: int
    code: str
    say: Node


@dataclass(frozen=True, slots=True)
class Draft:
    """What a text says: a title (the line before the first number), questions, and faults in the order of lines."""

    title: str
    questions: tuple[Question, ...]
    faults: tuple[Fault, ...]


def has_marks(text: str) -> bool:
    """Whether a text says something that only a quiz says: a number, an option, an answer, an explanation."""
    lines = lay_out(typed_lines(text))
    return any(line.begins in (QUESTION, MARKED) or KEYWORD.search(line.text) is not None for line in lines)


def parse(text: str) -> Draft:
    """Read questions. Never raises; what cannot be read is a fault."""
    title = ""
    blocks, lost = gather(lay_out([clean(line) for line in typed_lines(text)]))
    if len(blocks) > 1 and blocks[0].bare and blocks[1].numbered:
        title = " ".join(blocks.pop(0).stem)
    faults = [Fault(line, "lost_line", LOST) for line in lost]
    if not blocks:
        faults.append(Fault(1, "nothing", T("I see no question here.")))
    if len(title) > TITLE_LIMIT:
        faults.append(Fault(1, "title_too_long", too_long(len(title), TITLE_LIMIT)))
    if len(blocks) > MOST_QUESTIONS:
        say = T("A quiz has at most {limit} questions; this begins one more.", limit=MOST_QUESTIONS)
        faults.append(Fault(blocks[MOST_QUESTIONS].first, "too_many", say))
    questions = [_question(block, faults) for block in blocks[:MOST_QUESTIONS]]
    return Draft(title, tuple(questions), tuple(sorted(faults, key=lambda fault: fault.line)))


def _question(block: Block, faults: list[Fault]) -> Question:
    def fault(line: int, code: str, say: Node) -> None:
        faults.append(Fault(line, code, say))

    stem = "\n".join(block.stem)
    if not stem:
        fault(block.first, "no_stem", T("This question has no words."))
    _check_length(fault, block.first, stem, STEM_LIMIT)
    options = _options(block, fault)
    given = _given(block, stem, options, fault)
    stem = without_answer(stem, len(options), given.right, given.accepted)
    reason = "\n".join([*([given.why] if given.why else []), *block.reason])
    _check_length(fault, block.last, reason, REASON_LIMIT)
    tags = tuple(dict.fromkeys(tag for line in block.tags for tag in re.split(r"[\s#,，、;；]+", line) if tag))
    if len(tags) > MOST_TAGS or any(len(tag) > TAG_LIMIT for tag in tags):
        fault(block.last, "tags", T("At most {most} tags of {limit} characters each.", most=MOST_TAGS, limit=TAG_LIMIT))
    return Question(
        given.kind, stem, tuple(options), given.right, given.accepted, reason, tags, block.first, block.last
    )  # fmt: skip


def _options(block: Block, fault: Report) -> list[str]:
    found: list[str] = []
    for n, (line, letter, words) in enumerate(block.options):
        text, expected = "\n".join(words), LETTERS[min(n, len(LETTERS) - 1)]
        seen = [each[1] for each in block.options[:n]]
        if letter in seen:
            fault(line, "letter_twice", T("Option {letter} is there twice.", letter=letter))
        elif letter != expected and expected not in [each[1] for each in block.options]:
            fault(line, "letter_missing", T("Option {letter} is missing before this one.", letter=expected))
        elif letter < max(seen, default=""):
            fault(line, "letter_order", T("Option {letter} is not in its place.", letter=letter))
        if not text:
            fault(line, "no_option", T("Option {letter} has no words.", letter=letter))
        elif text in found:
            fault(line, "option_twice", T("Option {letter} says the same as another one.", letter=letter))
        _check_length(fault, line, text, OPTION_LIMIT)
        found.append(text)
    if len(found) == 1:
        fault(block.options[0][0], "one_option", T("A choice needs at least two options."))
    return found


def _given(block: Block, stem: str, options: list[str], fault: Report) -> Given:
    """The answer: of its own line, else of the question's blank."""
    line, words = block.answers[0] if block.answers else (block.first, [])
    if len(block.answers) > 1:
        fault(block.answers[1][0], "two_answers", TWO_ANSWERS)
    # without a number or options a sentence with a bracket in it asks nothing
    if not words and (block.numbered or options):
        words = [found] if (found := answer_in_blank(stem, len(options))) else []
    if not words:
        fault(line, "no_answer", MISSING)
        return Given(SINGLE if options else SHORT)
    given = read_answer(" ".join(words), stem, options)
    for code, say in given.faults:
        fault(line, code, say)
    return given


def _check_length(fault: Report, line: int, text: str, limit: int) -> None:
    if len(text) > limit:
        fault(line, "too_long", too_long(len(text), limit))
