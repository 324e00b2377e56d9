"""Progress (G11, G12): what a person did and owes, and what the members of a workshop did. Read from tallies."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.communities.lookup import get_community_for, workshops_of
from api.context import Context
from api.errors import Invalid
from api.messaging.tree import T
from api.progress.texts import DONE
from api.records.service import audit, my_counts
from api.reminders.holidays import overrides_for
from api.reminders.rules import is_owed, period_of
from api.times import local_day
from storage import excuses, progress, reminders
from storage.communities import Community
from storage.progress import MemberSums
from storage.reminders import ReminderRule

MOST_MEMBERS = 5000


@dataclass(frozen=True, slots=True)
class Due:
    """What is owed in the present period of a rule, and how much of it is in. `excused_until`: nothing is owed."""

    rule: ReminderRule
    done: int
    due: datetime
    excused_until: date | None

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.rule.needed or self.excused_until is not None


@dataclass(frozen=True, slots=True)
class Workshop:
    """One of my workshops, and what I owe there."""

    community: Community
    hosted: bool
    dues: list[Due]


@dataclass(frozen=True, slots=True)
class MyProgress:
    """My workshops; verb -> count of this week (since Monday, my zone) and of all time."""

    workshops: list[Workshop]
    this_week: dict[str, int]
    since_ever: dict[str, int]


def my_progress(ctx: Context) -> MyProgress:
    """What who acts did and owes; for their own eyes."""
    monday = monday_of(ctx, ctx.zone(ctx.me).key)
    mine = workshops_of(ctx, ctx.me.id)
    hosted = {workshop.id for workshop in workshops_of(ctx, ctx.me.id, ("host", "cohost"))}
    dues = _my_dues(ctx, [workshop for workshop in mine if workshop.id not in hosted])
    found = [Workshop(each, each.id in hosted, dues.get(each.id, [])) for each in mine]
    return MyProgress(found, _by_verb(my_counts(ctx, ctx.me.id, monday)), _by_verb(my_counts(ctx, ctx.me.id)))


def monday_of(ctx: Context, zone: str) -> date:
    """The Monday of this week."""
    today = local_day(ctx.now, zone)
    return today - timedelta(today.weekday())


def _by_verb(counts: dict[tuple[int, str], int]) -> dict[str, int]:
    sums = {verb: 0 for verb in DONE}
    for (_, verb), count in counts.items():
        if verb in sums:
            sums[verb] += count
    return {verb: count for verb, count in sums.items() if count > 0}


def _my_dues(ctx: Context, workshops: list[Community]) -> dict[int, list[Due]]:
    """workshop -> what is owed there now: the rules, what I handed in, and my excuses, each fetched once for all."""
    places = {workshop.id: workshop for workshop in workshops}
    days = {workshop.id: overrides_for(ctx, workshop) for workshop in workshops}
    periods = []
    for rule in reminders.rules_of(ctx.session, list(places)):
        workshop = places[rule.community_id]
        since, due = period_of(ctx, rule, workshop)
        if is_owed(ctx, rule, workshop, due, days[workshop.id]):
            periods.append((rule, since, due))
    if not periods:
        return {}
    verbs = sorted({rule.verb for rule, _, _ in periods})
    handed_in = reminders.own_records(ctx.session, ctx.me.id, verbs, min(since for _, since, _ in periods))
    mine = excuses.approved_of(ctx.session, ctx.me.id, local_day(ctx.now, "UTC") - timedelta(1))
    found: dict[int, list[Due]] = {}
    for rule, since, due in periods:
        kept: dict[str, int] = {}
        for community_id, verb, thing, amount, at in handed_in:
            if (community_id, verb) == (rule.community_id, rule.verb) and since <= at < due:
                kept[thing] = kept.get(thing, 0) + amount
        day = local_day(due, ctx.zone(places[rule.community_id]))
        free = max((last for first, last in mine.get(rule.community_id, ()) if first <= day <= last), default=None)
        done = sum(1 for amount in kept.values() if amount > 0)
        found.setdefault(rule.community_id, []).append(Due(rule, done, due, free))
    return found


@dataclass(frozen=True, slots=True)
class Owing:
    """One rule in its present period: person -> how many are in; who is excused."""

    rule: ReminderRule
    due: datetime
    handed_in: dict[int, int]
    excused: set[int]


@dataclass(frozen=True, slots=True)
class WorkshopProgress:
    """A workshop's members with their sums, each with its membership id, and its rules."""

    community: Community
    members: list[tuple[int, MemberSums]]
    owing: list[Owing]


def member_progress(ctx: Context, workshop_pid: str, limit: int = MOST_MEMBERS, after_id: int = 0) -> WorkshopProgress:
    """What the members of a workshop did, for those who may watch it. Each reading is written down in the audit."""
    found = sum_up_members(ctx, workshop_pid, limit, after_id)
    audit(ctx, "progress.read", f"community:{workshop_pid}", found.community, n=len(found.members))
    return found


def sum_up_members(ctx: Context, workshop_pid: str, limit: int = MOST_MEMBERS, after_id: int = 0) -> WorkshopProgress:
    """The same for who writes it down otherwise: three queries and one per rule."""
    workshop = get_community_for(ctx, workshop_pid, "monitor")
    if workshop.kind != "workshop":
        raise Invalid("progress.workshop", T("Members' progress is shown for a workshop."))
    monday = monday_of(ctx, ctx.zone(workshop).key)
    members = progress.member_sums(ctx.session, workshop.id, list(DONE), monday, limit, after_id)
    return WorkshopProgress(workshop, members, _owing(ctx, workshop))


def _owing(ctx: Context, workshop: Community) -> list[Owing]:
    found, days = [], overrides_for(ctx, workshop)
    for rule in reminders.rules_of(ctx.session, [workshop.id]):
        since, due = period_of(ctx, rule, workshop)
        if is_owed(ctx, rule, workshop, due, days):
            handed_in = reminders.count_handed_in(ctx.session, workshop.id, rule.verb, since, due)
            free = excuses.excused_people(ctx.session, workshop.id, local_day(due, ctx.zone(workshop)))
            found.append(Owing(rule, due, handed_in, free))
    return found
