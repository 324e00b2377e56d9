"""The blank in a question, “地球绕着（ ）转”: who types the answer into it means it as the answer. Pure."""

import re

from api.quizzes.questions import normal, read_choice, read_truth

BLANK = re.compile(r"[(（]\s*([^()（）\n]{1,100}?)\s*[)）]")
OPEN = "（ ）"


def answer_in_blank(stem: str, options: int) -> str:
    """What the only blank that says an answer says; "" when there is none, or several."""
    found = [blank[1] for blank in BLANK.finditer(stem) if _read(blank[1], options) is not None]
    return found[0] if len(found) == 1 else ""


def without_answer(stem: str, options: int, right: tuple[int, ...], accepted: tuple[str, ...]) -> str:
    """The stem as it may be shown: a blank that says the answer is open again."""
    words = {normal(one) for one in accepted}

    def opened(blank: re.Match[str]) -> str:
        tells = normal(blank[1]) in words if accepted else bool(right) and _read(blank[1], options) == right
        return OPEN if tells else blank[0]

    return BLANK.sub(opened, stem)


def _read(words: str, options: int) -> tuple[int, ...] | None:
    return read_choice(words, options) if options else read_truth(words)
