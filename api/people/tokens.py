"""Issuing and ending bearer tokens of the HTTP API: hashed, scoped, expiring, acting as one person."""

import secrets
from datetime import timedelta

from api.context import Context
from api.errors import Invalid, not_found
from api.messaging.tree import T
from api.records.service import audit
from api.tokens import digest
from storage import accounts
from storage.people import ApiToken, Person, get_token

SCOPES = ("read", "write")
LONGEST_DAYS = 3660


def create_token(ctx: Context, person: Person, name: str, scopes: list[str], days: int = 365) -> tuple[ApiToken, str]:
    """A new token for a person; returns its row and the secret, which is shown once and never kept (C1)."""
    if not scopes or set(scopes) - set(SCOPES):
        raise Invalid("token.scopes", T("Scopes are: {scopes}.", scopes=", ".join(SCOPES)), allowed=list(SCOPES))
    if not 1 <= days <= LONGEST_DAYS:
        say = T("A token lives between 1 and {limit} days.", limit=LONGEST_DAYS)
        raise Invalid("token.days", say, limit=LONGEST_DAYS)
    secret = f"gf_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        person_id=person.id, name=name[:80], hash=digest(secret), scopes=sorted(set(scopes)), created_at=ctx.now,
        expires_at=ctx.now + timedelta(days=days),
    )  # fmt: skip
    ctx.session.add(token)
    ctx.session.flush()
    audit(ctx, "token.created", f"api_token:{token.pid}")
    return token, secret


def list_tokens(ctx: Context) -> list[ApiToken]:
    """The tokens of who acts that still work, newest first."""
    return accounts.tokens_of(ctx.session, ctx.me.id, ctx.now)


def revoke_token(ctx: Context, pid: str) -> ApiToken:
    """End a token at once: one's own, or any from the command line."""
    token = get_token(ctx.session, pid)
    if token is None or not (ctx.system or token.person_id == ctx.me.id):
        raise not_found("token.unknown")
    token.revoked_at = token.revoked_at or ctx.now
    audit(ctx, "token.revoked", f"api_token:{pid}")
    return token
