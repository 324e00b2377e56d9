"""Signing in on the web: one web account per person, a session per browser, one-time links (architecture: web chat)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.context import Context
from api.errors import Conflict, NotFound, not_found
from api.messaging.outbox import PERSONAL, deliver_to_chats, write_message
from api.messaging.places import deliver_late
from api.messaging.tree import Button, Lines, T
from api.records.service import audit
from api.tokens import digest
from storage import accounts
from storage.base import new_pid
from storage.inbox import find_or_add_chat
from storage.messaging import Chat
from storage.people import Identity, OneTimeLink, Person, WebSession

WEB = "web"
LIFE = timedelta(days=180)
SEEN_EVERY = timedelta(minutes=5)
LINK_MINUTES = 15


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live browser session: its account, and whose that is (None: an unbound visitor)."""

    session: WebSession
    identity: Identity
    person: Person | None


def find_web_identity(ctx: Context, person: Person) -> Identity | None:
    """The person's one web account, where there is one."""
    return next((mine for mine in accounts.identities_of(ctx.session, person.id) if mine.platform == WEB), None)


def web_identity(ctx: Context, person: Person | None) -> Identity:
    """The person's one web account with its private chat, added when missing; a fresh one for an unbound visitor."""
    if person is not None:
        mine = find_web_identity(ctx, person)
        if mine is not None:
            mine.state = "active"
            return mine
    identity = Identity(
        pid=new_pid(), platform=WEB, native=f"w-{new_pid()}{new_pid()}", name="", created_at=ctx.now,
        person_id=person.id if person else None, bound_at=ctx.now if person else None,
        language=person.language if person else ctx.config.bot.languages[0],
    )  # fmt: skip
    ctx.session.add(identity)
    ctx.session.flush()
    chat_id = find_or_add_chat(ctx.session, WEB, "", identity.native, "private", "", ctx.now)
    identity.chat_id = chat_id
    ctx.session.get_one(Chat, chat_id).identity_id = identity.id
    if person is not None and person.home_chat_id is None:
        person.home_chat_id = chat_id
        ctx.session.flush()
        deliver_late(ctx, identity)
    ctx.session.flush()
    return identity


def open_web_session(ctx: Context, person: Person | None, device: str = "") -> tuple[WebSession, str]:
    """Sign a browser in as a person, or (None) as an unbound visitor; returns the session and its cookie's secret.

    180 days, sliding. The person's other accounts and browsers are told and can sign it out.
    """
    others = person is not None and _has_others(ctx, person)
    identity = web_identity(ctx, person)
    secret = secrets.token_urlsafe(32)
    session = WebSession(
        pid=new_pid(), identity_id=identity.id, hash=digest(secret), device=device[:120], created_at=ctx.now,
        seen_at=ctx.now, expires_at=ctx.now + LIFE,
    )  # fmt: skip
    ctx.session.add(session)
    ctx.session.flush()
    if person is not None:
        audit(ctx, "device.signed_in", f"web_session:{session.pid}", person=person.pid)
        if others:
            announce_device(ctx, person, session)
    return session, secret


def _has_others(ctx: Context, person: Person) -> bool:
    elsewhere = any(account.platform != WEB for account in accounts.identities_of(ctx.session, person.id))
    return elsewhere or bool(accounts.sessions_of(ctx.session, person.id, ctx.now))


def announce_device(ctx: Context, person: Person, session: WebSession) -> None:
    """Tell a person's accounts of a browser that is signed in as them, with a button to sign it out."""
    say = Lines(
        T("You are signed in on a new device: {device}.", device=session.device or T("a browser")),
        T("If that was not you, sign it out."),
    )
    chats = accounts.private_chats_of(ctx.session, person.id)
    button = Button(T("Sign it out"), f"devices.revoke:{session.pid}", style="danger")
    deliver_to_chats(ctx, write_message(ctx, say, [[button]]), chats, PERSONAL)


def find_web_session(ctx: Context, secret: str) -> SignedIn | None:
    """Who a cookie's secret stands for. Being seen moves its end; that is written at most every 5 minutes."""
    found = accounts.find_session(ctx.session, digest(secret), ctx.now)
    if found is None:
        return None
    session, identity, person = found
    if person is not None and (person.erased_at is not None or person.removed_at is not None):
        return None
    if ctx.now - session.seen_at > SEEN_EVERY:
        session.seen_at, session.expires_at = ctx.now, ctx.now + LIFE
    return SignedIn(session, identity, person)


def close_web_session(ctx: Context, secret: str) -> None:
    """Sign this browser out."""
    found = accounts.find_session(ctx.session, digest(secret), ctx.now)
    if found is not None:
        found[0].revoked_at = ctx.now
        ctx.wake("web")


def list_devices(ctx: Context) -> list[WebSession]:
    """The browsers that are signed in as who acts, last seen first."""
    return accounts.sessions_of(ctx.session, ctx.me.id, ctx.now)


def revoke_device(ctx: Context, pid: str) -> bool:
    """Sign one of one's own browsers out at once; False when it was out already."""
    session = accounts.session_of(ctx.session, ctx.me.id, pid)
    if session is None:
        raise not_found("device.unknown")
    if session.revoked_at is not None or session.expires_at <= ctx.now:
        return False
    session.revoked_at = ctx.now
    audit(ctx, "device.signed_out", f"web_session:{pid}")
    ctx.wake("web")
    return True


def make_one_time_link(ctx: Context, person: Person, minutes: int = LINK_MINUTES) -> str:
    """The secret of a link /link/<secret> that signs its person in once. Only for oneself, or by the system."""
    if not ctx.system and person.id != ctx.me.id:
        raise not_found("person.unknown")
    secret = secrets.token_urlsafe(24)
    expires = ctx.now + timedelta(minutes=minutes)
    ctx.session.add(OneTimeLink(person_id=person.id, hash=digest(secret), created_at=ctx.now, expires_at=expires))
    ctx.session.flush()
    return secret


def peek_one_time_link(ctx: Context, secret: str) -> tuple[Person, datetime]:
    """Whom a link would sign in, and until when it works. For the page with the confirming button; uses nothing up."""
    found = accounts.find_link(ctx.session, digest(secret))
    if found is None or found[1].removed_at is not None or found[1].erased_at is not None:
        raise NotFound("link.unknown", T("This sign-in link is not valid. Send “web” to me for a new one."))
    link, person = found
    if link.used_at is not None or link.expires_at <= ctx.now:
        raise _over()
    return person, link.expires_at


def use_one_time_link(ctx: Context, secret: str) -> Person:
    """Use a link up, on a confirming POST only; the caller opens a session for the person it returns."""
    person, _ = peek_one_time_link(ctx, secret)
    found = accounts.find_link(ctx.session, digest(secret))
    if found is None or not accounts.take_link(ctx.session, found[0].id, ctx.now):
        raise _over()
    return person


def _over() -> Conflict:
    return Conflict("link.over", T("This sign-in link was used already or is too old. Send “web” to me for a new one."))


def page_url(ctx: Context, path: str) -> str:
    """The address of one of our pages, as people reach it."""
    web = ctx.config.web
    return f"{web.base_url or f'http://{web.host}:{web.port}'}{path}"
