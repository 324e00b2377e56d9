"""From what a person types to the moment of a reminder (C4).

提醒我 明天下午3点 交教案; 每周四下午五点 写日志; every Friday 18:00 write the log; in 20 minutes.

Why grammars of our own: a reminder needs more than a moment, also what is left over, the recurrence and what was only
assumed, and no library tells those. Of the plain one-off times in tests/reminders/test_when.py (none with anything
assumed) jionlp got 28 of 36 for 39 MB and 1.6 s at its import, time-parser-zh 23 of 36 for 5 MB, dateparser 9 of 16
English ones for 23 MB and 0.4 s. The grammars get all and cost 3 MB, 0.07 s, and 1 ms a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from api.reminders import chinese, english
from api.reminders.moments import clock, minutes_of, settle
from api.reminders.phrases import EDGE, Assumed, Grammar, Reading, Run, Said, matter, read, read_runs
from api.reminders.picks import not_before
from api.times import Zone, knows_year, to_wall

LONGEST_READ = 1000
FARTHEST = timedelta(days=3653)
GRAMMARS = (chinese.GRAMMAR, english.GRAMMAR)

# full-width digits, letters and punctuation, spaces of all kinds and the traditional characters of times: one character
# for one, so that places stay
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | dict.fromkeys((0x3000, 0xA0, 0x200B), 0x20)
_NARROW |= str.maketrans("點週禮個後時鐘號兩過從間開", "点周礼个后时钟号两过从间开")


@dataclass(frozen=True, slots=True)
class Understood:
    """A reminder as it was understood; the caller has it confirmed by a button.

    `matter` is what to be reminded of ("" when nothing was left), `due` the first moment (UTC, later than now),
    `rrule` the recurrence or None, `skip_holidays` that it is for workdays only, `assumed` what was not said.
    `kept` (plain values) is for `hear`, when a correction names only another day, or only another time.
    """

    matter: str
    due: datetime
    rrule: str | None
    skip_holidays: bool
    assumed: tuple[Assumed, ...]
    kept: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unclear:
    """There is a time in the text, and `part` of it was not understood: never to be guessed, but asked."""

    matter: str
    part: str


def understand(
    text: str, now: datetime, zone: Zone, language: str = "zh", overrides: Mapping[date, bool] | None = None
) -> Understood | None:
    """What and when a person wants to be reminded of, or None: no time in it, an unclear one, or one that has passed.

    Never raises for any text. `now` is aware; `zone` and `language` are the person's (either language is understood,
    theirs is tried first); `overrides` as in `api.times.is_workday`. Times are looked for in the first 1,000
    characters.
    """
    heard = hear(text, now, zone, language, overrides)
    return heard if isinstance(heard, Understood) else None


def hear(
    text: str, now: datetime, zone: Zone, language: str = "zh", overrides: Mapping[date, bool] | None = None,
    kept: Mapping[str, Any] | None = None,
) -> Understood | Unclear | None:  # fmt: skip
    """Like `understand`, and says when a time is unclear. `kept` is that of what the text corrects."""
    narrow, today = _narrow(text), to_wall(now, zone).date()
    found = _read(narrow, today, _first(language))
    if found is None or found.said.past:
        return None
    said = found.said.over(_recalled(kept)) if kept else found.said
    if unclear := found.unclear or (found.spans[0] if said.mixed else None):
        spans = sorted([unclear, *(span for span in found.spans if span[1] <= unclear[0] or unclear[1] <= span[0])])
        return Unclear(matter(text, spans, GRAMMARS), text[slice(*unclear)].strip(EDGE))
    settled = settle(said, now, zone, overrides)
    if settled is None or settled[0] > now + FARTHEST:
        return None
    due, day, assumed = settled
    if said.skip_holidays and not knows_year(due.year):
        assumed += (Assumed("guess", str(due.year)),)
    left = matter(text, found.spans, GRAMMARS)
    return Understood(left, due, said.rule, said.skip_holidays, assumed, _kept(said, day))


def without_greeting(text: str) -> str:
    """What to be reminded of, in a text that holds no time: 提醒我交表 is 交表."""
    return matter(text, [], GRAMMARS)


def times_in(text: str) -> list[list[str]]:
    """The times of day in a text, each as the one or two that it can mean, the likelier first: 6点 is 06:00 or 18:00.

    "HH:MM"; midnight at the end of a day is 24:00, and 晚上1点 25:00.
    """
    said = [run.said for run in _runs(_narrow(text)) if run.said.clock]
    return [[clock(minutes) for minutes in minutes_of(one)] for one in said]


def _narrow(text: str) -> str:
    return text[:LONGEST_READ].translate(_NARROW)


def _first(language: str) -> tuple[Grammar, ...]:
    return GRAMMARS if language.lower().startswith("zh") else GRAMMARS[::-1]


def _read(text: str, today: date, grammars: tuple[Grammar, ...]) -> Reading | None:
    """The reading that covers more of the text; a time in the other language that it leaves over is unclear."""
    readings = [(found, grammar) for grammar in grammars if (found := read(text, grammar, today))]
    if not readings:
        return None
    found, grammar = max(readings, key=lambda pair: sum(end - start for start, end in pair[0].spans))
    for other, theirs in readings:
        if theirs is grammar or other.inside or other.said.past or found.unclear:
            continue
        for start, end in other.spans:
            free = all(end <= first or last <= start for first, last in found.spans)
            if free and theirs.letters.search(text, start, end):
                return Reading(found.said, found.spans, found.inside, (start, end))
    return found


def _runs(text: str) -> list[Run]:
    """The runs of the language that covers more of the text."""
    every = [read_runs(text, grammar, date(2000, 1, 1)) for grammar in GRAMMARS]
    return max(every, key=lambda runs: sum(run.span[1] - run.span[0] for run in runs if run.said.clock))


def _kept(said: Said, day: date) -> dict[str, Any]:
    return {
        "day": day.isoformat(), "rule": said.rule, "skip_holidays": said.skip_holidays,
        "clock": said.clock and list(said.clock), "exact": said.exact, "half": said.half, "deadline": said.deadline,
        "before": said.before and int(said.before.total_seconds()),
    }  # fmt: skip


def _recalled(kept: Mapping[str, Any]) -> Said:
    clock, before = kept["clock"], kept["before"]
    return Said(
        day=not_before(date.fromisoformat(kept["day"])), rule=kept["rule"], skip_holidays=kept["skip_holidays"],
        start=True, clock=(clock[0], clock[1]) if clock else None, exact=kept["exact"], half=kept["half"],
        deadline=kept["deadline"], before=timedelta(seconds=before) if before else None,
    )  # fmt: skip
