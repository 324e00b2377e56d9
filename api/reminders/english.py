"""How times are said in English: tomorrow at 3pm, by Friday 18:00, every other Monday, on the 1st of every month."""

from __future__ import annotations

import re
from datetime import date, timedelta

from api.reminders.phrases import (
    Assumed,
    Grammar,
    Said,
    Words,
    always,
    full_date,
    later,
    month_day,
    monthly,
    weekday,
)
from api.reminders.recurrence import WEEKDAYS

_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBERS = {word: value for value, word in enumerate(_SMALL)}
_NUMBERS |= {"a": 1, "an": 1, "couple of": 2, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OTHER = {"other": 2, "second": 2, "third": 3, "fourth": 4}
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}


def _number(text: str) -> int:
    text = text.lower().removeprefix("a couple")
    return int(text) if text.isdecimal() else _NUMBERS.get(text, 2 if not text or text.strip() == "of" else 0)


def _week_number(text: str) -> int:
    return next(number for number, code in enumerate(WEEKDAYS) if text[:2].upper() == code)


def _weekdays(text: str) -> str:
    numbers = sorted({_week_number(name) for name in re.findall(r"\b(?:mon|tue|wed|thu|fri|sat|sun)", text.lower())})
    return ",".join(WEEKDAYS[number] for number in numbers)


# -- days ----------------------------------------------------------------------------------------------------------


def _near_day(words: Words, today: date) -> Said:
    name = words["near"].lower()
    ahead = 2 if "after" in name else 1 if name.startswith("tom") or name.startswith("tmr") else 0
    half = "evening" if name == "tonight" else None
    return Said(day=later(today, ahead) if ahead else lambda since: since, half=half)


def _week_day(words: Words, today: date) -> Said:
    number = 5 if words["end"] else _week_number(words["day"]) if words["day"] else 0
    monday = today - timedelta(today.weekday())
    if words["which"].lower() != "next":
        return Said(day=weekday(number), weekday=True)
    meant = monday + timedelta(7 + number)
    assumed = () if words["day"] or words["end"] else (Assumed("day", meant.isoformat()),)
    return Said(day=weekday(number, meant), weekday=bool(words["day"]), assumed=assumed)


def _calendar_day(words: Words, today: date) -> Said | None:
    number, name = int(words["day"]), words["month"].lower()[:3]
    month = int(name) if name.isdecimal() else _MONTHS.index(name) + 1 if name else None
    if words["year"]:
        pick = full_date(int(words["year"]), month or 0, number)
    else:
        pick = month_day(number, month) if number else None
    return Said(day=pick) if pick else Said(refused=True)  # 31 February is no day


def _month_edge(words: Words, today: date) -> Said:
    start = (today.replace(day=1) + timedelta(31)).replace(day=1) if words["next"] else today
    pick = month_day(-1 if words["end"] else 1)
    assumed = () if words["end"] else (Assumed("day", start.isoformat()),)
    return Said(day=lambda since: pick(max(since, start)) if pick else None, assumed=assumed)


def _days_later(words: Words, today: date) -> Said | None:
    count, unit = _number(words["count"]), words["unit"].lower()
    if unit in ("month", "year"):
        pick = later(today, months=count * (12 if unit == "year" else 1))
    else:
        pick = later(today, count * (7 if unit == "week" else 1))
    return Said(day=pick) if pick and count else None


# -- times of day, and from now ------------------------------------------------------------------------------------


def _clock(words: Words, today: date) -> Said | None:
    half = {"a": "am", "p": "pm"}.get(words["half"][:1].lower())
    hour, minute = _number(words["hour"]), int(words["minute"] or 0)
    if words["part"]:
        minute = 30 if words["part"].lower() == "half" else 15
        if words["past"].lower() == "to":
            hour, minute = hour - 1, 60 - minute
    if minute > 59 or not 0 <= hour * 60 + minute <= 24 * 60 or (half and not 1 <= hour <= 12):
        return None
    exact = words["hour"].isdecimal() and len(words["hour"]) == 2 and not half
    deadline = words["at"].lower() in ("by", "before")
    return Said(clock=(hour, minute), exact=exact, half=half, deadline=deadline)


def _from_now(words: Words, today: date) -> Said | None:
    hours, text = 0.0, words["hours"].lower()
    if text:
        hours = 0.5 if "half" in text else float(text) if "." in text else _number(text)
    hours += 0.5 if words["andhalf"] else 0
    span = timedelta(hours=hours, minutes=_number(words["minutes"]) if words["minutes"] else 0)
    return Said(offset=span) if span else None


# -- again and again -----------------------------------------------------------------------------------------------


