"""What a phrase can say about time, in any language, and how the phrases of one text are put together.

A grammar (chinese.py, english.py) is a list of patterns; each turns one piece of text ("周五", "at 3pm") into a `Said`.
Pieces that touch form a run ("周五 18:00 前"); the run that says most wins, and a run that holds just what it lacks
("remind me *at 3pm* to call *tomorrow*") completes it. What is cut out of the text leaves the matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Assumed:
    """Something the person did not say and we took: `kind` and the value taken.

    hour   "09:00"       no time of day was given
    half   "14:00"       morning or afternoon was not said
    day    "2026-11-30"  only a week or a month was given
    moved  "2026-11-24"  that time has passed; this is the next such day
    ahead  "18:00"       a deadline: the reminder comes an hour before it
    guess  "2027"        the official workdays of that year are not known yet; Monday to Friday was taken
    """

    kind: str
    value: str


Pick = Callable[[date], date | None]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said; unset where nothing was."""

    day: Pick | None = None  # given a day, the first day from then on that is meant
    weekday: bool = False  # `day` is only a weekday, and yields to a date beside it: 11月27日（周五）
    clock: tuple[int, int] | None = None  # hour as it was said, minute
    exact: bool = False  # the hour is of 24, not perhaps of the afternoon
    half: str | None = None  # a part of the day: see when.HALVES
    offset: timedelta | None = None
    rule: str | None = None
    skip_holidays: bool = False
    deadline: bool = False
    refused: bool = False  # the past, or more often than daily
    assumed: tuple[Assumed, ...] = ()

    @property
    def weight(self) -> int:
        """How much of a time it is; 0 is none."""
        if self.refused:
            return 1
        whole = self.day or self.rule or self.offset
        return 4 * bool(whole) + 3 * bool(self.clock) + 2 * bool(self.half)

    def joined(self, other: Said) -> Said | None:
        """Both together, or None where they say two different things."""
        if self.day and other.day and self.weekday != other.weekday:
            return replace(self, day=(other if self.weekday else self).day, weekday=False)
        together = {}
        for field in fields(Said):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine and theirs and field.name != "assumed":
                return None
            together[field.name] = mine + theirs if field.name == "assumed" else mine or theirs
        return Said(**together)


class Words(dict[str, str]):
    """The named parts of a match; "" for those that are not there."""

    def __missing__(self, name: str) -> str:
        return ""


Say = Callable[[Words, date], Said | None]  # the parts and today; None when they make no sense (25:00)
Pattern = tuple[re.Pattern[str], Say]
Span = tuple[int, int]


