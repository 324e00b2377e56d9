"""Joining and leaving workshops: by code, by link, from a list; let in by a host (C4)."""

import io
import unicodedata
from typing import NamedTuple

import segno

from api.access import today_in
from api.communities import texts
from api.communities.lookup import get_community_for, get_workshop_for
from api.communities.offers import admit, answer_offer, arrive, get_person, keep_a_host, settle, waiting_text
from api.context import Context
from api.errors import Conflict, Forbidden, NotFound, not_found
from api.messaging.outbox import PERSONAL, deliver_to_people, tell_person, write_message
from api.messaging.tree import T
from api.numbers import read_number
from api.records.service import record
from storage import memberships, workshops
from storage.appointments import holders_near
from storage.communities import Community, Membership
from storage.memberships import find_or_add_membership, get_membership, host_ids


class Joined(NamedTuple):
    """What joining led to: `membership.status` is active, or pending until a host decides."""

    workshop: Community
    membership: Membership


def tidy_code(text: str) -> str:
    """A join code as it is stored, however it was typed (small letters, full width, spaces, dashes)."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())


def peek_join_code(ctx: Context, code: str) -> Community:
    """The workshop that a code leads to; nobody joins yet. Raises NotFound."""
    workshop = workshops.find_by_join_code(ctx.session, tidy_code(code)[:9])
    if workshop is None or workshop.archived_at is not None:
        say = T(
            "No workshop has this code (two letters and six digits). Look at it again, or ask the host for a new one."
        )
        raise NotFound("join.unknown_code", say)
    return workshop


def join_by_code(ctx: Context, code: str) -> Joined:
    """Join the workshop with this code, or ask to; never enough for one that people are invited to.

    Raises NotFound, Forbidden (by invitation only), Conflict (a member already, or waiting).
    """
    workshop = peek_join_code(ctx, code)
    if workshop.policy == "invitation":
        membership = get_membership(ctx.session, ctx.me.id, workshop.id)
        if membership is None or membership.status not in ("invited", "active"):
            say = T("“{name}” takes members by invitation only. Ask its host to invite you.", name=workshop.name)
            raise Forbidden("join.invitation_only", say)
    return _join(ctx, workshop)


def join_workshop(ctx: Context, pid: str) -> Joined:
    """Join, or ask to join, a workshop of the list (`list_joinable`), or one that invited me."""
    workshop = workshops.find_open_workshop(ctx.session, pid)
    if workshop is None:
        raise not_found("workshop.unknown")
    membership = get_membership(ctx.session, ctx.me.id, workshop.id)
    known = membership is not None and membership.status in ("active", "invited", "pending")
    if not known and (workshop.policy == "invitation" or not in_reach(ctx, workshop)):
        raise not_found("workshop.unknown")
    return _join(ctx, workshop)


def list_joinable(ctx: Context, limit: int = 20, after: str | None = None) -> list[Community]:
    """Open and approval workshops of my region that I am not in; one more than `limit`. `after`: cursor of the last."""
    home = memberships.find_home(ctx.session, ctx.me)
    if home is None:
        return []
    start = read_number(after) or 0
    return workshops.find_joinable(ctx.session, ctx.me.id, home, _region_path(home), limit + 1, start)


def my_workshops(ctx: Context, limit: int | None = None, after: str | None = None) -> list[Joined]:
    """Workshops I am in, wait for, or am invited to; what waits for my answer first. `after`: `place_of` the last."""
    active, _, pid = (after or "").partition("-")
    seen = (int(active), pid) if active in ("0", "1") else None
    shown = ("active", "pending", "invited")
    rows = memberships.memberships_of(ctx.session, ctx.me.id, shown, limit=limit, after=seen)
    return [Joined(*row) for row in rows]


def place_of(joined: Joined) -> str:
    """The cursor of one of `my_workshops`."""
    return f"{int(joined.membership.status == 'active')}-{joined.workshop.pid}"


def leave_workshop(ctx: Context, pid: str) -> Membership:
    """Leave, or take back asking to join. The last host names another one first."""
    workshop = workshops.find_open_workshop(ctx.session, pid)
    membership = get_membership(ctx.session, ctx.me.id, workshop.id) if workshop else None
    if workshop is None or membership is None or membership.status not in ("active", "pending", "invited"):
        raise Conflict("membership.none", T("You are not a member there."))
    if membership.status == "invited":
        return answer_offer(ctx, pid, accept=False)
    if membership.status == "active":
        keep_a_host(ctx, workshop, membership)
        record(ctx, "workshop.left", f"workshop:{workshop.pid}", workshop)
    settle(
        ctx, membership, T("{name} took the request for “{workshop}” back.", name=ctx.me.name, workshop=workshop.name)
    )
    end_membership(ctx, membership, "left")
    return membership


def decide_request(ctx: Context, pid: str, person_pid: str, accept: bool) -> Membership:
    """Let in or turn away somebody who waits. The first host decides; later ones learn who did (Conflict)."""
    workshop = get_workshop_for(ctx, pid, "moderate")
    person = get_person(ctx, person_pid)
    membership = get_membership(ctx.session, person.id, workshop.id)
    if membership is None or membership.status != "pending":
        raise _decided_already(ctx, membership)
    if accept:
        admit(ctx, workshop, membership, person)
        return membership
    membership.decided_by = ctx.me.id
    end_membership(ctx, membership, "declined")
    settle(ctx, membership, texts.decided(waiting_text(ctx, workshop, person), False, ctx.me.name))
    tell_person(
        ctx, person.id, T("“{name}” cannot take you in at the moment. The host can tell you more.", name=workshop.name)
    )
    return membership


def end_membership(ctx: Context, membership: Membership, status: str) -> None:
    """Out of the workshop: back to a plain role, nothing offered any more."""
    membership.status, membership.role, membership.ended_at = status, "member", ctx.now
    membership.invited_role, membership.invited_by, membership.hands_over = None, None, False
    ctx.session.flush()


def join_link(ctx: Context, workshop: Community) -> str:
    """The address that leads to joining, for posters and QR codes; "" where a code is not enough."""
    if workshop.join_code is None or workshop.policy == "invitation":
        return ""
    return f"{ctx.config.web.base_url.rstrip('/')}/j/{workshop.join_code}"


def join_qr(ctx: Context, pid: str, kind: str = "svg") -> bytes:
    """The join link as a QR picture: svg or png. Raises Conflict for workshops by invitation."""
    link = join_link(ctx, get_community_for(ctx, pid, "see"))
    if not link:
        raise Conflict("join.invitation_only", T("Members are invited here: there is no code to join with."))
    picture = io.BytesIO()
    segno.make(link, error="m").save(picture, kind=kind, scale=8, border=4)
    return picture.getvalue()


def _join(ctx: Context, workshop: Community) -> Joined:
    membership = find_or_add_membership(ctx.session, ctx.me.id, workshop.id, ctx.now)
    if membership.status == "active":
        raise Conflict("membership.already", T("You are a member of “{name}” already.", name=workshop.name))
    if membership.status == "pending":
        say = T(
            "You have asked to join “{name}” already. You will hear from me as soon as a host decides.",
            name=workshop.name,
        )
        raise Conflict("membership.pending", say)
    if membership.status == "invited":
        return Joined(workshop, answer_offer(ctx, workshop.pid, accept=True))
    # whoever was removed comes back only when a host wants it
    if workshop.policy == "open" and membership.status != "removed":
        arrive(ctx, workshop, membership)
    else:
        ask_to_join(ctx, workshop, membership)
    return Joined(workshop, membership)


def ask_to_join(ctx: Context, workshop: Community, membership: Membership) -> None:
    """Have who acts wait for a host, and ask the hosts; where there are none, the region's administrators."""
    membership.status, membership.role, membership.since, membership.decided_by = "pending", "member", ctx.now, None
    ask = write_message(
        ctx, waiting_text(ctx, workshop, ctx.me),
        texts.yes_or_no("admit", f"{workshop.pid}.{ctx.me.pid}", T("Let in"), T("Not now")),
    )  # fmt: skip
    membership.message_id = ask.id
    asked = host_ids(ctx.session, workshop.id) or holders_near(
        ctx.session, workshop, "region_admin", today_in(ctx, workshop)
    )
    deliver_to_people(ctx, ask, asked, PERSONAL)


def _decided_already(ctx: Context, membership: Membership | None) -> Conflict:
    by = memberships.name_of(ctx.session, membership.decided_by) if membership and membership.decided_by else None
    say = T("{name} has decided that already.", name=by) if by else T("This request is over.")
    return Conflict("membership.decided", say)


def _region_path(home: Community) -> str:
    """The path of the region that a school lies in, or the region itself."""
    return home.path if home.kind == "region" else home.path.rstrip("/").rsplit("/", 1)[0] + "/"


def in_reach(ctx: Context, workshop: Community) -> bool:
    """Whether a workshop lies in the region of who acts, or over their school."""
    home = memberships.find_home(ctx.session, ctx.me)
    if home is None:
        return False
    above_workshop = workshop.path.rstrip("/").rsplit("/", 1)[0] + "/"
    return workshop.path.startswith(_region_path(home)) or home.path.startswith(above_workshop)
