"""The days that people type for an excuse or a day off: 明天, 下周, 三天, 11.27-11.30, from tomorrow for 3 days."""

import re
from datetime import date, datetime, time, timedelta

from api.reminders.picks import later
from api.reminders.reading import read_day, read_number, read_weekday
from api.times import Zone, local_day, to_utc

Period = tuple[date, date]

_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_LONG = (
    r"(?P<count>\d{1,3}|[一两二三四五六七八九十]{1,3}|半(?=个月)|an?(?= )|[a-z]+(?= ))\s*"
    r"(?:(?P<days>天|days?)|(?P<weeks>周|个?星期|个?礼拜|weeks?)|(?P<months>个月|months?))"
)
_FOR = re.compile(
    rf"(?:(?:从|自|from )?\s*(?P<since>.+?)\s*(?:开始|起|for)?[\s,]*)??(?:一共|共|请|for )?\s*{_LONG}", re.IGNORECASE
)
_FROM = re.compile(rf"{_LONG}\s+(?:from|starting)\s+(?P<since>.+)", re.IGNORECASE)
_WEEK = re.compile(r"(?:(?P<next>下个?|next )|这个?|本|this )(?:周|星期|礼拜|week)", re.IGNORECASE)
_TO = re.compile(r"\s*(?:到|至|~|—|–|\bto\b|\buntil\b|\bthrough\b| - )\s*", re.IGNORECASE)
_BARE = re.compile("[0-9]{1,2}[号日]")
_ASKING = re.compile("(?:我?[想要])?请假?")
_BREAK = re.compile(r"[\s,。;]+")
_HEAD = 60


def read_period(text: str, now: datetime, zone: Zone) -> Period | None:
    """Local days [first, last]: 今天, 明天到周五, 11月24日-27日, 3天 (from today), 明天起3天, 下周; None if unclear."""
    text = text.translate(_NARROW).strip(" ,。;")
    today = local_day(now, zone)
    if week := _WEEK.fullmatch(text):
        monday = today - timedelta(today.weekday()) + timedelta(7 if week["next"] else 0)
        return max(monday, today), monday + timedelta(6)
    if long := _FROM.fullmatch(text) or _FOR.fullmatch(text):
        since = read_day(long["since"], now, zone) if long["since"] else today
        return _lasting(long, since) if since else None
    parts = _TO.split(text.removeprefix("从"), maxsplit=1)
    if len(parts) == 1 and text.count("-") == 1 and read_day(text, now, zone) is None:
        parts = text.split("-")
    since = read_day(parts[0], now, zone)
    until = read_day(parts[-1], now, zone) if since else None
    if since and until and until < since and (_BARE.fullmatch(parts[-1]) or read_weekday(parts[-1]) is not None):
        # 周四到周一, 27号到5号: the next such day from the first on
        until = read_day(parts[-1], to_utc(datetime.combine(since, time()), zone), zone)
    return (since, until) if since and until and since <= until else None


def _lasting(long: re.Match[str], since: date) -> Period | None:
    if long["count"] == "半":
        return since, since + timedelta(14)
    count = read_number(long["count"])
    if not count:
        return None
    if long["months"]:
        pick = later(since, months=count)
        last = pick(since) if pick else None
        return (since, last - timedelta(1)) if last else None
    return since, since + timedelta(count * (7 if long["weeks"] else 1) - 1)


def read_leave(text: str, now: datetime, zone: Zone) -> tuple[Period, str] | None:
    """The days that a text begins with, and the reason that follows them: 明天到周五，孩子生病."""
    text = text[found.end() :].strip() if (found := _ASKING.match(text)) else text
    cuts = [len(text), *(found.start() for found in reversed([*_BREAK.finditer(text.translate(_NARROW)[:_HEAD])]))]
    for cut in cuts if text else ():
        if period := read_period(text[:cut][:_HEAD], now, zone):
            return period, text[cut:].strip(" ,，。;；")
    return None
