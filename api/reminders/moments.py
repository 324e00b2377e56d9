"""From what was said to a moment: the day, the likely time of it, the first of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from api.reminders.phrases import Assumed, Said
from api.reminders.picks import Pick
from api.reminders.recurrence import next_occurrence
from api.times import Zone, local_day, to_utc, to_wall

HALVES = {
    "dawn": time(6), "early": time(8), "morning": time(9), "am": time(9), "noon": time(12),
    "afternoon": time(15), "pm": time(15), "dusk": time(18), "evening": time(19),
}  # fmt: skip
DEFAULT_TIMES = (time(9), time(17), time(20))

Notes = tuple[Assumed, ...]


def settle(
    said: Said, now: datetime, zone: Zone, overrides: Mapping[date, bool] | None
) -> tuple[datetime, date, Notes] | None:
    """The first moment (UTC) of what was said, later than now; the day that was named; and what was assumed for them.

    None when there is none: it has passed for good, or nothing but half a time was said.
    """
    if said.offset:
        due = now.astimezone(UTC) + said.offset
        return due, local_day(due, zone), said.assumed
    if not (said.day or said.rule or said.clock or said.half):
        return None
    today, times = to_wall(now, zone).date(), _times(said)
    found = _first_of_rule(said, *times[0], now, zone, overrides) if said.rule else None
    for day in () if said.rule else _days(said.day, today):
        moments = [(to_utc(datetime.combine(day, time()) + at, zone), notes) for at, notes in times]
        passed = said.day is None or said.day(today) != day
        moved = (Assumed("moved", day.isoformat()),) if passed and day != today else ()
        found = next(((moment, day, notes + moved) for moment, notes in moments if moment > now), None)
        if found:
            break
    if found is None:
        return None
    due, day, notes = found
    hour_before = due - timedelta(hours=1)
    same_day = local_day(hour_before, zone) == local_day(due, zone)
    if said.deadline and said.clock and not said.before and hour_before > now and (same_day or not said.rule):
        due, notes = hour_before, (*notes, Assumed("ahead", f"{to_wall(due, zone):%H:%M}"))
    return due, day, said.assumed + notes


def _first_of_rule(
    said: Said, at: timedelta, notes: Notes, now: datetime, zone: Zone, overrides: Mapping[date, bool] | None
) -> tuple[datetime, date, Notes] | None:
    today = to_wall(now, zone).date()
    day = said.day(today) if said.day else today
    if day is None or said.rule is None or at < timedelta():  # a day before a Friday would be no Friday
        return None
    at = min(at, timedelta(hours=23, minutes=59))  # midnight after a Friday is still that Friday's
    # the first moment does not count intervals: "every two weeks" begins on the next such day
    rule = ";".join(part for part in said.rule.split(";") if not part.startswith("INTERVAL="))
    start = to_utc(datetime.combine(day, time()) + at, zone)
    after = now + timedelta(hours=1) if said.deadline and said.clock else now
    due = next_occurrence(rule, start, after, zone, said.skip_holidays, overrides)
    return (due, local_day(due, zone), notes) if due else None


def _days(pick: Pick | None, today: date) -> list[date]:
    """The day that is meant, and the next such one in case it is over."""
    choices = [pick(since) if pick else since for since in (today, today + timedelta(1))]
    return [day for day in choices if day is not None]


def _times(said: Said) -> list[tuple[timedelta, Notes]]:
    """From the start of the day the times that can be meant, the likelier first, each with what it assumes."""
    before = said.before or timedelta()
    if not said.clock:
        times = (HALVES[said.half],) if said.half else DEFAULT_TIMES
        return [(timedelta(hours=t.hour, minutes=t.minute) - before, (Assumed("hour", f"{t:%H:%M}"),)) for t in times]
    as_said = _hour(said.clock[0], said.half) * 60 + said.clock[1]
    guesses = [(m, () if m == as_said else (Assumed("half", clock(m)),)) for m in minutes_of(said)]
    return [(timedelta(minutes=minutes) - before, notes) for minutes, notes in guesses]


def minutes_of(said: Said) -> list[int]:
    """The minutes of the day that the clock of what was said can mean, the likelier first."""
    assert said.clock is not None
    hour, minute = said.clock
    as_said = _hour(hour, said.half) * 60 + minute
    if said.half or said.exact or hour == 0 or hour > 8:
        return [as_said]
    # 2点 is the afternoon of a working day; 7点 is the morning, or if that is over the evening
    return [as_said + 720] if hour < 6 else [as_said, as_said + 720]


def clock(minutes: int) -> str:
    """Minutes of a day as "HH:MM"; midnight at its end is 24:00, and later ones follow."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _hour(hour: int, half: str | None) -> int:
    """The hour of 24, counted from the start of the day that was named: 晚上12点 is 24, 晚上1点 is 25."""
    if half is None or hour > 12:
        return hour
    if half in ("dawn", "early", "morning", "am"):
        return 0 if hour == 12 and half in ("dawn", "am") else hour
    if half == "noon":
        return hour + 12 if hour < 4 else hour
    if half == "evening" and (hour == 12 or hour < 5):
        return 24 + hour % 12
    return hour % 12 + 12
