"""How a typed quiz is laid out, before it is read: which lines begin a question, which belong to none. Pure.

`NUMBER` finds what might be a number. Bracketed ones (“（1）…”) are, where the first question has one; “3.14 …” is,
where it goes on with the numbers before it.
"""

import re
from dataclasses import dataclass

from api.quizzes.bare import spell_out
from api.quizzes.blanks import BLANK
from api.quizzes.marks import ANSWER, KEYWORD, LETTERS, NUMBER, OPTION, is_sure, letter_of, number_of, tidy
from api.quizzes.questions import read_choice, read_truth

QUESTION, HEADING, MARKED, PLAIN = "question", "heading", "marked", "plain"
_KINDS = (
    "(?:(?:单项|多项|双项|不定项|客观|主观)?(?:选择|判断(?:改错|说理)?|填空|简答|问答|论述|计算|应用|解答|阅读|操作|实验)|"
    "单选|多选|(?:案例|材料|综合)分析|名词解释|客观|主观)"
)
_COUNT = "[一二三四五六七八九十]{1,3}"
_PART = rf"第?\s*(?:{_COUNT}|\d{{1,2}})\s*(?:部分|大题)\s*[:：]?"
_INDEX = rf"(?:{_PART}|[(（]\s*{_COUNT}\s*[)）]\s*[、.．]?|{_COUNT}\s*[、.．\s])\s*"
# what follows the name of a section speaks of all its questions
_TAIL = r"[。.]?(?:\s*$|\s*[(（:：,，。\s].*(?:题|分|打|正确|选出).*)"
SECTION = re.compile(
    rf"[【\[][^】\]]{{0,12}}(?:{_KINDS})题?[】\]]\s*(?:[(（].*)?$|{_KINDS}题{_TAIL}|{_INDEX}[^？?]{{0,10}}?{_KINDS}题?{_TAIL}"
)
_NOTES = "难度(?:系数|等级)?|知识点|考点|考查点|能力层次|分值|题型|我的答案|得分|班级|姓名|学号"
NOTE = re.compile(rf"[【\[]?(?:{_NOTES})(?:[】\]]\s*[:：]?|\s*[:：]).*$")
_WHICH = r"(?:下面|下列|后面|以下|第)?[\s\d、，,~～—至到和(（)）-]*[各小]?"
PASSAGE = re.compile(rf".{{0,40}}(?:回答|完成){_WHICH}(?:问?题|问题).{{0,10}}$")


@dataclass(frozen=True, slots=True)
class Line:
    """The n-th line of a text (from 1) without its question's number.

    `begins` is question, heading (what stands above several questions), marked (an option, an answer …) or plain.
    `gap`: after an empty line. `own`: the letters that begin lines of its question; elsewhere in it they are words.
    """

    n: int
    text: str
    begins: str
    gap: bool
    own: frozenset[str]


def lay_out(typed: list[str]) -> list[Line]:
    """The lines of a text that say something, each with its place in the whole."""
    lines = [tidy(line) for line in typed]
    numbers = _numbers(lines)
    lines = spell_out(lines, numbers)
    own = _own_letters(lines, numbers)
    found: list[Line] = []
    gap = False
    for at, line in enumerate(lines):
        if line and not _says_nothing(at, line, numbers):
            text = line[numbers[at] :] if at in numbers else line
            found.append(Line(at + 1, text, _begins(at, line, numbers), gap, own[at]))
            gap = False
        gap = gap or not line
    return found


def numbers_of(typed: list[str]) -> dict[int, int]:
    """Lines (from 1) that begin a question with a number -> which one, as typed or else by counting."""
    lines = [tidy(line) for line in typed]
    found: dict[int, int] = {}
    for at in _numbers(lines):
        mark = NUMBER.match(lines[at])
        found[at + 1] = (number_of(mark) if mark else None) or len(found) + 1
    return found


def _says_nothing(at: int, line: str, numbers: dict[int, int]) -> bool:
    return at not in numbers and NOTE.match(line) is not None


def _begins(at: int, line: str, numbers: dict[int, int]) -> str:
    if at in numbers:
        return QUESTION
    if SECTION.match(line):
        return HEADING
    return MARKED if KEYWORD.match(line) or OPTION.match(line) else PLAIN


def _numbers(lines: list[str]) -> dict[int, int]:
    """Which lines begin with a question's number, and where it ends."""
    marks = {at: mark for at, line in enumerate(lines) if (mark := NUMBER.match(line))}
    first = next((mark for at, mark in marks.items() if is_sure(lines[at], mark)), None)
    bracketed = first is not None and first["inner"] is not None
    marks = {at: mark for at, mark in marks.items() if bracketed or not mark["inner"]}
    sure = {at for at, mark in marks.items() if is_sure(lines[at], mark)}
    coming = _coming(lines, marks, sure)
    found: dict[int, int] = {}
    last, answered, options = 0, True, False
    for at, line in enumerate(lines):
        mark = marks.get(at)
        if mark is not None and at not in sure:
            number, again, ahead, choices = number_of(mark), *coming[at]
            goes_on = number == last + 1 != again and ahead and (answered or (options and choices))
            mark = mark if goes_on else None
        if mark is not None:
            found[at] = mark.end()
            last, answered, options = number_of(mark) or last + 1, False, False
            line = line[mark.end() :]
        answered = answered or _says_answer(line)
        options = options or OPTION.match(line) is not None
    return found


def _coming(lines: list[str], marks: dict[int, re.Match[str]], sure: set[int]) -> list[tuple[int | None, bool, bool]]:
    """Of each line: the next sure number after it; whether before that an answer is said, whether options begin."""
    coming: list[tuple[int | None, bool, bool]] = []
    again, ahead, choices = None, False, False
    for at in range(len(lines) - 1, -1, -1):
        mark = OPTION.match(lines[at])
        ahead = ahead or _says_answer(lines[at])
        choices = choices or (mark is not None and letter_of(mark) == "A")
        coming.append((again, ahead, choices))
        if at in sure:
            again, ahead, choices = number_of(marks[at]), False, False
    return coming[::-1]


def _says_answer(line: str) -> bool:
    return any(word.lastgroup in (ANSWER, "short") for word in KEYWORD.finditer(line)) or any(
        read_truth(blank[1]) is not None or read_choice(blank[1], len(LETTERS)) is not None
        for blank in BLANK.finditer(line, 1)
    )


def _own_letters(lines: list[str], numbers: dict[int, int]) -> list[frozenset[str]]:
    """Of each line the letters that begin lines between the question's number, or the last answer, and its answer."""
    found: list[set[str]] = []
    letters: set[str] = set()
    ended = False
    for at, line in enumerate(lines):
        mark = OPTION.match(line) if at not in numbers else None
        if at in numbers or (ended and not _ends(line)):
            letters = set()
        if mark is not None:
            letters.add(letter_of(mark))
        found.append(letters)
        ended = _ends(line)
    return [frozenset(each) for each in found]


def _ends(line: str) -> bool:
    return any(word.lastgroup != "tags" for word in KEYWORD.finditer(line))
