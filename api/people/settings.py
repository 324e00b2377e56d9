"""A person's settings: where personal messages go, language, quiet hours, zone."""

from api.context import Context
from api.errors import Invalid, not_found
from api.i18n import LANGUAGES
from api.messaging.tree import T
from api.times import parse_quiet_hours, zone_of
from storage import accounts
from storage.people import Identity, Person, choose_home

DEFAULT, NEVER = "default", "never"


def settle_here(ctx: Context, identity: Identity) -> Person:
    """Personal messages come to this account from now on, wherever the person speaks next (/here)."""
    if identity.person_id is None or identity.person_id != ctx.me.id or identity.chat_id is None:
        raise not_found("account.unknown")
    ctx.me.home_chat_id, ctx.me.home_chosen = identity.chat_id, True
    return ctx.me


def choose_home_account(ctx: Context, account_pid: str | None) -> Person:
    """Let personal messages go to one of one's accounts; None: wherever one spoke last."""
    if account_pid is None:
        choose_home(ctx.session, ctx.me.id)
        ctx.session.refresh(ctx.me)
        return ctx.me
    identity = accounts.identity_by_pid(ctx.session, account_pid)
    if identity is None:
        raise not_found("account.unknown")
    return settle_here(ctx, identity)


def set_language(ctx: Context, language: str, identity: Identity | None = None) -> str:
    """The language that an account, and its person if it has one, reads: zh_CN or en."""
    if language not in LANGUAGES:
        say = T("I speak: {languages}.", languages=" / ".join(LANGUAGES))
        raise Invalid("settings.language", say, allowed=list(LANGUAGES))
    if identity is not None:
        identity.language = language
    if ctx.actor is not None:
        ctx.actor.language = language
        for account in accounts.identities_of(ctx.session, ctx.actor.id):
            account.language = language
    return language


def set_quiet_hours(ctx: Context, hours: str) -> Person:
    """When reminders and notices do not disturb: "default" (the service's), "never", or HH:MM-HH:MM, wall clock."""
    text = hours.strip().lower()
    if text == DEFAULT:
        ctx.me.quiet_hours = None
    elif text == NEVER:
        ctx.me.quiet_hours = ""
    else:
        try:
            found = parse_quiet_hours(text)
        except ValueError:
            found = None
        if found is None:
            say = T("Please write the hours like this: 22:00-06:30. Or send “cancel” and nothing changes.")
            raise Invalid("settings.quiet_hours", say)
        ctx.me.quiet_hours = str(found)
    return ctx.me


def set_relayed(ctx: Context, carried: bool) -> Person:
    """Whether what one says in a room is carried to the other rooms of its community."""
    ctx.me.relayed = carried
    return ctx.me


def set_zone(ctx: Context, zone: str | None) -> Person:
    """The zone one's times are shown in (IANA name); None: the service's."""
    if zone is not None:
        try:
            zone_of(zone)
        except ValueError:
            raise Invalid("settings.zone", T("I do not know this time zone. It looks like Asia/Shanghai.")) from None
        if len(zone) > 40:
            raise Invalid("settings.zone", T("I do not know this time zone. It looks like Asia/Shanghai."))
    ctx.me.zone = zone
    return ctx.me
