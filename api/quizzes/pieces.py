"""A line of a typed quiz cut into its pieces, wherever a mark stands in it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from re import Match

from api.quizzes.layout import QUESTION, Line
from api.quizzes.marks import (
    ANSWER,
    BEFORE_KEYWORD,
    BEFORE_OPTION,
    KEYWORD,
    OPTION,
    REASON,
    TAGS,
    letter_of,
    options_begin,
)

OPTION_KIND, TEXT = "option", "text"
OPENING, CLOSING = "（(", "）)"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line: kind is number | option | answer | reason | tags | text; `letter` of an option."""

    kind: str
    text: str
    letter: str = ""


def split_line(line: Line, inside: str, letter: str) -> list[Piece]:
    """The pieces of a line. `inside` is the kind of piece that it may continue, `letter` the last option's."""
    if line.begins == QUESTION:
        return [Piece("number", ""), *_Cutter(line, TEXT, "").pieces()]
    return _Cutter(line, inside, letter).pieces()


class _Cutter:
    """Where the marks of one line are, and what was cut off so far."""

    def __init__(self, line: Line, inside: str, letter: str) -> None:
        self.text, self.inside, self.letter = line.text, inside, letter
        self.fresh = line.begins != QUESTION  # whether its beginning is that of a line
        marks = [mark for mark in OPTION.finditer(line.text) if self._is_place(line, mark)]
        self.marks = {mark.start(): mark for mark in marks}
        first = options_begin(line.text, marks)
        self.first = first.start() if first else -1

    def _is_place(self, line: Line, mark: Match[str]) -> bool:
        return (self.fresh and mark.start() == 0) or letter_of(mark) not in line.own

    def pieces(self) -> list[Piece]:
        """Everything in order."""
        found: list[Piece] = []
        kind, letter, begin, opened, at = TEXT, "", 0, False, 0
        while at < len(self.text):
            mark = self._keyword_at(at) or self._option_at(at)
            if mark is None:
                at += 1
                continue
            _add(found, kind, self.text[begin:at], letter, opened)
            opened = mark[0] != OPTION_KIND and self.text[at] in OPENING
            kind, letter, at = mark
            self.inside, self.letter, begin = kind, letter or self.letter, at
        _add(found, kind, self.text[begin:], letter, opened)
        return found

    def _keyword_at(self, at: int) -> tuple[str, str, int] | None:
        """(kind, "", where it ends) of the keyword that stands at a place and counts there."""
        text = self.text
        if at and text[at] not in "【[（(" and not BEFORE_KEYWORD.match(text[at - 1]):
            return None
        found = KEYWORD.match(text, at)
        if found is None or found.lastgroup is None:
            return None
        kind = ANSWER if found.lastgroup == "short" else found.lastgroup
        # an explanation may speak of answers; in the middle of a line only tags end it
        if at and (self.inside == TAGS or (self.inside == REASON and kind != TAGS)):
            return None
        if self.inside == REASON and found.lastgroup == "short":
            return None
        # “Choose the best answer:” says nothing yet
        if (at or not self.fresh) and text[at] not in "【[" and found.end() == len(text):
            return None
        return kind, "", found.end()

    def _option_at(self, at: int) -> tuple[str, str, int] | None:
        """("option", letter, where the mark ends) of the option that begins at a place."""
        mark = self.marks.get(at)
        if mark is None:
            return None
        named, text = letter_of(mark), self.text
        if at == 0 and self.fresh:
            counts = self.inside != REASON
        elif self.inside == OPTION_KIND:
            follows = chr(ord(self.letter) + 1) if self.letter else "A"
            spaced = text[at - 1].isspace() and named in (self.letter, follows, chr(ord(follows) + 1))
            counts = spaced or (named == follows and BEFORE_OPTION.match(text[at - 1]) is not None)
        else:
            counts = at == self.first and self.inside not in (ANSWER, REASON, TAGS)
        return (OPTION_KIND, named, mark.end()) if counts else None


def _add(pieces: list[Piece], kind: str, text: str, letter: str, opened: bool) -> None:
    text = text.strip()
    if opened and text[-1:] and text[-1] in CLOSING and _count(text, CLOSING) > _count(text, OPENING):
        text = text[:-1].rstrip()
    if text or kind != TEXT:
        pieces.append(Piece(kind, text, letter if kind == OPTION_KIND else ""))


def _count(text: str, signs: Sequence[str]) -> int:
    return sum(text.count(sign) for sign in signs)
