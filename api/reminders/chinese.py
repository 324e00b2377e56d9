"""How times are said in Chinese: 明天下午3点, 周五18:00前, 每周四下午五点, 每月1号, 工作日 7:30, 半小时后, 月底."""

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

_DIGITS = {word: value for value, word in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_WEEKDAY = {word: value % 7 for value, word in enumerate("一二三四五六日")} | {"天": 6}
_WEEKDAY |= {str(value + 1): value for value in range(7)}
_FEASTS = {
    "元旦": (1, 1), "妇女节": (3, 8), "三八节": (3, 8), "劳动节": (5, 1), "五一": (5, 1), "儿童节": (6, 1),
    "六一": (6, 1), "建党节": (7, 1), "建军节": (8, 1), "教师节": (9, 10), "国庆": (10, 1), "圣诞": (12, 25),
}  # fmt: skip


def _number(text: str) -> int | None:
    """25, 二十五 or 两; None for what is no number (三四)."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS.get(ones)
    if (tens and tens not in _DIGITS) or (ones and ones not in _DIGITS):
        return None
    return 10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0)


def _count(words: Words) -> int | None:
    """Of 每两天, 每隔两天 (which is every third), 隔天; 1 where no number is said."""
    if words["other"]:
        return 2
    count = _number(words["count"]) if words["count"] else 1
    return count + bool(words["gap"]) if count else None


# -- days ----------------------------------------------------------------------------------------------------------


def _near_day(words: Words, today: date) -> Said:
    ahead = {"今": 0, "明": 1, "后": 2, "大后": 3}[words["near"]]
    half = {"早": "early", "晚": "evening"}.get(words["part"][:1])
    return Said(day=later(today, ahead) if ahead else lambda since: since, half=half)


def _week_day(words: Words, today: date) -> Said:
    number = 5 if words["day"] == "末" else _WEEKDAY.get(words["day"], 0)
    if not words["which"]:
        return Said(day=weekday(number), weekday=True)
    monday = today - timedelta(today.weekday()) + timedelta(7 * words["which"].count("下"))
    if not words["day"]:
        return Said(day=weekday(0, monday), assumed=(Assumed("day", monday.isoformat()),))
    meant = monday + timedelta(number)
    moved = (Assumed("moved", (meant + timedelta(7)).isoformat()),) if meant < today else ()
    return Said(day=weekday(number, meant), weekday=True, assumed=moved)


def _calendar_day(words: Words, today: date) -> Said | None:
    number = _number(words["day"]) or 0
    month = (_number(words["month"]) or 0) if words["month"] else None
    if words["year"]:
        pick = full_date(int(words["year"]), month or 0, number)
    elif words["next"]:
        year, index = divmod(today.year * 12 + today.month, 12)
        pick = full_date(year, index + 1, number)
    else:
        pick = month_day(number, month) if number else None
    if pick is None and not words["month"]:
        return None
    # 2月30日 is not to be read as some 30日
    return Said(day=pick) if pick else Said(refused=True)


def _month_edge(words: Words, today: date) -> Said:
    start = (today.replace(day=1) + timedelta(31)).replace(day=1) if words["next"] else today
    pick = month_day(-1 if words["edge"] in ("底", "末") else 1)
    assumed = () if words["edge"] else (Assumed("day", start.isoformat()),)
    return Said(day=lambda since: pick(max(since, start)) if pick else None, assumed=assumed)


def _feast(words: Words, today: date) -> Said:
    month, day = _FEASTS[words["feast"]]
    return Said(day=month_day(day, month))


def _days_later(words: Words, today: date) -> Said | None:
    unit, half = words["unit"][-1], words["count"] == "半"
    if half:
        pick = later(today, 15) if unit == "月" else later(today, months=6) if unit == "年" else None
    elif not (count := _number(words["count"])):
        return None
    elif unit in "月年":
        pick = later(today, months=count * (12 if unit == "年" else 1))
    else:
        pick = later(today, count * (1 if unit in "天日" else 7))
    return Said(day=pick) if pick else None


# -- times of day, and from now ------------------------------------------------------------------------------------


def _clock(words: Words, today: date) -> Said | None:
    hour, rest = _number(words["hour"]), words["rest"].removeprefix("过")
    if rest.endswith("刻"):
        rest = "45" if rest[0] in "三3" else "15"
    minute = 30 if rest == "半" else _number(rest.rstrip("分") or "0")
    return _at(hour, minute, exact=words["hour"].startswith("0"))


def _digits(words: Words, today: date) -> Said | None:
    half = {"a": "am", "p": "pm"}.get(words["half"][:1].lower())
    hour = int(words["hour"])
    if half and not 1 <= hour <= 12:
        return None
    return _at(hour, int(words["minute"] or 0), exact=len(words["hour"]) == 2 and not half, half=half)


def _at(hour: int | None, minute: int | None, exact: bool, half: str | None = None) -> Said | None:
    if hour is None or minute is None or minute > 59 or hour * 60 + minute > 24 * 60:
        return None
    return Said(clock=(hour, minute), exact=exact, half=half)


def _from_now(words: Words, today: date) -> Said | None:
    if words["hours"] == "半":
        return Said(offset=timedelta(minutes=30))
    if "." in words["hours"]:
        return Said(offset=timedelta(hours=float(words["hours"])))
    counts = [_number(words[unit] or "0") for unit in ("hours", "minutes", "quarters")]
    hours, minutes, quarters = (count or 0 for count in counts)
    span = timedelta(hours=hours, minutes=minutes + 15 * quarters + 30 * bool(words["half"]))
    return Said(offset=span) if span and None not in counts else None


# -- again and again -----------------------------------------------------------------------------------------------


def _every(words: Words, frequency: str, on: str | None, assumed: tuple[Assumed, ...] = ()) -> Said | None:
    count = _count(words)
    if not count or count > 366 or on is None:
        return None
    interval = f";INTERVAL={count}" if count > 1 else ""
    return Said(rule=f"FREQ={frequency}{interval}{on and ';' + on}", assumed=assumed)


def _every_days(words: Words, today: date) -> Said | None:
    return _every(words, "DAILY", "")


def _every_week(words: Words, today: date) -> Said | None:
    days = "SA" if words["end"] else _weekdays(words["days"])
    assumed = () if days else (Assumed("day", today.isoformat()),)
    return _every(words, "WEEKLY", f"BYDAY={days or WEEKDAYS[today.weekday()]}", assumed)


def _weekdays(text: str) -> str:
    """一三五, 一、三 or 一到五 as BYDAY."""
    days: set[int] = set()
    last, reach = 0, False
    for char in text:
        if (day := _WEEKDAY.get(char)) is not None:
            days |= set(range(last, day + 1)) if reach else {day}
            last, reach = day, False
        elif char in "到至~-":
            reach = True
    return ",".join(WEEKDAYS[day] for day in sorted(days))


def _every_month(words: Words, today: date) -> Said | None:
    if words["nth"]:
        nth = -1 if words["nth"] == "最后一" else _number(words["nth"].removeprefix("第")) or 9
        return _every(words, "MONTHLY", f"BYDAY={nth}{WEEKDAYS[_WEEKDAY[words['nthday']]]}" if nth < 6 else None)
    if words["day"]:
        return _every(words, "MONTHLY", monthly(_number(words["day"]) or 0))
    if words["edge"]:
        return _every(words, "MONTHLY", monthly(1 if words["edge"] == "初" else -1))
    return _every(words, "MONTHLY", monthly(today.day), (Assumed("day", today.isoformat()),))


def _every_year(words: Words, today: date) -> Said | None:
    month, day = _number(words["month"]) or 0, _number(words["day"]) or 0
    known = month_day(day, month) if 1 <= month <= 12 and day > 0 else None
    return _every(words, "YEARLY", f"BYMONTH={month};BYMONTHDAY={day}" if known else None)


# -- the forms -----------------------------------------------------------------------------------------------------

_N = "(?:[0-9]{1,4}|[零〇一二两三四五六七八九十]{1,3})"
_NOT_IN_NUMBER = "(?<![第0-9一二三四五六七八九十.:/-])"
_WEEK = "(?:周|星期|礼拜)"
# 周日志 is a weekly log, 一周三次 is no Wednesday
_DAY = "(?:[一二三四五六天1-7]|日(?![志记报常程]))(?![次篇个节条份遍回])"
# 周一三五 are three days, 周一三点 is one and a time
_AND_DAYS = f"(?:[、,和跟及到至~-]?{_WEEK}?(?!.[0-9:点时号月]){_DAY})"
_CLOCK = f"(?P<hour>{_N})(?:点钟?|时(?![间候期代]))整?(?P<rest>半|过?[一三13]刻|{_N}分?)?"
_CLOCK += f"(?:[~到至—-]{{1,2}}(?:上午|中午|下午|晚上)?{_N}[点时](?:半|{_N}分?)?)?"  # 9点到11点 begins at 9
_HOUR = "个?(?:小时|钟头)"
_LATER = "(?:之后|以后|过后|后)"
_EVERY = f"(?:每逢?(?P<gap>隔)?(?P<count>{_N})?|(?P<other>(?<!间)隔))"
_SPANS = (
    rf"(?P<hours>[0-9]{{1,2}}\.[0-9]|{_N}|半){_HOUR}(?:[零又加]?(?P<minutes>{_N})分钟?)?",
    rf"(?P<hours>{_N})个(?P<half>半)(?:小时|钟头)",
    rf"(?P<minutes>{_N})分钟?",
    rf"(?P<quarters>{_N})刻钟",
)
_HALVES = {
    "dawn": "凌晨|半夜|午夜|深夜",
    "early": "大清早|一大早|清晨|清早|早上|早晨|(?<![周期拜])一早|(?<=[一二三四五六天末日号])早(?![上晨餐饭会读操退])",
    "morning": "上午",
    "noon": "中午",
    "afternoon": "下午(?!茶)|午后",
    "dusk": "傍晚",
    "evening": "晚上|晚间|夜里|夜晚|(?<=[一二三四五六天末日号])晚(?![上餐饭会自间])|"
    "晚(?=[0-9一二三四五六七八九十]{1,3}[点:时])",
}
_REFUSED = always(Said(refused=True))

_FORMS = (
    (r"(?:昨|前)[天日晚]|(?<![线早晚以马])上个?(?:周|星期|礼拜|月)", _REFUSED),
    (rf"{_N}个?(?:天|日|周|星期|月|年|小时|分钟)(?:之|以)?前", _REFUSED),
    (rf"每隔?(?:{_N}|半)?(?:{_HOUR}|分钟|刻钟|秒)", _REFUSED),
    # days
    ("(?P<near>大后|今|明|后)(?:[天日](?!志)|(?P<part>早上|晚上|早|晚))", _near_day),
    (f"(?P<which>这个?|本|下下个?|下个?)?{_WEEK}(?P<day>{_DAY}|末)", _week_day),
    (f"(?P<which>下下个?|下个?){_WEEK}(?![一二三四五六日天末1-7会报刊])", _week_day),
    (rf"(?:(?P<year>[0-9]{{4}})年)?(?P<month>{_NOT_IN_NUMBER}{_N})月份?(?P<day>{_N})[号日]?", _calendar_day),
    (rf"(?:(?P<next>下个?)月|(?:本|这个?)月)?{_NOT_IN_NUMBER}(?P<day>{_N})(?:号(?![楼线门机厅车院馆教])|日(?![志记报常程]))",
     _calendar_day),
    (r"(?<![0-9./-])(?P<year>20[0-9]{2})(?P<dash>[-/.])(?P<month>[0-9]{1,2})(?P=dash)(?P<day>[0-9]{1,2})(?![0-9./-])",
     _calendar_day),
    (r"(?<![0-9./-])(?P<month>1[0-2]|0?[1-9])/(?P<day>[12][0-9]|3[01]|0?[1-9])(?![0-9./-]|\s*班)", _calendar_day),
    # 12.5 is a day only before a time
    (r"(?<![0-9./-])(?P<month>1[0-2]|[1-9])\.(?P<day>[12][0-9]|3[01]|0?[1-9])(?=\s*(?:[上下中]午|早|晚|[0-9]{1,2}[:点]|周|号))号?",
     _calendar_day),
    ("(?:(?P<next>下个?)|本|这个?|(?<![每个0-9一二三四五六七八九十]))月(?P<edge>[底末初])", _month_edge),
    ("(?P<next>下个?)月(?![0-9一二三四五六七八九十底末初度考])", _month_edge),
    ("年[底末]", always(Said(day=month_day(31, 12)))),
    (f"(?P<feast>{'|'.join(_FEASTS)})节?(?!班|[小中]队)", _feast),
    (f"(?P<count>{_N}|半)(?P<unit>[天日周年]|个?星期|个?礼拜|个?月){_LATER}", _days_later),
    (f"再?过(?P<count>{_N}|半)(?P<unit>天|周|年|个?星期|个?礼拜|个月){_LATER}?", _days_later),
    # times of day; 早一点 is no hour, 下午一点 is one
    *((like, always(Said(half=half))) for half, like in _HALVES.items()),
    (rf"{_NOT_IN_NUMBER}(?!一点(?![钟整半0-9零一二三四五])){_CLOCK}", _clock),
    (f"(?<=[周期拜][一二三四五六日天1-7]){_CLOCK}", _clock),
    ("(?<=[晨上午晚里夜])(?P<hour>一)点(?![钟整半0-9零一二三四五])", _clock),
    (r"(?<![0-9.:/-])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::[0-9]{2})?(?![0-9:])\s*(?P<half>[ap]m\b)?"
     r"(?:\s*[~到至—–-]{1,2}\s*[0-9]{1,2}:[0-9]{2}(?![0-9:]))?", _digits),
    (r"(?<![0-9.:/-])(?P<hour>[0-9]{1,2})\s*(?P<half>[ap]m\b)", _digits),
    ("(?:之|以)?前(?![往去面后台三十]|提(?![交供醒出]))", always(Said(deadline=True))),
    *((f"(?:再?过)?{span}{_LATER}", _from_now) for span in _SPANS),
    *((f"再?过{span}", _from_now) for span in _SPANS),
    # again and again
    ("每一?天|每日(?!志)|天天", always(Said(rule="FREQ=DAILY"))),
    ("每天?早(?![上晨餐饭会读操退])", always(Said(rule="FREQ=DAILY", half="early"))),
    ("每天?晚(?![上餐饭会自间])", always(Said(rule="FREQ=DAILY", half="evening"))),
    (f"{_EVERY}[天日](?!志)", _every_days),
    ("(?:每个?)?(?:工作日|上班日|上学日)", always(Said(rule="FREQ=DAILY", skip_holidays=True))),
    (f"{_EVERY}个?{_WEEK}(?:的?{_WEEK}?(?P<days>{_DAY}{_AND_DAYS}*)|(?P<end>末))?", _every_week),
    (f"{_WEEK}(?P<days>{_DAY}{_AND_DAYS}+)", _every_week),
    (f"{_EVERY}个?月的?(?:(?P<nth>最后一|第[一二三四五1-5])个?{_WEEK}(?P<nthday>{_DAY})"
     f"|(?P<day>{_N})[号日]|(?P<edge>[底末初]|最后一天))?", _every_month),
    (f"每年的?(?P<month>{_N})月(?P<day>{_N})[号日]?", _every_year),
)  # fmt: skip

GRAMMAR = Grammar(
    patterns=tuple((re.compile(like, re.IGNORECASE), say) for like, say in _FORMS),
    glue=re.compile(r"[\s,、的在()]*(?:起|开始)?[\s,、的在()]*"),
    before=re.compile(r"(?:请?在|于|等到|从|定在|\()$"),
    after=re.compile(r"\)?(?:的时候|那天|左右|整|起|开始|时(?![间候期代])|[之以]?后(?![天面台勤])|的)?"),
    of=re.compile("的"),
    greeting=re.compile(
        r"^(?:请|麻烦|记得)?(?:到时候?)?(?:提醒(?:一下)?(?:我们?|咱们?|自己)(?:一下)?|叫我|"
        r"提醒(?![我咱]|一下|家长|学生|同学|孩子|大家|老师|各位|他|她|组员|成员|全)|提醒一下)\s*[,:：，]?\s*"
        r"|\s*(?:请?提醒一?下?我|叫我|提醒)$"
    ),
)
