"""What is said about open polls: in the room with everybody's name, and to who asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.messaging.polls import Poll
from api.messaging.tree import Bold, Button, Lines, Node, Plural, Rows, Seq, T, Words
from api.quizzes.marks import LETTERS
from api.quizzes.texts import short
from storage.communities import Community
from storage.people import Person
from storage.polls import OpenPoll

SHOWN = 20  # names for one option in a message
PER_ROW = 2
BUTTON, LABEL = 12, 18
BETWEEN = "、"
WITHDRAWN = T("This poll was taken back.")
CLOSED = T("This poll is closed; votes do not count any more.")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One option: how many chose it, and the names of the first of them."""

    n: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a poll stands: people who voted, and each option in order."""

    voters: int
    options: tuple[Chosen, ...]


def drawn(poll: OpenPoll, author: Person) -> Poll:
    """The poll for platforms that have polls of their own."""
    return Poll(
        f"poll:{poll.pid}", Lines(Words(poll.question), _openly(author)), tuple(map(Words, poll.options)),
        poll.multiple, closes_at=poll.closes_at, closed=poll.closed_at is not None,
    )  # fmt: skip


def room_tree(poll: OpenPoll, community: Community, author: Person, outcome: Outcome) -> Node:
    """The poll as a room reads it where it is words: each option with the names of those who chose it."""
    closed = T("Open poll, closed · {community}", community=community.name)
    running = T("Open poll · {community}", community=community.name)
    lines: list[Node] = [Bold(running if poll.closed_at is None else closed), *_standing(poll, outcome)]
    if poll.closed_at is None:
        lines += [*terms(poll), _openly(author)]
    return Lines(*lines, voted(outcome.voters))


def room_rows(poll: OpenPoll) -> Rows:
    """An option a button, and one that takes the vote back; none when it is closed."""
    if poll.closed_at is not None:
        return []
    buttons = [
        Button(Words(f"{LETTERS[n]}．{short(option, BUTTON)}"), f"poll.vote:{poll.pid}.{n}")
        for n, option in enumerate(poll.options)
    ]
    back = [Button(T("Take my vote back"), f"poll.clear:{poll.pid}")]
    return [*[buttons[n : n + PER_ROW] for n in range(0, len(buttons), PER_ROW)], back]


def terms(poll: OpenPoll) -> list[Node]:
    """How many one may choose, until when; what goes without saying is left out."""
    several = [T("You may choose several.")] if poll.multiple else []
    return [*several, *([T("Open until {at}", at=poll.closes_at)] if poll.closes_at is not None else [])]


def voted(n: int) -> Node:
    """How many people voted."""
    return Plural("{n} person has voted", "{n} people have voted", n)


def chosen_node(poll: OpenPoll, picked: Sequence[int]) -> Node:
    """Options by letter and words."""
    return Words(BETWEEN.join(f"{LETTERS[n]}．{short(poll.options[n], LABEL)}" for n in picked))


def status_tree(poll: OpenPoll, community: Community, outcome: Outcome) -> Node:
    """How it stands over all rooms, for who asked."""
    if poll.withdrawn_at is not None:
        return Lines(T("Your poll to {community} was taken back.", community=community.name), Words(poll.question))
    if poll.released_at is None:
        head = T("Open poll for {community}, goes out {at}", community=community.name, at=poll.release_at)
    elif poll.closed_at is None:
        head = T("Open poll sent · {community}", community=community.name)
    else:
        head = T("Open poll closed · {community}", community=community.name)
    until = terms(poll) if poll.closed_at is None else []
    counted = [voted(outcome.voters)] if poll.released_at is not None else []
    return Lines(Bold(head), *_standing(poll, outcome), *until, *counted)


def status_rows(poll: OpenPoll) -> Rows:
    """What who asked can do about it."""
    if poll.withdrawn_at is not None:
        return []
    if poll.released_at is None:
        return [[Button(T("Do not send it"), f"poll.withdraw:{poll.pid}")]]
    end = [] if poll.closed_at is not None else [Button(T("Close the poll"), f"poll.end:{poll.pid}")]
    return [[*end, Button(T("Take back"), f"poll.withdraw:{poll.pid}")]]


def label(poll: OpenPoll) -> Node:
    """A few words to know it by in a list."""
    return Words(short(poll.question, LABEL))


def _openly(author: Person) -> Node:
    return T("{name} asks openly: everybody sees who chose what.", name=author.name)


def _standing(poll: OpenPoll, outcome: Outcome) -> list[Node]:
    """The question, and who chose what so far."""
    lines: list[Node] = [Bold(Words(poll.question))]
    for n, option in enumerate(poll.options):
        named = f"{LETTERS[n]}．{option}"
        chosen = outcome.options[n] if n < len(outcome.options) else Chosen(0, ())
        lines.append(T("{option} · {n}: {names}", option=named, n=chosen.n, names=_names(chosen)) if chosen.n
                     else Words(named))  # fmt: skip
    return lines


def _names(chosen: Chosen) -> Node:
    names = Words(BETWEEN.join(chosen.names))
    if chosen.n <= len(chosen.names):
        return names
    return Seq(names, T("… {n} people in all", n=chosen.n))