def always(said: Said) -> Say:
    """A pattern that says one thing."""
    return lambda words, today: said


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language: its patterns, what may stand between pieces, and what belongs to a time before and after it."""

    patterns: tuple[Pattern, ...]
    glue: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]
    of: re.Pattern[str]  # after a day it makes it part of the matter: 周五的教案, Friday's lesson
    greeting: re.Pattern[str]  # "remind me to", cut off the matter


@dataclass(frozen=True, slots=True)
class _Run:
    said: Said
    span: Span
    of_matter: bool  # a mere day that belongs to what is left: 周五的教案


def read(text: str, grammar: Grammar, today: date) -> tuple[Said, list[Span]] | None:
    """What the text says about time and where it says so; None where it says nothing."""
    runs = [run for run in _runs(text, grammar, today) if run.said.weight]
    if not runs:
        return None
    runs.sort(key=lambda run: (run.of_matter, -run.said.weight, run.span[0]))
    best, *others = runs
    said, spans = best.said, [best.span]
    for run in others:
        both = said.joined(run.said)
        if said.refused or run.said.refused or said.offset or run.said.offset or not both:
            continue
        # a second run may bring the day or the time that the first lacks, not more
        if (run.said.weight == 4 or not (run.said.day or run.said.rule)) and both.weight > said.weight:
            said = both
            spans += [] if run.of_matter else [run.span]
    return said, sorted(spans)


def matter(text: str, spans: list[Span], greetings: Iterable[re.Pattern[str]]) -> str:
    """What is left of the text without its times and "remind me to"."""
    left = ""
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        part = text[position:start]
        words = left and part and left[-1].isascii() and part[0].isascii()
        left = f"{left.rstrip()} {part.lstrip()}" if words else left + part
        position = end
    for greeting in greetings:
        left = greeting.sub("", left.strip(_EDGE))
    return left.strip(_EDGE)


_EDGE = " \t\r\n,，;；:：、。"


def _runs(text: str, grammar: Grammar, today: date) -> list[_Run]:
    joined: list[tuple[int, int, Said]] = []
    for start, end, said in _pieces(text, grammar, today):
        if joined:
            first, last, before = joined[-1]
            if grammar.glue.fullmatch(text, last, start) and (both := before.joined(said)):
                joined[-1] = (first, end, both)
                continue
        joined.append((start, end, said))
    return [
        _Run(said, _widened(text, (start, end), grammar), said.weight == 4 and bool(grammar.of.match(text, end)))
        for start, end, said in joined
    ]


def _pieces(text: str, grammar: Grammar, today: date) -> list[tuple[int, int, Said]]:
    """The longest piece at the leftmost place, and so on."""
    matches = [
        (found.start(), -found.end(), found, say) for like, say in grammar.patterns for found in like.finditer(text)
    ]
    pieces: list[tuple[int, int, Said]] = []
    for start, _, found, say in sorted(matches, key=lambda match: match[:2]):
        if pieces and start < pieces[-1][1]:
            continue
        words = Words({name: part for name, part in found.groupdict().items() if part})
        if (said := say(words, today)) is not None:
            pieces.append((start, found.end(), said))
    return pieces


def _widened(text: str, span: Span, grammar: Grammar) -> Span:
    before = grammar.before.search(text[max(0, span[0] - 12) : span[0]])
    after = grammar.after.match(text, span[1])
    return span[0] - (len(before[0]) if before else 0), after.end() if after else span[1]


# -- days, for the grammars ----------------------------------------------------------------------------------------


def fixed(day: date) -> Pick:
    """That day, and never after it."""
    return lambda since: day if since <= day else None


def weekday(number: int, first: date | None = None) -> Pick:
    """The next such weekday, Monday 0; not before `first`."""

    def pick(since: date) -> date:
        since = max(since, first) if first else since
        return since + timedelta((number - since.weekday()) % 7)

    return pick


def month_day(number: int, month: int | None = None) -> Pick | None:
    """The next such day of a month; -1 is the last. None for a day that no month has."""

    def pick(since: date) -> date | None:
        for ahead in range(96):  # up to the next 29 February, also around 2100
            year, index = divmod(since.year * 12 + since.month - 1 + ahead, 12)
            if month in (None, index + 1) and (found := _date(year, index + 1, number)) and found >= since:
                return found
        return None

    return pick if pick(date(2024, 1, 1)) else None


def later(today: date, days: int = 0, months: int = 0) -> Pick | None:
    """The day so much later; in a shorter month, its last."""
    year, index = divmod(today.year * 12 + today.month - 1 + months, 12)
    if days > 36500 or year > 2200:
        return None
    base = _date(year, index + 1, today.day) or _date(year, index + 1, -1)
    return fixed(base + timedelta(days)) if base else None


def full_date(year: int, month: int, day: int) -> Pick | None:
    """A whole date; None when there is no such day or it is out of any sense."""
    found = _date(year, month, day) if 2000 <= year <= 2200 and day > 0 else None
    return fixed(found) if found else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        if day == -1:
            return date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
        return date(year, month, day)
    except ValueError:
        return None


def monthly(number: int) -> str | None:
    """The rule for a day of every month; the 31st means the last day, the 30th February's last."""
    if number in (-1, 31):
        return "BYMONTHDAY=-1"
    if number in (29, 30):
        return f"BYMONTHDAY={','.join(str(n) for n in range(28, number + 1))};BYSETPOS=-1"
    return f"BYMONTHDAY={number}" if 1 <= number <= 28 else None
