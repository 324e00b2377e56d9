"""What several places say about workshops, memberships and offices."""

from collections.abc import Sequence

from api.access import NAMES, join_names
from api.communities.rules import rule
from api.messaging.tree import Bold, Button, Lines, Node, Quote, Rows, T, Words
from storage.communities import Community, WorkshopRequest
from storage.people import Person

POLICIES: dict[str, T] = {
    "open": T("everybody may join at once"),
    "approval": T("a host lets people in"),
    "invitation": T("by invitation only"),
}


def names(people: Sequence[str]) -> Node:
    """Names of people, one after the other."""
    return join_names(Words(name) for name in people)


def name_places(places: Sequence[Community], most: int = 3, unnamed: int = 0) -> Node:
    """Communities by name: `most` of them, and how many more there are, with those that are not to be named."""
    named = join_names(Words(one.name) for one in places[:most])
    rest = max(0, len(places) - most) + unnamed
    return T("{names} and {n} more", names=named, n=rest) if rest > 0 else named


def card(workshop: Community, hosts: Sequence[str]) -> Node:
    """What a workshop is: name, subject, hosts, what it is about, how one joins."""
    head = T("“{name}” ({subject})", name=workshop.name, subject=workshop.subject) if workshop.subject else None
    parts: list[Node] = [Bold(head or T("“{name}”", name=workshop.name))]
    if hosts:
        parts.append(T("Hosts: {hosts}", hosts=names(hosts)))
    if workshop.about:
        parts.append(Quote(workshop.about))
    parts.append(T("Joining: {policy}", policy=POLICIES[workshop.policy]))
    return Lines(*parts)


def welcome(workshop: Community, hosts: Sequence[str]) -> Node:
    """The first word to a new member (C4): where they are, and what is expected."""
    parts: list[Node] = [T("Welcome to “{name}”!", name=workshop.name)]
    if hosts:
        parts.append(T("Hosts: {hosts}", hosts=names(hosts)))
    if workshop.about:
        parts.append(Quote(workshop.about))
    parts.append(
        T("A log here has at least {n} characters. Send “log” to write one.", n=rule(workshop, "log_min_chars"))
    )
    return Lines(*parts)


def wants_to_join(workshop: Community, person: Person, school: str) -> Node:
    """What hosts are asked."""
    if school:
        return T(
            "{name} ({school}) would like to join “{workshop}”.",
            name=person.name,
            school=school,
            workshop=workshop.name,
        )
    return T("{name} would like to join “{workshop}”.", name=person.name, workshop=workshop.name)


def decided(question: Node, admitted: bool, by: str) -> Node:
    """The same message once one of the hosts has decided."""
    return Lines(question, T("✓ {name} said yes.", name=by) if admitted else T("✗ {name} said no.", name=by))


def invites(workshop: Community, by: str, role: str, hosts: Sequence[str], handing_over: bool) -> Node:
    """What an invited person is asked, or a member who is offered another role."""
    if handing_over:
        ask = T(
            "{name} would like to hand “{workshop}” over to you: you would be its host.",
            name=by,
            workshop=workshop.name,
        )
    elif role == "member":
        ask = T("{name} invites you to “{workshop}”.", name=by, workshop=workshop.name)
    else:
        ask = T("{name} asks you to be {role} of “{workshop}”.", name=by, role=NAMES[role], workshop=workshop.name)
    return Lines(ask, card(workshop, hosts))


def wishes(request: WorkshopRequest, person: Person, parent: Community) -> Node:
    """What region administrators are asked: may this workshop be."""
    wish = request.wish
    parts: list[Node] = [
        T("{name} asks for a workshop in {place}.", name=person.name, place=parent.name),
        Bold(T("“{name}” ({subject})", name=wish["name"], subject=wish["subject"])) if wish["subject"]
        else Bold(T("“{name}”", name=wish["name"])),
    ]  # fmt: skip
    if wish["about"]:
        parts.append(Quote(wish["about"]))
    parts.append(T("Joining: {policy}", policy=POLICIES[wish["policy"]]))
    return Lines(*parts)


def yes_or_no(name: str, argument: str, yes: Node, no: Node) -> Rows:
    """Two buttons side by side: actions "<name>.yes:<argument>" and "<name>.no:<argument>"."""
    return [[Button(yes, f"{name}.yes:{argument}", style="primary"), Button(no, f"{name}.no:{argument}")]]
