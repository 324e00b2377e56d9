"""The marks by which a typed quiz is read: what begins a question, an option, an answer; full and half width alike."""

import re
from collections.abc import Sequence

LETTERS = "ABCDEFGHIJKL"
MOST_OPTIONS = len(LETTERS)
WIDE = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
NARROW = str.maketrans(WIDE)
# invisible characters that come along when text is copied; joiners only where they join nothing (emoji keep theirs)
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
JOINABLE = r"[^\x00-\x7f\u3000-\u9fff\uff00-\uffef\s]"
JOINER = re.compile(rf"(?<!{JOINABLE})[\u200c\u200d]|[\u200c\u200d](?!{JOINABLE})")
SPACES = re.compile(r"[^\S\n]")
NEW_LINE = re.compile("\r\n|[\r\n\x0b\x0c\u2028\u2029]")  # \x0b: Shift+Enter in Word

# "8:30 …" is no number; "3.5 …" may be one: see `number_of`
NUMBER = re.compile(
    r"(?:(?P<digits>\d{1,3})\s*(?:(?P<dot>[.．])|[、)）]|[:：](?!\d))|[(（]\s*(?P<inner>\d{1,3})\s*[)）]|"
    r"第\s*(?:(?P<named>\d{1,3})|[一二三四五六七八九十百]{1,5})\s*题\s*[.．、:：]?)\s*"
)
LETTER = r"[A-La-lＡ-Ｌａ-ｌ]"
OPTION = re.compile(rf"(?:({LETTER})\s*([.．、)）])|[(（]\s*({LETTER})\s*[)）]|【\s*({LETTER})\s*】)\s*")
ANSWER, REASON, TAGS = "answer", "reason", "tags"
WORDS = {
    ANSWER: r"(?:(?:正确|参考|标准)?答案|ANSWER)(?:应?[是为])?",
    REASON: r"(?:答案)?解析|EXPLANATION",
    TAGS: r"标签|TAGS?",
}
TICKS, CROSSES = "√✓✔☑✅", "×✗✘✖╳✕❌"
_KEY = rf"(?:{LETTER}(?:[\s,，、;；/+＋和]*{LETTER})*|[{TICKS}{CROSSES}]\ufe0f?)\s*[。．.;；]?\s*[)）]?$"
KEYWORD = re.compile(
    "|".join(rf"(?P<{kind}>[【\[](?:{say})[】\]]\s*[:：]?|[(（]?(?:{say})\s*[:：])" for kind, say in WORDS.items())
    + rf"|(?P<short>[(（]?(?:(?:正确|参考|标准)?答案(?:应?[是为])?|答\s*[:：])\s*(?={_KEY}))",
    re.IGNORECASE,
)
# where a mark may stand within a line: after a space, or after something that is no Latin letter or digit
BEFORE_KEYWORD = re.compile(r"[\s。．.；;，,、！？!?)）\]】”]")
BEFORE_OPTION = re.compile(r"[^A-Za-z0-9Ａ-Ｚａ-ｚ０-９(（【]")
SENTENCE_END = "？?：:）)！!。．…_”"


def typed_lines(text: str) -> list[str]:
    """The lines of a text, as whoever typed it counts them."""
    return NEW_LINE.split(text)


def narrow(text: str) -> str:
    """Full-width letters, digits and punctuation as their half-width ones."""
    return text.translate(NARROW)


def tidy(line: str) -> str:
    """A line without invisible characters, with plain spaces, trimmed."""
    return SPACES.sub(" ", JOINER.sub("", INVISIBLE.sub("", line))).strip()


def letter_of(mark: re.Match[str]) -> str:
    """The letter of an option's mark."""
    return narrow(mark[1] or mark[3] or mark[4]).upper()


def number_of(mark: re.Match[str]) -> int | None:
    """The number that a question's mark says; None for one in Chinese figures."""
    digits = mark["digits"] or mark["inner"] or mark["named"]
    return int(digits) if digits else None


def is_sure(line: str, mark: re.Match[str]) -> bool:
    """Whether a mark at the beginning of a line is a number without any doubt: “3.14” might be one of its own."""
    return not (mark["dot"] and line[mark.end() : mark.end() + 1].isdigit() and line[mark.end() - 1] in ".．")


def options_begin(line: str, marks: Sequence[re.Match[str]]) -> re.Match[str] | None:
    """The mark among those of a line by which options begin in its middle.

    It is an A that some words and a B follow. “、” lists things too (“A、B两地”): it counts where a sentence ended or
    where the B stands apart.
    """
    for n, mark in enumerate(marks):
        if letter_of(mark) != "A" or not _stands(line, mark):
            continue
        then = next((other for other in marks[n + 1 :] if letter_of(other) in "AB" and _stands(line, other)), None)
        if then is None or letter_of(then) == "A" or not line[mark.end() : then.start()].strip():
            continue
        apart = line[then.start() - 1].isspace()
        if mark[2] != "、" or apart or mark.start() == 0 or line[: mark.start()].rstrip()[-1:] in SENTENCE_END:
            return mark
    return None


def _stands(line: str, mark: re.Match[str]) -> bool:
    return mark.start() == 0 or BEFORE_OPTION.match(line[mark.start() - 1]) is not None
