"""Which day is meant: for the grammars, who find the words for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

Pick = Callable[[date], date | None]  # given a day, the first day from then on that is meant


def fixed(day: date) -> Pick:
    """That day, and never after it."""
    return lambda since: day if since <= day else None


def not_before(day: date) -> Pick:
    """That day, or once it is over the next one."""
    return lambda since: max(since, day)


def weekday(number: int, first: date | None = None) -> Pick:
    """The next such weekday, Monday 0; not before `first`."""

    def pick(since: date) -> date:
        since = max(since, first) if first else since
        return since + timedelta((number - since.weekday()) % 7)

    return pick


def month_day(number: int, month: int | None = None) -> Pick | None:
    """The next such day of a month; -1 is the last. None for a day that no month has."""

    def pick(since: date) -> date | None:
        for ahead in range(96):  # up to the next 29 February, also around 2100
            year, index = divmod(since.year * 12 + since.month - 1 + ahead, 12)
            if month in (None, index + 1) and (found := _date(year, index + 1, number)) and found >= since:
                return found
        return None

    return pick if pick(date(2024, 1, 1)) else None


def later(today: date, days: int = 0, months: int = 0) -> Pick | None:
    """The day so much later; in a shorter month, its last."""
    year, index = divmod(today.year * 12 + today.month - 1 + months, 12)
    if days > 36500 or year > 2200:
        return None
    base = _date(year, index + 1, today.day) or _date(year, index + 1, -1)
    return fixed(base + timedelta(days)) if base else None


def full_date(year: int, month: int, day: int) -> Pick | None:
    """A whole date; None when there is no such day or it is out of any sense."""
    found = _date(year, month, day) if 2000 <= year <= 2200 and day > 0 else None
    return fixed(found) if found else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        if day == -1:
            return date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
        return date(year, month, day)
    except ValueError:
        return None


def monthly(*numbers: int) -> str | None:
    """The rule for days of every month; the 31st means the last day, the 30th (alone) February's last."""
    if numbers in ((29,), (30,)):
        return f"BYMONTHDAY={','.join(str(n) for n in range(28, numbers[0] + 1))};BYSETPOS=-1"
    days = sorted({-1 if number == 31 else number for number in numbers}, key=lambda day: day % 32)
    known = all(day == -1 or 1 <= day <= 28 for day in days)
    return f"BYMONTHDAY={','.join(map(str, days))}" if known else None
