"""From text as teachers type it to questions; every fault is named with its line (C4). Pure.

    1．地球绕着谁转？            Aiken works too:  Which one is round?
    A．月亮　B．太阳                               A. the Earth
    答案：B                                        B. a brick
    解析：一年转一圈。                              ANSWER: A
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from api.messaging.render import clean
from api.messaging.tree import Node, T
from api.quizzes.bare import spell_out
from api.quizzes.blanks import answer_in_blank, without_answer
from api.quizzes.marks import ANSWER, LETTERS, REASON, TAGS, Piece, narrow, split_line
from api.quizzes.questions import (
    ACCEPTED_LIMIT,
    BETWEEN_LETTERS,
    MOST_ACCEPTED,
    MOST_QUESTIONS,
    MOST_TAGS,
    MULTIPLE,
    OPTION_LIMIT,
    REASON_LIMIT,
    SHORT,
    SINGLE,
    STEM_LIMIT,
    TAG_LIMIT,
    TITLE_LIMIT,
    TRUTH,
    Question,
    normal,
    read_choice,
    read_truth,
)

BETWEEN_ACCEPTED = re.compile(r"[;；／|]")


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


@dataclass(slots=True)
class _Block:
    """The pieces of one question, each with the line it begins in."""

    first: int
    numbered: bool
    last: int = 0
    stem: list[str] = field(default_factory=list)
    options: list[tuple[int, str, list[str]]] = field(default_factory=list)
    answers: list[tuple[int, list[str]]] = field(default_factory=list)
    reason: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    inside: str = "text"

    @property
    def bare(self) -> bool:
        """Whether it is words only."""
        return not (self.numbered or self.options or self.answers or self.reason or self.tags)


def parse(text: str) -> Draft:
    """Read questions. Never raises; what cannot be read is a fault."""
    title, blocks = "", _blocks(spell_out(clean(text).split("\n")))
    if len(blocks) > 1 and blocks[0].bare and blocks[1].numbered:
        title = " ".join(blocks.pop(0).stem)
    faults: list[Fault] = []
    if not blocks:
        faults.append(Fault(1, "nothing", T("I see no question here.")))
    if len(title) > TITLE_LIMIT:
        faults.append(Fault(1, "title_too_long", _too_long(len(title), TITLE_LIMIT)))
    if len(blocks) > MOST_QUESTIONS:
        say = T("A quiz has at most {limit} questions; this begins one more.", limit=MOST_QUESTIONS)
        faults.append(Fault(blocks[MOST_QUESTIONS].first, "too_many", say))
    questions = [_question(block, faults) for block in blocks[:MOST_QUESTIONS]]
    return Draft(title, tuple(questions), tuple(sorted(faults, key=lambda fault: fault.line)))


def _blocks(lines: list[str]) -> list[_Block]:
    blocks: list[_Block] = []
    gap = False
    for n, line in enumerate(lines, 1):
        if not line:
            gap = True
            continue
        block = blocks[-1] if blocks else None
        letter = block.options[-1][1] if block and block.options else ""
        for piece in split_line(line, block.inside if block else "text", letter):
            if piece.kind == "number":
                block = _Block(n, True)
                blocks.append(block)
            elif block is None or (piece.kind == "text" and _begins(block, gap)):
                block = _Block(n, False)
                blocks.append(block)
            _take(block, n, piece)
            gap = False
    return blocks


def _begins(block: _Block, gap: bool) -> bool:
    """Whether a line without any mark begins the next question: only where questions are not numbered (Aiken)."""
    if block.numbered:
        return False
    return block.inside == ANSWER or (gap and bool(block.answers) and block.inside in (REASON, TAGS))


def _take(block: _Block, n: int, piece: Piece) -> None:
    block.last = n
    text = [piece.text] if piece.text else []
    if piece.kind == "option":
        block.options.append((n, piece.letter, text))
    elif piece.kind == ANSWER:
        block.answers.append((n, text))
    elif piece.kind == REASON:
        # a second explanation goes on in the line of the first: its own line might read as something else
        block.reason = [*block.reason[:-1], " ".join([*block.reason[-1:], *text])] if block.reason else text
    elif piece.kind == TAGS:
        block.tags += text
    elif piece.kind == "text":
        _continue(block, text)
        return
    block.inside = "text" if piece.kind == "number" else piece.kind


def _continue(block: _Block, text: list[str]) -> None:
    """A line without a mark goes on with what it follows."""
    if block.inside == "option":
        block.options[-1][2].extend(text)
    elif block.inside == ANSWER and not block.answers[-1][1]:
        block.answers[-1][1].extend(text)
    elif block.inside in (ANSWER, REASON):
        block.reason += text
        block.inside = REASON
    elif block.inside == TAGS:
        block.tags += text
    else:
        block.stem += text


def _question(block: _Block, faults: list[Fault]) -> Question:
    def fault(line: int, code: str, say: Node) -> None:
        faults.append(Fault(line, code, say))

    stem, reason = "\n".join(block.stem), "\n".join(block.reason)
    if not stem:
        fault(block.first, "no_stem", T("This question has no words."))
    _check_length(fault, block.first, stem, STEM_LIMIT)
    _check_length(fault, block.last, reason, REASON_LIMIT)
    options = _options(block, fault)
    if not any(words for _, words in block.answers) and (given := answer_in_blank(stem, len(options))):
        block.answers = [(block.first, [given])]
    kind, right, accepted = _answer(block, stem, options, fault)
    stem = without_answer(stem, len(options), right, accepted)
    tags = tuple(dict.fromkeys(tag for line in block.tags for tag in re.split(r"[\s#,，、;；]+", line) if tag))
    if len(tags) > MOST_TAGS or any(len(tag) > TAG_LIMIT for tag in tags):
        fault(block.last, "tags", T("At most {most} tags of {limit} characters each.", most=MOST_TAGS, limit=TAG_LIMIT))
    return Question(kind, stem, tuple(options), right, accepted, reason, tags, block.first, block.last)


_Report = Callable[[int, str, Node], None]


def _options(block: _Block, fault: _Report) -> list[str]:
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


def _answer(block: _Block, stem: str, options: list[str], fault: _Report,
            ) -> tuple[str, tuple[int, ...], tuple[str, ...]]:  # fmt: skip
    """(kind, right options, accepted words)."""
    unknown = SINGLE if options else SHORT
    if not block.answers or not block.answers[0][1]:
        line = block.answers[0][0] if block.answers else block.first
        fault(line, "no_answer", T("The answer is missing: write “Answer: …” below the question."))
        return unknown, (), ()
    if len(block.answers) > 1:
        fault(block.answers[1][0], "two_answers", T("This question has two answers. Leave one."))
    line, words = block.answers[0]
    given = " ".join(words)
    if options:
        right = _chosen(given, options)
        if right is None:
            last = LETTERS[len(options) - 1]
            say = T("The answer “{given}” names no option. There are A to {last}.", given=given[:40], last=last)
            fault(line, "answer_unknown", say)
            return unknown, (), ()
        return (MULTIPLE if len(right) > 1 or "多选" in stem else SINGLE), right, ()
    if (truth := read_truth(given)) is not None:
        return TRUTH, truth, ()
    if _only_letters(given):
        say = T("The answer is a letter, but there are no options. Begin each with A. B. C.")
        fault(line, "no_options", say)
        return SINGLE, (), ()
    return SHORT, (), _accepted(given, line, fault)


def _chosen(given: str, options: list[str]) -> tuple[int, ...] | None:
    """Which options are right: by letters, by their words, or by a letter and the words."""
    if (right := read_choice(given, len(options))) is not None:
        return right
    wanted = normal(given)
    for n, option in enumerate(options):
        words = normal(option)
        if wanted and wanted in (words, f"{LETTERS[n].lower()}{words}", normal(f"{LETTERS[n]}.{option}")):
            return (n,)
    return None


def _only_letters(given: str) -> bool:
    letters = BETWEEN_LETTERS.sub("", narrow(given))
    return bool(letters) and set(letters) <= set(LETTERS) and list(letters) == sorted(set(letters))


def _accepted(given: str, line: int, fault: _Report) -> tuple[str, ...]:
    parts = [one.strip() for one in BETWEEN_ACCEPTED.split(given) if normal(one)]
    accepted = tuple({normal(one): one for one in reversed(parts)}.values())[::-1]
    if not accepted:
        fault(line, "no_answer", T("The answer is missing: write “Answer: …” below the question."))
    if len(accepted) > MOST_ACCEPTED:
        fault(line, "accepted", T("At most {limit} answers can be accepted.", limit=MOST_ACCEPTED))
    for one in accepted:
        _check_length(fault, line, one, ACCEPTED_LIMIT)
    return accepted


def _check_length(fault: _Report, line: int, text: str, limit: int) -> None:
    if len(text) > limit:
        fault(line, "too_long", _too_long(len(text), limit))


def _too_long(n: int, limit: int) -> Node:
    return T("That is too long: {n} characters; at most {limit}.", n=n, limit=limit)
