"""What is said about resources and pushes."""

from collections.abc import Mapping, Sequence

from api.messaging.reasons import explain_to_sender
from api.messaging.tree import Bold, Bullets, Button, Lines, Link, Node, Plural, Quote, Rows, Seq, T, Words
from api.resources.kinds import KINDS
from storage.broadcasts import NOT_ARRIVED, Unsent
from storage.communities import Community
from storage.people import Person
from storage.pushes import Push
from storage.resources import Resource

SHORT, LABEL = 80, 18
WITHDRAWN = T("This resource push was taken back.")

NOT_FOR_YOU = T("This resource was not pushed to you. Look into “bank” for what is there for you.")


def resource_tree(resource: Resource, author: Person) -> Node:
    """A resource in full, as it is read after opening it."""
    parts: list[Node] = [Bold(Words(resource.title)), about(resource, author)]
    if resource.text:
        parts.append(Words(resource.text))
    if resource.url and resource.url not in resource.text:
        parts.append(Link(resource.url, Words(resource.url)))
    return Lines(*parts)


def about(resource: Resource, author: Person | None = None) -> Node:
    """Kind, subject, tags, author in one line."""
    parts: list[Node] = [KINDS[resource.kind]]
    parts += [Words(word) for word in (resource.subject, *[f"#{tag}" for tag in resource.tags]) if word]
    parts += [Words(author.name)] if author else []
    if resource.version > 1:
        parts.append(T("version {n}", n=resource.version))
    joined: list[Node] = []
    for n, part in enumerate(parts):
        joined += [Words(" · "), part] if n else [part]
    return Seq(*joined)


def push_tree(resource: Resource, community: Community, author: Person) -> Node:
    """A push as it arrives: what it is, and a button to open it."""
    head = T("{name} recommends a resource · {community}", name=author.name, community=community.name)
    parts: list[Node] = [Words("📎 "), Bold(Words(resource.title))]
    lines: list[Node] = [head, Seq(*parts), about(resource)]
    if resource.text:
        lines.append(
            Quote(Words(resource.text if len(resource.text) <= SHORT else resource.text[:SHORT].rstrip() + "…"))
        )
    return Lines(*lines)


def open_rows(push: Push) -> Rows:
    """The button that opens it."""
    return [[Button(T("Open"), f"push.open:{push.pid}", style="primary")]]


def status_tree(push: Push, resource: Resource, community: Community, states: Mapping[str, int], opened: int) -> Node:
    """How it goes, for the one who pushed only: sent, opened, not delivered."""
    if push.withdrawn_at is not None:
        return T("The push of “{title}” to {community} was taken back.", title=resource.title, community=community.name)
    if push.released_at is None:
        words = {"title": resource.title, "community": community.name, "at": push.release_at}
        return Bold(T("“{title}” for {community}, goes out {at}", **words))
    parts: list[Node] = [Bold(T("Pushed “{title}” · {community}", title=resource.title, community=community.name))]
    if push.rooms:
        parts.append(Plural("Said in {n} room", "Said in {n} rooms", push.rooms))
    if states:
        parts.append(T("Sent to people: {n} of {all}", n=states.get("sent", 0), all=sum(states.values())))
    if states.get("ready"):
        parts.append(Plural("{n} still on its way", "{n} still on their way", states["ready"]))
    parts.append(T("Opened: {n} of {all}", n=opened, all=max(opened, push.reached)))
    if lost := count_lost(states):
        parts.append(Plural("Not delivered: {n}", "Not delivered: {n}", lost))
    return Lines(*parts)


def status_rows(push: Push, states: Mapping[str, int]) -> Rows:
    """What can be done about it."""
    if push.withdrawn_at is not None:
        return []
    if push.released_at is None:
        return [[Button(T("Do not send it"), f"push.withdraw:{push.pid}")]]
    rows = [[Button(T("Who did not get it"), f"push.lost:{push.pid}")]] if count_lost(states) else []
    return [*rows, [Button(T("Take back"), f"push.withdraw:{push.pid}")]]


def label(title: str) -> Node:
    """A title, cut to what a list and a button hold."""
    return Words(title if len(title) <= LABEL else title[:LABEL].rstrip() + "…")


def count_lost(states: Mapping[str, int]) -> int:
    """How many deliveries will not be made."""
    return sum(states.get(state, 0) for state in NOT_ARRIVED)


def lost_tree(people: Sequence[Unsent], n: int) -> Node:
    """Who did not get it, why, and what to do; private to the one who pushed."""
    if not n:
        return T("It reached everybody so far.")
    lines = [Seq(Bold(Words(one.name)), Words("　"), explain_to_sender(one.reason)) for one in people]
    return Lines(Plural("{n} person did not get it:", "{n} people did not get it:", n), Bullets(*lines))
