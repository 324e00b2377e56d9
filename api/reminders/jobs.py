"""What the clock looks for: personal reminders that ring now, and rules whose reminder goes now."""

from datetime import datetime, timedelta

from api.communities.audiences import deliver_in_waking_hours
from api.context import Context
from api.mail.service import call_by_mail
from api.messaging.outbox import PERSONAL, tell_person, write_message
from api.messaging.tree import Button, Rows, T
from api.releasing import went_well
from api.reminders.holidays import overrides_for
from api.reminders.missing import select_missing, still_missing
from api.reminders.recurrence import next_occurrence
from api.reminders.rules import is_owed, period_of, plan_next, remind_at
from api.reminders.texts import digest_text, missing_rows, missing_text, ring_rows, ring_text
from storage import reminders
from storage.communities import Community, count_people
from storage.messages import these_people
from storage.reminders import Reminder, ReminderRule

REMINDERS_AT_ONCE = 100
RULES_AT_ONCE = 10
RING_LIFE = timedelta(hours=24)
RULE_LIFE = timedelta(hours=1)
DIGEST_LIFE = timedelta(hours=24)
TRY_AGAIN = timedelta(hours=1)


def ring_reminders(ctx: Context) -> bool:
    """Ring the personal reminders that are due, whatever the hour: their people chose it. True when there are more."""
    due = reminders.take_due_reminders(ctx.session, ctx.now, REMINDERS_AT_ONCE)
    for reminder in due:
        if not went_well(ctx, _ring, reminder):
            # a recurrence that an older version stored, a zone that is gone: this one ends
            reminder.next_at, reminder.ended_at = None, ctx.now
    return len(due) == REMINDERS_AT_ONCE


def _ring(ctx: Context, reminder: Reminder) -> None:
    at = reminder.next_at
    assert at is not None
    reminder.next_at = _following(ctx, reminder)
    if reminder.rule_id is not None:
        _ring_for_rule(ctx, reminder, at)
        return
    reminder.rung_at = ctx.now
    tell_person(
        ctx, reminder.person_id, ring_text(reminder, at, ctx.now), ring_rows(reminder),
        expires_at=ctx.now + RING_LIFE, dedupe_key=f"reminder:{reminder.pid}:{at:%Y%m%dT%H%M%S}",
    )  # fmt: skip
    call_by_mail(ctx, these_people([reminder.person_id]))


def _following(ctx: Context, reminder: Reminder) -> datetime | None:
    if reminder.rrule is None:
        return None
    home = reminders.path_of_region(ctx.session, reminder.person_id) if reminder.skip_holidays else None
    days = overrides_for(ctx, home)
    return next_occurrence(reminder.rrule, reminder.start, ctx.now, reminder.zone, reminder.skip_holidays, days)


def _ring_for_rule(ctx: Context, reminder: Reminder, at: datetime) -> None:
    """ "Later" was pressed on a workshop's reminder: say it again, to them alone, unless it is done by now."""
    reminder.ended_at = ctx.now
    rule = ctx.session.get(ReminderRule, reminder.rule_id)
    workshop = ctx.session.get(Community, rule.community_id) if rule is not None else None
    if rule is None or workshop is None:
        return
    due = period_of(ctx, rule, workshop, at)[1]
    if still_missing(ctx, [reminder.person_id], rule.pid, due.isoformat()):
        tell_person(
            ctx, reminder.person_id, missing_text(rule, workshop, due), missing_rows(rule, workshop),
            expires_at=ctx.now + RULE_LIFE, guard=["still_missing", rule.pid, due.isoformat()],
        )  # fmt: skip


def release_rules(ctx: Context) -> bool:
    """Remind those who still owe what rules ask for, and tell their hosts how many. True when there are more."""
    due = reminders.take_due_rules(ctx.session, ctx.now, RULES_AT_ONCE)
    for rule, workshop in due:
        if not went_well(ctx, _release, rule, workshop):
            rule.next_at = ctx.now + TRY_AGAIN
    return len(due) == RULES_AT_ONCE or any(rule.next_at is not None and rule.next_at <= ctx.now for rule, _ in due)


def _release(ctx: Context, rule: ReminderRule, workshop: Community) -> None:
    due = rule.due_at
    if workshop.archived_at is not None:
        rule.next_at = rule.due_at = None
        return
    if due is None or due <= ctx.now:
        # so late a tick that the deadline is over: nobody is reminded of it, but the present period may be due as well
        while rule.due_at is not None and rule.due_at <= ctx.now:
            plan_next(ctx, rule, workshop, rule.due_at)
        return
    calendar_changed = remind_at(ctx, rule, workshop, due) > ctx.now or not is_owed(
        ctx, rule, workshop, due, overrides_for(ctx, workshop)
    )
    plan_next(ctx, rule, workshop, ctx.now)
    if calendar_changed:
        return
    people = select_missing(ctx, rule, workshop, due)
    missing = count_people(ctx.session, people)
    key = f"rule:{rule.pid}:{due:%Y%m%dT%H%M}"
    if missing:
        message = write_message(ctx, missing_text(rule, workshop, due), missing_rows(rule, workshop))
        guard = ["still_missing", rule.pid, due.isoformat()]
        deliver_in_waking_hours(
            ctx, message, people, lane=PERSONAL, life=RULE_LIFE, until=due, guard=guard, dedupe_key=key
        )
    names: Rows = [[Button(T("Who? (only you see it)"), f"rule.missing:{rule.pid}")]] if missing else []
    digest = write_message(ctx, digest_text(rule, workshop, due, missing), names)
    hosts = reminders.select_hosts(workshop.id)
    deliver_in_waking_hours(ctx, digest, hosts, lane=PERSONAL, life=DIGEST_LIFE, dedupe_key=key)
