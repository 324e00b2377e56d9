"""Bearer tokens of the HTTP API: whom a secret stands for. They are issued in `people.tokens`."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from api.context import Context
from storage.people import Person, find_token

SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a valid token stands for."""

    token_id: int
    person: Person
    scopes: frozenset[str]


def digest(secret: str) -> str:
    """What is kept of a secret that we issued: it is long and random, so one round is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def use_token(ctx: Context, secret: str, writes: bool = True) -> Principal | None:
    """Whom a secret stands for; None when it is unknown, expired, revoked, or its person is gone.

    That it was used is noted if one `writes`.
    """
    found = find_token(ctx.session, digest(secret))
    if found is None:
        return None
    token, person = found
    if token.revoked_at or token.expires_at <= ctx.now or person.removed_at or person.erased_at:
        return None
    if writes and (token.used_at is None or ctx.now - token.used_at > SEEN_EVERY):
        token.used_at = ctx.now
    return Principal(token.id, person, frozenset(token.scopes))
