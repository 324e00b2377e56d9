"""From what a person types to the moment of a reminder (C4).

提醒我 明天下午3点 交教案; 每周四下午五点 写日志; every Friday 18:00 write the log; in 20 minutes.

Why grammars of our own: a reminder needs more than a moment, also what is left over, the recurrence and what was only
assumed, and no library tells those. Of the plain one-off times in tests/reminders/test_when.py (none with anything
assumed) jionlp got 28 of 36 for 39 MB and 1.6 s at its import, time-parser-zh 23 of 36 for 5 MB, dateparser 9 of 16
English ones for 23 MB and 0.4 s. The grammars get all and cost 3 MB, 0.07 s, and 0.2 ms a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from api.reminders import chinese, english
from api.reminders.phrases import Assumed, Pick, Said, matter, read
from api.reminders.recurrence import next_occurrence
from api.times import Zone, knows_year, local_day, to_utc, to_wall

HALVES = {
    "dawn": time(6), "early": time(8), "morning": time(9), "am": time(9), "noon": time(12),
    "afternoon": time(15), "pm": time(15), "dusk": time(18), "evening": time(19),
}  # fmt: skip
DEFAULT_TIMES = (time(9), time(17), time(20))
LONGEST_READ = 1000
FARTHEST = timedelta(days=3653)

# full-width digits, letters and punctuation, and the ideographic space: one character for one, so that places stay
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True, slots=True)
class Understood:
    """A reminder as it was understood; the caller has it confirmed by a button.

    `matter` is what to be reminded of ("" when nothing was left), `due` the first moment (UTC, later than now),
    `rrule` the recurrence or None, `skip_holidays` that it is for workdays only, `assumed` what was not said.
    """

    matter: str
    due: datetime
    rrule: str | None = None
    skip_holidays: bool = False
    assumed: tuple[Assumed, ...] = ()


def understand(
    text: str, now: datetime, zone: Zone, language: str = "zh", overrides: Mapping[date, bool] | None = None
) -> Understood | None:
    """What and when a person wants to be reminded of, or None: no time in it, or one that has passed for good.

    Never raises for any text. `now` is aware; `zone` and `language` are the person's (either language is understood,
    theirs is tried first); `overrides` as in `api.times.is_workday`. Times are looked for in the first 1,000
    characters.
    """
    narrow = text[:LONGEST_READ].translate(_NARROW)
    today = to_wall(now, zone).date()
    grammars = [chinese.GRAMMAR, english.GRAMMAR]
    if not language.lower().startswith("zh"):
        grammars.reverse()
    readings = [found for grammar in grammars if (found := read(narrow, grammar, today))]
    if not readings:
        return None
    said, spans = max(readings, key=lambda reading: sum(end - start for start, end in reading[1]))
    settled = None if said.refused else _settle(said, now, zone, overrides)
    if settled is None or settled[0] > now + FARTHEST:
        return None
    due, assumed = settled
    if said.skip_holidays and not knows_year(due.year):
        assumed += (Assumed("guess", str(due.year)),)
    return Understood(
        matter(text, spans, [each.greeting for each in grammars]), due, said.rule, said.skip_holidays, assumed
    )


Notes = tuple[Assumed, ...]


def _settle(
    said: Said, now: datetime, zone: Zone, overrides: Mapping[date, bool] | None
) -> tuple[datetime, Notes] | None:
    """The first moment of what was said, later than now, and what was assumed for it."""
    if said.offset:
        return now.astimezone(UTC) + said.offset, said.assumed
    today, times = to_wall(now, zone).date(), _times(said)
    found = _first_of_rule(said, *times[0], now, zone, overrides) if said.rule else None
    for day in () if said.rule else _days(said.day, today):
        moments = [(to_utc(datetime.combine(day, time()) + at, zone), notes) for at, notes in times]
        passed = said.day is None or said.day(today) != day
        moved = (Assumed("moved", day.isoformat()),) if passed and day != today else ()
        found = next(((moment, notes + moved) for moment, notes in moments if moment > now), None)
        if found:
            break
    if found is None:
        return None
    due, notes = found
    hour_before = due - timedelta(hours=1)
    same_day = local_day(hour_before, zone) == local_day(due, zone)
    if said.deadline and said.clock and hour_before > now and (same_day or not said.rule):
        due, notes = hour_before, (*notes, Assumed("ahead", f"{to_wall(due, zone):%H:%M}"))
    return due, said.assumed + notes


def _first_of_rule(
    said: Said, at: timedelta, notes: Notes, now: datetime, zone: Zone, overrides: Mapping[date, bool] | None
) -> tuple[datetime, Notes] | None:
    today = to_wall(now, zone).date()
    day = said.day(today) if said.day else today
    if day is None or said.rule is None:
        return None
    at = min(at, timedelta(hours=23, minutes=59))  # midnight after a Friday is still that Friday's
    # the first moment does not count intervals: "every two weeks" begins on the next such day
    rule = ";".join(part for part in said.rule.split(";") if not part.startswith("INTERVAL="))
    start = to_utc(datetime.combine(day, time()) + at, zone)
    after = now + timedelta(hours=1) if said.deadline and said.clock else now
    due = next_occurrence(rule, start, after, zone, said.skip_holidays, overrides)
    return (due, notes) if due else None


def _days(pick: Pick | None, today: date) -> list[date]:
    """The day that is meant, and the next such one in case it is over."""
    choices = [pick(since) if pick else since for since in (today, today + timedelta(1))]
    return [day for day in choices if day is not None]


def _times(said: Said) -> list[tuple[timedelta, Notes]]:
    """The times of day that can be meant, the likelier first, each with what it assumes."""
    if not said.clock:
        times = (HALVES[said.half],) if said.half else DEFAULT_TIMES
        return [(timedelta(hours=t.hour, minutes=t.minute), (Assumed("hour", f"{t:%H:%M}"),)) for t in times]
    hour, minute = said.clock
    as_said = timedelta(hours=_hour(hour, said.half), minutes=minute)
    if said.half or said.exact or hour == 0 or hour > 8:
        return [(as_said, ())]
    # 2点 is the afternoon of a working day; 7点 is the morning, or if that is over the evening
    afternoon = (as_said + timedelta(hours=12), (Assumed("half", f"{hour + 12:02}:{minute:02}"),))
    return [afternoon] if hour < 6 else [(as_said, ()), afternoon]


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
