"""Repeating times: an RRULE (RFC 5545) read as wall-clock time in a zone, so that 08:00 stays 08:00 all year.

A rule is stored as its RRULE without the "RRULE:" prefix; its time of day is that of the stored first moment, `start`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from api.times import Zone, is_public_holiday, is_workday, to_utc, to_wall

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
HORIZON = timedelta(days=3653)
MOST_SKIPPED = 1000

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_MONTH, _MONTH_DAY = "(?:1[0-2]|[1-9])", "-?(?:[12][0-9]|3[01]|[1-9])"
_ALLOWED = {
    "FREQ": "|".join(_FREQUENCIES),
    "INTERVAL": r"[1-9][0-9]{0,2}",
    "BYDAY": r"(?:-?[1-5])?(?:{0})(,(?:-?[1-5])?(?:{0}))*".format("|".join(WEEKDAYS)),
    "BYMONTHDAY": f"{_MONTH_DAY}(,{_MONTH_DAY})*",
    "BYMONTH": f"{_MONTH}(,{_MONTH})*",
    "BYSETPOS": f"{_MONTH_DAY}(,{_MONTH_DAY})*",
    "UNTIL": r"[0-9]{8}(T[0-9]{6})?",
}


def read_rule(rrule: str) -> dict[str, str]:
    """The parts of a rule, e.g. {"FREQ": "WEEKLY", "BYDAY": "FR"}. Raises ValueError for what we do not repeat by.

    Nothing more often than daily, so that nobody is flooded; no times of day and no COUNT, because the first moment
    and stopping say those. UNTIL is wall-clock time in the rule's zone.
    """
    parts: dict[str, str] = {}
    for part in rrule.strip().upper().removeprefix("RRULE:").split(";"):
        key, _, value = part.partition("=")
        if key in parts or key not in _ALLOWED or not re.fullmatch(_ALLOWED[key], value):
            raise ValueError(f"cannot repeat by {part!r}; allowed: {', '.join(_ALLOWED)}")
        parts[key] = value
    if "FREQ" not in parts:
        raise ValueError(f"a rule needs FREQ, one of {', '.join(_FREQUENCIES)}")
    if parts["FREQ"] in ("DAILY", "WEEKLY") and re.search("[0-9]", parts.get("BYDAY", "")):
        raise ValueError(f"BYDAY={parts['BYDAY']} counts within a month; FREQ={parts['FREQ']} has none")
    _build(parts, datetime(2026, 1, 1))
    return parts


def next_occurrence(
    rrule: str,
    start: datetime,
    after: datetime,
    zone: Zone,
    skip_holidays: bool = False,
    overrides: Mapping[date, bool] | None = None,
) -> datetime | None:
    """The first moment of the rule later than `after` and not before `start`, UTC; None when there is none in 10 years.

    With `skip_holidays` the rule passes over days off and moves nothing: the days that are no workdays, except that a
    weekend day which the rule names itself (every Saturday) is passed over only when it is a public holiday. So
    FREQ=DAILY with `skip_holidays` is every workday, made-up Saturdays included.
    Raises ValueError for a rule that `read_rule` refuses.
    """
    parts = read_rule(rrule)
    first, since = to_wall(start, zone), to_wall(after, zone) - timedelta(days=1)
    # bounded, or a rule that never happens (30 February) would be looked for until the year 9999
    last = f"{max(first, since) + HORIZON:%Y%m%dT%H%M%S}"
    rule = _build(parts | {"UNTIL": min(last, parts.get("UNTIL", last))}, first)
    named = {day[-2:] for day in parts.get("BYDAY", "").split(",")}
    for wall in islice(rule.xafter(since, inc=True), MOST_SKIPPED):
        moment = to_utc(wall, zone)
        if moment <= after or moment < start:
            continue
        day = wall.date()
        weekend_named = day.weekday() >= 5 and WEEKDAYS[day.weekday()] in named
        if skip_holidays and (is_public_holiday(day, overrides) if weekend_named else not is_workday(day, overrides)):
            continue
        return moment
    return None


def week_period(now: datetime, due_weekday: int, due_time: time, zone: Zone) -> tuple[datetime, datetime]:
    """The period around `now` of a rule such as "two logs a week by Friday 18:00": (start, due), UTC.

    Periods touch: what is handed in at or after one due moment counts for the next. start <= now < due.
    `due_weekday` counts from Monday = 0; `due_time` is wall-clock time in `zone`.
    """
    today = to_wall(now, zone).date()
    wall = datetime.combine(today + timedelta((due_weekday - today.weekday()) % 7), due_time)
    if to_utc(wall, zone) <= now:
        wall += timedelta(7)
    return to_utc(wall - timedelta(7), zone), to_utc(wall, zone)


def _build(parts: Mapping[str, str], first: datetime) -> Any:
    from dateutil.rrule import rrulestr

    return rrulestr(";".join(f"{key}={value}" for key, value in parts.items()), dtstart=first)


# -- saying a rule in words ---------------------------------------------------------------------------------------

_ZH_DAYS = dict(zip(WEEKDAYS, "一二三四五六日", strict=True))
_ZH_NTH = {1: "第一个", 2: "第二个", 3: "第三个", 4: "第四个", 5: "第五个", -1: "最后一个"}
_EN_DAYS = dict(
    zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)
_EN_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_EN_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def describe(rrule: str, language: str, skip_holidays: bool = False) -> str:
    """A rule in words: 每周四, 每月1号, 每个工作日; every Thursday, on the 1st of every month, every workday.

    Without the time of day, which the first moment holds. A rule that came from elsewhere and has no words here is
    shown as it is written. Raises ValueError like `read_rule`.
    """
    parts = read_rule(rrule)
    chinese = language.lower().startswith("zh")
    every = int(parts.get("INTERVAL", 1))
    if skip_holidays and _kind(parts) == ("DAILY", ()) and every == 1:
        return "每个工作日" if chinese else "every workday"
    words = (_in_chinese if chinese else _in_english)(parts, every) or rrule
    return words + (("（节假日除外）" if chinese else " (not on holidays)") if skip_holidays else "")


def _kind(parts: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Frequency and the sorted names of the parts that say which days."""
    return parts["FREQ"], tuple(sorted(set(parts) - {"FREQ", "INTERVAL", "UNTIL"}))


