"""Personal reminders (C4): what somebody asked to be told, once or again and again. Exempt from quiet hours."""

from datetime import UTC, datetime, timedelta

from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.render import clean
from api.messaging.tree import T
from api.reminders.recurrence import read_rule
from api.times import add_days
from storage import reminders
from storage.reminders import Reminder

MOST_REMINDERS = 50
MATTER_LIMIT = 500
FARTHEST = timedelta(days=3660)
SNOOZES: dict[str, timedelta] = {"10": timedelta(minutes=10), "60": timedelta(hours=1), "day": timedelta(days=1)}


def create_reminder(ctx: Context, matter: str, due: datetime, rrule: str | None = None, skip_holidays: bool = False,
                    rule_id: int | None = None) -> Reminder:  # fmt: skip
    """Remind who acts of `matter` at `due` (aware), and by `rrule` (RFC 5545, wall clock of their zone) from then on.

    Raises Invalid for an empty or long matter, a moment that has passed, or a recurrence we do not know; Conflict when
    they already have MOST_REMINDERS.
    """
    matter = matter.strip() if rule_id is not None else check_matter(matter)
    try:
        due = due.astimezone(UTC)
    except OverflowError:  # the first or last day of the calendar
        due = datetime.min.replace(tzinfo=UTC)
    if not ctx.now < due < ctx.now + FARTHEST:
        raise Invalid("reminder.past", T("That time has passed, or is more than ten years away. Choose another one."))
    if rrule:
        rrule = _checked(rrule)
    if reminders.count_reminders(ctx.session, ctx.me.id) >= MOST_REMINDERS:
        say = T("You already have {n} reminders. Stop some of them first: send “my reminders”.", n=MOST_REMINDERS)
        raise Conflict("reminder.too_many", say, limit=MOST_REMINDERS)
    reminder = Reminder(
        person_id=ctx.me.id, matter=matter, rule_id=rule_id, start=due, rrule=rrule, skip_holidays=skip_holidays,
        zone=ctx.zone(ctx.me).key, next_at=due, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(reminder)
    ctx.session.flush()
    return reminder


def check_matter(matter: str) -> str:
    """What to be reminded of, as it is stored. Raises Invalid when it is empty or too long."""
    matter = clean(matter).strip()
    if not matter:
        raise Invalid("reminder.empty", T("What shall I remind you of?"))
    if len(matter) > MATTER_LIMIT:
        say = T("That is {n} characters; a reminder holds at most {limit}.", n=len(matter), limit=MATTER_LIMIT)
        raise Invalid("reminder.too_long", say, n=len(matter), limit=MATTER_LIMIT)
    return matter


def _checked(rrule: str) -> str:
    try:
        parts = read_rule(rrule)
    except ValueError as error:
        raise Invalid(
            "reminder.rrule", T("That cannot be repeated: {why}", why=str(error)), rrule=rrule[:200]
        ) from error
    return ";".join(f"{key}={value}" for key, value in parts.items())[:200]


def list_reminders(ctx: Context, limit: int = MOST_REMINDERS, after_id: int = 0) -> list[Reminder]:
    """My reminders that still ring, in the order they were made."""
    return reminders.reminders_of(ctx.session, ctx.me.id, limit, after_id)


def get_reminder(ctx: Context, pid: str) -> Reminder:
    """One of my reminders; another's is as if it were not there."""
    reminder = reminders.get_reminder(ctx.session, pid)
    if reminder is None or reminder.person_id != ctx.me.id:
        raise not_found("reminder.unknown")
    return reminder


def finish_reminder(ctx: Context, pid: str) -> tuple[Reminder, bool]:
    """It is done. A repeating one comes again at its time. Returns it, and whether this changed anything."""
    reminder = get_reminder(ctx, pid)
    if reminder.rung_at is None:
        return reminder, False
    reminder.rung_at = None
    if reminder.rrule is None:
        reminder.ended_at = ctx.now
    return reminder, True


def snooze_reminder(ctx: Context, pid: str, how: str) -> tuple[Reminder, bool]:
    """Ring again later: `how` is a key of SNOOZES. A repeating one never later than its own next time.

    Only what rang and was not answered yet can be put off; returns it, and whether this changed anything.
    """
    reminder = get_reminder(ctx, pid)
    if how not in SNOOZES:
        raise Invalid("reminder.snooze", T("That is not a time to put it off to."), allowed=list(SNOOZES))
    if reminder.rung_at is None:
        return reminder, False
    later = add_days(ctx.now, 1, reminder.zone) if how == "day" else ctx.now + SNOOZES[how]
    reminder.next_at = min(later, reminder.next_at) if reminder.next_at else later
    reminder.rung_at = None
    return reminder, True


def stop_reminder(ctx: Context, pid: str) -> tuple[Reminder, bool]:
    """Never ring again. Returns it, and whether this changed anything."""
    reminder = get_reminder(ctx, pid)
    if reminder.ended_at is not None:
        return reminder, False
    reminder.next_at, reminder.rung_at, reminder.ended_at = None, None, ctx.now
    return reminder, True
