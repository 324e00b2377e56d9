"""Who still owes what a rule asks for: for the release, the guard of each delivery, the host's list."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from api.context import Context
from api.errors import Conflict
from api.messaging.tree import T
from api.records.service import audit
from api.reminders.rules import JUST_BEFORE, get_rule_for, period_of
from api.reminders.service import SNOOZES, create_reminder
from api.times import local_day
from storage import reminders
from storage.communities import Community
from storage.reminders import Reminder, ReminderRule

MOST_NAMES = 200


def select_missing(
    ctx: Context, rule: ReminderRule, workshop: Community, due: datetime, people: Collection[int | None] | None = None
) -> Select[Any]:
    """The ids of members (or of these) who owe something by `due`: not those excused today or on that day."""
    zone = ctx.zone(workshop)
    since, until = period_of(ctx, rule, workshop, due - JUST_BEFORE)
    days = [local_day(ctx.now, zone), local_day(due, zone)]
    return reminders.select_missing(rule, since, until, days, people)


def still_missing(ctx: Context, people: Collection[int | None], rule_pid: str, due: str) -> set[int | None]:
    """Guard of a reminder: those who still owe it in the transaction that claims the deliveries."""
    found = reminders.find_rule(ctx.session, rule_pid)
    if found is None:
        return set()
    rule, workshop = found
    at = datetime.fromisoformat(due)
    if rule.paused_at or rule.stopped_at or workshop.archived_at or at <= ctx.now:
        return set()
    return reminders.ids_of(ctx.session, select_missing(ctx, rule, workshop, at, people))


def list_missing(ctx: Context, rule_pid: str) -> tuple[ReminderRule, Community, datetime, list[tuple[str, str]]]:
    """The rule, its workshop, the due moment of this period, and (pid, name) of those who still owe something.

    Privately, for those who may remind; looking is audited.
    """
    rule, workshop = get_rule_for(ctx, rule_pid, "remind")
    due = period_of(ctx, rule, workshop)[1]
    people = reminders.names_of(ctx.session, select_missing(ctx, rule, workshop, due), MOST_NAMES)
    audit(ctx, "rule.missing_read", f"reminder_rule:{rule.pid}", workshop, n=len(people))
    return rule, workshop, due, [(pid, name) for _, pid, name in people]


def remind_me_later(ctx: Context, rule_pid: str) -> tuple[Reminder, bool]:
    """Say a workshop's reminder again to me in an hour, unless I have handed in by then.

    Raises Conflict when the deadline comes sooner. Returns the reminder, and whether there was none yet.
    """
    rule, workshop = get_rule_for(ctx, rule_pid, "take_part")
    at = ctx.now + SNOOZES["60"]
    if (waiting := reminders.find_later(ctx.session, ctx.me.id, rule.id)) is not None:
        return waiting, False
    due = period_of(ctx, rule, workshop)[1]
    if at >= due:
        raise Conflict("rule.soon", T("The deadline comes sooner than that: {due}.", due=due))
    return create_reminder(ctx, "", at, rule_id=rule.id), True
