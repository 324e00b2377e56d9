"""Offering somebody a place or a role, and what they answer: invitations, cohosts, handing over (G12)."""

from api.access import NAMES, ROLES, require
from api.communities import texts
from api.communities.lookup import get_workshop_for
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.outbox import edit_message, tell_person
from api.messaging.tree import Lines, Node, T
from api.records.service import audit, record
from storage import accounts, memberships, workshops
from storage.communities import Community, Membership
from storage.memberships import find_or_add_membership, get_membership, host_ids, host_names, lock_community
from storage.messaging import Message
from storage.people import Person


def get_person(ctx: Context, pid: str) -> Person:
    """Somebody on the roster by public id. Raises NotFound."""
    person = accounts.person_by_pid(ctx.session, pid)
    if person is None:
        raise not_found("person.unknown")
    return person


def offer_role(ctx: Context, workshop: Community, person: Person, role: str, by: Person,
               handing_over: bool = False) -> Membership:  # fmt: skip
    """Ask a person to come as, or to become, `role`; they get buttons. The caller has checked the right.

    Raises Conflict when they are that already or are asked already.
    """
    membership = find_or_add_membership(ctx.session, person.id, workshop.id, ctx.now)
    if membership.status == "active" and membership.role == role:
        raise Conflict("membership.already", T("{name} is {role} already.", name=person.name, role=NAMES[role]))
    if (membership.invited_role, membership.hands_over) == (role, handing_over):
        raise Conflict(
            "membership.invited", T("{name} has been asked already and has not answered yet.", name=person.name)
        )
    if membership.status != "active":
        membership.status = "invited"
    membership.invited_role, membership.invited_by, membership.hands_over = role, by.id, handing_over
    ask = texts.invites(workshop, by.name, role, host_names(ctx.session, workshop.id), handing_over)
    rows = texts.yes_or_no("offer", workshop.pid, T("Yes, gladly"), T("No, thank you"))
    settle(ctx, membership, T("This invitation was replaced by a newer one."))
    membership.message_id = tell_person(ctx, person.id, ask, rows).id
    ctx.session.flush()
    return membership


def invite_person(ctx: Context, pid: str, person_pid: str, role: str = "member") -> Membership:
    """Invite somebody into a workshop (hosts), or to or from being cohost or host (whoever may manage it).

    Who has asked to join already is simply let in. Raises Conflict when they are there or are asked already.
    """
    workshop = get_workshop_for(ctx, pid, "moderate")
    check_role(role)
    person = get_person(ctx, person_pid)
    membership = get_membership(ctx.session, person.id, workshop.id)
    hosting = membership is not None and membership.status == "active" and membership.role in memberships.HOSTS
    if hosting or role in memberships.HOSTS:
        require(ctx, "manage", workshop)
    if membership is not None and membership.status == "pending":
        admit(ctx, workshop, membership, person)
        return membership if role == "member" else offer_role(ctx, workshop, person, role, ctx.me)
    return offer_role(ctx, workshop, person, role, ctx.me)


def hand_over(ctx: Context, pid: str, person_pid: str) -> Membership:
    """Offer a member to be host instead of me; when they accept I become cohost."""
    workshop = get_workshop_for(ctx, pid, "manage")
    if ctx.me.id not in host_ids(ctx.session, workshop.id, ("host",)):
        raise Conflict("membership.not_host", T("Only a host can hand “{name}” over.", name=workshop.name))
    person = get_person(ctx, person_pid)
    membership = get_membership(ctx.session, person.id, workshop.id)
    if membership is None or membership.status != "active":
        raise Conflict("membership.not_member", T("{name} is not a member. Invite them first.", name=person.name))
    return offer_role(ctx, workshop, person, "host", ctx.me, handing_over=True)


