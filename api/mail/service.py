"""Calling people back by mail: what waits in a closed web page is said once, shortly, without its contents (C4). What
was pushed to them has a link that opens it, and asks before it does.

Only those at home on the web, with an address on the roster, while `[mail] url` is set; at most one mail an hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select

from api.context import Context
from api.i18n import gettext, ngettext
from storage import mail, pushes
from storage.people import Person

log = structlog.get_logger()

GRACE = timedelta(minutes=2)  # an open page shows it meanwhile
PAUSE = timedelta(hours=1)
OPEN_PAGE = timedelta(minutes=1)  # a page that was alive so shortly ago is open
# longer than all the steps of one mail may take (sender.NETWORK_SECONDS each)
CLAIM = timedelta(minutes=10)
MOST_LINKS = 5
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))


@dataclass(frozen=True, slots=True)
class Post:
    """A mail ready to send. Until `until` it is ours alone; that moment is its fence."""

    person_id: int
    to: str
    subject: str
    text: str
    attempts: int
    until: datetime


def call_by_mail(ctx: Context, people: Select[Any], at: datetime | None = None) -> int:
    """Plan a mail to those of `people` whom one can call back, shortly after `at` (default: now).

    For whoever releases something personal to many or one; returns how many were planned.
    """
    if not ctx.config.mail.url.get_secret_value():
        return 0
    planned = mail.call_people(ctx.session, people, ctx.now, (at or ctx.now) + GRACE)
    if planned:
        ctx.wake("mail")
    return planned


def claim_mails(ctx: Context, limit: int = 20) -> list[Post]:
    """Take mails that are due. Whoever has seen their page since something waits needs none."""
    letters, until = [], ctx.now + CLAIM
    for letter in mail.take_due_calls(ctx.session, ctx.now, until, limit):
        seen = letter.seen_at
        if not letter.email or (seen is not None and (seen >= letter.wanted_at or seen > ctx.now - OPEN_PAGE)):
            mail.change_call(ctx.session, letter.person_id, until, next_at=None)
        else:
            letters.append(letter)
    tokens = _find_tokens(ctx, {letter.person_id: letter.wanted_at for letter in letters})
    return [_post(ctx, letter, tokens.get(letter.person_id, []), until) for letter in letters]


def renew_mail(ctx: Context, post: Post) -> Post | None:
    """A claimed mail with its whole time before it again, asked for right before it is sent: those before it may have
    taken long. None when another worker has it by now."""
    until = ctx.now + CLAIM
    held = mail.change_call(ctx.session, post.person_id, post.until, next_at=until)
    return replace(post, until=until) if held else None


def _find_tokens(ctx: Context, since: Mapping[int, datetime]) -> dict[int, list[str]]:
    """person id -> tokens (api.resources.tokens) of what was pushed to them after a moment and they have not opened,
    the newest few; one query for all."""
    tokens: dict[int, list[str]] = {person_id: [] for person_id in since}
    if since:
        for person_id, token, at in pushes.find_unopened(ctx.session, list(since), min(since.values())):
            if at >= since[person_id] and len(tokens[person_id]) < MOST_LINKS:
                tokens[person_id].append(token)
    return tokens


def _post(ctx: Context, letter: mail.Letter, tokens: Sequence[str], until: datetime) -> Post:
    address = ctx.config.web.base_url or f"http://{ctx.config.web.host}:{ctx.config.web.port}"
    subject = gettext(letter.language, "Something waits for you in gongfang")
    lines = [
        gettext(letter.language, "Hello! There is something new for you. Open the page to read it:"),
        address,
        gettext(letter.language, "You get at most one such mail an hour, and none while the page is open."),
    ]
    if tokens:
        head = ngettext(
            letter.language,
            "A resource was recommended to you. Open it here, without signing in; the link is yours alone:",
            "{n} resources were recommended to you. Open them here, without signing in; the links are yours alone:",
            len(tokens),
        )
        lines[2:2] = [head.format(n=len(tokens)), *[f"{address}/o/{token}" for token in tokens]]
    return Post(letter.person_id, letter.email, subject, "\n\n".join(lines) + "\n", letter.attempts, until)


def finish_mail(ctx: Context, post: Post, error: str | None = None, lasting: bool = False) -> None:
    """Commit what became of a mail, unless another worker has it by now. A failure is tried again a few times, unless
    it is `lasting`."""
    done: dict[str, Any]
    if error is None:
        done = {"next_at": None, "rests_until": ctx.now + PAUSE, "error": None}
    elif lasting or post.attempts > len(RETRIES):
        log.warning("a mail could not be sent", person_id=post.person_id, error=error)
        done = {"next_at": None, "error": error[:300]}
    else:
        done = {"next_at": ctx.now + RETRIES[post.attempts - 1], "error": error[:300]}
    mail.change_call(ctx.session, post.person_id, post.until, **done)


def export_mail(ctx: Context, person: Person) -> dict[str, Any]:
    """What is stored about mails to a person."""
    call = mail.get_call(ctx.session, person.id)
    return {"mail_called_at": call.wanted_at.isoformat()} if call else {}


def erase_mail(ctx: Context, person: Person) -> None:
    """Plan no more mails to a person."""
    mail.end_call(ctx.session, person.id)
