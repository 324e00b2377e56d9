"""What is typed behind “Answer:”: letters, a verdict, or words that are accepted. Pure."""

import re
from dataclasses import dataclass

from api.messaging.tree import Node, T
from api.quizzes.blanks import without_answer
from api.quizzes.marks import ANSWER, CROSSES, LETTER, LETTERS, TICKS, WORDS, narrow
from api.quizzes.questions import (
    ACCEPTED_LIMIT,
    BETWEEN_LETTERS,
    MOST_ACCEPTED,
    MULTIPLE,
    SHORT,
    SINGLE,
    TRUTH,
    VERDICT,
    normal,
    read_choice,
    read_truth,
    split_accepted,
    undressed,
)

MISSING = T("The answer is missing: write “Answer: …” below the question.")
TWO_ANSWERS = T("This question has two answers. Leave one.")
ONCE_MORE = re.compile(rf"(?:{WORDS[ANSWER]})\s*[:：]", re.IGNORECASE)  # 答案：甲；答案：乙
NAMED = re.compile(rf"({LETTER})\s*[.．,，、:：)）\s]*(.+)", re.DOTALL)  # “B、太阳”, “B（太阳）”
SEVERAL = re.compile(r"[;；]+")
ONLY_VERDICTS = re.compile(rf"[{TICKS}{CROSSES}对错\s,，、;；/]+")
BLANK = re.compile(r"[_＿]{2,}|[(（]\s*[)）]")


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it was understood. `why`: words behind a verdict (“对，因为……”); `faults`: (code, what is wrong)."""

    kind: str
    right: tuple[int, ...] = ()
    accepted: tuple[str, ...] = ()
    why: str = ""
    faults: tuple[tuple[str, Node], ...] = ()


def read_answer(words: str, stem: str, options: list[str]) -> Given:
    """The answer to a question with this stem and these options (none: true or false, or a short answer)."""
    if options:
        return _choice(words, stem, options)
    verdict = VERDICT.match(words)
    if verdict is not None and read_truth(words) is None and read_truth(words[verdict.end() :]) is None:
        return Given(TRUTH, read_truth(verdict[1]) or (), why=words[verdict.end() :])
    if (truth := read_truth(words)) is not None:
        return Given(TRUTH, truth)
    if ONLY_VERDICTS.fullmatch(undressed(words)):
        say = T("Is this true or false? Write “Answer: true” or “Answer: false”.")
        return Given(TRUTH, faults=(("truth_unknown", say),))
    if _only_letters(words):
        say = T("The answer is a letter, but there are no options. Begin each with A. B. C.")
        return Given(SINGLE, faults=(("no_options", say),))
    return _words(words, stem)


def _choice(words: str, stem: str, options: list[str]) -> Given:
    right = _chosen(words, options)
    if right is None:
        last = LETTERS[min(len(options), len(LETTERS)) - 1]
        say = T("The answer “{given}” names no option. There are A to {last}.", given=words[:40], last=last)
        return Given(SINGLE, faults=(("answer_unknown", say),))
    return Given(MULTIPLE if len(right) > 1 or "多选" in stem else SINGLE, right)


def _chosen(words: str, options: list[str]) -> tuple[int, ...] | None:
    """Which options are right: by letters, by their words, or by letters and the words."""
    if (right := read_choice(words, len(options))) is not None:
        return right
    said = [normal(option) for option in options]
    if (whole := normal(words)) in said:
        return (said.index(whole),)
    found = set()
    for part in filter(None, SEVERAL.split(words.strip(" ;；"))):
        named = NAMED.fullmatch(undressed(part))
        n = LETTERS.find(narrow(named[1]).upper()) if named else len(said)
        if named is None or n >= len(said) or said[n] not in (normal(named[2]), normal(undressed(named[2]))):
            return None
        found.add(n)
    return tuple(sorted(found)) or None


def _only_letters(words: str) -> bool:
    letters = BETWEEN_LETTERS.sub("", narrow(undressed(words)))
    return bool(letters) and set(letters) <= set(LETTERS) and list(letters) == sorted(set(letters))


def _words(words: str, stem: str) -> Given:
    accepted = split_accepted(words)
    faults: list[tuple[str, Node]] = []
    if not accepted:
        faults.append(("no_answer", MISSING))
    if any(ONCE_MORE.match(one) for one in accepted):
        faults.append(("two_answers", TWO_ANSWERS))
    if len(accepted) > MOST_ACCEPTED:
        faults.append(("accepted", T("At most {limit} answers can be accepted.", limit=MOST_ACCEPTED)))
    if (blanks := len(BLANK.findall(without_answer(stem, 0, (), accepted)))) > 1:
        say = T("There are {n} blanks, but any one of the answers would do. Ask for one at a time.", n=blanks)
        faults.append(("blanks", say))
    faults += [("too_long", too_long(len(one), ACCEPTED_LIMIT)) for one in accepted if len(one) > ACCEPTED_LIMIT]
    return Given(SHORT, accepted=accepted, faults=tuple(faults))


def too_long(n: int, limit: int) -> Node:
    """What is said of too many characters."""
    return T("That is too long: {n} characters; at most {limit}.", n=n, limit=limit)
