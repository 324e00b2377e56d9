"""Dead letters: listed, counted, tried again, dropped. For region administrators in their tree, for operators anywhere.

What a letter says is shown to nobody. What is tried again is sent once: it is the same delivery as before.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from api.access import RULES, forbidden, today_in
from api.communities.audiences import quiet_hours_of
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.letters import texts
from api.messaging.reasons import REASONS
from api.messaging.tree import T
from api.records.service import audit
from api.times import release_after_quiet, zone_of
from storage import letters
from storage.appointments import places_held
from storage.letters import Counted, LetterRow, Retriable, Which
from storage.messaging import EXPIRED

BATCH = 500  # letters that one transaction changes
ACTION = "letters"


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of many letters: how many were changed, how many of the reason could not arrive now; `next` goes on
    after them where there may be more."""

    n: int
    left: int
    next: str | None


class Scope(NamedTuple):
    """Where who acts looks: paths of communities, or everywhere; and the names of these places."""

    paths: Sequence[str] | None
    names: Sequence[str]


def look_at(ctx: Context, place: str | None = None) -> Scope:
    """Where who acts may look after letters: at and under `place` (a pid), else everything they administer.

    Raises Forbidden saying who could.
    """
    if place is not None:
        community = get_community_for(ctx, place, ACTION, archived=True)
        return Scope([community.path], [community.name])
    if ctx.system:
        return Scope(None, [])
    held = places_held(ctx.session, ctx.me.id, today_in(ctx), sorted(RULES[ACTION]))
    if not held:
        raise forbidden(ACTION)
    return Scope([one.path for one in held], [one.name for one in held])


def list_letters(ctx: Context, place: str | None = None, reason: str | None = None, platform: str | None = None,
                 limit: int = 50, after: str | None = None) -> list[LetterRow]:  # fmt: skip
    """Letters, newest first, one more than `limit`; `after` is the pid of the last one seen."""
    which = Which(look_at(ctx, place).paths, _known(reason), platform, after=after)
    return letters.page_letters(ctx.session, which, ctx.now, limit + 1)


def count_letters(ctx: Context, place: str | None = None, platform: str | None = None) -> list[Counted]:
    """How many there are for each reason, in the order of REASONS."""
    counted = letters.count_letters(ctx.session, Which(look_at(ctx, place).paths, platform=platform), ctx.now)
    return sorted(counted, key=lambda one: list(REASONS).index(one.reason))


def retry_letter(ctx: Context, pid: str) -> LetterRow:
    """Send one letter after all. Raises NotFound; Conflict where it is none any more, or could not arrive."""
    letter = _get(ctx, pid)
    found = letters.take_retriable(ctx.session, Which(pid=pid), ctx.now, 1)
    if not found:
        late = letter.reason == EXPIRED or (letter.expires_at is not None and letter.expires_at <= ctx.now)
        code, say = ("letter.expired", texts.TOO_LATE) if late else ("letter.nowhere", texts.NOWHERE)
        raise Conflict(code, say)
    _revive(ctx, found)
    audit(ctx, "letter.retried", f"delivery:{pid}", reason=letter.reason)
    return letter


def drop_letter(ctx: Context, pid: str) -> LetterRow:
    """Do not try one letter again, and list it no more. Raises NotFound; Conflict where it is none any more."""
    letter = _get(ctx, pid)
    letters.drop_letters(ctx.session, [letter.id])
    audit(ctx, "letter.dropped", f"delivery:{pid}", reason=letter.reason)
    return letter


def retry_letters(ctx: Context, reason: str, place: str | None = None, platform: str | None = None,
                  after: str | None = None) -> Changed:  # fmt: skip
    """Send what was lost for a reason after all, in its order; up to 500 at once, on from `after`."""
    which = Which(look_at(ctx, place).paths, _known(reason), platform)
    found = letters.take_retriable(ctx.session, which._replace(after=after), ctx.now, BATCH)
    _revive(ctx, found)
    audit(ctx, "letters.retried", f"letters:{reason}", n=len(found))
    more = found[-1].pid if len(found) == BATCH else None
    if more is not None:  # what is left is counted once, at the end
        return Changed(len(found), 0, more)
    left = sum(one.n - one.retriable for one in letters.count_letters(ctx.session, which, ctx.now))
    return Changed(len(found), left, None)


def drop_letters(ctx: Context, reason: str, place: str | None = None, platform: str | None = None,
                 after: str | None = None) -> Changed:  # fmt: skip
    """Drop what was lost for a reason; up to 500 at once, on from `after`."""
    which = Which(look_at(ctx, place).paths, _known(reason), platform, after=after)
    found = letters.take_letters(ctx.session, which, BATCH)
    letters.drop_letters(ctx.session, [key for key, _ in found])
    audit(ctx, "letters.dropped", f"letters:{reason}", n=len(found))
    return Changed(len(found), 0, found[-1][1] if len(found) == BATCH else None)


def _get(ctx: Context, pid: str) -> LetterRow:
    """A letter that who acts may look after, held until the commit."""
    which = Which(look_at(ctx).paths, pid=pid)
    if not letters.take_letters(ctx.session, which, 1):
        if letters.was_letter(ctx.session, which):
            raise Conflict("letter.over", texts.OVER)
        raise not_found("letter.unknown")
    return letters.page_letters(ctx.session, which, ctx.now, 1)[0]


def _revive(ctx: Context, found: Sequence[Retriable]) -> None:
    """Have letters sent: at once, to people when their quiet hours end."""
    moments: dict[datetime, list[Retriable]] = defaultdict(list)
    for letter in found:
        moments[ctx.now if letter.person_id is None else _when_awake(ctx, letter)].append(letter)
    for at, some in moments.items():
        letters.revive_letters(ctx.session, some, at, ctx.now)
    if found:
        ctx.wake("outbox")


def _when_awake(ctx: Context, letter: Retriable) -> datetime:
    try:
        zone = zone_of(letter.zone or ctx.config.time.zone)
    except ValueError:  # what made it unreadable
        zone = ctx.zone()
    return release_after_quiet(ctx.now, quiet_hours_of(ctx, letter.quiet_hours), zone)


def _known(reason: str | None) -> str | None:
    if reason is not None and reason not in REASONS:
        say = T("There is no such reason; there are: {allowed}.", allowed=", ".join(REASONS))
        raise Invalid("letter.reason", say, reason=reason, allowed=list(REASONS))
    return reason
