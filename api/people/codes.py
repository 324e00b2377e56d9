"""Claim codes: 12 characters, 14 days, single use, stored hashed (architecture: Safety of identity)."""

import ipaddress
import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import Select

from api.access import today_in
from api.communities.audiences import places_where
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Invalid, NotFound, Problem, TooMany
from api.messaging.outbox import tell_person
from api.messaging.tree import Seq, T, Words
from api.people.lookup import require_over
from api.people.texts import NEW_CODE_ADVICE
from api.records.service import audit
from api.tokens import digest
from storage import accounts, claims
from storage.communities import Community
from storage.people import ClaimCode, ClaimFailure, Identity, Person

# no 0 O, 1 I L, 2 Z, 5 S, U V: what is read aloud or copied by hand cannot be confused (25 signs, 55 bits)
ALPHABET = "ABCDEFGHJKMNPQRTWXY346789"
LENGTH = 12
LIFE = timedelta(days=14)
WINDOW = timedelta(hours=1)
PER_ACCOUNT, PER_ADDRESS, BY_ALL = 5, 20, 1000
SEPARATORS = re.compile(r"[\s\-‐-―_.·\u200b-\u200f\u2060\ufeff]+")
IN_LINK = re.compile(r"/c/([A-Za-z0-9-]{12,20})")
# every twelve in a row, also those that begin within others: "1006 H986-BAPB-P938" holds the code at its end
TWELVE = re.compile(rf"(?=([{ALPHABET}]{{{LENGTH}}}))")


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code to hand over; the only place where it stands in the clear."""

    person: Person
    school: str
    code: str  # grouped, as it is printed
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A code that would work: whom it binds. Keep `id`, never the code."""

    id: int
    person: Person


def new_code() -> str:
    """A random code, ungrouped."""
    return "".join([secrets.choice(ALPHABET) for _ in range(LENGTH)])


def group(code: str) -> str:
    """As it is printed: three groups of four characters."""
    return "-".join(code[n : n + 4] for n in range(0, LENGTH, 4))


def read_code(text: str) -> str | None:
    """The code that a text is: in any spacing, case and width, or inside its link. None when it has not that shape."""
    text = unicodedata.normalize("NFKC", text[:400])
    link = IN_LINK.search(text)
    code = SEPARATORS.sub("", link[1] if link else text).upper()
    if len(code) != LENGTH or not code.isascii() or not code.isalnum():
        return None
    # a phrase of twelve letters is not a code; one with digits, or of the alphabet only, is meant as one
    return code if any(c.isdigit() for c in code) or set(code) <= set(ALPHABET) else None


def issue_claim_code(ctx: Context, person: Person) -> IssuedCode:
    """A new code for a person; older unused ones stop working. For administrators of their school or region."""
    require_over(ctx, person, "people")
    school = ctx.session.get(Community, person.school_id) if person.school_id else None
    audit(ctx, "codes.issued", f"person:{person.pid}", school)
    issued = _draw(ctx, person, school.name if school else "")
    _keep(ctx, {person.id: issued.code})
    return issued


def issue_claim_codes(ctx: Context, school: Community) -> list[IssuedCode]:
    """New codes for everybody of a school (or region) who has no account yet, by name. For hundreds of people, no more:
    see `draw_claim_codes`."""
    drawn = draw_claim_codes(ctx, school)
    keep_claim_codes(ctx, school.pid, {one.person.id: one.code for one in drawn})
    return drawn


def draw_claim_codes(ctx: Context, school: Community) -> list[IssuedCode]:
    """The same, but none works before it is kept: put them on paper first, so that no code is lost whose older one is
    void, then `keep_claim_codes` some hundred at a time, so that nobody waits behind a whole county."""
    school = get_community_for(ctx, school.pid, "people")
    people = claims.without_account(ctx.session, school, _reach(ctx), today_in(ctx))
    if not people:
        raise NotFound("codes.nobody", T("Everybody there has an account already: no codes are needed."))
    return [_draw(ctx, person, home) for person, home in people]


def keep_claim_codes(ctx: Context, school_pid: str, drawn: Mapping[int, str]) -> None:
    """Let drawn codes (person id -> code) work from now on; older unused ones stop. Who came in since has no use for
    one, and gets none."""
    school = get_community_for(ctx, school_pid, "people")
    people = claims.without_account(ctx.session, school, _reach(ctx), today_in(ctx), list(drawn))
    audit(ctx, "codes.issued", f"community:{school.pid}", school, count=len(people))
    _keep(ctx, {person.id: drawn[person.id] for person, _ in people})


