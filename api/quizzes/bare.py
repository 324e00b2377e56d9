"""Options typed without a mark behind their letter, “A月亮 B太阳” or “A 12  B 15”: they get one. Pure."""

import re
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from api.quizzes.marks import KEYWORD, LETTERS, REASON, narrow

HAN = r"[\u3400-\u9fff\U00020000-\U0003ffff]"
BARE = re.compile(rf"(?:^|(?<=[\s？?：:）)！!]))([A-LＡ-Ｌ])(?={HAN}| (?![A-LＡ-Ｌ](?:\s|$)|[.．、)）])\S)")
BEGINS = "？?：:）)！!"  # what a first option may stand behind: within a sentence an A is a word


class _Place(NamedTuple):
    line: int
    at: int
    letter: str


def spell_out(lines: Sequence[str], numbers: Container[int]) -> list[str]:
    """The same tidied lines; letters that count A, B … along a line or down the beginnings of lines get their “．”.

    `numbers`: which lines begin a question.
    """
    spelt = list(lines)
    run: list[_Place] = []
    found: list[_Place] = []
    for place in [*_places(spelt, numbers), _Place(-1, 0, "")]:
        if run and not _follows(run[-1], place):
            found += run if len(run) > 1 else []
            run = []
        if run or (place.letter == "A" and _may_begin(spelt[place.line], place.at)):
            run.append(place)
    for line, at, _ in reversed(found):
        spelt[line] = f"{spelt[line][: at + 1]}．{spelt[line][at + 1 :]}"
    return spelt


def _places(lines: Sequence[str], numbers: Container[int]) -> Iterator[_Place]:
    """Where a letter stands that might begin an option; explanations speak of options and have none."""
    explained = False
    for n, line in enumerate(lines):
        if not line or n in numbers:
            explained = False
        keyword = KEYWORD.match(line)
        explained = explained or (keyword is not None and keyword.lastgroup == REASON)
        if not explained:
            yield from (_Place(n, mark.start(1), narrow(mark[1])) for mark in BARE.finditer(line))


def _may_begin(line: str, at: int) -> bool:
    before = line[:at].rstrip()
    return not before or before[-1] in BEGINS


def _follows(one: _Place, other: _Place) -> bool:
    counts = LETTERS.find(one.letter) + 1 == LETTERS.find(other.letter)
    return counts and (other.line == one.line or (other.line == one.line + 1 and other.at == 0))
