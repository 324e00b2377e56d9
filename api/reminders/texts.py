"""What reminders, rules and excuses say; shared by the jobs, the chat and the pages."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from api.messaging.tree import Bold, Button, Lines, Node, Plural, Quote, Rows, Seq, T, Words
from api.reminders.recurrence import describe
from storage.communities import Community
from storage.excuses import Excuse
from storage.people import Person
from storage.reminders import Reminder, ReminderRule

# what rules can ask for: verb of records -> so many of it
OWED: dict[str, Callable[[int], Node]] = {
    "journal.submitted": lambda n: Plural("one activity log", "{n} activity logs", n),
    "resource.added": lambda n: Plural("one resource", "{n} resources", n),
}
WHAT: dict[str, T] = {"journal.submitted": T("Activity logs"), "resource.added": T("Resources for the bank")}
DAYS: tuple[T, ...] = (
    T("Monday"), T("Tuesday"), T("Wednesday"), T("Thursday"), T("Friday"), T("Saturday"), T("Sunday"),
)  # fmt: skip
LATE = timedelta(hours=1)


def ring_text(reminder: Reminder, due: datetime, now: datetime) -> Node:
    """What a personal reminder says when it rings at `now`, being due at `due`."""
    parts: list[Node] = [Bold(T("⏰ Reminder")), Words(reminder.matter)]
    if now - due > LATE:
        parts.append(T("This comes late, I am sorry: it was for {due}.", due=due))
    return Lines(*parts)


def ring_rows(reminder: Reminder) -> Rows:
    """Done, later, and where it repeats: stop."""
    pid = reminder.pid
    later = [
        Button(T("In 10 minutes"), f"reminder.snooze:{pid}:10"),
        Button(T("In an hour"), f"reminder.snooze:{pid}:60"),
        Button(T("Tomorrow"), f"reminder.snooze:{pid}:day"),
    ]
    first = [Button(T("Done"), f"reminder.done:{pid}", style="primary")]
    if reminder.rrule:
        first.append(Button(T("Stop repeating"), f"reminder.stop:{pid}"))
    return [first, later]


def when_text(due: datetime, rrule: str | None, skip_holidays: bool, language: str) -> Node:
    """When a reminder rings: its moment, or its recurrence in words and the first moment."""
    if rrule is None:
        return T("{due}", due=due)
    return T("{rule}, first {due}", rule=describe(rrule, language, skip_holidays), due=due)


def owed_text(rule: ReminderRule) -> Node:
    """So many of what."""
    return OWED[rule.verb](rule.needed)


def deadline_text(rule: ReminderRule) -> Node:
    """By when, as a rule."""
    if rule.due_on is not None:
        return T("by {day} {time}", day=rule.due_on.isoformat(), time=rule.due_time)
    assert rule.due_weekday is not None
    return T("every week by {day} {time}", day=DAYS[rule.due_weekday], time=rule.due_time)


def rule_text(rule: ReminderRule) -> Node:
    """A rule in one line: what, by when."""
    return T("{what}, {deadline}", what=owed_text(rule), deadline=deadline_text(rule))


def rule_card(rule: ReminderRule) -> Node:
    """A rule with what it will do next."""
    parts: list[Node] = [Bold(rule_text(rule))]
    if rule.paused_at is not None:
        parts.append(T("Paused."))
    elif rule.next_at is None:
        parts.append(T("Over: nobody will be reminded again."))
    else:
        parts.append(T("Next reminder: {at}", at=rule.next_at))
    if rule.due_on is None and rule.skip_holidays:
        parts.append(T("Weeks whose deadline is a day off are left out."))
    return Lines(*parts)


def missing_text(rule: ReminderRule, workshop: Community, due: datetime) -> Node:
    """What somebody who still owes something is told, privately."""
    return Lines(
        Seq(
            Words("⏰ "),
            Bold(T("“{workshop}”: {what} by {due}", workshop=workshop.name, what=owed_text(rule), due=due)),
        ),
        T("Yours are not all in yet. There is still time."),
    )


def missing_rows(rule: ReminderRule, workshop: Community) -> Rows:
    """Do it, later, or be excused."""
    do = [Button(T("Write a log"), "run:log", style="primary")] if rule.verb == "journal.submitted" else []
    return [
        [*do, Button(T("My progress"), "run:me")],
        [
            Button(T("In an hour"), f"rule.later:{rule.pid}"),
            Button(T("Ask to be excused"), f"excuse.ask:{workshop.pid}"),
        ],
    ]


def digest_text(rule: ReminderRule, workshop: Community, due: datetime, missing: int) -> Node:
    """What the hosts are told when members were reminded: a number, no names."""
    what = T("“{workshop}”: {what} by {due}", workshop=workshop.name, what=owed_text(rule), due=due)
    if not missing:
        return Lines(what, T("Everybody has handed in. Nobody needed a reminder."))
    people = Plural("One person has not handed in everything and is being reminded privately.",
                    "{n} people have not handed in everything and are being reminded privately.", missing)  # fmt: skip
    return Lines(what, people)


def period_text(since: date, until: date) -> Node:
    """The days of an excuse."""
    if since == until:
        return T("on {day}", day=since.isoformat())
    return T("from {since} to {until}", since=since.isoformat(), until=until.isoformat())


def excuse_text(excuse: Excuse, person: Person, workshop: Community) -> Node:
    """What hosts are asked."""
    when = period_text(excuse.since, excuse.until)
    head = T("{name} asks to be excused in “{workshop}” {when}.", name=person.name, workshop=workshop.name, when=when)
    return Lines(head, Quote(excuse.reason)) if excuse.reason else head


def excuse_rows(excuse: Excuse) -> Rows:
    """Yes or no, for whichever host is first."""
    return [
        [
            Button(T("Approve"), f"excuse.approve:{excuse.pid}", style="primary"),
            Button(T("Decline"), f"excuse.decline:{excuse.pid}"),
        ]
    ]


def excuse_outcome(excuse: Excuse, by: Person | None) -> Node:
    """What became of a request, and by whom."""
    who = by.name if by is not None else ""
    if excuse.state == "approved":
        return T("✓ Approved by {name}.", name=who)
    if excuse.state == "declined":
        return T("✗ Declined by {name}.", name=who)
    return T("Taken back.")
