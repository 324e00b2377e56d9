"""What hosts and teachers type about rules and days: weekdays, clock times, numbers, periods; Chinese and English."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from api.reminders.when import understand
from api.times import Zone, local_day, to_wall

_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])|\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*", re.IGNORECASE)
_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-4])\s*[:：点时]\s*([0-5]\d)?(半)?")
_HALF_DAY = re.compile(r"(下午|晚上|傍晚|今晚)\s*$")
_NUMBER = re.compile(r"(?<!\d)(\d{1,3})(?!\d)")
_CHINESE_NUMBERS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_CHINESE_NUMBER = re.compile("(?=[一两二三四五六七八九十])([一两二三四五六七八九]?)(十?)([一二三四五六七八九]?)")
_TO = re.compile(r"\s*(?:到|至|~|～|—|–| - | to | until )\s*", re.IGNORECASE)
_DAYS_LONG = re.compile(r"^([\d一两二三四五六七八九十]{1,3})\s*(?:天|days?)$", re.IGNORECASE)
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
MINUTES_A_WEEK = 7 * 24 * 60


def read_weekday(text: str) -> int | None:
    """Monday = 0; None when no weekday is named."""
    found = _WEEKDAY.search(text)
    if not found:
        return None
    if found[1]:
        return 6 if found[1] == "天" else "一二三四五六日".index(found[1])
    return _ENGLISH.index(found[2].lower())


def read_clock(text: str) -> str | None:
    """ "18:00" for 18:00, 18点, 下午6点半, 6pm; None when no time of day is given. 24:00 becomes 23:59."""
    narrow = text.translate(_NARROW)
    if english := re.search(r"\b(1[0-2]|[1-9])\s*([ap])m\b", narrow, re.IGNORECASE):
        hour = int(english[1]) % 12 + (12 if english[2].lower() == "p" else 0)
        return f"{hour:02}:00"
    found = _CLOCK.search(narrow)
    if not found:
        return None
    hour, minute = int(found[1]), 30 if found[3] else int(found[2] or 0)
    if hour < 12 and _HALF_DAY.search(narrow[: found.start()]):
        hour += 12
    return "23:59" if hour == 24 else f"{hour:02}:{minute:02}"


def read_number(text: str) -> int | None:
    """A number up to 999, in digits, or up to 99 in Chinese (两篇, 十二篇)."""
    if found := _NUMBER.search(text.translate(_NARROW)):
        return int(found[1])
    found = _CHINESE_NUMBER.search(text)
    if not found:
        return None
    tens, ten, ones = found[1], found[2], found[3]
    if not ten:
        return _CHINESE_NUMBERS[tens] if tens else None
    return _CHINESE_NUMBERS.get(tens, 1) * 10 + _CHINESE_NUMBERS.get(ones, 0)


def read_day(text: str, now: datetime, zone: Zone) -> date | None:
    """The day that is meant: 今天, 明天, 周五, 11月27日, 2026-11-27; None when it is none, or past."""
    text, today = text.strip(), to_wall(now, zone).date()
    for near, days in (("今天", 0), ("today", 0), ("明天", 1), ("tomorrow", 1), ("后天", 2)):
        if text.lower() == near:
            return today + timedelta(days)
    if not text:
        return None
    found = understand(f"{text} 23:59", now, zone)
    return local_day(found.due, zone) if found is not None and found.rrule is None and not found.matter else None


def read_period(text: str, now: datetime, zone: Zone) -> tuple[date, date] | None:
    """Local days [first, last]: 今天, 明天到周五, 11月24日-11月27日, 3天 (from today)."""
    text = text.strip().translate(_NARROW)
    today = to_wall(now, zone).date()
    if long := _DAYS_LONG.match(text):
        n = read_number(long[1])
        return (today, today + timedelta(n - 1)) if n else None
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}-\d{4}-\d{1,2}-\d{1,2}", text):
        return None
    parts = _TO.split(text, maxsplit=1)
    if len(parts) == 1 and "月" in text and "-" in text:
        parts = text.split("-", 1)
    since = read_day(parts[0], now, zone)
    until = read_day(parts[-1], now, zone) if since is not None else None
    if since is None or until is None:
        return None
    if until < since and read_weekday(parts[-1]) is not None:
        until += timedelta(7)
    return (since, until) if until >= since else None


def minutes_before(text: str, due_weekday: int | None, due_time: str) -> int | None:
    """How long before the deadline is meant: 周四17:00 (before Friday 18:00: 1500), 17:00 (that day, or the day before
    when it is later), 3小时, 1 hour; in minutes."""
    weekday, clock = read_weekday(text), read_clock(text)
    due = _minutes(due_time)
    if clock is not None:
        ahead = due - _minutes(clock)
        if weekday is not None and due_weekday is not None:
            ahead += (due_weekday - weekday) % 7 * 24 * 60
        elif "前一天" in text or "day before" in text.lower():
            ahead += 24 * 60
        return ahead % MINUTES_A_WEEK if ahead > 0 else (ahead + 24 * 60 if weekday is None else MINUTES_A_WEEK + ahead)
    number = read_number(text)
    if number is None:
        return None
    lowered = text.lower()
    if "分" in text or re.search(r"\d\s*min", lowered):
        return number
    return number * 24 * 60 if "天" in text or "day" in lowered else number * 60


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def read_rule_sentence(text: str) -> dict[str, Any] | None:
    """A whole rule in one sentence: 两篇日志 每周五18:00前，周四17:00提醒; None without weekday and time."""
    parts = re.split(r"[，,；;。]", text, maxsplit=1)
    deadline, reminder = parts[0], parts[1] if len(parts) > 1 else ""
    weekday, clock = read_weekday(deadline), read_clock(deadline)
    if weekday is None or clock is None:
        return None
    wish: dict[str, object] = {"due_weekday": weekday, "due_time": clock, "needed": 1}
    amount = re.search(r"([0-9]{1,2}|[一两二三四五六七八九十]{1,3})\s*[篇份条个]", deadline)
    if amount:
        wish["needed"] = read_number(amount[1]) or 1
    before = minutes_before(reminder, weekday, clock) if reminder else None
    wish["before_minutes"] = before or 24 * 60
    return wish
