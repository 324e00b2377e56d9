"""Workshop rules (催交规则): what members owe by when, and when those who still owe it are reminded, privately (C4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from api.communities.audiences import quiet_hours_of
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.tree import T
from api.records.service import audit
from api.reminders.holidays import overrides_for
from api.reminders.recurrence import WEEKDAYS, next_occurrence, week_period
from api.reminders.texts import OWED
from api.times import is_quiet, to_utc, to_wall
from storage import reminders
from storage.communities import Community
from storage.reminders import ReminderRule

MOST_RULES = 20
MOST_NEEDED = 50
JUST_BEFORE = timedelta(microseconds=1)
MOST_BEFORE = timedelta(days=6, hours=23)


@dataclass(frozen=True, slots=True)
class RuleWish:
    """A rule as a host wants it. Weekly by `due_weekday` (Monday = 0) or once by `due_on`; `due_time` is "HH:MM"."""

    verb: str = "journal.submitted"
    needed: int = 2
    due_weekday: int | None = 4
    due_on: date | None = None
    due_time: str = "18:00"
    before_minutes: int = 25 * 60
    skip_holidays: bool = True


def create_rule(ctx: Context, workshop_pid: str, wish: RuleWish) -> ReminderRule:
    """Add a rule to a workshop. Raises Invalid naming what is allowed."""
    workshop = get_community_for(ctx, workshop_pid, "remind")
    check_wish(ctx, workshop, wish)
    if len(reminders.rules_of(ctx.session, [workshop.id], MOST_RULES)) >= MOST_RULES:
        raise Conflict("rule.too_many", T("This workshop already has {n} rules. Stop one of them first.", n=MOST_RULES))
    rule = _rule(workshop, wish)
    rule.created_by, rule.created_at = ctx.actor.id if ctx.actor else None, ctx.now
    plan_next(ctx, rule, workshop, ctx.now)
    ctx.session.add(rule)
    ctx.session.flush()
    audit(ctx, "rule.created", f"reminder_rule:{rule.pid}", workshop)
    return rule


def preview_rule(ctx: Context, workshop_pid: str, wish: RuleWish) -> tuple[Community, ReminderRule, int, bool]:
    """What a wish would do: its workshop, the rule (not kept), how many people owe it, and if it rings at night."""
    workshop = get_community_for(ctx, workshop_pid, "remind")
    check_wish(ctx, workshop, wish)
    rule = _rule(workshop, wish)
    plan_next(ctx, rule, workshop, ctx.now)
    people = reminders.count_members(ctx.session, workshop.id)
    night = rule.next_at is not None and is_quiet(rule.next_at, quiet_hours_of(ctx, None), ctx.zone(workshop))
    return workshop, rule, people, night


def _rule(workshop: Community, wish: RuleWish) -> ReminderRule:
    return ReminderRule(
        community_id=workshop.id, verb=wish.verb, needed=wish.needed, due_weekday=wish.due_weekday, due_on=wish.due_on,
        due_time=wish.due_time, before_minutes=wish.before_minutes, skip_holidays=wish.skip_holidays,
    )  # fmt: skip


def check_wish(ctx: Context, workshop: Community, wish: RuleWish) -> None:
    """Raise Invalid unless a rule can be as wished."""
    if workshop.kind != "workshop":
        raise Invalid("rule.workshop", T("Rules belong to workshops."))
    if wish.verb not in OWED:
        raise Invalid("rule.verb", T("I cannot count that."), allowed=list(OWED))
    if not 1 <= wish.needed <= MOST_NEEDED:
        say = T("How many: a number from {low} to {high}.", low=1, high=MOST_NEEDED)
        raise Invalid("rule.needed", say, low=1, high=MOST_NEEDED)
    if (wish.due_weekday is None) == (wish.due_on is None) or not 0 <= (wish.due_weekday or 0) <= 6:
        raise Invalid("rule.day", T("By when: a weekday, or a date."))
    if not timedelta() < timedelta(minutes=wish.before_minutes) <= MOST_BEFORE:
        raise Invalid("rule.before", T("The reminder goes before the deadline, at most six days."))
    try:
        clock = time.fromisoformat(wish.due_time)
    except ValueError:
        clock = None
    if clock is None or len(wish.due_time) != 5:
        raise Invalid("rule.time", T("A time looks like 18:00."))
    if wish.due_on is not None and _due_on(wish.due_on, wish.due_time, ctx, workshop) <= ctx.now:
        raise Invalid("rule.past", T("That day has passed. Choose a later one."))


def _due_on(day: date, clock: str, ctx: Context, workshop: Community) -> datetime:
    return to_utc(datetime.combine(day, time.fromisoformat(clock)), ctx.zone(workshop))


def plan_next(ctx: Context, rule: ReminderRule, workshop: Community, after: datetime) -> None:
    """Set when the rule's next reminder goes, later than `after`, and the due moment that it is about."""
    rule.next_at = rule.due_at = None
    days = overrides_for(ctx, workshop)
    if rule.due_on is not None:
        due: datetime | None = _due_on(rule.due_on, rule.due_time, ctx, workshop)
    else:
        due = _next_weekly(ctx, rule, workshop, after, days)
    while due is not None:
        remind = remind_at(ctx, rule, workshop, due)
        if remind > after:
            rule.next_at, rule.due_at = remind, due
            return
        due = None if rule.due_on is not None else _next_weekly(ctx, rule, workshop, due, days)