def answer_offer(ctx: Context, pid: str, accept: bool) -> Membership:
    """Say yes or no to an invitation or an offered role. Raises Conflict when there is none (any more), and for the
    last host, who was offered something else."""
    workshop = workshops.find_open_workshop(ctx.session, pid)
    membership = get_membership(ctx.session, ctx.me.id, workshop.id) if workshop is not None else None
    if workshop is None or membership is None or membership.invited_role is None:
        raise Conflict("offer.over", T("That invitation is over."))
    lock_community(ctx.session, workshop)
    role, by = membership.invited_role, membership.invited_by
    if not accept:
        membership.status = "declined" if membership.status == "invited" else membership.status
        _forget_offer(membership)
        settle(ctx, membership, T("You said no to “{name}”.", name=workshop.name))
        _tell_inviter(ctx, by, T("{name} said no to “{workshop}”.", name=ctx.me.name, workshop=workshop.name))
        return membership
    if membership.hands_over:
        _step_down(ctx, workshop, by)
    came = membership.status != "active"
    if came:
        arrive(ctx, workshop, membership, role)
    else:
        if role != "host":
            keep_a_host(ctx, workshop, membership)
        audit(ctx, "membership.role", f"person:{ctx.me.pid}", workshop, was=membership.role, now=role)
        membership.role = role
    _forget_offer(membership)
    settle(ctx, membership, T("You are {role} of “{name}” now.", role=NAMES[role], name=workshop.name))
    said = T("{name} said yes: {role} of “{workshop}” now.", name=ctx.me.name, role=NAMES[role], workshop=workshop.name)
    _tell_inviter(ctx, by, said)
    return membership


def arrive(ctx: Context, workshop: Community, membership: Membership, role: str = "member") -> None:
    """Make somebody an active member: recorded, and welcomed privately; rooms stay quiet."""
    membership.status, membership.role, membership.since, membership.ended_at = "active", role, ctx.now, None
    record(ctx, "workshop.joined", f"workshop:{workshop.pid}", workshop, person_id=membership.person_id)
    if role != "member":
        audit(ctx, "membership.role", f"workshop:{workshop.pid}", workshop, now=role, person=membership.person_id)
    ctx.session.flush()
    tell_person(ctx, membership.person_id, texts.welcome(workshop, host_names(ctx.session, workshop.id)))


def admit(ctx: Context, workshop: Community, membership: Membership, person: Person) -> None:
    """Let in somebody who waits; the hosts' message says by whom."""
    membership.decided_by = ctx.me.id
    arrive(ctx, workshop, membership)
    settle(ctx, membership, texts.decided(waiting_text(ctx, workshop, person), True, ctx.me.name))


def waiting_text(ctx: Context, workshop: Community, person: Person) -> Node:
    """What the hosts are asked about somebody who waits."""
    home = memberships.find_home(ctx.session, person)
    return texts.wants_to_join(workshop, person, home.name if home else "")


def settle(ctx: Context, membership: Membership, outcome: Node) -> None:
    """Change the message that asked for a decision into its outcome, without buttons, for everybody who has it."""
    if membership.message_id is None:
        return
    message = ctx.session.get(Message, membership.message_id)
    membership.message_id = None
    if message is not None:
        edit_message(ctx, message, Lines(outcome), [])


def keep_a_host(ctx: Context, workshop: Community, membership: Membership) -> None:
    """Raises Conflict where this membership is the last host's."""
    lock_community(ctx.session, workshop)
    if membership.role == "host" and host_ids(ctx.session, workshop.id, ("host",)) == [membership.person_id]:
        say = T("“{name}” would be without a host. Hand it over or name another host first.", name=workshop.name)
        raise Conflict("membership.last_host", say)


def check_role(role: str) -> None:
    """Raises Invalid for what is no role."""
    if role not in ROLES:
        raise Invalid("membership.role", T("A role is host, cohost, member or observer."), allowed=list(ROLES))


def _forget_offer(membership: Membership) -> None:
    membership.invited_role, membership.invited_by, membership.hands_over = None, None, False


def _step_down(ctx: Context, workshop: Community, host_id: int | None) -> None:
    giver = get_membership(ctx.session, host_id, workshop.id) if host_id is not None else None
    if giver is None or (giver.status, giver.role) != ("active", "host"):
        raise Conflict("offer.over", T("That invitation is over."))
    giver.role = "cohost"
    audit(ctx, "membership.role", f"workshop:{workshop.pid}", workshop, was="host", now="cohost", person=host_id)


def _tell_inviter(ctx: Context, inviter_id: int | None, say: Node) -> None:
    if inviter_id is not None:
        tell_person(ctx, inviter_id, say)
