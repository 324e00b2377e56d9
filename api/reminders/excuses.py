"""Excuses (请假/免做): a member asks, any host decides for all of them; or a host excuses a member at once."""

from dataclasses import dataclass
from datetime import date, timedelta

from api.access import require
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.outbox import PERSONAL, deliver_to_people, edit_message, tell_person, write_message
from api.messaging.render import clean
from api.messaging.tree import Lines, T
from api.records.service import audit
from api.reminders.rules import get_rule_for, period_of
from api.reminders.texts import excuse_outcome, excuse_rows, excuse_text, period_text
from api.times import local_day
from storage import excuses, reminders
from storage.accounts import person_by_pid
from storage.communities import Community
from storage.excuses import Excuse
from storage.memberships import get_membership
from storage.messaging import Message
from storage.people import Person

REASON_LIMIT = 500
MOST_DAYS = 366
OLDEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Excused:
    """An excuse with whom and where it is about."""

    excuse: Excuse
    person: Person
    workshop: Community


def ask_excuse(ctx: Context, workshop_pid: str, since: date, until: date, reason: str = "") -> Excused:
    """Ask the hosts to be excused on local days [since, until]; they get one shared question.

    Raises Conflict while an earlier request of mine waits there.
    """
    workshop = get_community_for(ctx, workshop_pid, "take_part")
    _check(ctx, workshop, since, until, reason)
    if excuses.open_excuse(ctx.session, workshop.id, ctx.me.id) is not None:
        raise Conflict("excuse.open", T("Your earlier request there is still waiting for an answer."))
    excuse = _add(ctx, workshop, ctx.me, since, until, reason, "open")
    message = write_message(ctx, excuse_text(excuse, ctx.me, workshop), excuse_rows(excuse))
    excuse.message_id = message.id
    hosts = reminders.select_hosts(workshop.id)
    if not deliver_to_people(ctx, message, hosts, PERSONAL):
        raise Conflict("excuse.no_host", T("This workshop has no host who could decide that."))
    return Excused(excuse, ctx.me, workshop)


def grant_excuse(
    ctx: Context, workshop_pid: str, person_pid: str, since: date, until: date, reason: str = ""
) -> Excused:
    """Excuse a member at once, as a host. The person is told."""
    workshop = get_community_for(ctx, workshop_pid, "remind")
    person = person_by_pid(ctx.session, person_pid)
    member = get_membership(ctx.session, person.id, workshop.id) if person is not None else None
    if person is None or member is None or member.status != "active":
        raise not_found("person.unknown")
    _check(ctx, workshop, since, until, reason)
    excuse = _add(ctx, workshop, person, since, until, reason, "approved")
    excuse.decided_by, excuse.decided_at = ctx.actor.id if ctx.actor else None, ctx.now
    when = period_text(since, until)
    tell_person(ctx, person.id, T("You are excused in “{workshop}” {when}.", workshop=workshop.name, when=when))
    audit(ctx, "excuse.granted", f"excuse:{excuse.pid}", workshop, person=person.pid)
    return Excused(excuse, person, workshop)


def grant_for_rule(ctx: Context, rule_pid: str, person_pid: str) -> tuple[Excused, bool]:
    """Excuse a member from what a rule asks for this time: until its deadline. Returns it, and whether it is new."""
    rule, workshop = get_rule_for(ctx, rule_pid, "remind")
    zone = ctx.zone(workshop)
    due = local_day(period_of(ctx, rule, workshop)[1], zone)
    person = person_by_pid(ctx.session, person_pid)
    if person is None:
        raise not_found("person.unknown")
    earlier = excuses.covering(ctx.session, workshop.id, person.id, due)
    if earlier is not None:
        return Excused(earlier, person, workshop), False
    today = local_day(ctx.now, zone)
    return grant_excuse(ctx, workshop.pid, person_pid, min(today, due), due), True


def _check(ctx: Context, workshop: Community, since: date, until: date, reason: str) -> None:
    if workshop.kind != "workshop":
        raise Invalid("excuse.workshop", T("One is excused in a workshop."))
    today = local_day(ctx.now, ctx.zone(workshop))
    if until < since or since < today - OLDEST or until < today:
        raise Invalid("excuse.days", T("Those days do not work: the last is today or later, and not before the first."))
    check_days(since, until)
    check_reason(reason)


