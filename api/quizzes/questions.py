"""A question: its kinds and limits, how it is written, and how what people answer is compared (C4). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.quizzes.marks import CROSSES, LETTERS, TICKS, narrow, tidy

SINGLE, MULTIPLE, TRUTH, SHORT = "single", "multiple", "truth", "short"
KINDS = (SINGLE, MULTIPLE, TRUTH, SHORT)

TITLE_LIMIT, STEM_LIMIT, OPTION_LIMIT, REASON_LIMIT, ACCEPTED_LIMIT = 120, 500, 200, 500, 100
MOST_QUESTIONS, MOST_ACCEPTED, MOST_TAGS, TAG_LIMIT = 50, 10, 10, 20

TRUE_WORDS = frozenset("对 对的 正确 正确的 是 是的 没错 t true yes y right".split()) | set(TICKS)
FALSE_WORDS = frozenset("错 错的 错误 错误的 不对 不正确 不是 否 x f false no n wrong".split()) | set(CROSSES)
BETWEEN_LETTERS = re.compile(r"[\s,.;/+、，；／和及与]+")
BETWEEN_TRUTHS = re.compile(r"[\s()/]+")
# a verdict that goes on with why: “对，因为……”; not “No, he isn't.”, which is an answer in words
VERDICT = re.compile(rf"([对错]|正确|错误|不对|[{TICKS}{CROSSES}])[，,。；;：:\s]+(?=\S)")
CHOOSE = re.compile(r"^(?:应?选择?|选项)\s*(?=[A-Za-zＡ-Ｚａ-ｚ(（])")
STRONG = re.compile(r"[;；／|｜]")
RATE = re.compile(
    r"(\d[^\d/\s;；]{1,5})/(?=(?:小?时|分钟?|秒|[天日周月年人个只本克米升]|千克|公斤|千米|平方米|kg|km|[hsgmL]|min)(?:\W|$))"
)
WEAK = re.compile(r"(?<!\d)/|/(?!\d)|(?<=\S)\s*或(?:者|是)?(?![许多少然])\s*(?=\S)")
LISTED, LISTED_LIMIT = re.compile(r"[、，,]"), 6
HAN = re.compile(r"[\u3400-\u9fff]")
OPENING, CLOSING = "（(【[", "）)】]"
EMOJI_STYLE = "\ufe0f"
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
        # “1．5 个” would read as one and a half
        lines = [f"{n}{'、' if question.stem[:1].isdigit() else '．'}{question.stem}"]
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
        typed = "；".join(question.accepted)
        return typed if split_accepted(typed) == question.accepted else f"{typed}；"
    return "".join(LETTERS[i] for i in question.right)


def split_accepted(given: str) -> tuple[str, ...]:
    """The words of a short answer that count, each way of writing one once.

    “；” always stands between ways. Without any, so does what teachers put between two: “/” (not in 1/2 or 60千米/时),
    “或”, and “、” or “，” between words so short that they list no reasons.
    """
    parts = STRONG.split(given)
    if len(parts) == 1:
        parts = [part for ways in WEAK.split(RATE.sub(r"\1\0", given)) for part in _listed(ways.replace("\0", "/"))]
    found = [part.strip() for part in parts if normal(part)]
    return tuple({normal(one): one for one in reversed(found)}.values())[::-1]


def _listed(words: str) -> list[str]:
    parts = LISTED.split(words)
    return parts if all(HAN.search(part) and len(part.strip()) <= LISTED_LIMIT for part in parts) else [words]


def normal(words: str) -> str:
    """Words as short answers are compared: width, case, spaces and final punctuation make no difference."""
    return "".join(narrow(tidy(words)).lower().split()).strip(ENDING + "!?！？")


def read_choice(words: str, options: int) -> tuple[int, ...] | None:
    """The options that letters name (“ABD”, “a、c”, “选（B）。”); None when it is nothing of the kind."""
    said = CHOOSE.sub("", undressed(words), count=1)
    letters = BETWEEN_LETTERS.sub("", narrow(undressed(said)).upper())
    allowed = LETTERS[:options]
    if not letters or any(letter not in allowed for letter in letters):
        return None
    return tuple(sorted({allowed.index(letter) for letter in letters}))


def read_truth(words: str) -> tuple[int, ...] | None:
    """(0,) for words that say true (“对”, “（√）”, “T（对）”), (1,) for those that say false, else None."""
    said = {word for word in BETWEEN_TRUTHS.split(narrow(undressed(words)).lower()) if word}
    return (0,) if said and said <= TRUE_WORDS else (1,) if said and said <= FALSE_WORDS else None


def undressed(words: str) -> str:
    """Words without final punctuation, one pair of brackets around them and the style marks of emoji."""
    words = tidy(words.replace(EMOJI_STYLE, "")).strip(ENDING)
    if len(words) > 1 and words[0] in OPENING and words[-1] in CLOSING:
        words = words[1:-1].strip(ENDING)
    return words
