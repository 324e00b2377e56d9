"""What hosts type about rules: days, clock times, numbers, a whole rule in a sentence; Chinese and English."""

import re
from datetime import date, datetime, time
from typing import Any

from api.reminders import chinese, english
from api.reminders.when import times_in, understand
from api.times import Zone, local_day, to_utc

_CHINESE_NUMBERS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_CHINESE_NUMBER = re.compile("(?=[一两二三四五六七八九十])([一两二三四五六七八九]?)(十?)([一二三四五六七八九]?)")
_ENGLISH_NUMBERS = {word: n for n, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_ENGLISH_NUMBERS |= {"an": 1, "a": 1}
_ENGLISH_NUMBER = re.compile(rf"\b(?:{'|'.join(_ENGLISH_NUMBERS)})\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\d)(\d{1,3})(?!\d)")
_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_DAY_BEFORE = re.compile(r"前一天|day before", re.IGNORECASE)
_SPAN = re.compile(
    r"(?P<half>半个?小时|half an hour)|(?P<count>\d{1,3}|[一两二三四五六七八九十]{1,3}|\b[a-z]+(?=\s))\s*个?\s*"
    r"(?:(?P<days>天|days?\b)|(?P<hours>小时|钟头|hours?\b|hrs?\b)|(?P<minutes>分|min))",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(?:\d{1,3}|[一两二三四五六七八九十]{1,3})\s*(?:[篇份条]|个(?!月|小时|星期|礼拜))"
    r"|\b\w+\s+(?:activity\s+)?(?:logs?|resources?|entries|journals?)\b",
    re.IGNORECASE,
)
_REMIND = re.compile(r"提醒|催|提前|remind", re.IGNORECASE)
_REMINDER = re.compile(rf"{chinese.WEEKDAY.pattern}|{english.WEEKDAY.pattern}|前一天|提前|remind", re.IGNORECASE)
MINUTES_A_WEEK = 7 * 24 * 60


def read_weekday(text: str) -> int | None:
    """Monday = 0; None when none is named, or several are."""
    chinese_days = {found["day"] for found in chinese.WEEKDAY.finditer(text)}
    days = {6 if day == "天" else ("一二三四五六日1234567".index(day)) % 7 for day in chinese_days}
    days |= {english.week_number(found[0]) for found in english.WEEKDAY.finditer(text)}
    return days.pop() if len(days) == 1 else None


def read_clock(text: str) -> list[str]:
    """The time of day as "18:00" of 18:00, 下午六点, 6 pm; two of them when it can be either (6点); [] when none is
    given, or several are. The end of the day is 23:59."""
    times = times_in(text)
    if len(times) != 1:
        return []
    return ["23:59" if time == "24:00" else time for time in times[0] if time <= "24:00"]


def read_number(text: str) -> int | None:
    """A number up to 999 in digits, up to 99 in Chinese (两篇, 十二篇), up to ten in English."""
    if found := _NUMBER.search(text.translate(_DIGITS)):
        return int(found[1])
    if english_number := _ENGLISH_NUMBER.search(text):
        return _ENGLISH_NUMBERS[english_number[0].lower()]
    found = _CHINESE_NUMBER.search(text)
    if not found:
        return None
    tens, ten, ones = found[1], found[2], found[3]
    if not ten:
        return _CHINESE_NUMBERS[tens] if tens else None
    return _CHINESE_NUMBERS.get(tens, 1) * 10 + _CHINESE_NUMBERS.get(ones, 0)


def read_day(text: str, now: datetime, zone: Zone) -> date | None:
    """The day that is meant: 今天, 周五, 11月27日, 11.27, 2026-11-27; None when it is none, several, or past."""
    text, today = text.strip(), local_day(now, zone)
    found = understand(f"{text} 23:59", to_utc(datetime.combine(today, time()), zone), zone) if text else None
    if found is None or found.rrule or found.matter or any(note.kind == "day" for note in found.assumed):
        return None
    return local_day(found.due, zone)


def minutes_before(text: str, due_weekday: int | None, due_time: str) -> int | None:
    """How long before the deadline is meant: 周四17:00 (before Friday 18:00: 1500), 17:00 (that day, or the day before
    when it is later), 前一天 (at the same time), 3小时, 1 hour; in minutes. None when it cannot be told."""
    weekday, clock, day_before = read_weekday(text), read_clock(text), bool(_DAY_BEFORE.search(text))
    if len(clock) == 1:
        ahead = _minutes(due_time) - _minutes(clock[0])
        if weekday is not None and due_weekday is not None:
            ahead += (due_weekday - weekday) % 7 * 24 * 60
        elif day_before:
            return ahead + 24 * 60
        return ahead if ahead > 0 else (ahead + 24 * 60 if weekday is None else MINUTES_A_WEEK + ahead)
    if clock or weekday is not None:
        return None
    if day_before:
        return 24 * 60
    span = _SPAN.search(text.translate(_DIGITS))
    if span is None or span["half"]:
        return 30 if span else None
    count = read_number(span["count"])
    return count * (24 * 60 if span["days"] else 60 if span["hours"] else 1) if count else None


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def read_rule_sentence(text: str) -> tuple[dict[str, Any], list[str]]:
    """A whole rule in one sentence, and what is missing in it: 每周两篇日志，周五18:00前，周四17:00提醒.

    Missing can be: "day", "time" (of the deadline), "half" (morning or afternoon, of either time), "reminder" (it
    speaks of one, and when cannot be told). The wish is whole where nothing is. Not said: one, and a day before.
    """
    deadline, reminder = _parts(text)
    weekday, clock = read_weekday(deadline), read_clock(deadline)
    wish: dict[str, Any] = {"due_weekday": weekday, "needed": 1, "before_minutes": 24 * 60}
    missing = [] if weekday is not None else ["day"]
    if len(clock) == 1:
        wish["due_time"] = clock[0]
    else:
        missing.append("half" if clock else "time")
    if amount := _AMOUNT.search(deadline):
        wish["needed"] = read_number(amount[0]) or 1
    if "资源" in deadline or "resource" in deadline.lower():
        wish["verb"] = "resource.added"
    if reminder and "due_time" in wish:
        before = minutes_before(reminder, weekday, wish["due_time"])
        wish["before_minutes"] = before
        if before is None:
            missing.append("half" if len(read_clock(reminder)) > 1 else "reminder")
    return wish, missing


def _parts(text: str) -> tuple[str, str]:
    """What speaks of the deadline, and what of the reminder."""
    clauses = re.split(r"[，,；;。]", text[:1000])
    deadline = "，".join(clause for clause in clauses if not _REMIND.search(clause))
    reminder = "，".join(clause for clause in clauses if _REMIND.search(clause))
    if not deadline and (begins := [found.start() for found in _REMINDER.finditer(reminder)]):
        return reminder[: begins[-1]], reminder[begins[-1] :]
    return deadline, reminder
