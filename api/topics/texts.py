"""What is said about topics."""

from collections.abc import Sequence

from api.communities.texts import name_places
from api.messaging.tree import Bold, Button, Lines, Node, Plural, Quote, Rows, T, Words
from storage.communities import Community
from storage.people import Person
from storage.topics import Topic

LABEL, SHORT = 18, 300
CLOSED = T("This discussion is closed. Thank you all for taking part.")
GONE = T("This discussion was taken away.")


def topic_tree(topic: Topic, author: Person, places: Sequence[Community]) -> Node:
    """A topic as it stands in every room that takes part; what people answer."""
    parts: list[Node] = [Bold(T("Discussion · {title}", title=topic.title))]
    if topic.text:
        parts.append(Words(topic.text))
    parts.append(T("Opened by {name} · {community}", name=author.name, community=places[0].name))
    if len(places) > 1:
        parts.append(T("Taking part: {names}", names=name_places(places, 8)))
    answer = T("Reply to this message to join in.")
    together = T("Reply to this message to join in: all these workshops read it.")
    parts.append(CLOSED if topic.closed_at is not None else together if len(places) > 1 else answer)
    return Lines(*parts)


def closing_tree(topic: Topic, posts: int) -> Node:
    """The end, said in every room that takes part."""
    counted = Plural("{n} post", "{n} posts", posts)
    return T("The discussion “{title}” is closed ({posts}). Thank you! Replies stay in this room from now on.",
             title=topic.title, posts=counted)  # fmt: skip


def left_tree(topic: Topic, community: Community) -> Node:
    """Said in the rooms of a workshop that leaves."""
    return T("“{community}” has left the discussion “{title}”. Replies stay in this room from now on.",
             community=community.name, title=topic.title)  # fmt: skip


def question_tree(topic: Topic, asker: Person, home: Community, invited: Community) -> Node:
    """To the hosts of a workshop that is invited."""
    return Lines(
        T("{name} (“{home}”) invites “{invited}” to a discussion they would have together:", name=asker.name,
          home=home.name, invited=invited.name),
        Bold(Words(topic.title)), *([Quote(Words(shorten(topic.text, SHORT)))] if topic.text else []),
        T("If you accept, it appears in the rooms of “{invited}”, and all workshops that take part read the replies.",
          invited=invited.name),
    )  # fmt: skip


def question_rows(topic: Topic, invited: Community) -> Rows:
    """The answers to it."""
    where = f"{topic.pid}.{invited.pid}"
    return [[
        Button(T("Accept, join in"), f"topic.yes:{where}", style="primary"),
        Button(T("No, thank you"), f"topic.no:{where}"),
    ]]  # fmt: skip


def answered_tree(topic: Topic, invited: Community, accepted: bool, by: str) -> Node:
    """What becomes of the question."""
    if accepted:
        return T("✓ “{invited}” takes part in the discussion “{title}” ({name} accepted).", invited=invited.name,
                 title=topic.title, name=by)  # fmt: skip
    return T("“{invited}” does not take part in the discussion “{title}” ({name} answered).", invited=invited.name,
             title=topic.title, name=by)  # fmt: skip


def withdrawn_tree(topic: Topic, invited: Community) -> Node:
    """A question that needs no answer any more."""
    return T("The invitation of “{invited}” to the discussion “{title}” was taken back.", invited=invited.name,
             title=topic.title)  # fmt: skip


def outcome_tree(topic: Topic, invited: Community, accepted: bool) -> Node:
    """To whoever invited."""
    if accepted:
        return T("“{invited}” has joined the discussion “{title}”. It stands in their rooms now.",
                 invited=invited.name, title=topic.title)  # fmt: skip
    return T("“{invited}” cannot join the discussion “{title}” this time. Perhaps another topic suits them.",
             invited=invited.name, title=topic.title)  # fmt: skip


def gone_tree(topic: Topic, community: Community) -> Node:
    """To whoever opened it, when a workshop leaves."""
    return T("“{community}” has left the discussion “{title}”.", community=community.name, title=topic.title)


def label(topic: Topic) -> Node:
    """A few words to know it by in a list."""
    return Words(shorten(topic.title, LABEL)) if topic.title else GONE


def shorten(text: str, most: int) -> str:
    """The beginning of a text."""
    return text if len(text) <= most else text[:most].rstrip() + "…"
