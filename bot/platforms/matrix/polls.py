"""Open questions as Matrix's own polls (MSC3381). Pure.

Clients still send the unstable names, and read them; votes are understood under both. The homeserver counts nothing.
Quizzes stay messages: there is no poll here that tells who voted what was right, or takes one vote only.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from api.messaging.polls import Poll
from api.messaging.render import Reader, plain
from api.messaging.tree import Node

START, END = "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.end"
RESPONSE, STABLE_RESPONSE = "org.matrix.msc3381.poll.response", "m.poll.response"
RESPONSES = frozenset({RESPONSE, STABLE_RESPONSE})
DISCLOSED = "org.matrix.msc3381.poll.disclosed"  # everybody sees who chose what while it is open
TEXT = "org.matrix.msc1767.text"
MOST_ANSWERS = 20  # clients show no more
LONGEST = 4_000  # characters of all its words: an event has 64 KiB, encrypted too
EVENT = re.compile(r"\$\S{1,200}")  # homeservers allow 255 bytes; the inbox keeps it with a prefix
ANSWER = re.compile(r"\d{1,2}", re.ASCII)  # the number of an option, from 0


def start_of(poll: Poll, reader: Reader) -> dict[str, Any] | None:
    """The content that asks a question; None when it does not fit (or is over): then it is said in words."""
    question, options = plain(poll.question, reader), [plain(option, reader) for option in poll.options]
    words = "\n".join([question, *(f"{n}. {option}" for n, option in enumerate(options, 1))])
    if poll.right or poll.closed or not 1 <= len(options) <= MOST_ANSWERS or len(words) > LONGEST:
        return None
    if not question.strip() or not all(option.strip() for option in options):
        return None
    answers = [{"id": str(n), TEXT: option} for n, option in enumerate(options)]
    asked = {"msgtype": "m.text", "body": question, TEXT: question}
    most = len(options) if poll.multiple else 1
    drawn = {"question": asked, "kind": DISCLOSED, "max_selections": most, "answers": answers}
    return {START: drawn, TEXT: words, "body": words, "msgtype": "m.text"}


def end_of(target: str, tree: Node, reader: Reader) -> dict[str, Any]:
    """The content that ends a poll, with words for clients that know no polls."""
    words = plain(tree, reader)
    relation = {"rel_type": "m.reference", "event_id": target}
    return {"m.relates_to": relation, END: {}, TEXT: words, "body": words, "msgtype": "m.text"}


def vote_of(content: Mapping[str, Any]) -> tuple[str, list[int]] | None:
    """The poll's event and the options chosen in it, from 0. None for what names no poll; with an answer that is not
    one of ours the whole vote is spoiled, and nothing is chosen."""
    relation, response = content.get("m.relates_to"), content.get(RESPONSE)
    if not isinstance(relation, Mapping) or relation.get("rel_type") != "m.reference":
        return None
    target = relation.get("event_id")
    chosen = response.get("answers") if isinstance(response, Mapping) else content.get("m.selections")
    if not isinstance(target, str) or not EVENT.fullmatch(target):
        return None
    return target, _numbers(chosen) if isinstance(chosen, Sequence) else []


def _numbers(chosen: Sequence[Any]) -> list[int]:
    if isinstance(chosen, str) or not all(isinstance(one, str) and ANSWER.fullmatch(one) for one in chosen):
        return []
    return sorted({int(one) for one in chosen})
