"""How times are said in Chinese: 明天下午3点, 周五18:00前, 每周四下午五点, 每月1号, 工作日 7:30, 半小时后, 月底."""

from __future__ import annotations

import re
from datetime import date, timedelta

from api.reminders.phrases import EVERY_DAY, UNCLEAR, Assumed, Grammar, Said, Words, always
from api.reminders.picks import full_date, later, month_day, monthly, not_before, weekday
from api.reminders.recurrence import WEEKDAYS

_DIGITS = {word: value for value, word in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_WEEKDAY = {word: value % 7 for value, word in enumerate("一二三四五六日")} | {"天": 6}
_WEEKDAY |= {str(value + 1): value for value in range(7)}
_FEASTS = {
    "元旦": (1, 1), "妇女节": (3, 8), "三八节": (3, 8), "劳动节": (5, 1), "五一": (5, 1), "儿童节": (6, 1),
    "六一": (6, 1), "建党节": (7, 1), "建军节": (8, 1), "教师节": (9, 10), "国庆": (10, 1), "圣诞": (12, 25),
}  # fmt: skip


def _number(text: str) -> int | None:
    """25, 二十五, 零五 or 两; None for what is no number (三四)."""
    text = text.strip()
    if text.isdecimal():
        return int(text)
    tens, ten, ones = (text.lstrip("零〇") or "零").rpartition("十")
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
    return Said(day=later(today, ahead) if ahead else not_before(today), half=half)


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
        pick = full_date(_year(words["year"], today), month or 0, number)
    elif words["next"]:
        year, index = divmod(today.year * 12 + today.month, 12)
        pick = full_date(year, index + 1, number)
    else:
        pick = month_day(number, month) if number else None
    if pick is None and not words["month"]:
        return None
    # 2月30日 is not to be read as some 30日
    return Said(day=pick) if pick else UNCLEAR


def _year(text: str, today: date) -> int:
    """Of 2027, 27 or 明."""
    if text in "今明后":
        return today.year + "今明后".index(text)
    return int(text) + 2000 * (len(text) == 2)


def _month_edge(words: Words, today: date) -> Said:
    start = (today.replace(day=1) + timedelta(31)).replace(day=1) if words["next"] else today
    pick = month_day(-1 if words["edge"] in ("底", "末") else 1)
    assumed = () if words["edge"] else (Assumed("day", start.isoformat()),)
    return Said(day=lambda since: pick(max(since, start)) if pick else None, assumed=assumed)


def _feast(words: Words, today: date) -> Said:
    month, day = _FEASTS[words["feast"]]
    if words["every"]:
        return Said(rule=f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={day}")
    return Said(day=full_date(_year(words["year"], today), month, day) if words["year"] else month_day(day, month))


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


def _clock(words: Words, today: date) -> Said:
    hour, rest = _number(words["hour"]), words["rest"].strip().removeprefix("过")
    if rest.endswith("刻"):
        rest = "45" if rest[0] in "三3" else "15"
    minute = 30 if rest == "半" else _number(rest.rstrip("分") or "0")
    return _at(hour, minute, exact=words["hour"].startswith("0"))


def _digits(words: Words, today: date) -> Said:
    half = {"a": "am", "p": "pm"}.get(words["half"][:1].lower())
    hour = int(words["hour"])
    if half and not 1 <= hour <= 12:
        return UNCLEAR
    return _at(hour, int(words["minute"] or 0), exact=len(words["hour"]) == 2 and not half, half=half)


def _at(hour: int | None, minute: int | None, exact: bool, half: str | None = None) -> Said:
    if hour is None or minute is None or minute > 59 or hour * 60 + minute > 24 * 60:
        return UNCLEAR
    return Said(clock=(hour, minute), exact=exact, half=half)


def _span(words: Words) -> timedelta | None:
    """So long: 半小时, 1.5小时, 两小时10分钟, 一个半小时, 三刻钟, 一天."""
    if words["hours"].strip() == "半":
        return timedelta(minutes=30)
    if "." in words["hours"]:
        return timedelta(hours=float(words["hours"]))
    counts = [_number(words[unit] or "0") for unit in ("days", "hours", "minutes", "quarters")]
    days, hours, minutes, quarters = (count or 0 for count in counts)
    span = timedelta(days, hours=hours, minutes=minutes + 15 * quarters + 30 * bool(words["half"]))
    return span if span and None not in counts else None


def _from_now(words: Words, today: date) -> Said | None:
    span = _span(words)
    return Said(offset=span) if span else None


def _before(words: Words, today: date) -> Said | None:
    span = _span(words)
    return Said(before=span) if span else None


# -- again and again -----------------------------------------------------------------------------------------------


def _every(words: Words, frequency: str, on: str | None, assumed: tuple[Assumed, ...] = ()) -> Said:
    count = _count(words)
    if not count or count > 366 or on is None:
        return UNCLEAR
    interval = f";INTERVAL={count}" if count > 1 else ""
    return Said(rule=f"FREQ={frequency}{interval}{on and ';' + on}", assumed=assumed)


def _every_days(words: Words, today: date) -> Said:
    return _every(words, "DAILY", "")


def _every_week(words: Words, today: date) -> Said:
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


def _every_month(words: Words, today: date) -> Said:
    if words["nth"]:
        nth = -1 if words["nth"] == "最后一" else _number(words["nth"].removeprefix("第")) or 9
        return _every(words, "MONTHLY", f"BYDAY={nth}{WEEKDAYS[_WEEKDAY[words['nthday']]]}" if nth < 6 else None)
    if words["days"]:
        numbers = [_number(number) or 0 for number in re.findall(_N, words["days"])]
        return _every(words, "MONTHLY", monthly(*numbers))
    if words["edge"]:
        return _every(words, "MONTHLY", monthly(1 if words["edge"] == "初" else -1))
    return _every(words, "MONTHLY", monthly(today.day), (Assumed("day", today.isoformat()),))


def _every_year(words: Words, today: date) -> Said:
    month, day = _number(words["month"]) or 0, _number(words["day"]) or 0
    known = month_day(day, month) if 1 <= month <= 12 and day > 0 else None
    return _every(words, "YEARLY", f"BYMONTH={month};BYMONTHDAY={day}" if known else None)


# -- the forms -----------------------------------------------------------------------------------------------------

_CHINESE = "零〇一二两三四五六七八九十"
_N = rf"(?:[0-9]{{1,4}} ?|[{_CHINESE}]{{1,3}})"
_NOT_IN_NUMBER = "(?<![第0-9一二三四五六七八九十.:/-])"
_NOT_NTH = rf"(?<![第0-9.:/-])(?<!第 )(?<!第[{_CHINESE}])(?<!第[{_CHINESE}]{{2}})"  # 第十五点要求
_NO_DIGITS, _NO_MORE_DIGITS = "(?<![0-9./-])", "(?![0-9./-])"
_MONTH, _MONTH_DAY = "(?P<month>1[0-2]|0?[1-9])", "(?P<day>[12][0-9]|3[01]|0?[1-9])"
_WEEK = "(?:周|星期|礼拜)"
# 周日志 is a weekly log, 一周三次 is no Wednesday
_DAY = "(?:[一二三四五六天1-7]|日(?![志记报常程]))(?![次篇个节条份遍回])"
WEEKDAY = re.compile(f"{_WEEK}(?P<day>{_DAY})")
# 周一三五 are three days, 周一三点 and 周一15:30 are one and a time
_AND_DAYS = rf"(?:[、,和跟及到至~-]?(?:{_WEEK}{_DAY}|(?!. ?[:点时号月]|[0-9]{{2}}){_DAY}))"
_WEEKDAY_BEFORE = "(?<=[周期拜][一二三四五六日天1-7])"
_ONE_O_CLOCK = r"一点(?![钟整半0-9零一二三四五])"  # 早一点 is no hour, 下午一点 is one
# 八点二十 is a time, 8点2班 a class, 8点 20 its list
_BARE = f"(?:[0-5][0-9]|[零〇][{_CHINESE}]|[二三四五]?十[一二三四五六七八九]?)(?![0-9{_CHINESE}点时班号个份])"
_CLOCK = rf"(?P<hour>{_N})(?:点钟?|时(?![间候期代]))整?(?P<rest> ?半| ?过?[一三13]刻| ?{_N}分|{_BARE})?"
_CLOCK += f"(?:[~到至—-]{{1,2}}(?:上午|中午|下午|晚上)?{_N}[点时](?:半|{_N}分?)?)?"  # 9点到11点 begins at 9
_HOUR = "个?(?:小时|钟头)"
_LATER = "(?:之后|以后|过后|后)"
_EVERY = rf"(?:每逢?(?P<gap>隔)? ?(?P<count>{_N})?|(?P<other>(?<!间)隔))"
_SPANS = (
    rf"(?P<hours>[0-9]{{1,2}}\.[0-9]|{_N}|半){_HOUR}(?:[零又加]?(?P<minutes>{_N})分钟?)?",
    rf"(?P<hours>{_N})个(?P<half>半)(?:小时|钟头)",
    r"(?P<hours>半)个(?:小时|钟头)",
    rf"(?P<minutes>{_N})分钟?",
    rf"(?P<quarters>{_N})刻钟",
)
_AHEAD = (*_SPANS, f"(?P<days>{_N})[天日]")
_NOT_A_MEAL = "(?![上晨餐饭会读操退自间])"
_HALVES = {
    "dawn": "凌晨|半夜|午夜|深夜",
    "early": "大清早|一大早|清晨|清早|早上|早晨|(?<![周期拜])一早|"
    rf"(?<=[一二三四五六天末日号])早{_NOT_A_MEAL}|早(?!{_ONE_O_CLOCK})(?={_N}[点:时])",
    "morning": "上午",
    "noon": "中午",
    "afternoon": "下午(?!茶)|午后",
    "dusk": "傍晚",
    "evening": rf"晚上|晚间|夜里|夜晚|(?<=[一二三四五六天末日号])晚{_NOT_A_MEAL}|晚(?!{_ONE_O_CLOCK})(?={_N}[点:时])",
}
_PAST = always(Said(past=True))
_UNCLEAR = always(UNCLEAR)
_WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"

_FORMS = (
    (r"(?:昨|前)[天日晚]|(?<![线早晚以马])上个?(?:周|星期|礼拜|月)", _PAST),
    (rf"{_N}个?(?:天|日|周|星期|月|年|小时|分钟)(?:之|以)?前", _PAST),
    # days
    (r"(?P<near>大后|今|明|后)(?:[天日](?!志)|儿(?![童子女科])个?|(?P<part>早上|晚上|早|晚))", _near_day),
    (f"(?P<which>这个?|本|下下个?|下个?)?{_WEEK}(?P<day>{_DAY}|末)", _week_day),
    (f"(?P<which>下下个?|下个?){_WEEK}(?![一二三四五六日天末1-7会报刊])", _week_day),
    (rf"(?:(?P<year>[0-9]{{4}}|(?<![0-9])[0-9]{{2}}|[今明后]) ?年 ?)?(?P<month>{_NOT_IN_NUMBER}{_N})月份? ?"
     rf"(?P<day>{_N})[号日]?", _calendar_day),
    (rf"(?:(?P<next>下个?)月|(?:本|这个?)月)?{_NOT_IN_NUMBER}(?P<day>{_N})(?:号(?![楼线门机厅车院馆教])|日(?![志记报常程]))",
     _calendar_day),
    (rf"{_NO_DIGITS}(?P<year>20[0-9]{{2}})(?P<dash>[-/.])(?P<month>[0-9]{{1,2}})(?P=dash)(?P<day>[0-9]{{1,2}}){_NO_MORE_DIGITS}",
     _calendar_day),
    (rf"{_NO_DIGITS}{_MONTH}/{_MONTH_DAY}(?:/(?P<year>20[0-9]{{2}}))?{_NO_MORE_DIGITS}(?!\s*班)", _calendar_day),
    (rf"{_NO_DIGITS}(?P<day>1[3-9]|2[0-9]|3[01])/{_MONTH}(?:/(?P<year>20[0-9]{{2}}))?{_NO_MORE_DIGITS}", _calendar_day),
    (rf"{_NO_DIGITS}(?P<month>0[1-9]|1[0-2])-(?P<day>[0-2][0-9]|3[01]){_NO_MORE_DIGITS}(?!\s*[节页班人号楼])",
     _calendar_day),
    # 12.5 is a day only before a time
    (rf"{_NO_DIGITS}{_MONTH}[.-]{_MONTH_DAY}(?:[号日]|(?=\s*(?:[上下中]午|早|晚|[0-9]{{1,2}} ?[:点]|周)))",
     _calendar_day),
    ("(?:(?P<next>下个?)|本|这个?|(?<![每个0-9一二三四五六七八九十]))月(?P<edge>[底末初])", _month_edge),
    ("(?P<next>下个?)月(?![0-9一二三四五六七八九十底末初度考])", _month_edge),
    ("年[底末]", always(Said(day=month_day(31, 12)))),
    (rf"(?:(?P<every>每)年的?|(?P<year>[今明后])年)?(?P<feast>{'|'.join(_FEASTS)})节?(?!班|[小中]队)", _feast),
    (f"(?P<count>{_N}|半)(?P<unit>[天日周年]|个?星期|个?礼拜|个?月){_LATER}", _days_later),
    (f"再?过(?P<count>{_N}|半)(?P<unit>天|周|年|个?星期|个?礼拜|个月){_LATER}?", _days_later),
    # times of day
    *((like, always(Said(half=half))) for half, like in _HALVES.items()),
    (f"{_NOT_NTH}(?!{_ONE_O_CLOCK}){_CLOCK}", _clock),
    (f"(?:(?<=[晨上午晚里夜])|{_WEEKDAY_BEFORE})(?P<hour>一)点(?![钟整半0-9零一二三四五])", _clock),
    (r"(?<![0-9.:/-])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::[0-9]{2})?(?![0-9:])\s*(?P<half>[ap]m\b)?"
     r"(?:\s*[~到至—–-]{1,2}\s*[0-9]{1,2}:[0-9]{2}(?![0-9:]))?", _digits),
    (r"(?<![0-9.:/-])(?P<hour>[0-9]{1,2})\s*(?P<half>[ap]m\b)", _digits),
    (r"(?<![0-9.:/-])(?P<hour>1[3-9]|2[0-3])\.(?P<minute>[0-5][0-9])(?![0-9.:/-]|\s*[元块万亿%度米分岁])", _digits),
    ("(?:之|以)?前(?![往去面后台三十]|提(?![交供醒出]))", always(Said(deadline=True))),
    *((f"(?:再?过)?{span}{_LATER}", _from_now) for span in _SPANS),
    *((f"(?:再?过|等){span}", _from_now) for span in _SPANS),
    *((rf"^\s*{span}\s*$", _from_now) for span in _SPANS),  # the answer to “when?”
    *((f"提前 ?{span}", _before) for span in _AHEAD),
    *((rf"(?<=[0-9点半分刻整日号天节旦一二三四五六末底初]) ?[之以]?前 ?{span}", _before) for span in _AHEAD),
    # again and again
    ("每一?天|每日(?!志)|天天", always(Said(rule=EVERY_DAY))),
    (f"每天?早{_NOT_A_MEAL}", always(Said(rule=EVERY_DAY, half="early"))),
    (f"每天?晚{_NOT_A_MEAL}", always(Said(rule=EVERY_DAY, half="evening"))),
    (f"{_EVERY}[天日](?!志)", _every_days),
    ("(?:每个?)?(?:工作日|上班日|上学日|上课日|平日)", always(Said(rule=EVERY_DAY, skip_holidays=True))),
    ("除了?周末(?:[以之]?外)?|周末除外|周末不(?:用|要)?(?:提醒|打扰)?", always(Said(rule=_WORKDAYS))),
    (rf"{_EVERY}个?{_WEEK}(?:一次[\s,在]*)?(?:的?{_WEEK}?(?P<days>{_DAY}{_AND_DAYS}*)|(?P<end>末))?", _every_week),
    (f"{_WEEK}(?P<days>{_DAY}{_AND_DAYS}+)", _every_week),
    (f"{_EVERY}个?月的?(?:(?P<nth>最后一|第[一二三四五1-5])个?{_WEEK}(?P<nthday>{_DAY})"
     rf"| ?(?P<days>{_N}[号日](?:[、,和及] ?{_N}[号日])*)|(?P<edge>[底末初]|最后一天))?", _every_month),
    (rf"每年的? ?(?P<month>{_N})月 ?(?P<day>{_N})[号日]?", _every_year),
    (rf"[从自](?= ?(?:今|明|后天|大后|[下本这]个?[周月星礼]|{_WEEK}|{_N} ?[月号日年./-]|元旦|国庆))",
     always(Said(start=True))),
    ("起(?![床来飞身跑])|开始", always(Said(start=True))),
    # what we cannot tell
    (rf"每隔? ?(?:{_N}|半)?(?:{_HOUR}|分钟|刻钟|秒)|[每一](?:天|日|个?周|个?星期|个?月){_N}[次回遍]", _UNCLEAR),
    (f"每(?:个?学期|个?季度?|半年|年(?!级))|每?[单双]{_WEEK}|农历|阴历|差{_N}分", _UNCLEAR),
    ("这个?时候|同一时间|为止|每天?早晚", _UNCLEAR),
    (rf"{_NOT_IN_NUMBER}{_N}月份?(?=起|开始|[之以]?前|[初底末]|[上中下]旬)", _UNCLEAR),
    ("除了?(?:法定)?节?假日(?:[以之]?外)?|(?:法定)?节?假日(?:除外|不(?:用|要)?(?:提醒|打扰))", _UNCLEAR),
    (rf"[今明后]年(?= ?{_N}[号日]|[上下]|年?[底末初])", _UNCLEAR),
)  # fmt: skip

_POLITE = "(?:请你?|麻烦你?|记得|别忘了?|不要忘了?|帮我|给我|到时候?|能不能|可不可以|可以|能|你)*"
_ASKING = (
    "(?:提前)?提醒(?:一下)?(?:我们?|咱们?|自己)(?:一下|一声)?|叫(?:一下)?我(?:一声)?|记一下|提醒一下|"
    "(?:设|定|订|加|建)(?:置|定)?(?:一?[个条])?(?:提醒|闹钟)|"
    "提醒(?![我咱]|一下|家长|学生|同学|孩子|大家|老师|各位|他|她|组员|成员|全)"
)

GRAMMAR = Grammar(
    patterns=tuple((re.compile(like, re.IGNORECASE), say) for like, say in _FORMS),
    glue=re.compile(r"[\s,、的在()]*"),
    before=re.compile(r"(?:请?在|于|等到|定在|\()$"),
    after=re.compile(r"\)?(?:的时候|那天|左右|整|时(?![间候期代])|[之以]?后(?![天面台勤])|的)?"),
    of=re.compile("的"),
    link=re.compile(r"(?:[\s,、;。:()~-]|和|与|及|跟|或|还有|直?(?<![调改换移推排])到|至|除|了)$"),
    greeting=re.compile(
        rf"^{_POLITE}(?:{_ASKING})\s*[,:：，]?\s*"
        r"|\s*(?:请?(?:提前)?提醒一?下?我|叫我|提醒)$|[,，]?\s*(?:好吗|好不好|可以吗|行吗|谢谢你?|谢了)[?？!！。]*$"
    ),
    filler=re.compile(
        "(?:不对?|不是|错了|应该|改成|改到|改为|改|换成|换到|那就|还是|就|是|在|要|提前|一下|[吧呢啊呀哦嗯好的了,，。!！?？\\s])*"
    ),
    letters=re.compile("[\u4e00-\u9fff]"),
)
