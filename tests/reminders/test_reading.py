"""What hosts and teachers type about rules and days."""

from datetime import date, datetime

import pytest

from api.reminders import periods, reading

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("text", "clock"),
    [("18:00", "18:00"), ("18：30", "18:30"), ("下午6点半", "18:30"), ("9点", "09:00"), ("6pm", "18:00"),
     ("周五 18点前", "18:00"), ("24:00", "23:59"), ("晚上", ""), ("", ""), ("下午六点", "18:00"), ("晚上十点", "22:00"),
     ("晚8点", "20:00"), ("晚上12点", "23:59"), ("8:30 pm", "20:30"), ("half past 4", "16:30"), ("3点", "15:00"),
     ("周五6点前", "06:00 18:00"), ("7点", "07:00 19:00"), ("18点或20点", ""), ("晚上1点", "")],
)  # fmt: skip
def test_a_clock(text: str, clock: str) -> None:
    assert reading.read_clock(text) == clock.split()


@pytest.mark.parametrize(
    ("text", "weekday"),
    [("周五", 4), ("星期天", 6), ("Thursday", 3), ("fri", 4), ("每周一交", 0), ("明天", None), ("周日志", None),
     ("周5", 4), ("every month", None), ("周一和周三", None), ("Fridays", 4)],
)  # fmt: skip
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
        ("三天", ("2026-11-23", "2026-11-25")),
        ("一周", ("2026-11-23", "2026-11-29")),
        ("两周", ("2026-11-23", "2026-12-06")),
        ("一个月", ("2026-11-23", "2026-12-22")),
        ("半个月", ("2026-11-23", "2026-12-07")),
        ("999天", ("2026-11-23", "2029-08-17")),
        ("下周", ("2026-11-30", "2026-12-06")),
        ("这周", ("2026-11-23", "2026-11-29")),
        ("下周一到下周三", ("2026-11-30", "2026-12-02")),
        ("从明天开始3天", ("2026-11-24", "2026-11-26")),
        ("明天起三天", ("2026-11-24", "2026-11-26")),
        ("11.27-11.30", ("2026-11-27", "2026-11-30")),
        ("11/24-11/27", ("2026-11-24", "2026-11-27")),
        ("11月27日-30日", ("2026-11-27", "2026-11-30")),
        ("27号到5号", ("2026-11-27", "2026-12-05")),
        ("从11月27日到30日", ("2026-11-27", "2026-11-30")),
        ("two weeks", ("2026-11-23", "2026-12-06")),
        ("next week", ("2026-11-30", "2026-12-06")),
        ("tomorrow for 3 days", ("2026-11-24", "2026-11-26")),
        ("3 days from tomorrow", ("2026-11-24", "2026-11-26")),
        ("明天上午", None),
        ("半天", None),
        ("昨天", None),
        ("11.27-11.24", None),
        ("家里有事", None),
        ("11月27日到11月24日", None),
        ("", None),
        ("x" * 10000, None),
    ],
)
def test_a_period(text: str, period: tuple[str, str] | None) -> None:
    found = periods.read_period(text, NOW, ZONE)
    assert found == (tuple(date.fromisoformat(day) for day in period) if period else None)


@pytest.mark.parametrize(
    ("text", "until", "reason"),
    [("明天到周五，孩子 生病", "2026-11-27", "孩子 生病"), ("一周，产假", "2026-11-29", "产假"),
     ("明天", "2026-11-24", ""),
     ("我要请假三天", "2026-11-25", ""), ("tomorrow to Friday, sick", "2026-11-27", "sick"),
     ("2026-11-24 to 2026-11-27", "2026-11-27", "")],
)  # fmt: skip
def test_the_days_and_the_reason_in_one(text: str, until: str, reason: str) -> None:
    found = periods.read_leave(text, NOW, ZONE)
    assert found is not None and (found[0][1].isoformat(), found[1]) == (until, reason)


def test_no_days_to_be_read() -> None:
    for text in ("", "产假", "x " * 5000):
        assert periods.read_leave(text, NOW, ZONE) is None


def test_today_is_today_in_its_last_minute() -> None:
    late = datetime.fromisoformat("2026-11-23T23:59:30+08:00")
    assert reading.read_day("今天", late, ZONE) == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("周四17:00", 1500), ("周五 12:00", 360), ("17:00", 60), ("19:00", 1380), ("3小时", 180), ("1 hour", 60),
     ("30分钟", 30), ("前一天 17:00", 1500), ("1天", 1440), ("两天前", 2880), ("不知道", None), ("前一天", 1440),
     ("前一天下午五点", 1500), ("提前半小时", 30), ("周四7点", None), ("周四", None), ("remind 3 hours before", 180)],
)  # fmt: skip
def test_how_long_before_friday_18(text: str, minutes: int | None) -> None:
    assert reading.minutes_before(text, 4, "18:00") == minutes


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2), ("两篇", 2), ("十", 10), ("十二篇", 12), ("六十", 60), ("二十一", 21), ("two", 2), ("几篇", None)],
)
def test_a_number(text: str, number: int | None) -> None:
    assert reading.read_number(text) == number


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("两篇日志 每周五18:00前，周四17:00提醒", (4, "18:00", 2, 1500)),
        ("周五下午5点前交1篇", (4, "17:00", 1, 1440)),
        ("every Wednesday 20:00 one log, remind 3 hours before", (2, "20:00", 1, 180)),
        ("two logs every Friday by 6pm, remind Thursday 5pm", (4, "18:00", 2, 1500)),
        ("两篇日志 每周五下午六点前，前一天提醒", (4, "18:00", 2, 1440)),
        ("每周两篇日志，周五18点前，周四17点提醒", (4, "18:00", 2, 1500)),
        ("每周五18点前两篇日志周四17点提醒", (4, "18:00", 2, 1500)),
        ("每周一篇日志，周日晚12点前交", (6, "23:59", 1, 1440)),
    ],
)
def test_a_whole_rule_in_a_sentence(text: str, wish: tuple[int, str, int, int]) -> None:
    found, missing = reading.read_rule_sentence(text)
    names = ("due_weekday", "due_time", "needed", "before_minutes")
    assert (found, missing) == (dict(zip(names, wish, strict=True)), [])


def test_a_rule_for_resources() -> None:
    found, missing = reading.read_rule_sentence("每周五20点前2份资源")
    assert (found["verb"], missing) == ("resource.added", [])


@pytest.mark.parametrize(
    ("text", "missing"),
    [("随便", ["day", "time"]), ("两篇日志，每周五前", ["time"]), ("两篇日志，18点前", ["day"]),
     ("周五6点前两篇日志", ["half"]), ("周五18:00前，周四7点提醒", ["half"]), ("周五18:00前，到时提醒", ["reminder"]),
     ("周一和周五18:00前", ["day"])],
)  # fmt: skip
def test_what_is_missing_in_a_sentence(text: str, missing: list[str]) -> None:
    assert reading.read_rule_sentence(text)[1] == missing
