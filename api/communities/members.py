"""The members of a community: who they are, their roles, taking somebody out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.access import NAMES, can, forbidden, require
from api.communities.joining import end_membership
from api.communities.lookup import count_audience, get_community_for, get_community_to_list, get_workshop_for
from api.communities.offers import check_role, get_person, invite_person, keep_a_host, settle
from api.context import Context
from api.errors import Conflict
from api.messaging.outbox import tell_person
from api.messaging.tree import T
from api.records.service import audit, record
from storage import memberships
from storage.communities import Community, Membership
from storage.memberships import get_membership
from storage.people import Person


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a list of members. `away`: they have an account and no chat that reaches them; for those who may
    moderate (else None). `cursor` leads to the lines after it."""

    pid: str
    name: str
    school: str
    role: str
    status: str
    since: datetime | None
    away: bool | None
    cursor: str


def list_members(ctx: Context, pid: str, statuses: Sequence[str] = ("active",), limit: int = 50, *, offset: int = 0,
                 after: str | None = None) -> list[Member]:  # fmt: skip
    """Members of a workshop (who waits first, then hosts), or the people of a school or region; one more than `limit`.

    Others than active ones, and everybody's school, are for those who may moderate; `get_community_to_list` says who
    may list whom.
    """
    community = get_community_to_list(ctx, pid)
    moderates = can(ctx, "moderate", community)
    if set(statuses) - {"active"} and not moderates:
        raise forbidden("moderate")
    start = _cursor(after)
    if community.kind != "workshop":
        people = memberships.page_people(
            ctx.session, community.path, limit + 1, offset=offset, after=start[1] if start else 0
        )
        away = memberships.find_away(ctx.session, [p.id for p, _ in people]) if moderates else None
        return [
            Member(p.pid, p.name, school if moderates else "", "member", "active", None, _in(away, p), f"0-{p.id}")
            for p, school in people
        ]
    rows = memberships.page_members(ctx.session, community.id, statuses, limit + 1, offset=offset, after=start)
    away = memberships.find_away(ctx.session, [p.id for _, p, _, _ in rows]) if moderates else None
    return [
        Member(p.pid, p.name, school if moderates else "", m.role, m.status, m.since, _in(away, p), f"{rank}-{m.id}")
        for m, p, school, rank in rows
    ]


def count_members(ctx: Context, pid: str) -> dict[str, int]:
    """How many are active, and (for those who may moderate) wait or are invited."""
    community = get_community_for(ctx, pid, "see")
    if community.kind != "workshop":
        return {"active": count_audience(ctx, community)}
    counted = memberships.count_members(ctx.session, community.id)
    shown = ("active", "pending", "invited") if can(ctx, "moderate", community) else ("active",)
    return {status: counted.get(status, 0) for status in shown}


def get_member(ctx: Context, pid: str, person_pid: str) -> tuple[Membership, Person]:
    """One member, for those who may moderate."""
    community = get_community_for(ctx, pid, "moderate")
    person = get_person(ctx, person_pid)
    membership = get_membership(ctx.session, person.id, community.id)
    if membership is None or membership.status not in ("active", "pending", "invited"):
        raise Conflict("membership.not_member", T("{name} is not a member.", name=person.name))
    return membership, person


def remove_member(ctx: Context, pid: str, person_pid: str) -> Membership:
    """Take somebody out, or take an invitation back; they are told privately. Hosts are removed by who may manage."""
    workshop = get_community_for(ctx, pid, "moderate")
    membership, person = get_member(ctx, pid, person_pid)
    if membership.role in memberships.HOSTS and membership.status == "active":
        require(ctx, "manage", workshop)
        keep_a_host(ctx, workshop, membership)
    was, membership.decided_by = membership.status, ctx.actor.id if ctx.actor else None
    audit(ctx, "membership.removed", f"person:{person.pid}", workshop, was=was, role=membership.role)
    end_membership(ctx, membership, "removed" if was == "active" else "declined")
    if was == "active":
        record(ctx, "workshop.left", f"workshop:{workshop.pid}", workshop, person_id=person.id, removed=True)
        tell_person(ctx, person.id, T("You are no longer a member of “{name}”. If that is a mistake, ask its host.",
                                      name=workshop.name))  # fmt: skip
    settle(ctx, membership, T("This is over: “{name}”.", name=workshop.name))
    return membership


def change_role(ctx: Context, pid: str, person_pid: str, role: str) -> Membership:
    """Give a member another role. Becoming host or cohost is offered and takes effect when they accept."""
    workshop = get_workshop_for(ctx, pid, "manage")
    check_role(role)
    membership, person = get_member(ctx, pid, person_pid)
    if membership.status != "active":
        raise Conflict("membership.not_member", T("{name} is not a member.", name=person.name))
    if membership.role == role:
        raise Conflict("membership.already", T("{name} is {role} already.", name=person.name, role=NAMES[role]))
    if role in memberships.HOSTS and membership.role != "host":
        return invite_person(ctx, pid, person_pid, role)
    keep_a_host(ctx, workshop, membership)
    audit(ctx, "membership.role", f"person:{person.pid}", workshop, was=membership.role, now=role)
    membership.role = role
    if person.id != (ctx.actor.id if ctx.actor else None):
        tell_person(ctx, person.id, T("You are {role} of “{name}” now.", role=NAMES[role], name=workshop.name))
    return membership


def take_rank(ctx: Context, workshop: Community, membership: Membership, person: Person, leads: bool) -> None:
    """Make an active member cohost, or again what they were before, at once, as who acts did elsewhere already: nobody
    is asked any more."""
    require(ctx, "manage", workshop)
    keep_a_host(ctx, workshop, membership)
    was = memberships.role_before(ctx.session, membership, person.pid)
    role = "cohost" if leads else "observer" if was == "observer" else "member"
    audit(ctx, "membership.role", f"person:{person.pid}", workshop, was=membership.role, now=role)
    membership.role = role
    tell_person(ctx, person.id, T("You are {role} of “{name}” now.", role=NAMES[role], name=workshop.name))


def _in(away: Collection[int] | None, person: Person) -> bool | None:
    return person.id in away if away is not None else None


def _cursor(after: str | None) -> tuple[int, int] | None:
    rank, _, last = (after or "").partition("-")
    return (int(rank), int(last)) if rank.isdecimal() and last.isdecimal() and len(rank + last) < 20 else None
