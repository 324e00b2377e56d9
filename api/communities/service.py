"""Workshops: opened, changed, archived; and the communities that somebody may see (G12-G14)."""

import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from api.access import OFFICES, RULES, today_in
from api.communities.lookup import audience_of, get_community_for, get_workshop_for
from api.communities.offers import offer_role
from api.communities.rules import check_rules
from api.communities.texts import POLICIES
from api.communities.tree import add_community, rename_community
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.outbox import BULK, deliver_to_people, write_message
from api.messaging.tree import T
from api.numbers import read_number
from api.records.service import audit, record
from storage import appointments, memberships, workshops
from storage.communities import Community
from storage.people import Person

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
LONGEST = {"name": 40, "subject": 20, "about": 1000}
MOST_COHOSTS = 10


@dataclass(slots=True)
class Wish:
    """What somebody says about a workshop to be. `cohosts` are pids of people."""

    name: str
    subject: str = ""
    about: str = ""
    policy: str = "approval"
    cohosts: list[str] = field(default_factory=list)


def check_words(what: str, text: str) -> str:
    """A workshop's name, subject or description as it is stored. Raises Invalid naming the limit."""
    text = "".join(c for c in text.strip() if c in "\n\t" or unicodedata.category(c) != "Cc")
    if what != "about":
        text = " ".join(text.split())
    limit = LONGEST[what]
    if len(text) > limit:
        raise Invalid("workshop.too_long", T("That is {n} characters; at most {limit} fit.", n=len(text), limit=limit),
                      field=what, limit=limit)  # fmt: skip
    if what == "name" and not any(c.isalnum() for c in text):
        raise Invalid("workshop.no_name", T("A workshop needs a name, for example “Class 3 Chinese workshop”."))
    return text


def check_policy(policy: str) -> str:
    """open, approval or invitation. Raises Invalid."""
    if policy not in POLICIES:
        raise Invalid("workshop.policy", T("Joining is open, approval or invitation."), allowed=list(POLICIES))
    return policy


def check_wish(ctx: Context, wish: Wish) -> list[Person]:
    """Tidy a wish in place; returns the people asked to be cohosts. Raises Invalid."""
    wish.name, wish.subject = check_words("name", wish.name), check_words("subject", wish.subject)
    wish.about, wish.policy = check_words("about", wish.about), check_policy(wish.policy)
    pids = list(dict.fromkeys(wish.cohosts))
    if len(pids) > MOST_COHOSTS:
        raise Invalid(
            "workshop.cohosts",
            T("At most {limit} cohosts can be asked at once.", limit=MOST_COHOSTS),
            limit=MOST_COHOSTS,
        )
    found = memberships.find_persons(ctx.session, pids)
    if len(found) != len(pids):
        raise not_found("person.unknown")
    return found


def create_workshop(ctx: Context, parent_pid: str, wish: Wish) -> Community:
    """Open a workshop under a region or school; who opens it hosts it, cohosts are asked (G12)."""
    parent = get_community_for(ctx, parent_pid, "create_workshop")
    return open_workshop(ctx, parent, wish, ctx.me)


def open_workshop(ctx: Context, parent: Community, wish: Wish, host: Person) -> Community:
    """The same without asking for the right: for wishes that were granted."""
    if parent.kind == "workshop":
        raise Invalid("workshop.parent", T("A workshop belongs to a region or a school."))
    cohosts = [person for person in check_wish(ctx, wish) if person.id != host.id]
    workshop = add_community(
        ctx, kind="workshop", name=wish.name, parent=parent, subject=wish.subject, about=wish.about, policy=wish.policy,
        join_code=new_code(ctx),
    )  # fmt: skip
    membership = memberships.find_or_add_membership(ctx.session, host.id, workshop.id, ctx.now)
    membership.status, membership.role = "active", "host"
    for person in cohosts:
        offer_role(ctx, workshop, person, "cohost", host)
    record(ctx, "workshop.created", f"workshop:{workshop.pid}", workshop, person_id=host.id)
    audit(ctx, "workshop.created", f"workshop:{workshop.pid}", workshop, host=host.pid)
    return workshop


def new_code(ctx: Context) -> str:
    """A join code that nobody has: two letters and six digits, so that it is never taken for a claim code."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(2)) + f"{secrets.randbelow(10**6):06}"
        if workshops.find_by_join_code(ctx.session, code) is None:
            return code


def edit_workshop(ctx: Context, pid: str, **changes: Any) -> Community:
    """Change name, subject, about, policy or rules (whole or single keys; None takes a rule back to its default)."""
    workshop = get_workshop_for(ctx, pid, "manage")
    for what in ("subject", "about"):
        if what in changes:
            setattr(workshop, what, check_words(what, changes[what]))
    if "policy" in changes:
        workshop.policy = check_policy(changes["policy"])
    if "name" in changes:
        rename_community(ctx, workshop, check_words("name", changes["name"]))
    if "rules" in changes:
        reset = {key for key, value in changes["rules"].items() if value is None}
        new = check_rules({key: value for key, value in changes["rules"].items() if value is not None})
        workshop.rules = {key: value for key, value in {**workshop.rules, **new}.items() if key not in reset}
    audit(ctx, "workshop.edited", f"workshop:{pid}", workshop, fields=sorted(changes))
    return workshop


def renew_join_code(ctx: Context, pid: str) -> Community:
    """A new join code; the old one and its link stop working."""
    workshop = get_workshop_for(ctx, pid, "manage")
    workshop.join_code = new_code(ctx)
    audit(ctx, "workshop.code_renewed", f"workshop:{pid}", workshop)
    return workshop


def archive_workshop(ctx: Context, pid: str) -> Community:
    """Close a workshop for good: it is kept, nobody joins or hands in any more, members are told."""
    workshop = get_workshop_for(ctx, pid, "manage")
    memberships.lock_community(ctx.session, workshop)
    if workshop.archived_at is not None:
        raise Conflict("workshop.archived", T("“{name}” is archived already.", name=workshop.name))
    workshop.archived_at, workshop.join_code = ctx.now, None
    say = T("“{name}” was archived. Thank you for taking part! What you did there is kept.", name=workshop.name)
    deliver_to_people(ctx, write_message(ctx, say), audience_of(workshop), BULK)
    audit(ctx, "workshop.archived", f"workshop:{pid}", workshop)
    return workshop


def list_communities(
    ctx: Context, kind: str | None = None, limit: int = 50, after: str | None = None
) -> list[Community]:
    """Communities that who acts may see (not archived), one more than `limit`; `after` is the cursor of the last."""
    start = read_number(after) or 0
    if ctx.system:
        return workshops.page_visible(ctx.session, None, [], [], kind, limit + 1, start)
    home = memberships.find_home(ctx.session, ctx.me)
    above = home.line if home and ctx.me.school_id else []
    held = appointments.places_held(ctx.session, ctx.me.id, today_in(ctx), OFFICES)
    paths = [place.path for place in held]
    return workshops.page_visible(ctx.session, ctx.me.id, above, paths, kind, limit + 1, start)


def places_for(ctx: Context, action: str) -> list[Community]:
    """Where who acts holds an office that allows `action`: regions and schools, by name."""
    offices = sorted(RULES[action].intersection(OFFICES))
    return appointments.places_held(ctx.session, ctx.me.id, today_in(ctx), offices)