def _last_days(parts: Mapping[str, str]) -> int | None:
    """30 for "BYMONTHDAY=28,29,30;BYSETPOS=-1": the 30th, or the last day of a shorter month."""
    days = parts["BYMONTHDAY"].split(",")
    return int(days[-1]) if parts["BYSETPOS"] == "-1" and days[0] == "28" else None


def _in_chinese(parts: Mapping[str, str], every: int) -> str | None:
    days = parts.get("BYDAY", "").split(",")
    match _kind(parts):
        case "DAILY", ():
            return "每天" if every == 1 else f"每{'两' if every == 2 else every}天"
        case "WEEKLY", () | ("BYDAY",):
            head = "每周" if every == 1 else f"每{'两' if every == 2 else every}周"
            if days == [""]:
                return head
            named = "、".join(f"周{_ZH_DAYS[day[-2:]]}" for day in days)
            return ("每" if every == 1 else f"{head}的") + named
        case "MONTHLY", kind:
            head = "每月" if every == 1 else f"每{'两' if every == 2 else every}个月的"
            if kind == ("BYMONTHDAY",):
                numbers = parts["BYMONTHDAY"].split(",")
                return head + "、".join("最后一天" if n == "-1" else f"{n}号" for n in numbers)
            if kind == ("BYMONTHDAY", "BYSETPOS") and _last_days(parts):
                return f"{head}{_last_days(parts)}号（没有这天就在月末）"
            if kind == ("BYDAY",) and len(days) == 1 and (nth := days[0][:-2]):
                return f"{head}{_ZH_NTH.get(int(nth), f'倒数第{nth[1:]}个')}周{_ZH_DAYS[days[0][-2:]]}"
            return head.removesuffix("的") if not kind else None
        case "YEARLY", ("BYMONTH", "BYMONTHDAY"):
            return f"{'每年' if every == 1 else f'每{every}年的'}{parts['BYMONTH']}月{parts['BYMONTHDAY']}日"
    return None


def _in_english(parts: Mapping[str, str], every: int) -> str | None:
    days = parts.get("BYDAY", "").split(",")
    match _kind(parts):
        case "DAILY", ():
            return "every day" if every == 1 else f"every {every} days"
        case "WEEKLY", () | ("BYDAY",):
            head = "every week" if every == 1 else f"every {every} weeks"
            if days == [""]:
                return head
            named = _and([_EN_DAYS[day[-2:]] for day in days])
            return f"every {named}" if every == 1 else f"{head} on {named}"
        case "MONTHLY", kind:
            head = "every month" if every == 1 else f"every {every} months"
            if kind == ("BYMONTHDAY",):
                numbers = [int(n) for n in parts["BYMONTHDAY"].split(",")]
                return f"on the {_and(['last day' if n == -1 else _nth(n) for n in numbers])} of {head}"
            if kind == ("BYMONTHDAY", "BYSETPOS") and _last_days(parts):
                return f"on the {_nth(_last_days(parts) or 0)} of {head} (or its last day)"
            if kind == ("BYDAY",) and len(days) == 1 and (nth := days[0][:-2]):
                which = _EN_NTH.get(int(nth), f"{_nth(-int(nth))} last")
                return f"on the {which} {_EN_DAYS[days[0][-2:]]} of {head}"
            return head if not kind else None
        case "YEARLY", ("BYMONTH", "BYMONTHDAY"):
            head = "every year" if every == 1 else f"every {every} years"
            return f"{head} on {parts['BYMONTHDAY']} {_EN_MONTHS[int(parts['BYMONTH']) - 1]}"
    return None


def _nth(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{suffix}"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
