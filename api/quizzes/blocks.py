"""The lines of a typed quiz gathered into questions: what each line goes on with, and which belong to none. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from api.quizzes.layout import HEADING, PASSAGE, PLAIN, QUESTION, Line
from api.quizzes.marks import ANSWER, NUMBER, REASON, TAGS
from api.quizzes.pieces import OPTION_KIND, TEXT, Piece, split_line


@dataclass(slots=True)
class Block:
    """The pieces of one question, each with the line it begins in. `explained`: an explanation was marked as one."""

    first: int
    numbered: bool
    last: int = 0
    stem: list[str] = field(default_factory=list)
    options: list[tuple[int, str, list[str]]] = field(default_factory=list)
    answers: list[tuple[int, list[str]]] = field(default_factory=list)
    reason: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    inside: str = TEXT
    explained: bool = False

    @property
    def bare(self) -> bool:
        """Whether it is words only."""
        return not (self.numbered or self.options or self.answers or self.reason or self.tags)


def gather(lines: Sequence[Line]) -> tuple[list[Block], list[int]]:
    """The questions of a text, and the numbers of lines that may belong to any or none of them."""
    blocks: list[Block] = []
    lost: list[int] = []
    losing = False
    counted = any(line.begins == QUESTION for line in lines)
    for at, line in enumerate(lines):
        block = blocks[-1] if blocks else None
        if line.begins != PLAIN:
            losing = False
        elif counted and (line.gap or not at or lines[at - 1].begins != PLAIN or PASSAGE.match(line.text)):
            losing = _is_lost(lines, at, block)
            lost += [line.n] if losing else []
        if line.begins == HEADING:
            continue
        if losing:
            if block is not None:
                block.last = line.n
            continue
        letter = block.options[-1][1] if block and block.options else ""
        for n, piece in enumerate(split_line(line, block.inside if block else TEXT, letter)):
            if piece.kind == "number":
                block = Block(line.n, True)
                blocks.append(block)
            elif block is None or (piece.kind == TEXT and _begins(block, line.gap and not n)):
                block = Block(line.n, False)
                blocks.append(block)
            _take(block, line.n, piece)
    return blocks, lost


def _is_lost(lines: Sequence[Line], at: int, block: Block | None) -> bool:
    """Whether nobody can tell what a line without a mark belongs to, in a text whose questions have numbers.

    Below an answer it explains, unless the next question follows at once: then it may be what that one is about.
    """
    line = lines[at]
    if block is None or block.bare:
        return PASSAGE.match(line.text) is not None
    awaited = block.inside == ANSWER and not block.answers[-1][1]
    if awaited or not block.numbered or block.inside in (TEXT, OPTION_KIND):
        return False
    if PASSAGE.match(line.text) or lines[at - 1].begins == HEADING:
        return True
    if block.explained and block.inside == REASON:
        return False
    if line.gap or NUMBER.match(line.text):
        return True
    after = next((other for other in lines[at + 1 :] if other.begins != PLAIN or other.gap), None)
    return after is not None and not after.gap and after.begins in (QUESTION, HEADING)


def _begins(block: Block, gap: bool) -> bool:
    """Whether a line without any mark begins the next question: only where questions are not numbered (Aiken)."""
    if block.numbered:
        return False
    return block.inside == ANSWER or (gap and bool(block.answers) and block.inside in (REASON, TAGS))


def _take(block: Block, n: int, piece: Piece) -> None:
    block.last = n
    text = [piece.text] if piece.text else []
    if piece.kind == OPTION_KIND:
        block.options.append((n, piece.letter, text))
    elif piece.kind == ANSWER:
        block.answers.append((n, text))
    elif piece.kind == REASON:
        block.explained = True
        # a second explanation goes on in the line of the first: its own line might read as something else
        block.reason = [*block.reason[:-1], " ".join([*block.reason[-1:], *text])] if block.reason else text
    elif piece.kind == TAGS:
        block.tags += text
    elif piece.kind == TEXT:
        _continue(block, text)
        return
    block.inside = TEXT if piece.kind == "number" else piece.kind


def _continue(block: Block, text: list[str]) -> None:
    """A line without a mark goes on with what it follows."""
    if block.inside == OPTION_KIND:
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
