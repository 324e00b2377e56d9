"""Repeating times: an RRULE (RFC 5545) read as wall-clock time in a zone, so that 08:00 stays 08:00 all year.

A rule is stored as its RRULE without the "RRULE:" prefix; its time of day is that of the stored first moment, `start`.
Only what people say is repeated by, and whether a day is one of a rule's is asked day by day: no rule, wherever it came
from, can keep the service busy.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from api.times import Zone, is_public_holiday, is_workday, to_utc, to_wall

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
HORIZON_DAYS = 3653

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
# the last days of a month in order: with BYSETPOS=-1 the 29th, 30th or 31st, or the last day of a shorter month
_ENDS = ("28", "28,29", "28,29,30", "28,29,30,31")


def read_rule(rrule: str) -> dict[str, str]:
    """The parts of a rule, e.g. {"FREQ": "WEEKLY", "BYDAY": "FR"}. Raises ValueError for what we do not repeat by.

    That is whatever `describe` has no words for: what nobody says. Nothing more often than daily, so that nobody is
    flooded; no times of day and no COUNT, because the first moment and stopping say those. UNTIL is wall-clock time in
    the rule's zone.
    """
    parts = _parts(rrule)
    if not _has_words(parts):
        raise ValueError(f"cannot repeat by {rrule[:200]!r}: there is no way to say it")
    return parts


def _parts(rrule: str) -> dict[str, str]:
    """The parts of a rule, each right by itself. Raises ValueError."""
    parts: dict[str, str] = {}
    for part in rrule.strip().upper().removeprefix("RRULE:").split(";"):
        key, _, value = part.partition("=")
        if key in parts or key not in _ALLOWED or not re.fullmatch(_ALLOWED[key], value):
            raise ValueError(f"cannot repeat by {part!r}; allowed: {', '.join(_ALLOWED)}")
        parts[key] = value
    if "FREQ" not in parts:
        raise ValueError(f"a rule needs FREQ, one of {', '.join(_FREQUENCIES)}")
    if "UNTIL" in parts:
        datetime.fromisoformat(parts["UNTIL"])
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
    first = to_wall(start, zone)
    until = datetime.fromisoformat(parts["UNTIL"]) if "UNTIL" in parts else datetime.max
    named = {day[-2:] for day in parts.get("BYDAY", "").split(",")}
    # a day before: where the clock was set back, a moment may be later than `after` though its wall time is not
    since = max(first, to_wall(after, zone) - timedelta(days=1)).date()
    for number in range(HORIZON_DAYS + 1):
        day = since + timedelta(number)
        wall = datetime.combine(day, first.time())
        if wall > until:
            return None
        if not _falls_on(parts, first.date(), day):
            continue
        moment = to_utc(wall, zone)
        if moment <= after or moment < start:
            continue
        weekend_named = day.weekday() >= 5 and WEEKDAYS[day.weekday()] in named
        if skip_holidays and (is_public_holiday(day, overrides) if weekend_named else not is_workday(day, overrides)):
            continue
        return moment
    return None


def _falls_on(parts: Mapping[str, str], first: date, day: date) -> bool:
    """Whether a rule of `read_rule` that begins on `first` names `day`. Intervals count from the day, week (from
    Monday), month or year of `first`; what a rule does not say is as on `first`."""
    every, last = int(parts.get("INTERVAL", 1)), monthrange(day.year, day.month)[1]
    month_days = [int(n) for n in parts.get("BYMONTHDAY", str(first.day)).split(",")]
    match parts["FREQ"]:
        case "DAILY":
            return (day - first).days % every == 0
        case "WEEKLY":
            weeks = (day.toordinal() - 1) // 7 - (first.toordinal() - 1) // 7
            days = parts.get("BYDAY", WEEKDAYS[first.weekday()]).split(",")
            return weeks % every == 0 and WEEKDAYS[day.weekday()] in days
        case "MONTHLY":
            months = (day.year - first.year) * 12 + day.month - first.month
            if months % every:
                return False
            if "BYSETPOS" in parts:
                return day.day == min(month_days[-1], last)
            if "BYDAY" in parts:
                nth = int(parts["BYDAY"][:-2])
                counted = (day.day - 1) // 7 + 1 if nth > 0 else -((last - day.day) // 7 + 1)
                return counted == nth and WEEKDAYS[day.weekday()] == parts["BYDAY"][-2:]
            return day.day in month_days or (day.day == last and -1 in month_days)
    return (day.year - first.year) % every == 0 and (day.month, day.day) == (int(parts["BYMONTH"]), month_days[0])


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

    Without the time of day, which the first moment holds. A rule that an older version stored and that has no words is
    shown as it is written. Raises ValueError for what is no rule.
    """
    parts = _parts(rrule)
    chinese = language.lower().startswith("zh")
    every = int(parts.get("INTERVAL", 1))
    if not _has_words(parts):
        words = rrule
    elif skip_holidays and parts["FREQ"] == "DAILY" and every == 1:
        return "每个工作日" if chinese else "every workday"
    else:
        words = (_in_chinese if chinese else _in_english)(parts, every)
    return words + (("（节假日除外）" if chinese else " (not on holidays)") if skip_holidays else "")