def _every(words: Words, frequency: str, on: str | None, assumed: tuple[Assumed, ...] = ()) -> Said | None:
    text = words["count"].lower()
    count = _OTHER.get(text) or (_number(text) if text else 1)
    if not 1 <= count <= 366 or on is None:
        return None
    interval = f";INTERVAL={count}" if count > 1 else ""
    return Said(rule=f"FREQ={frequency}{interval}{on and ';' + on}", assumed=assumed)


def _every_days(words: Words, today: date) -> Said | None:
    said = _every(words, "DAILY", "")
    half = {"night": "evening"}.get(words["half"].lower(), words["half"].lower()) or None
    return Said(rule=said.rule, half=half) if said else None


def _every_week(words: Words, today: date) -> Said | None:
    days = "SA" if words["end"] else _weekdays(words["days"])
    assumed = () if days else (Assumed("day", today.isoformat()),)
    return _every(words, "WEEKLY", f"BYDAY={days or WEEKDAYS[today.weekday()]}", assumed)


def _every_month(words: Words, today: date) -> Said | None:
    if words["nth"]:
        return _every(words, "MONTHLY", f"BYDAY={_NTH[words['nth'].lower()]}{_weekdays(words['nthday'])}")
    if words["last"]:
        return _every(words, "MONTHLY", monthly(-1))
    if words["day"]:
        return _every(words, "MONTHLY", monthly(int(words["day"])))
    return _every(words, "MONTHLY", monthly(today.day), (Assumed("day", today.isoformat()),))


def _every_year(words: Words, today: date) -> Said | None:
    month, day = _MONTHS.index(words["month"].lower()[:3]) + 1, int(words["day"])
    known = month_day(day, month) if day else None
    return _every(words, "YEARLY", f"BYMONTH={month};BYMONTHDAY={day}" if known else None)


# -- the forms -----------------------------------------------------------------------------------------------------

_WEEKDAY = r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b"
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_N = rf"(?:[0-9]{{1,4}}|a couple(?: of)?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_HOUR = rf"(?:[0-9]{{1,2}}|{'|'.join(_SMALL[1:])})"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_DAYS = rf"{_WEEKDAY}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*|\s+)(?:on\s+)?{_WEEKDAY})*"
_EVERY = rf"(?:every|each)\s+(?:(?P<count>{'|'.join(_OTHER)}|{_N})\s+)?"
_THE_NTH = (
    rf"(?:on\s+)?(?:the\s+)?(?:(?P<nth>first|second|third|fourth|last)\s+(?P<nthday>{_WEEKDAY})|(?P<last>last)\s+day"
)
_THE_NTH += r"|(?P<day>[0-9]{1,2})(?:st|nd|rd|th)(?:\s+day)?)"
_YEAR = r"(?:,?\s+(?P<year>20[0-9]{2})\b)?"
_REFUSED = always(Said(refused=True))