def check_days(since: date, until: date) -> None:
    """Raise Invalid for more days than one can be excused at once."""
    days = (until - since).days + 1
    if days > MOST_DAYS:
        say = T("Those are {n} days; one request holds at most {limit}.", n=days, limit=MOST_DAYS)
        raise Invalid("excuse.days", say, n=days, limit=MOST_DAYS)


def check_reason(reason: str) -> None:
    """Raise Invalid for a reason that is too long."""
    if len(reason) > REASON_LIMIT:
        say = T("That is {n} characters; a reason holds at most {limit}.", n=len(reason), limit=REASON_LIMIT)
        raise Invalid("excuse.too_long", say, n=len(reason), limit=REASON_LIMIT)


def _add(
    ctx: Context, workshop: Community, person: Person, since: date, until: date, reason: str, state: str
) -> Excuse:
    excuse = Excuse(
        community_id=workshop.id, person_id=person.id, since=since, until=until, reason=clean(reason).strip(),
        state=state, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(excuse)
    ctx.session.flush()
    return excuse


def get_excuse(ctx: Context, pid: str) -> Excused:
    """One of my own excuses, or one in a workshop where I may remind."""
    found = _found(ctx, pid)
    if ctx.actor is None or found.person.id != ctx.actor.id:
        require(ctx, "remind", found.workshop)
    return found


def _found(ctx: Context, pid: str) -> Excused:
    excuse = excuses.get_excuse(ctx.session, pid)
    workshop = ctx.session.get(Community, excuse.community_id) if excuse is not None else None
    person = ctx.session.get(Person, excuse.person_id) if excuse is not None else None
    if excuse is None or workshop is None or person is None:
        raise not_found("excuse.unknown")
    return Excused(excuse, person, workshop)


def decide_excuse(ctx: Context, pid: str, approve: bool) -> tuple[Excused, bool]:
    """Approve or decline; the first decision stands. Every host's question shows it, and the person is told.

    Returns the excuse, and whether this changed anything.
    """
    found = _found(ctx, pid)
    require(ctx, "remind", found.workshop)
    excuse = found.excuse
    if ctx.actor is not None and found.person.id == ctx.actor.id:
        raise Conflict("excuse.own", T("Another host has to decide about your own request."))
    if excuse.state != "open":
        return found, False
    excuse.state = "approved" if approve else "declined"
    _settle(ctx, found)
    when = period_text(excuse.since, excuse.until)
    names = {"workshop": found.workshop.name, "when": when}
    if approve:
        tell_person(ctx, found.person.id, T("You are excused in “{workshop}” {when}.", **names))
    else:
        tell_person(ctx, found.person.id, T("Your request to be excused in “{workshop}” {when} was declined.", **names))
    audit(ctx, f"excuse.{excuse.state}", f"excuse:{excuse.pid}", found.workshop, person=found.person.pid)
    return found, True


def withdraw_excuse(ctx: Context, pid: str) -> tuple[Excused, bool]:
    """Take my own request back, or end my excuse. Returns it, and whether this changed anything."""
    found = _found(ctx, pid)
    if found.person.id != ctx.me.id:
        raise not_found("excuse.unknown")
    if found.excuse.state not in ("open", "approved"):
        return found, False
    found.excuse.state = "withdrawn"
    _settle(ctx, found)
    return found, True


def _settle(ctx: Context, found: Excused) -> None:
    excuse = found.excuse
    excuse.decided_by, excuse.decided_at = ctx.actor.id if ctx.actor else None, ctx.now
    message = ctx.session.get(Message, excuse.message_id) if excuse.message_id is not None else None
    if message is not None:
        outcome = excuse_outcome(excuse, ctx.actor)
        edit_message(ctx, message, Lines(excuse_text(excuse, found.person, found.workshop), outcome))


def list_there(ctx: Context, workshop_pid: str, limit: int, before_id: int | None = None) -> list[Excused]:
    """A workshop's excuses, newest first, for those who may remind; reading reasons is audited."""
    workshop = get_community_for(ctx, workshop_pid, "remind")
    rows = excuses.excuses_in(ctx.session, workshop.id, limit, before_id)
    audit(ctx, "excuses.read", f"community:{workshop.pid}", workshop, n=len(rows))
    return [Excused(excuse, person, workshop) for excuse, person in rows]


def my_excuses(ctx: Context, limit: int, before_id: int | None = None) -> list[Excused]:
    """My excuses, newest first."""
    rows = excuses.excuses_of(ctx.session, ctx.me.id, limit, before_id)
    return [Excused(excuse, ctx.me, workshop) for excuse, workshop in rows]