def _has_words(parts: Mapping[str, str]) -> bool:
    """Whether a rule repeats in a way that people speak of, on days that are in the calendar."""
    days, month_days = parts.get("BYDAY", "").split(","), parts.get("BYMONTHDAY", "")
    match parts["FREQ"], tuple(sorted(set(parts) - {"FREQ", "INTERVAL", "UNTIL"})):
        case "DAILY" | "WEEKLY" | "MONTHLY", ():
            return True
        case "WEEKLY", ("BYDAY",):
            return all(day in WEEKDAYS for day in days)
        case "MONTHLY", ("BYDAY",):
            return len(days) == 1 and days[0] not in WEEKDAYS
        case "MONTHLY", ("BYMONTHDAY",):
            return all(int(day) >= -1 for day in month_days.split(","))
        case "MONTHLY", ("BYMONTHDAY", "BYSETPOS"):
            return parts["BYSETPOS"] == "-1" and month_days in _ENDS
        case "YEARLY", ("BYMONTH", "BYMONTHDAY"):
            one = parts["BYMONTH"].isdigit() and month_days.isdigit()
            return one and int(month_days) <= monthrange(2028, int(parts["BYMONTH"]))[1]  # a leap year
    return False


def _in_chinese(parts: Mapping[str, str], every: int) -> str:
    days, month_days = parts.get("BYDAY", "").split(","), parts.get("BYMONTHDAY", "").split(",")
    count = "两" if every == 2 else every
    match parts["FREQ"]:
        case "DAILY":
            return "每天" if every == 1 else f"每{count}天"
        case "WEEKLY":
            head = "每周" if every == 1 else f"每{count}周"
            if days == [""]:
                return head
            named = "、".join(f"周{_ZH_DAYS[day]}" for day in days)
            return ("每" if every == 1 else f"{head}的") + named
        case "MONTHLY":
            head = "每月" if every == 1 else f"每{count}个月的"
            if "BYSETPOS" in parts:
                return f"{head}{month_days[-1]}号（没有这天就在月末）"
            if month_days != [""]:
                return head + "、".join("最后一天" if n == "-1" else f"{n}号" for n in month_days)
            if days != [""]:
                nth = int(days[0][:-2])
                return f"{head}{_ZH_NTH.get(nth, f'倒数第{-nth}个')}周{_ZH_DAYS[days[0][-2:]]}"
            return head.removesuffix("的")
    return f"{'每年' if every == 1 else f'每{every}年的'}{parts['BYMONTH']}月{month_days[0]}日"


def _in_english(parts: Mapping[str, str], every: int) -> str:
    days, month_days = parts.get("BYDAY", "").split(","), parts.get("BYMONTHDAY", "").split(",")
    unit = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}[parts["FREQ"]]
    head = f"every {unit}" if every == 1 else f"every {every} {unit}s"
    match parts["FREQ"]:
        case "WEEKLY" if days != [""]:
            named = _and([_EN_DAYS[day] for day in days])
            return f"every {named}" if every == 1 else f"{head} on {named}"
        case "MONTHLY" if "BYSETPOS" in parts:
            return f"on the {_nth(int(month_days[-1]))} of {head} (or its last day)"
        case "MONTHLY" if month_days != [""]:
            return f"on the {_and(['last day' if n == '-1' else _nth(int(n)) for n in month_days])} of {head}"
        case "MONTHLY" if days != [""]:
            nth = int(days[0][:-2])
            return f"on the {_EN_NTH.get(nth, f'{_nth(-nth)} last')} {_EN_DAYS[days[0][-2:]]} of {head}"
        case "YEARLY":
            return f"{head} on {month_days[0]} {_EN_MONTHS[int(parts['BYMONTH']) - 1]}"
    return head


def _nth(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{suffix}"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
