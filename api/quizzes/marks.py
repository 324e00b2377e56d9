"""The marks by which a typed quiz is read: what begins a question, an option, an answer; full and half width alike."""

import re
from dataclasses import dataclass

LETTERS = "ABCDEFGHIJKL"
MOST_OPTIONS = len(LETTERS)
WIDE = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
NARROW = str.maketrans(WIDE)
# invisible characters that come along when text is copied; joiners only where they join nothing (emoji keep theirs)
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
JOINABLE = r"[^\x00-\x7f\u3000-\u9fff\uff00-\uffef\s]"
JOINER = re.compile(rf"(?<!{JOINABLE})[\u200c\u200d]|[\u200c\u200d](?!{JOINABLE})")
SPACES = re.compile(r"[^\S\n]")

# no number: “3.5 …”, “8:30 …”
NUMBER = re.compile(
    r"(?:\d{1,3}\s*(?:[．、)）]|[.:：](?!\d))|[(（]\s*\d{1,3}\s*[)）]|"
    r"第\s*(?:\d{1,3}|[一二三四五六七八九十百]{1,5})\s*题\s*[.．、:：]?)\s*"
)
HEADING = re.compile(r"[一二三四五六七八九十]{1,3}\s*[、.．].{0,40}(?:选择|单选|多选|判断|填空|简答|问答).{0,40}")
LETTER = r"[A-La-lＡ-Ｌａ-ｌ]"
OPTION = re.compile(rf"(?:({LETTER})\s*[.．、)）]|[(（]\s*({LETTER})\s*[)）]|【\s*({LETTER})\s*】)\s*")
ANSWER, REASON, TAGS = "answer", "reason", "tags"
WORDS = {
    ANSWER: r"(?:正确|参考|标准)?答案|ANSWER",
    REASON: r"(?:答案)?解析|EXPLANATION",
    TAGS: r"标签|TAGS?",
}
KEYWORD = re.compile(
    "|".join(rf"(?P<{name}>[【\[](?:{words})[】\]]\s*[:：]?|(?:{words})\s*[:：])" for name, words in WORDS.items()),
    re.IGNORECASE,
)
# where a mark may stand within a line: after a space, or after something that is no Latin letter or digit
BEFORE_KEYWORD = re.compile(r"[\s。．.；;，,、！？!?)）\]】”]")
BEFORE_OPTION = re.compile(r"[^A-Za-z0-9Ａ-Ｚａ-ｚ０-９(（【]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line: kind is number | option | answer | reason | tags | text; `letter` of an option."""

    kind: str
    text: str
    letter: str = ""


def narrow(text: str) -> str:
    """Full-width letters, digits and punctuation as their half-width ones."""
    return text.translate(NARROW)


def tidy(line: str) -> str:
    """A line without invisible characters, with plain spaces, trimmed."""
    return SPACES.sub(" ", JOINER.sub("", INVISIBLE.sub("", line))).strip()


def split_line(line: str, inside: str, letter: str) -> list[Piece]:
    """The pieces of a tidied line. `inside` is the kind of piece that it may continue, `letter` the last option's."""
    if HEADING.fullmatch(line):
        return []
    if found := NUMBER.match(line):
        return [Piece("number", ""), *_cut(line[found.end() :], "text", "")]
    return _cut(line, inside, letter)


def _cut(line: str, inside: str, letter: str) -> list[Piece]:
    """Cut a line wherever a mark stands in it."""
    pieces: list[Piece] = []
    kind, begin, at = "text", 0, 0
    last_b = max((found.start() for found in OPTION.finditer(line) if _letter(found) == "B"), default=-1)
    while at < len(line):
        mark = _keyword_at(line, at, inside) or _option_at(line, at, inside, letter, last_b)
        if mark is None:
            at += 1
            continue
        _add(pieces, kind, line[begin:at], letter)
        kind, letter, at = mark[0], mark[1] or letter, mark[2]
        inside, begin = kind, at
    _add(pieces, kind, line[begin:], letter)
    return pieces


def _add(pieces: list[Piece], kind: str, text: str, letter: str) -> None:
    text = text.strip()
    if text or kind != "text":
        pieces.append(Piece(kind, text, letter if kind == "option" else ""))


def _keyword_at(line: str, at: int, inside: str) -> tuple[str, str, int] | None:
    """(kind, "", where it ends) of the keyword that stands at a place of a line and counts there."""
    if at and line[at] not in "【[" and not BEFORE_KEYWORD.match(line[at - 1]):
        return None
    found = KEYWORD.match(line, at)
    if found is None or found.lastgroup is None:
        return None
    # an explanation may speak of answers; in the middle of a line only tags end it
    if at and (inside == TAGS or (inside == REASON and found.lastgroup != TAGS)):
        return None
    return found.lastgroup, "", found.end()


def _option_at(line: str, at: int, inside: str, letter: str, last_b: int) -> tuple[str, str, int] | None:
    """("option", letter, where the mark ends) of the option that begins at a place of a line."""
    if at and inside in (ANSWER, REASON, TAGS):
        return None
    found = OPTION.match(line, at)
    if found is None:
        return None
    named = _letter(found)
    if at and inside == "option":
        follows = chr(ord(letter) + 1) if letter else "A"
        spaced = line[at - 1].isspace() and named in (letter, follows, chr(ord(follows) + 1))
        counts = spaced or (named == follows and bool(BEFORE_OPTION.match(line[at - 1])))
    elif at:
        # a lone “A.” within a sentence begins no options
        counts = named == "A" and last_b >= found.end() and bool(BEFORE_OPTION.match(line[at - 1]))
    else:
        counts = True
    return ("option", named, found.end()) if counts else None


def _letter(found: re.Match[str]) -> str:
    return narrow(found[1] or found[2] or found[3]).upper()


__all__ = ["ANSWER", "LETTERS", "MOST_OPTIONS", "REASON", "TAGS", "Piece", "narrow", "split_line", "tidy"]
