"""How times are said in English: tomorrow at 3pm, by Friday 18:00, every other Monday, on the 1st of every month."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

from api.reminders.phrases import EVERY_DAY, UNCLEAR, Assumed, Grammar, Said, Words, always
from api.reminders.picks import full_date, later, month_day, monthly, not_before, weekday
from api.reminders.recurrence import WEEKDAYS

_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBERS = {word: value for value, word in enumerate(_SMALL)}
_NUMBERS |= {"a": 1, "an": 1, "couple of": 2, "fifteen": 15, "twenty": 20, "twenty-five": 25, "thirty": 30}
_NUMBERS |= {"forty": 40, "fifty": 50}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "last": -1}
_OTHER = {"other": 2, **{word: number for word, number in _NTH.items() if number > 1}}


def _number(text: str) -> int:
    text = text.lower().removeprefix("a couple")
    return int(text) if text.isdecimal() else _NUMBERS.get(text, 2 if not text or text.strip() == "of" else 0)


def week_number(text: str) -> int:
    """Monday is 0."""
    return next(number for number, code in enumerate(WEEKDAYS) if text[:2].upper() == code)


def _weekdays(text: str) -> str:
    numbers = sorted({week_number(name) for name in re.findall(r"\b(?:mon|tue|wed|thu|fri|sat|sun)", text.lower())})
    return ",".join(WEEKDAYS[number] for number in numbers)


# -- days ----------------------------------------------------------------------------------------------------------


def _near_day(words: Words, today: date) -> Said:
    name = words["near"].lower()
    ahead = 2 if "after" in name else 0 if name in ("today", "tonight") else 1
    half = "evening" if name == "tonight" else None
    return Said(day=later(today, ahead) if ahead else not_before(today), half=half)


def _week_day(words: Words, today: date) -> Said:
    number = 5 if words["end"] else week_number(words["day"]) if words["day"] else 0
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
    return Said(day=pick) if pick else UNCLEAR  # 31 February is no day


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


def _clock(words: Words, today: date) -> Said:
    half = {"a": "am", "p": "pm"}.get(words["half"][:1].lower())
    hour, minute = _number(words["hour"]), int(words["minute"] or 0)
    if words["part"]:
        minute = {"half": 30, "quarter": 15}.get(words["part"].lower()) or _number(words["part"])
        if words["past"].lower() == "to":
            hour, minute = hour - 1, 60 - minute
    if minute > 59 or not 0 <= hour * 60 + minute <= 24 * 60 or (half and not 1 <= hour <= 12):
        return UNCLEAR
    exact = words["hour"].isdecimal() and len(words["hour"]) == 2 and not half
    deadline = words["at"].lower() in ("by", "before")
    return Said(clock=(hour, minute), exact=exact, half=half, deadline=deadline)


def _span(words: Words) -> timedelta | None:
    """So long: half an hour, 1.5 hours, 2 hours and 15 minutes, a day."""
    hours, text = 0.0, words["hours"].lower()
    if text:
        hours = 0.5 if "half" in text else float(text) if "." in text else _number(text)
    hours += 0.5 if words["andhalf"] else 0
    days, minutes = (_number(words[unit]) if words[unit] else 0 for unit in ("days", "minutes"))
    return timedelta(days, hours=hours, minutes=minutes) or None


def _from_now(words: Words, today: date) -> Said | None:
    span = _span(words)
    return Said(offset=span) if span else None


def _before(words: Words, today: date) -> Said | None:
    span = _span(words)
    return Said(before=span) if span else None


# -- again and again -----------------------------------------------------------------------------------------------


def _every(words: Words, frequency: str, on: str | None, assumed: tuple[Assumed, ...] = ()) -> Said:
    text = "other" if words["fortnight"] else words["count"].lower()
    count = _OTHER.get(text) or (_number(text) if text else 1)
    if not 1 <= count <= 366 or on is None:
        return UNCLEAR
    interval = f";INTERVAL={count}" if count > 1 else ""
    return Said(rule=f"FREQ={frequency}{interval}{on and ';' + on}", assumed=assumed)


def _every_days(words: Words, today: date) -> Said:
    half = {"night": "evening"}.get(words["half"].lower(), words["half"].lower()) or None
    return replace(_every(words, "DAILY", ""), half=half)


def _every_week(words: Words, today: date) -> Said:
    days = "SA" if words["end"] else _weekdays(words["days"])
    assumed = () if days else (Assumed("day", today.isoformat()),)
    return _every(words, "WEEKLY", f"BYDAY={days or WEEKDAYS[today.weekday()]}", assumed)


def _every_month(words: Words, today: date) -> Said:
    if words["nth"]:
        return _every(words, "MONTHLY", f"BYDAY={_NTH[words['nth'].lower()]}{_weekdays(words['nthday'])}")
    if words["last"]:
        return _every(words, "MONTHLY", monthly(-1))
    if words["days"]:
        return _every(words, "MONTHLY", monthly(*map(int, re.findall("[0-9]+", words["days"]))))
    return _every(words, "MONTHLY", monthly(today.day), (Assumed("day", today.isoformat()),))


def _every_year(words: Words, today: date) -> Said:
    month, day = _MONTHS.index(words["month"].lower()[:3]) + 1, int(words["day"])
    known = month_day(day, month) if day else None
    return _every(words, "YEARLY", f"BYMONTH={month};BYMONTHDAY={day}" if known else None)


# -- the forms -----------------------------------------------------------------------------------------------------

_WEEKDAY = r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b"
WEEKDAY = re.compile(rf"{_WEEKDAY[:-2]}s?\b", re.IGNORECASE)
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_N = rf"(?:[0-9]{{1,4}}|a couple(?: of)?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_HOUR = rf"(?:[0-9]{{1,2}}|{'|'.join(_SMALL[1:])})"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_DAYS = rf"{_WEEKDAY}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*|\s+)(?:on\s+)?{_WEEKDAY})*"
_EVERY = rf"(?:every|each)\s+(?:(?P<count>{'|'.join(_OTHER)}|{_N})\s+)?"
_THE_NTH = rf"(?:on\s+)?(?:the\s+)?(?:(?P<nth>{'|'.join(_NTH)})\s+(?P<nthday>{_WEEKDAY})|(?P<last>last)\s+day"
_NUMBERED = "[0-9]{1,2}(?:st|nd|rd|th)"
_THE_NTH += rf"|(?P<days>{_NUMBERED}(?:(?:\s*,\s*|\s+and\s+)(?:the\s+)?{_NUMBERED})*)(?:\s+day)?)"
_PLURAL = "(?:mon|tues|wednes|thurs|fri|satur|sun)days"
_NO_DIGITS, _NO_MORE_DIGITS = "(?<![0-9.:/-])", "(?![0-9.:/-])"
_HALF = r"(?P<half>[ap]\.?m\b\.?)"
_UNTIL = r"(?:\s*(?:[–-]|to|until|till)\s*[0-9]{1,2}(?::[0-9]{2}|\s*[ap]\.?m\b)(?![0-9:]))?"  # 9am to 11am begins at 9
_HOURS = rf"(?P<hours>half\s+an?|an?\s+half|{_N}|[0-9]+\.[0-9])\s*(?:hours?|hrs?|h)"
_MINUTES = rf"(?P<minutes>{_N})\s*min(?:ute)?s?"
_SPANS = (
    rf"{_HOURS}(?:(?:\s+and)?\s+{_MINUTES})?",
    rf"(?P<hours>{_N})\s+(?:hours?\s+)?(?P<andhalf>and\s+a\s+half)(?:\s+hours?)?",
    _MINUTES,
)
_YEAR = r"(?:,?\s+(?P<year>20[0-9]{2})\b)?"
_PAST = always(Said(past=True))
_UNCLEAR = always(UNCLEAR)
_WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"

_FORMS = (
    (rf"yesterday|last\s+(?:week|month|night|{_WEEKDAY})", _PAST),
    (rf"{_N}\s+(?:minute|hour|day|week|month|year)s?\s+ago", _PAST),
    # days
    (r"(?P<near>(?:the\s+)?day\s+after\s+tomorrow|today|tonight|tomorrow|tmrw?|2moro)", _near_day),
    (rf"(?:(?P<which>this|next|coming)\s+)?(?P<day>{_WEEKDAY})", _week_day),
    (r"(?:(?P<which>this|next|the)\s+)?(?P<end>weekend)(?!s)", _week_day),
    (r"(?P<which>next)\s+week", _week_day),
    (rf"(?:the\s+)?{_DAY}(?:\s+of)?\s+{_MONTH}{_YEAR}", _calendar_day),
    (rf"{_MONTH}\s+(?:the\s+)?{_DAY}\b(?!:){_YEAR}", _calendar_day),
    (r"(?P<year>20[0-9]{2})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})", _calendar_day),
    (rf"{_NO_DIGITS}(?P<month>1[0-2]|0?[1-9])/(?P<day>[12][0-9]|3[01]|0?[1-9])(?:/(?P<year>20[0-9]{{2}}))?{_NO_MORE_DIGITS}",
     _calendar_day),
    (rf"{_NO_DIGITS}(?P<day>1[3-9]|2[0-9]|3[01])/(?P<month>1[0-2]|0?[1-9])(?:/(?P<year>20[0-9]{{2}}))?{_NO_MORE_DIGITS}",
     _calendar_day),
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
    (rf"{_NO_DIGITS}(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})(?![0-9:.])\s*{_HALF}?{_UNTIL}", _clock),
    (rf"{_NO_DIGITS}(?P<hour>[0-9]{{1,2}})(?:\.(?P<minute>[0-9]{{2}}))?\s*{_HALF}{_UNTIL}", _clock),
    (r"(?<!chapter )(?<!lesson )(?<!class )(?<!unit )(?<!page )"
     rf"(?P<hour>{_HOUR})(?=\s+(?:in\s+the\s+(?:morning|afternoon|evening)|at\s+night))", _clock),
    (rf"(?P<hour>{_HOUR})\s+o'?clock", _clock),
    (rf"(?P<at>at|by|before)\s+(?P<hour>{_HOUR})(?![0-9:.%]|\s*(?:[ap]\.?m|o'?clock)\b)", _clock),
    (rf"(?:at\s+)?(?:a\s+)?(?P<part>half|quarter|five|ten|twenty(?:-five)?)\s+(?P<past>past|to)\s+(?P<hour>{_HOUR})",
     _clock),
    (r"by|before|no\s+later\s+than", always(Said(deadline=True))),
    *((rf"(?:in|after)\s+{span}", _from_now) for span in _SPANS),
    *((rf"{span}\s+(?:from\s+now|later)", _from_now) for span in _SPANS),
    *((rf"^\s*(?![0-9]+\s*h\s*$){span}\s*$", _from_now) for span in _SPANS),  # the answer to “when?”
    *((rf"{span}\s+(?:before|ahead(?:\s+of)?|early|earlier|in\s+advance)", _before)
      for span in (*_SPANS, rf"(?P<days>{_N})\s+days?")),
    # again and again
    (rf"{_EVERY}days?|daily", _every_days),
    (rf"{_EVERY}(?P<half>morning|afternoon|evening|night)", _every_days),
    (r"(?:every|each|on)\s+(?:week|work|working\s+)days?|(?:week|work)days",
     always(Said(rule=EVERY_DAY, skip_holidays=True))),
    (r"(?:except|but\s+not)\s+(?:on\s+|at\s+)?(?:the\s+)?weekends?", always(Said(rule=_WORKDAYS))),
    (r"(?:on\s+|at\s+)?weekends", always(Said(rule="FREQ=WEEKLY;BYDAY=SA,SU"))),
    (rf"{_EVERY}(?:weeks?(?:\s+on)?\s+)?(?P<days>{_DAYS})", _every_week),
    (rf"{_EVERY}(?:weeks?|(?P<end>weekend))|weekly(?:\s+on\s+(?P<days>{_DAYS}))?", _every_week),
    (rf"(?P<fortnight>biweekly|fortnightly|every\s+fortnight)(?:\s+on\s+(?P<days>{_DAYS}))?", _every_week),
    (rf"(?:on\s+)?(?P<days>{_PLURAL}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*){_PLURAL})*)", _every_week),
    (rf"{_EVERY}months?(?:\s+{_THE_NTH})?", _every_month),
    (rf"monthly(?:\s+{_THE_NTH})?", _every_month),
    (rf"{_THE_NTH}\s+of\s+{_EVERY}months?", _every_month),
    (rf"(?:every|each)\s+{_THE_NTH}\s+of\s+(?:the|a|each|every)\s+month", _every_month),
    (rf"{_EVERY}years?\s+on\s+(?:the\s+)?{_DAY}(?:\s+of)?\s+{_MONTH}", _every_year),
    (rf"{_EVERY}years?\s+on\s+{_MONTH}\s+{_DAY}", _every_year),
    (rf"{_EVERY}{_MONTH}\s+{_DAY}", _every_year),
    (rf"{_EVERY}{_DAY}(?:\s+of)?\s+{_MONTH}", _every_year),
    (rf"(?:starting(?:\s+(?:from|on))?|from|beginning)(?=\s+(?:(?:the|next|this)\s+)?(?:[0-9]|to|tmr|week|month|{_WEEKDAY}))",
     always(Said(start=True))),
    # what we cannot tell
    (rf"(?:every|each)\s+(?:{_N}\s+|half\s+(?:an\s+)?)?(?:hours?|minutes?|seconds?)|hourly", _UNCLEAR),
    (rf"(?:{_N}\s+times|once|twice)\s+(?:a|per|every|each)\s+(?:day|week|month)", _UNCLEAR),
    (r"quarterly|every\s+(?:quarter|term)|(?:at\s+)?(?:this|the\s+same)\s+time", _UNCLEAR),
    (rf"{_N}\s+(?:day|week|month)s?\s+(?:from|after|before)(?!\s+(?:now|today))", _UNCLEAR),
)  # fmt: skip

GRAMMAR = Grammar(
    patterns=tuple((re.compile(rf"\b(?:{like})(?!\w)", re.IGNORECASE), say) for like, say in _FORMS),
    glue=re.compile(r"[\s,()@]*(?:(?:on|at|in|the|this)\s+)?[\s,()@]*", re.IGNORECASE),
    before=re.compile(r"(?:\b(?:on|at|in|this|for)\s+|[(@]\s*)+$", re.IGNORECASE),
    after=re.compile(r"\)?(?:'s|’s|\s+(?:sharp|exactly)\b)?"),
    of=re.compile(r"'s|’s"),
    link=re.compile(
        r"(?:[,.;:&()-]|\b(?:and|or|until|till?|to|through|except|but|not|then|from|after))\s*$", re.IGNORECASE
    ),
    greeting=re.compile(
        r"^(?:please\s+)?(?:(?:can|could|will|would)\s+you\s+)?(?:please\s+)?"
        r"(?:(?:remind|tell|notify)\s+(?:me|us)\b\s*|don['’]t\s+let\s+me\s+forget\b\s*"
        r"|(?:set|add|make)\s+(?:me\s+)?(?:an?|the)\s+(?:reminder|alarm)\b\s*(?:for(?!\s+\w)\s*)?|reminder\s*:\s*)?"
        r"[,:]?\s*(?:(?:to|about|that|of)\s+(?!$))?"
        r"|\s*\b(?:please\s+)?remind\s+(?:me|us)$|,?\s*(?:please|thanks|thank\s+you)[.!]?$",
        re.IGNORECASE,
    ),
    filler=re.compile(
        r"(?:(?:no|make (?:it|that)|change (?:it|that) to|i mean|rather|actually|instead|better|it|is|to|at|for|please"
        r"|ok|then)\b[\s,.!?]*)*",
        re.IGNORECASE,
    ),
    letters=re.compile("[A-Za-z]{2}"),
)
