"""Drawing the web chat: one Jinja environment, times in the reader's zone, and the assets' address."""

from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from api.i18n import gettext
from bot.platforms.web.views import Page, Post

HERE = Path(__file__).parent
STATIC = HERE / "static"
TOGETHER = timedelta(minutes=5)  # one author's messages closer than this share one heading

# No inline script or style, nothing from elsewhere. Recorded voice is played from a blob before it is sent.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@cache
def assets_version() -> str:
    """A digest of everything in static/: part of each asset's address, so assets may be cached for ever."""
    digest = sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file in static/. Modules import each other relatively, so they share the version."""
    return f"/web/static/{assets_version()}/{name}"


def _local(context: Context, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(context["page"].zone))


@pass_context
def clock(context: Context, at: datetime) -> str:
    """09:05, in the reader's zone."""
    return format_time(_local(context, at), "HH:mm", locale=context["page"].language)


@pass_context
def day(context: Context, at: datetime) -> str:
    """2026-11-23, in the reader's zone."""
    return _local(context, at).date().isoformat()


@pass_context
def day_label(context: Context, at: datetime) -> str:
    """11月23日周一; no "today", which would be wrong on a page left open overnight."""
    return format_skeleton("MMMEd", _local(context, at), locale=context["page"].language)


@pass_context
def short_day(context: Context, at: datetime) -> str:
    """11月23日."""
    return format_skeleton("MMMd", _local(context, at), locale=context["page"].language)


@pass_context
def moment(context: Context, at: datetime) -> str:
    """11月23日 09:05."""
    return f"{short_day(context, at)} {clock(context, at)}"


@pass_context
def full_date(context: Context, at: datetime) -> str:
    """2026年11月23日."""
    return format_date(_local(context, at), "long", locale=context["page"].language)


def size(count: int) -> str:
    """A file size for people: 820 B, 34 KB, 1.5 MB."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.0f} KB"
    return f"{count / 1_000_000:.1f} MB"


def duration(seconds: int) -> str:
    """Playing time: 0:09, 12:30."""
    return f"{seconds // 60}:{seconds % 60:02}"


def follows(post: Post, before: Post | None) -> bool:
    """Whether a post continues what its author said just before, and needs no heading of its own."""
    return (
        before is not None
        and before.side == post.side != "system"
        and before.author.id == post.author.id
        and post.at - before.at < TOGETHER
    )


@cache
def environment() -> Environment:
    """The one Jinja environment; an unknown name in a template is an error, never an empty string."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(asset=asset, follows=follows)
    env.filters.update(
        clock=clock,
        day=day,
        day_label=day_label,
        short_day=short_day,
        moment=moment,
        full_date=full_date,
        size=size,
        duration=duration,
    )
    return env


def render(template: str, page: Page, **view: object) -> str:
    """Draw a template for one reader, in the reader's language and zone.

    In templates `_("Hello {name}", name=...)` translates an English msgid; what it returns is escaped like
    any other text.
    """

    def _(msgid: str, **params: object) -> str:
        text = gettext(page.language, msgid)
        return text.format(**params) if params else text

    return environment().get_template(template).render(page=page, _=_, **view)
