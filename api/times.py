"""Moments, days and quiet hours.

Inside the service a moment is an aware datetime in UTC; a rule ("Friday 18:00", "not at night") is wall-clock time in
somebody's zone. This file is where the two meet, so that a clock change cannot shift a reminder by an hour.
Wherever a `zone` is asked for, an IANA name ("Asia/Shanghai") or a ZoneInfo will do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"
DEFAULT_QUIET_HOURS = "21:30-07:00"

Zone = str | ZoneInfo


def utcnow() -> datetime:
    """The present moment, aware, UTC. The only place that reads the clock."""
    return datetime.now(UTC)


def zone_of(zone: Zone) -> ZoneInfo:
    """The ZoneInfo of an IANA name. Raises ValueError for a name that the system does not know."""
    if isinstance(zone, ZoneInfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:  # unknown, a directory such as "Asia", or "../etc"
        raise ValueError(f"unknown time zone: {zone!r}") from error


def to_wall(moment: datetime, zone: Zone) -> datetime:
    """What the clock on the wall shows at that moment: a naive datetime in `zone`."""
    return moment.astimezone(zone_of(zone)).replace(tzinfo=None)


def to_utc(wall: datetime, zone: Zone) -> datetime:
    """The moment at which the wall clock shows `wall` (naive).

    A time that a clock change skips becomes the moment just as far after the gap; of one that comes twice, the first.
    """
    return wall.replace(tzinfo=zone_of(zone), fold=0).astimezone(UTC)


def local_day(moment: datetime, zone: Zone) -> date:
    """The calendar day of a moment in `zone` (tallies count by it)."""
    return to_wall(moment, zone).date()


def add_days(moment: datetime, days: int, zone: Zone) -> datetime:
    """The same wall-clock time `days` later (or earlier), UTC."""
    return to_utc(to_wall(moment, zone) + timedelta(days), zone)


class QuietHours(NamedTuple):
    """From `start` until `end`, wall clock; over midnight when start is the later one."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def parse_quiet_hours(text: str) -> QuietHours | None:
    """`"21:30-07:00"` as quiet hours; `"off"` as None. Raises ValueError for anything else."""
    if text.strip().lower() == "off":
        return None
    found = re.fullmatch(r"\s*([0-9]{1,2}):([0-9]{2})\s*[-–~]\s*([0-9]{1,2}):([0-9]{2})\s*", text.replace("：", ":"))
    if not found:
        raise ValueError(f"quiet hours look like 21:30-07:00 or off, not {text!r}")
    hours = [int(part) for part in found.groups()]
    start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if start == end:
        raise ValueError("quiet hours cannot end when they start; write off for none")
    return QuietHours(start, end)


def is_quiet(moment: datetime, quiet: QuietHours | None, zone: Zone) -> bool:
    """Whether the moment lies in the quiet hours; their end no longer does."""
    if quiet is None:
        return False
    clock = to_wall(moment, zone).time()
    if quiet.start < quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end


def release_after_quiet(moment: datetime, quiet: QuietHours | None, zone: Zone) -> datetime:
    """The moment itself, or the end of the quiet hours that it lies in; UTC, never earlier than `moment`."""
    if quiet is None or not is_quiet(moment, quiet, zone):
        return moment
    wall = to_wall(moment, zone)
    end = datetime.combine(wall.date(), quiet.end)
    if end <= wall:
        end += timedelta(1)
    # in the hour that a clock change repeats, the wall can be read as an earlier moment than the one given
    return max(moment, to_utc(end, zone))


def knows_year(year: int) -> bool:
    """Whether the official holidays and make-up workdays of that year are known; else workdays are only guessed."""
    return _official_workday(date(year, 1, 1)) is not None


def is_workday(day: date, overrides: Mapping[date, bool] | None = None) -> bool:
    """Whether people work on that day: the override, else the official calendar, else Monday to Friday.

    `overrides` is what an administrator entered: date -> works. Say so to people where `knows_year` is false.
    """
    if overrides and day in overrides:
        return overrides[day]
    official = _official_workday(day)
    return day.weekday() < 5 if official is None else official


def is_public_holiday(day: date, overrides: Mapping[date, bool] | None = None) -> bool:
    """Whether that day is free for a named holiday or by an override; an ordinary weekend is not."""
    if overrides and day in overrides:
        return not overrides[day]
    from chinese_calendar import get_holiday_detail

    try:
        off, name = get_holiday_detail(day)
    except NotImplementedError:  # a year the library does not know yet
        return False
    return off and name is not None


def _official_workday(day: date) -> bool | None:
    from chinese_calendar import is_workday as official

    try:
        return bool(official(day))
    except NotImplementedError:  # the library has no guess for years not yet announced
        return None


_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NEAR = {
    "zh": {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"},
    "en": {-1: "yesterday", 0: "today", 1: "tomorrow"},
}


def format_day(day: date, language: str, today: date) -> str:
    """A day for people, as seen from `today`: 今天, 明天（周二）, 11月27日 周五, 2027年1月1日 周五; or
    today, tomorrow (Tue), Fri 27 Nov, Fri 1 Jan 2027. Languages other than Chinese get English."""
    chinese = language.lower().startswith("zh")
    near = _NEAR["zh" if chinese else "en"].get((day - today).days)
    weekday = _WEEKDAYS["zh" if chinese else "en"][day.weekday()]
    if near:
        if day == today:
            return near
        return f"{near}（周{weekday}）" if chinese else f"{near} ({weekday})"
    other_year = day.year != today.year
    if chinese:
        return f"{f'{day.year}年' if other_year else ''}{day.month}月{day.day}日 周{weekday}"
    return f"{weekday} {day.day} {_MONTHS[day.month - 1]}{f' {day.year}' if other_year else ''}"


def format_moment(moment: datetime, zone: Zone, language: str, now: datetime) -> str:
    """A moment for people in their zone: 今天 15:00, 明天（周二）15:00, 11月27日 周五 18:00; tomorrow (Tue) 15:00."""
    day = format_day(local_day(moment, zone), language, local_day(now, zone))
    gap = "" if day.endswith("）") else " "
    return f"{day}{gap}{to_wall(moment, zone):%H:%M}"