_FORMS = (
    (rf"yesterday|last\s+(?:week|month|night|{_WEEKDAY})", _REFUSED),
    (rf"{_N}\s+(?:minute|hour|day|week|month|year)s?\s+ago", _REFUSED),
    (rf"(?:every|each)\s+(?:{_N}\s+|half\s+(?:an\s+)?)?(?:hours?|minutes?|seconds?)|hourly", _REFUSED),
    # days
    (r"(?P<near>(?:the\s+)?day\s+after\s+tomorrow|today|tonight|tomorrow|tmrw?)", _near_day),
    (rf"(?:(?P<which>this|next|coming)\s+)?(?P<day>{_WEEKDAY})", _week_day),
    (r"(?:(?P<which>this|next|the)\s+)?(?P<end>weekend)", _week_day),
    (r"(?P<which>next)\s+week", _week_day),
    (rf"(?:the\s+)?{_DAY}(?:\s+of)?\s+{_MONTH}{_YEAR}", _calendar_day),
    (rf"{_MONTH}\s+(?:the\s+)?{_DAY}\b(?!:){_YEAR}", _calendar_day),
    (r"(?P<year>20[0-9]{2})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})", _calendar_day),
    (r"(?:on\s+)?the\s+(?P<day>[0-9]{1,2})(?:st|nd|rd|th)", _calendar_day),
    (r"(?:the\s+)?(?P<end>end)\s+of\s+(?:the\s+|this\s+|(?P<next>next\s+))?month", _month_edge),
    (r"(?P<next>next)\s+month", _month_edge),
    (r"(?:the\s+)?end\s+of\s+(?:the\s+|this\s+)?year", always(Said(day=month_day(31, 12)))),
    (r"new\s+year(?:'?s)?\s+day", always(Said(day=month_day(1, 1)))),
    (rf"in\s+(?P<count>{_N})\s+(?P<unit>day|week|month|year)s?(?:'\s+time)?", _days_later),
    (rf"(?P<count>{_N})\s+(?P<unit>day|week|month|year)s?\s+(?:from\s+(?:now|today)|later)", _days_later),
    # times of day
    (r"(?:in\s+the\s+)?(?:early\s+)?morning", always(Said(half="morning"))),
    (r"(?:in\s+the\s+)?afternoon", always(Said(half="afternoon"))),
    (r"(?:in\s+the\s+)?evening|(?:at\s+)?night", always(Said(half="evening"))),
    (r"(?:at\s+)?(?:noon|midday)", always(Said(clock=(12, 0), exact=True))),
    (r"(?:at\s+)?midnight", always(Said(clock=(24, 0), exact=True))),
    (r"(?<![0-9.:/-])(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?![0-9:.])\s*(?P<half>[ap]\.?m\b\.?)?", _clock),
    (r"(?<![0-9.:/-])(?P<hour>[0-9]{1,2})\s*(?P<half>[ap]\.?m\b\.?)", _clock),
    (rf"(?P<hour>{_HOUR})\s+o'?clock", _clock),
    (rf"(?P<at>at|by|before)\s+(?P<hour>{_HOUR})(?![0-9:.%]|\s*(?:[ap]\.?m|o'?clock)\b)", _clock),
    (rf"(?:at\s+)?(?:a\s+)?(?P<part>half|quarter)\s+(?P<past>past|to)\s+(?P<hour>{_HOUR})", _clock),
    (r"by|before|no\s+later\s+than", always(Said(deadline=True))),
    (rf"in\s+(?P<hours>half\s+an|{_N}|[0-9]+\.[0-9])\s+(?:hours?|hrs?)(?:(?:\s+and)?\s+(?P<minutes>{_N})\s+min(?:ute)?s?)?",
     _from_now),
    (rf"in\s+(?P<hours>{_N})\s+(?:hours?\s+)?(?P<andhalf>and\s+a\s+half)(?:\s+hours?)?", _from_now),
    (rf"in\s+(?P<minutes>{_N})\s+min(?:ute)?s?", _from_now),
    (rf"(?P<minutes>{_N})\s+min(?:ute)?s?\s+(?:from\s+now|later)", _from_now),
    (rf"(?P<hours>{_N})\s+(?:hours?|hrs?)\s+(?:from\s+now|later)", _from_now),
    # again and again
    (rf"{_EVERY}days?|daily", _every_days),
    (rf"{_EVERY}(?P<half>morning|afternoon|evening|night)", _every_days),
    (r"(?:every|each|on)\s+(?:week|work|working\s+)days?", always(Said(rule="FREQ=DAILY", skip_holidays=True))),
    (rf"{_EVERY}(?:weeks?(?:\s+on)?\s+)?(?P<days>{_DAYS})", _every_week),
    (rf"{_EVERY}(?:weeks?|(?P<end>weekend))|weekly(?:\s+on\s+(?P<days>{_DAYS}))?", _every_week),
    (r"(?:on\s+)?(?P<days>(?:mon|tues|wednes|thurs|fri|satur|sun)days)", _every_week),
    (rf"{_EVERY}months?(?:\s+{_THE_NTH})?", _every_month),
    (rf"monthly(?:\s+{_THE_NTH})?", _every_month),
    (rf"{_THE_NTH}\s+of\s+{_EVERY}months?", _every_month),
    (rf"(?:every|each)\s+{_THE_NTH}\s+of\s+(?:the|a|each|every)\s+month", _every_month),
    (rf"{_EVERY}years?\s+on\s+(?:the\s+)?{_DAY}(?:\s+of)?\s+{_MONTH}", _every_year),
    (rf"{_EVERY}years?\s+on\s+{_MONTH}\s+{_DAY}", _every_year),
    (rf"{_EVERY}{_MONTH}\s+{_DAY}", _every_year),
    (rf"{_EVERY}{_DAY}(?:\s+of)?\s+{_MONTH}", _every_year),
)  # fmt: skip

GRAMMAR = Grammar(
    patterns=tuple((re.compile(rf"\b(?:{like})(?!\w)", re.IGNORECASE), say) for like, say in _FORMS),
    glue=re.compile(r"[\s,()]*(?:(?:on|at|in|from|starting|the|this)\s+)?[\s,()]*", re.IGNORECASE),
    before=re.compile(r"(?:\b(?:on|at|in|from|starting|this)\s+|\()+$", re.IGNORECASE),
    after=re.compile(r"\)?(?:'s|’s)?"),
    of=re.compile(r"'s|’s"),
    greeting=re.compile(
        r"^(?:please\s+)?(?:(?:remind|tell|notify)\s+(?:me|us)\b\s*)?[,:]?\s*(?:(?:to|about|that|of)\s+(?!$))?"
        r"|\s*\b(?:please\s+)?remind\s+(?:me|us)$",
        re.IGNORECASE,
    ),
)
