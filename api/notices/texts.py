"""What is said about notices."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from api.communities.texts import name_places
from api.messaging.reasons import unreached
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Plural, Quote, Rows, T, Words
from storage.communities import Community
from storage.notices import Notice
from storage.people import Person

SHORT, LABEL = 60, 18
WITHDRAWN = T("This notice was taken back.")


def notice_tree(notice: Notice, places: Sequence[Community], author: Person, footer: Node | None = None) -> Node:
    """A notice as it is read, in every place by the same words."""
    parts: list[Node] = [Bold(T("Notice · {community}", community=_openly(places)))]
    if notice.text:
        parts.append(Words(notice.text))
    parts.append(T("From {name}", name=author.name))
    return Lines(*parts, *([footer] if footer else []))


def _openly(places: Sequence[Community]) -> Node:
    """Where it goes, for everybody there: workshops by invitation are not named to people of other places."""
    if len(places) == 1:
        return Words(places[0].name)
    named = [one for one in places if one.policy != "invitation"]
    if not named:
        return T("{n} communities", n=len(places))
    return name_places(named, unnamed=len(places) - len(named))


def receive_rows(notice: Notice) -> Rows:
    """The button that says 收到."""
    return [[Button(T("Received"), f"notice.received:{notice.pid}", style="primary")]]


def tally(received: int, reached: int) -> Node:
    """How many said 收到, without names."""
    return T("Received: {n} of {all}", n=received, all=max(received, reached))


def received_tree(notice: Notice, places: Sequence[Community], author: Person) -> Node:
    """A person's own copy after their 收到."""
    return notice_tree(notice, places, author, T("✓ You said: received"))


def reminder_tree(notice: Notice, places: Sequence[Community], author: Person) -> Node:
    """To somebody who has not said 收到 yet, in private."""
    return Lines(
        T("{name} is still waiting for your “received”:", name=author.name), notice_tree(notice, places, author)
    )


def status_tree(notice: Notice, places: Sequence[Community], received: int, lost: Mapping[str, int]) -> Node:
    """How it goes, for the author only."""
    where = name_places(places)
    if notice.withdrawn_at is not None:
        return Lines(T("Your notice to {community} was taken back.", community=where), excerpt(notice))
    if notice.released_at is None:
        head = T("Notice for {community}, goes out {at}", community=where, at=notice.release_at)
        return Lines(Bold(head), excerpt(notice))
    parts: list[Node] = [Bold(T("Notice sent · {community}", community=where)), excerpt(notice)]
    parts.append(tally(received, notice.reached))
    return Lines(*parts, *unreached(lost))


def status_rows(notice: Notice, received: int) -> Rows:
    """What the author can do about it."""
    if notice.withdrawn_at is not None:
        return []
    if notice.released_at is None:
        return [[Button(T("Do not send it"), f"notice.withdraw:{notice.pid}")]]
    left = max(0, notice.reached - received)
    ask = [
        Button(T("Who has not"), f"notice.missing:{notice.pid}"),
        Button(T("Remind them ({n})", n=left), f"notice.remind:{notice.pid}"),
    ]
    return [*([ask] if left else []), [Button(T("Take back"), f"notice.withdraw:{notice.pid}")]]


def missing_tree(people: Sequence[Person], n: int) -> Node:
    """Who has not said 收到; private to the author."""
    if not n:
        return T("Everybody has received it.")
    head = Plural("{n} person has not received it yet:", "{n} people have not received it yet:", n)
    return Lines(head, Bullets(*[Words(person.name) for person in people]))


def reminded_tree(n: int, resting: int, first: datetime | None) -> Node:
    """How many are being reminded, and how many of them get it only when their quiet hours end, from `first` on."""
    parts: list[Node] = [] if n else [T("They were reminded today already.")]
    if n > resting:
        at_once = n - resting
        parts.append(Plural("I am reminding {n} person in private.", "I am reminding {n} people in private.", at_once))
    if resting and first:
        parts.append(Plural("{n} person is in quiet hours now and is reminded when those end, from {at} on.",
                            "{n} people are in quiet hours now and are reminded when those end, from {at} on.",
                            resting, at=first))  # fmt: skip
    return Lines(*parts)


def label(notice: Notice) -> Node:
    """A few words to know it by in a list."""
    words = " ".join(notice.text.split())
    if not words:
        return Plural("({n} file)", "({n} files)", len(notice.files))
    return Words(words if len(words) <= LABEL else words[:LABEL].rstrip() + "…")


def excerpt(notice: Notice) -> Node:
    """The beginning of a notice, to know which one is meant."""
    if not notice.text:
        return Plural("({n} file)", "({n} files)", len(notice.files))
    short = notice.text if len(notice.text) <= SHORT else notice.text[:SHORT].rstrip() + "…"
    return Quote(Words(short))
