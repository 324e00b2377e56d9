"""Coming in and going out: claim codes, one-time links, visitors, devices, as pages use them (api.people decides)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.context import Context
from api.errors import Conflict, Problem, not_found
from api.messaging.tree import T
from api.people.binding import redeem_code
from api.people.codes import Claim, group, look_up_code, read_code
from api.people.doors import telegram_link
from api.people.texts import PRIVACY_VERSION
from api.people.websessions import (
    SignedIn,
    close_web_session,
    find_web_session,
    list_devices,
    open_web_session,
    peek_one_time_link,
    revoke_device,
    use_one_time_link,
)
from api.tokens import digest
from api.webchat.places import SignedOut, enter
from api.webchat.posting import start
from storage import accounts, webchat
from storage.communities import Community
from storage.people import Person, WebSession


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a code is for, and where it leads."""

    code: str  # grouped, as it is printed
    name: str
    places: Sequence[str]
    telegram: str  # where it leads to the same on Telegram, or ""


@dataclass(frozen=True, slots=True)
class Entered:
    """What signing in came to: a new cookie's secret, or none where the browser keeps its own."""

    secret: str | None


def peek_code(ctx: Context, text: str, secret: str, address: str) -> Invited | Problem:
    """Whom a claim code would bind; nothing is used up. A wrong one is returned, so that the failure is counted."""
    seat = find_web_session(ctx, secret) if secret else None
    if seat is not None and seat.person is not None:
        raise _known(seat)
    claim = look_up_code(ctx, text, seat.identity if seat else None, address)
    if not isinstance(claim, Claim):
        return claim
    school = ctx.session.get(Community, claim.person.school_id) if claim.person.school_id else None
    region = ctx.session.get(Community, claim.person.region_id) if claim.person.region_id else None
    places = [place.name for place in (school, region) if place is not None]
    code = read_code(text) or text
    return Invited(group(code), claim.person.name, places, telegram_link(ctx, code))


def enter_by_code(ctx: Context, text: str, version: str, secret: str, device: str, address: str) -> Entered | Problem:
    """Use a claim code, its owner having agreed to version `version` of the privacy notice."""
    if version != str(PRIVACY_VERSION):
        say = T("The privacy notice has changed meanwhile. Please read it again.")
        raise Conflict("privacy.changed", say)
    seat = find_web_session(ctx, secret) if secret else None
    if seat is not None and seat.person is not None:
        raise _known(seat)
    person = redeem_code(ctx, text, seat.identity if seat else None, address)
    if isinstance(person, Problem):
        return person
    if seat is not None:  # the visitor's browser stays signed in, as the person now
        ctx.wake("web")
        return Entered(renew(ctx, secret))
    return Entered(_open(ctx, person, device))


def renew(ctx: Context, secret: str) -> str:
    """A visitor's browser became somebody's: it gets a secret that nobody who sat there before can know.

    Once, by a page that keeps it; raises SignedOut when that is not due.
    """
    fresh = secrets.token_urlsafe(32)
    if not accounts.renew_session(ctx.session, digest(secret), digest(fresh), ctx.now):
        raise SignedOut
    return fresh


def enter_by_link(ctx: Context, token: str, secret: str, device: str) -> Entered:
    """Use a one-time link, on a confirming POST only. Whoever was signed in in this browser no longer is."""
    person = use_one_time_link(ctx, token)
    seat = find_web_session(ctx, secret) if secret else None
    if seat is not None and seat.person is not None and seat.person.id == person.id:
        return Entered(None)
    if secret:
        close_web_session(ctx, secret)
    return Entered(_open(ctx, person, device))


def enter_as_visitor(ctx: Context, device: str) -> Entered:
    """A browser without a name: it may talk to the assistant, which can ask a school to let it in."""
    return Entered(_open(ctx, None, device))


def _open(ctx: Context, person: Person | None, device: str) -> str:
    _, secret = open_web_session(ctx, person, device)
    start(ctx, enter(ctx, secret))
    return secret


def _known(seat: SignedIn) -> Conflict:
    assert seat.person is not None
    say = T(
        "This browser is signed in as {name}. Sign out first if the code is for somebody else.", name=seat.person.name
    )
    return Conflict("session.bound", say)


def leave(ctx: Context, secret: str) -> None:
    """Sign this browser out."""
    close_web_session(ctx, secret)


def list_browsers(ctx: Context, seat: SignedIn) -> list[WebSession]:
    """The browsers signed in as who acts; of a visitor, this one."""
    return list_devices(ctx) if seat.person is not None else [seat.session]


def sign_out_browser(ctx: Context, seat: SignedIn, pid: str) -> None:
    """Sign another browser of one's own out at once; its pages notice. A visitor has this one only."""
    if seat.person is None:
        raise not_found("device.unknown")
    revoke_device(ctx, pid)
    webchat.touch(ctx.session, [seat.identity.id], changed_at=ctx.now)
    ctx.wake("web")


def home_of(ctx: Context, seat: SignedIn) -> str:
    """The name of the school somebody is at home in, or nothing."""
    school_id = seat.person.school_id if seat.person else None
    school = ctx.session.get(Community, school_id) if school_id is not None else None
    return school.name if school else ""


def peek_link(ctx: Context, token: str) -> tuple[str, datetime]:
    """Whom a one-time link would sign in, and until when. Uses nothing up."""
    person, until = peek_one_time_link(ctx, token)
    return person.name, until