def remind_at(ctx: Context, rule: ReminderRule, workshop: Community, due: datetime) -> datetime:
    """When the reminder of a due moment goes: so long before it on the wall clock."""
    zone = ctx.zone(workshop)
    return to_utc(to_wall(due, zone) - timedelta(minutes=rule.before_minutes), zone)


def _next_weekly(
    ctx: Context, rule: ReminderRule, workshop: Community, after: datetime, days: Mapping[date, bool]
) -> datetime | None:
    assert rule.due_weekday is not None
    zone = ctx.zone(workshop)
    start, _ = week_period(after, rule.due_weekday, time.fromisoformat(rule.due_time), zone)
    rrule = f"FREQ=WEEKLY;BYDAY={WEEKDAYS[rule.due_weekday]}"
    return next_occurrence(rrule, start, after, zone, rule.skip_holidays, days)


def period_of(
    ctx: Context, rule: ReminderRule, workshop: Community, within: datetime | None = None
) -> tuple[datetime, datetime]:
    """[start, due) of the period that a moment (default: now) lies in, UTC.

    Weekly periods touch; one that is due once counts from when the rule was made.
    """
    if rule.due_on is not None:
        return rule.created_at, _due_on(rule.due_on, rule.due_time, ctx, workshop)
    assert rule.due_weekday is not None
    return week_period(within or ctx.now, rule.due_weekday, time.fromisoformat(rule.due_time), ctx.zone(workshop))


def is_owed(ctx: Context, rule: ReminderRule, workshop: Community, due: datetime, days: Mapping[date, bool]) -> bool:
    """Whether anything is owed by `due`: not while the rule rests, and not on a day off that it skips.

    `days` are the workshop's overrides (`overrides_for`).
    """
    if rule.paused_at is not None or rule.stopped_at is not None or due <= ctx.now:
        return False
    return rule.due_on is not None or _next_weekly(ctx, rule, workshop, due - JUST_BEFORE, days) == due


def get_workshop(ctx: Context, pid: str) -> Community:
    """A workshop, if who acts may make rules there."""
    workshop = get_community_for(ctx, pid, "remind")
    if workshop.kind != "workshop":
        raise Invalid("rule.workshop", T("Rules belong to workshops."))
    return workshop


def workshop_of(ctx: Context, rule: ReminderRule) -> Community:
    """The workshop of a rule that was fetched with the right to it."""
    return ctx.session.get_one(Community, rule.community_id)


def list_rules(ctx: Context, workshop_pid: str, limit: int = MOST_RULES, after_id: int = 0) -> list[ReminderRule]:
    """A workshop's rules: everybody in it may know what is asked."""
    workshop = get_community_for(ctx, workshop_pid, "see")
    return reminders.rules_of(ctx.session, [workshop.id], limit, after_id)


def get_rule_for(ctx: Context, pid: str, action: str) -> tuple[ReminderRule, Community]:
    """A rule and its workshop, if who acts may do `action` there."""
    found = reminders.find_rule(ctx.session, pid)
    if found is None:
        raise not_found("rule.unknown")
    rule, community = found
    return rule, get_community_for(ctx, community.pid, action)


def pause_rule(ctx: Context, pid: str) -> tuple[ReminderRule, bool]:
    """Let a rule rest until it is resumed. Returns it, and whether this changed anything."""
    rule, workshop = get_rule_for(ctx, pid, "remind")
    if rule.paused_at is not None or rule.stopped_at is not None:
        return rule, False
    rule.paused_at, rule.next_at, rule.due_at = ctx.now, None, None
    audit(ctx, "rule.paused", f"reminder_rule:{pid}", workshop)
    return rule, True


def resume_rule(ctx: Context, pid: str) -> tuple[ReminderRule, bool]:
    """Let a resting rule go on. Returns it, and whether this changed anything."""
    rule, workshop = get_rule_for(ctx, pid, "remind")
    if rule.paused_at is None or rule.stopped_at is not None:
        return rule, False
    rule.paused_at = None
    plan_next(ctx, rule, workshop, ctx.now)
    audit(ctx, "rule.resumed", f"reminder_rule:{pid}", workshop)
    return rule, True


def stop_rule(ctx: Context, pid: str) -> tuple[ReminderRule, bool]:
    """End a rule for good. Returns it, and whether this changed anything."""
    rule, workshop = get_rule_for(ctx, pid, "remind")
    if rule.stopped_at is not None:
        return rule, False
    rule.stopped_at, rule.next_at, rule.due_at = ctx.now, None, None
    audit(ctx, "rule.stopped", f"reminder_rule:{pid}", workshop)
    return rule, True
