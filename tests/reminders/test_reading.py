"""What hosts and teachers type about rules and days."""

from datetime import date, datetime

import pytest

from api.reminders import reading

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("text", "clock"),
    [("18:00", "18:00"), ("18：30", "18:30"), ("下午6点半", "18:30"), ("9点", "09:00"), ("6pm", "18:00"),
     ("周五 18点前", "18:00"), ("24:00", "23:59"), ("晚上", None), ("", None)],
)  # fmt: skip
def test_a_clock(text: str, clock: str | None) -> None:
    assert reading.read_clock(text) == clock


@pytest.mark.parametrize(
    ("text", "weekday"), [("周五", 4), ("星期天", 6), ("Thursday", 3), ("fri", 4), ("每周一交", 0), ("明天", None)]
)
def test_a_weekday(text: str, weekday: int | None) -> None:
    assert reading.read_weekday(text) == weekday


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("今天", ("2026-11-23", "2026-11-23")),
        ("明天到周五", ("2026-11-24", "2026-11-27")),
        ("11月24日到11月27日", ("2026-11-24", "2026-11-27")),
        ("11月24日-11月27日", ("2026-11-24", "2026-11-27")),
        ("2026-11-24 到 2026-12-01", ("2026-11-24", "2026-12-01")),
        ("周四到周一", ("2026-11-26", "2026-11-30")),
        ("3天", ("2026-11-23", "2026-11-25")),
        ("两天", ("2026-11-23", "2026-11-24")),
        ("today to Friday", ("2026-11-23", "2026-11-27")),
        ("家里有事", None),
        ("11月27日到11月24日", None),
        ("", None),
        ("x" * 10000, None),
    ],
)
def test_a_period(text: str, period: tuple[str, str] | None) -> None:
    found = reading.read_period(text, NOW, ZONE)
    assert found == (tuple(date.fromisoformat(day) for day in period) if period else None)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("周四17:00", 1500), ("周五 12:00", 360), ("17:00", 60), ("19:00", 1380), ("3小时", 180), ("1 hour", 60),
     ("30分钟", 30), ("前一天 17:00", 1500), ("1天", 1440), ("两天前", 2880), ("不知道", None)],
)  # fmt: skip
def test_how_long_before_friday_18(text: str, minutes: int | None) -> None:
    assert reading.minutes_before(text, 4, "18:00") == minutes


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2), ("两篇", 2), ("十", 10), ("十二篇", 12), ("六十", 60), ("二十一", 21), ("几篇", None)]
)
def test_a_number(text: str, number: int | None) -> None:
    assert reading.read_number(text) == number


def test_a_whole_rule_in_a_sentence() -> None:
    assert reading.read_rule_sentence("两篇日志 每周五18:00前，周四17:00提醒") == {
        "due_weekday": 4, "due_time": "18:00", "needed": 2, "before_minutes": 1500,
    }  # fmt: skip
    assert reading.read_rule_sentence("周五下午5点前交1篇") == {
        "due_weekday": 4, "due_time": "17:00", "needed": 1, "before_minutes": 1440,
    }  # fmt: skip
    assert reading.read_rule_sentence("every Wednesday 20:00 one log, remind 3 hours before") == {
        "due_weekday": 2, "due_time": "20:00", "needed": 1, "before_minutes": 180,
    }  # fmt: skip
    assert reading.read_rule_sentence("随便") is None
