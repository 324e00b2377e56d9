"""What a phrase can say about time, in any language, and how the phrases of one text are put together.

A grammar (chinese.py, english.py) is a list of patterns; each turns one piece of text ("周五", "at 3pm") into a `Said`.
Pieces that touch form a run ("周五 18:00 前"). One run is the time; others complete it ("remind me *at 3pm* to call
*tomorrow*") or stand in the middle of the matter ("tell them about the meeting *on Friday*"). A run that does neither
makes the whole unclear: nobody is to be reminded at half of what they said. What is cut out leaves the matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

from api.reminders.picks import Pick


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


EVERY_DAY = "FREQ=DAILY"


@dataclass(frozen=True, slots=True)
class Said:
    """What was said; unset where nothing was."""

    day: Pick | None = None
    weekday: bool = False  # `day` is only a weekday, and yields to a date beside it: 11月27日（周五）
    clock: tuple[int, int] | None = None  # hour as it was said, minute
    exact: bool = False  # the hour is of 24, not perhaps of the afternoon
    half: str | None = None  # a part of the day: see when.HALVES
    offset: timedelta | None = None
    rule: str | None = None
    skip_holidays: bool = False
    start: bool = False  # `day` is the first of a rule: 从明天起每天
    deadline: bool = False
    before: timedelta | None = None  # so long before it: 提前半小时
    past: bool = False  # yesterday; a text that says nothing else has no time
    unclear: bool = False  # a time that cannot be told: 25点, 每季度, more often than daily
    assumed: tuple[Assumed, ...] = ()

    @property
    def weight(self) -> int:
        """How much of a time it is; 0 is none."""
        if self.past or self.unclear:
            return 1
        whole = self.day or self.rule or self.offset
        return 4 * bool(whole) + 3 * bool(self.clock) + 2 * bool(self.half) + bool(self.before)

    @property
    def mixed(self) -> bool:
        """What does not go together: a rule and a day that it does not start from (周三之前每天), a rule and days
        ahead of it, 上午15:00."""
        apart = (self.day and not self.start) or (self.before and self.before >= timedelta(days=1))
        late = self.clock and self.clock[0] > 12 and self.half in ("early", "morning")
        return bool((self.rule and apart) or late)

    @property
    def daily(self) -> bool:
        """Only “every day”, which yields to a narrower rule beside it."""
        return self.rule == EVERY_DAY and not self.skip_holidays

    def joined(self, other: Said) -> Said | None:
        """Both together, or None where they say two different things."""
        if self.day and other.day and self.weekday != other.weekday:
            dated, named = (other, self) if self.weekday else (self, other)
            return dated.joined(replace(named, day=None, weekday=False))
        if self.rule and other.rule and (self.daily or other.daily):  # 工作日每天: every day of those
            narrow, every = (other, self) if self.daily else (self, other)
            return narrow.joined(replace(every, rule=None))
        together: dict[str, Any] = {}
        for field in fields(Said):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if field.name == "assumed":
                together["assumed"] = mine + theirs
            elif mine and theirs and mine is not True:
                return None
            else:
                together[field.name] = mine or theirs
        return Said(**together)

    def over(self, kept: Said) -> Said:
        """What this says as a correction: it leaves the day of `kept` if it names none, and the time likewise."""
        if self.offset:
            return self
        days = self if self.day or self.rule else kept
        said = replace(
            self, day=days.day, weekday=days.weekday, rule=days.rule, skip_holidays=days.skip_holidays,
            start=days.start, before=self.before or kept.before,
        )  # fmt: skip
        if self.clock:
            inherits = not (self.half or self.exact or kept.clock)
            return replace(said, half=kept.half) if inherits else said
        if self.half and not kept.takes(self.half):
            return said
        return replace(
            said, clock=kept.clock, exact=kept.exact, half=self.half or kept.half,
            deadline=self.deadline or kept.deadline,
        )  # fmt: skip

    def takes(self, half: str) -> bool:
        """Whether a part of the day is what the hour lacks: 上午 what 8点 does, not what 15:00 or 4点 does."""
        if not self.clock or self.half or self.exact:
            return False
        return self.clock[0] >= 6 or half in ("afternoon", "pm", "dawn")


UNCLEAR = Said(unclear=True)


class Words(dict[str, str]):
    """The named parts of a match; "" for those that are not there."""

    def __missing__(self, name: str) -> str:
        return ""


Say = Callable[[Words, date], Said | None]  # the parts and today; None when that is no time after all
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
    link: re.Pattern[str]  # before a time that is one of several or stands apart; after other words it is in the matter
    greeting: re.Pattern[str]  # "remind me to", cut off the matter
    filler: re.Pattern[str]  # all that is left when only a time was said: 改成…吧, make it …
    letters: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces that touch: what they say together, and where."""

    said: Said
    span: Span
    of_matter: bool  # a mere day that belongs to what is left: 周五的教案
    inside: bool  # in the middle of other words
    begin: int  # of the span, with what links it to the words before: 和, until


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says about time and where; `unclear` is a piece of time that does not fit in."""

    said: Said
    spans: list[Span]
    inside: bool
    unclear: Span | None = None


def read(text: str, grammar: Grammar, today: date) -> Reading | None:
    """What the text says about time; None where it says nothing."""
    runs = read_runs(text, grammar, today)
    present = [run for run in runs if not run.said.past]
    if not present:
        return Reading(runs[0].said, [runs[0].span], False) if runs else None
    present.sort(key=lambda run: (run.of_matter, run.said.weight == 1, run.inside, -run.said.weight, run.span[0]))
    best, *others = present
    said, spans, unclear = best.said, [best.span], (best.begin, best.span[1]) if best.said.unclear else None
    for run in others:
        if more := _completed(said, run):
            said = more
            spans += [] if run.of_matter else [run.span]
        elif not run.of_matter and not (run.inside and _is_apart(best.said, run)):
            unclear = unclear or (run.begin, run.span[1])
    return Reading(said, sorted(spans), best.inside, unclear)


def _completed(said: Said, run: Run) -> Said | None:
    """Both, where the run brings the day or the time that is lacking, and not more."""
    adds = run.said.weight == 4 or not (run.said.day or run.said.rule or run.of_matter) or said.weight == 1
    both = said.joined(run.said) if adds and not (said.offset or run.said.offset) else None
    return both if both and both.weight > said.weight and not both.unclear else None


def _is_apart(best: Said, run: Run) -> bool:
    """Whether another time is only a part of the matter: a lesser one, of another kind of thing than what was asked."""
    twice = best.rule and (run.said.rule or run.said.clock)
    return not (run.said.unclear or twice or run.said.weight > best.weight or _completed(best, run))


def matter(text: str, spans: Iterable[Span], grammars: Iterable[Grammar]) -> str:
    """What is left of the text without its times and "remind me to"."""
    left = ""
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        part = text[position:start]
        words = left and part and left[-1].isascii() and part[0].isascii()
        left = f"{left.rstrip()} {part.lstrip()}" if words else left + part
        position = end
    for grammar in grammars:
        left = grammar.greeting.sub("", left.strip(EDGE)).strip(EDGE)
        left = "" if grammar.filler.fullmatch(left) else left
    return left


EDGE = " \t\r\n,，;；:：、。"


def read_runs(text: str, grammar: Grammar, today: date) -> list[Run]:
    """Every run of the text that says something of a time."""
    joined: list[tuple[int, int, Said]] = []
    for start, end, said in _pieces(text, grammar, today):
        if joined:
            first, last, before = joined[-1]
            if grammar.glue.fullmatch(text, last, start) and (both := before.joined(said)):
                joined[-1] = (first, end, both)
                continue
        joined.append((start, end, said))
    runs: list[Run] = []
    for start, end, said in joined:
        if said.weight:
            runs.append(_run(text, (start, end), said, grammar, runs[-1].span[1] if runs else 0))
    return runs


def _run(text: str, place: Span, said: Said, grammar: Grammar, last: int) -> Run:
    before = grammar.before.search(text[max(last, place[0] - 12) : place[0]])
    after = grammar.after.match(text, place[1])
    span = place[0] - (len(before[0]) if before else 0), after.end() if after else place[1]
    of_matter = not (said.clock or said.offset) and bool(grammar.of.match(text, place[1]))
    words = text[last : span[0]]
    link = grammar.link.search(words)
    apart = not words.strip() or link or grammar.greeting.fullmatch(words)
    return Run(said, span, of_matter, not apart, last + link.start() if link else span[0])


def _pieces(text: str, grammar: Grammar, today: date) -> list[tuple[int, int, Said]]:
    """The longest piece at the leftmost place, and so on."""
    matches = [
        (found.start(), -found.end(), found, say) for like, say in grammar.patterns for found in _matches(like, text)
    ]
    pieces: list[tuple[int, int, Said]] = []
    for start, _, found, say in sorted(matches, key=lambda match: match[:2]):
        if pieces and start < pieces[-1][1]:
            continue
        words = Words({name: part for name, part in found.groupdict().items() if part})
        if (said := say(words, today)) is not None:
            pieces.append((start, found.end(), said))
    return pieces


def _matches(like: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every match, also one that begins within another: the 三点 of 周三三点."""
    found = like.search(text)
    while found:
        yield found
        found = like.search(text, found.start() + 1)
