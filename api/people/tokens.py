"""Issuing and ending bearer tokens of the HTTP API: hashed, scoped, expiring, acting as one person."""

import secrets
from datetime import timedelta

from api.context import Context
from api.errors import Invalid, not_found
from api.messaging.outbox import PERSONAL, deliver_to_chats, write_message
from api.messaging.tree import Button, Lines, T, When
from api.records.service import audit
from api.tokens import digest
from storage import accounts
from storage.people import ApiToken, Person, get_token

SCOPES = ("read", "write")
LONGEST_DAYS = 3660


def create_token(ctx: Context, person: Person, name: str, scopes: list[str], days: int = 365,
                 made_with: int | None = None) -> tuple[ApiToken, str]:  # fmt: skip
    """A new token for a person; returns its row and the secret, which is shown once and never kept (C1).

    `made_with` is the id of the token that asks for it: the new one ends with it, at the latest. The person is told.
    """
    if not scopes or set(scopes) - set(SCOPES):
        raise Invalid("token.scopes", T("Scopes are: {scopes}.", scopes=", ".join(SCOPES)), allowed=list(SCOPES))
    if not 1 <= days <= LONGEST_DAYS:
        say = T("A token lives between 1 and {limit} days.", limit=LONGEST_DAYS)
        raise Invalid("token.days", say, limit=LONGEST_DAYS)
    expires_at = ctx.now + timedelta(days=days)
    if made_with is not None:
        accounts.hold_tokens(ctx.session, person.id)
        parent = accounts.token_that_works(ctx.session, made_with, ctx.now)
        if parent is None:
            raise not_found("token.unknown")
        expires_at = min(expires_at, parent.expires_at)
    secret = f"gf_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        person_id=person.id, name=name[:80], hash=digest(secret), scopes=sorted(set(scopes)), parent_id=made_with,
        created_at=ctx.now, expires_at=expires_at,
    )  # fmt: skip
    ctx.session.add(token)
    ctx.session.flush()
    audit(ctx, "token.created", f"api_token:{token.pid}")
    _announce(ctx, token)
    return token, secret


def _announce(ctx: Context, token: ApiToken) -> None:
    chats = accounts.private_chats_of(ctx.session, token.person_id)
    if not chats:
        return
    say = Lines(
        T("A program can act as you from now on, until {day}: “{name}”.", day=When(token.expires_at, "day"),
          name=token.name),
        T("If you do not know of it, end its access."),
    )  # fmt: skip
    button = Button(T("End its access"), f"tokens.revoke:{token.pid}", style="danger")
    deliver_to_chats(ctx, write_message(ctx, say, [[button]]), chats, PERSONAL)


def list_tokens(ctx: Context) -> list[ApiToken]:
    """The tokens of who acts that still work, newest first."""
    return accounts.tokens_of(ctx.session, ctx.me.id, ctx.now)


def revoke_token(ctx: Context, pid: str) -> ApiToken:
    """End a token and those that were made with it, at once: one's own, or any from the command line."""
    token = get_token(ctx.session, pid)
    if token is None or not (ctx.system or token.person_id == ctx.me.id):
        raise not_found("token.unknown")
    accounts.hold_tokens(ctx.session, token.person_id)
    accounts.revoke_tokens(ctx.session, token.id, ctx.now)
    audit(ctx, "token.revoked", f"api_token:{pid}")
    return token
