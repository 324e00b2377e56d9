"""A question as a poll: for platforms that have quizzes of their own, where people answer in private (C4)."""

from datetime import datetime

from api.messaging.polls import Poll
from api.messaging.tree import Lines, Node, Words
from api.quizzes.questions import MULTIPLE, SHORT, TRUTH, Question
from api.quizzes.texts import FALSE, TRUE


def question_poll(question: Question, about: str, head: Node, closes_at: datetime | None) -> Poll | None:
    """The question under a line that says what it belongs to; None for one that is answered in words."""
    if question.kind == SHORT:
        return None
    options = (TRUE, FALSE) if question.kind == TRUTH else tuple(Words(option) for option in question.options)
    multiple = question.kind == MULTIPLE
    return Poll(
        about, Lines(head, Words(question.stem)), options, multiple, question.right, question.reason, closes_at
    )  # fmt: skip