def count_without_account(ctx: Context, school: Community) -> int:
    """How many people `issue_claim_codes` would make a code for."""
    school = get_community_for(ctx, school.pid, "people")
    return claims.count_without_account(ctx.session, school, _reach(ctx), today_in(ctx))


def _reach(ctx: Context) -> Select[Any] | None:
    """Where codes are ours to give: nobody is given one for somebody in office elsewhere. None: everywhere."""
    return None if ctx.system else places_where(ctx, "people")


def _draw(ctx: Context, person: Person, school: str) -> IssuedCode:
    return IssuedCode(person, school, group(new_code()), ctx.now + LIFE)


def _keep(ctx: Context, codes: Mapping[int, str]) -> None:
    claims.void_codes(ctx.session, list(codes), ctx.now)
    issuer = ctx.actor.id if ctx.actor else None
    when = {"issued_by": issuer, "created_at": ctx.now, "expires_at": ctx.now + LIFE}
    hashed = [(person_id, digest(code.replace("-", ""))) for person_id, code in codes.items()]
    claims.add_codes(ctx.session, [{"person_id": one, "hash": secret, **when} for one, secret in hashed])


def look_up_code(ctx: Context, text: str, identity: Identity | None = None, address: str = "") -> Claim | Problem:
    """Whom a code would bind; nothing is used up. A wrong one is *returned* as a Problem, not raised: a guess must be
    counted, and raising would undo that. Raises TooMany when this account, address or everybody guessed too often.

    To show a slip again whose code is used or too old is no guess: a school shares one address.
    """
    whose = [f"identity:{identity.id}"] if identity else []
    whose += [f"address:{household(address)}"] if address else []
    _check_failures(ctx, whose)
    code = read_code(text)
    found = claims.find_code(ctx.session, digest(code)) if code else None
    if found is not None and found[1].removed_at is None and found[1].erased_at is None:
        claim, person = found
        if claim.used_at is None and claim.voided_at is None and claim.expires_at > ctx.now:
            return Claim(claim.id, person)
    if found is None:
        for who in whose or ["somebody"]:
            ctx.session.add(ClaimFailure(who=who, at=ctx.now))
        ctx.session.flush()
    return _why_not(ctx, code, found[0] if found else None)


def _why_not(ctx: Context, code: str | None, claim: ClaimCode | None) -> Problem:
    if claim is not None and claim.used_at is not None:
        say = T("This code was used already: each works once. {advice}", advice=NEW_CODE_ADVICE)
        return Invalid("code.used", say)
    if claim is not None and (claim.voided_at is not None or claim.expires_at <= ctx.now):
        return Invalid("code.over", T("This code does not work any more. {advice}", advice=NEW_CODE_ADVICE))
    say = T("I do not know this code. Please compare it with your slip: 12 characters, never 0, O, 1, I, L, 2 or Z.")
    return Invalid("code.unknown" if code else "code.shape", say)


def _check_failures(ctx: Context, whose: Sequence[str]) -> None:
    since = ctx.now - WINDOW
    limits = [(who, PER_ACCOUNT if who.startswith("identity") else PER_ADDRESS) for who in whose]
    for who, limit in [*limits, (None, BY_ALL)]:
        count, first = claims.count_failures(ctx.session, who, since)
        if first is not None and count >= limit:
            wait = (first + WINDOW - ctx.now).total_seconds()
            say = T("Too many wrong codes. Please wait {minutes} minutes, then try again.", minutes=ceil(wait / 60))
            raise TooMany("code.too_many", say, retry_after=ceil(wait))


def household(address: str) -> str:
    """Who is counted for an address: of IPv6 the /64, since one household has that many; "" for no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:60]
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def void_codes_in(ctx: Context, text: str, sender: Identity) -> bool:
    """Void every working code that stands in a text which many could read, and tell its person and its issuer so.

    True when there was one.
    """
    text = SEPARATORS.sub("", unicodedata.normalize("NFKC", text).upper())
    candidates = sorted({found[1] for found in TWELVE.finditer(text)})
    found = claims.find_usable_codes(ctx.session, [digest(code) for code in candidates], ctx.now)
    for code, person in found:
        code.voided_at = ctx.now
        say = Seq(
            T("A claim code for {name} was sent in a group, where everybody can read it. It does not work any more.",
              name=person.name), Words(" "),
        )  # fmt: skip
        if code.issued_by is not None:
            tell_person(ctx, code.issued_by, say + T("Please give out a new one (“codes”)."))
        if person.id != code.issued_by and accounts.private_chats_of(ctx.session, person.id):
            tell_person(ctx, person.id, say + NEW_CODE_ADVICE)
        audit(ctx, "code.voided", f"person:{person.pid}", sender=sender.pid)
    return bool(found)
