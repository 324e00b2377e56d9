"""Repeating times: api/reminders/recurrence.py (C4; architecture.md, Time)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.reminders.recurrence import describe, next_occurrence, read_rule, week_period
from api.times import to_wall

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


def at(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def walls(rrule: str, start: str, count: int, zone: str = SHANGHAI, **options) -> list[str]:
    """The first `count` occurrences from the start on, as the wall clock shows them."""
    found, after = [], at(start, zone) - timedelta(seconds=1)
    for _ in range(count):
        after = next_occurrence(rrule, at(start, zone), after, zone, **options)
        if after is None:
            break
        found.append(f"{to_wall(after, zone):%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("rrule", "start", "expected"),
    [
        ("FREQ=DAILY", "2026-11-23 08:00", ["11-23 08:00", "11-24 08:00", "11-25 08:00"]),
        ("FREQ=DAILY;INTERVAL=2", "2026-11-23 08:00", ["11-23 08:00", "11-25 08:00", "11-27 08:00"]),
        ("FREQ=WEEKLY;BYDAY=TH", "2026-11-23 17:00", ["11-26 17:00", "12-03 17:00", "12-10 17:00"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR", "2026-11-25 07:30", ["11-25 07:30", "11-27 07:30", "11-30 07:30"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-11-27 18:00", ["11-27 18:00", "12-11 18:00", "12-25 18:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-11-30 09:00", ["11-30 09:00", "12-31 09:00", "01-31 09:00"]),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
            "2026-12-30 09:00",
            ["12-30 09:00", "01-30 09:00", "02-28 09:00"],
        ),
        ("FREQ=MONTHLY;BYDAY=1MO", "2026-12-01 09:00", ["12-07 09:00", "01-04 09:00", "02-01 09:00"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-12-01 09:00", ["12-25 09:00", "01-29 09:00", "02-26 09:00"]),
        ("FREQ=MONTHLY;BYDAY=5MO", "2026-12-01 09:00", ["03-29 09:00", "05-31 09:00", "08-30 09:00"]),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1,15", "2026-11-23 09:00", ["01-01 09:00", "01-15 09:00", "03-01 09:00"]),
        ("FREQ=MONTHLY", "2026-12-31 09:00", ["12-31 09:00", "01-31 09:00", "03-31 09:00"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU", "2026-11-29 18:00", ["11-29 18:00", "12-07 18:00", "12-13 18:00"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2026-11-23 09:00", ["02-29 09:00", "02-29 09:00"]),
        ("FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=10", "2026-11-23 09:00", ["09-10 09:00", "09-10 09:00"]),
        ("FREQ=WEEKLY;BYDAY=TH;UNTIL=20261204", "2026-11-23 17:00", ["11-26 17:00", "12-03 17:00"]),
        ("RRULE:freq=daily", "2026-11-23 08:00", ["11-23 08:00", "11-24 08:00"]),
    ],
)
def test_occurrences(rrule, start, expected):
    assert walls(rrule, start, len(expected) + ("UNTIL" in rrule)) == expected


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_the_wall_clock_holds_over_a_clock_change(change):
    start = datetime.fromisoformat(change) - timedelta(1)
    found = walls("FREQ=DAILY", f"{start:%Y-%m-%d} 08:00", 3, BERLIN)
    assert [text[-5:] for text in found] == ["08:00"] * 3


def test_an_hour_that_is_skipped_or_comes_twice_rings_once():
    assert walls("FREQ=DAILY", "2026-03-28 02:30", 3, BERLIN) == ["03-28 02:30", "03-29 03:30", "03-30 02:30"]
    assert walls("FREQ=DAILY", "2026-10-24 02:30", 3, BERLIN) == ["10-24 02:30", "10-25 02:30", "10-26 02:30"]


def test_after_is_not_itself_due_again_and_a_late_tick_catches_up():
    start = at("2026-11-26 17:00")
    assert next_occurrence("FREQ=WEEKLY;BYDAY=TH", start, start, SHANGHAI) == at("2026-12-03 17:00")
    assert next_occurrence("FREQ=DAILY", start, at("2027-02-01 17:01"), SHANGHAI) == at("2027-02-02 17:00")
    assert next_occurrence("FREQ=DAILY", start, at("2020-01-01 00:00"), SHANGHAI) == start


def test_workdays_skip_the_national_holiday_and_keep_the_made_up_saturday():
    found = walls("FREQ=DAILY", "2026-09-30 07:30", 4, skip_holidays=True)
    assert found == ["09-30 07:30", "10-08 07:30", "10-09 07:30", "10-10 07:30"]


def test_a_weekly_rule_skips_a_holiday_and_moves_nothing():
    assert walls("FREQ=WEEKLY;BYDAY=TH", "2026-09-24 17:00", 3, skip_holidays=True) == [
        "09-24 17:00", "10-08 17:00", "10-15 17:00",
    ]  # fmt: skip
    assert walls("FREQ=WEEKLY;BYDAY=TH", "2026-09-24 17:00", 2) == ["09-24 17:00", "10-01 17:00"]


def test_a_rule_that_names_saturday_skips_it_only_on_a_public_holiday():
    assert walls("FREQ=WEEKLY;BYDAY=SA", "2026-09-19 09:00", 3, skip_holidays=True) == [
        "09-19 09:00", "10-10 09:00", "10-17 09:00",
    ]  # fmt: skip


def test_overrides_decide():
    closed = {date(2026, 11, 26): False, date(2026, 11, 28): True}
    found = walls("FREQ=DAILY", "2026-11-25 09:00", 4, skip_holidays=True, overrides=closed)
    assert found == ["11-25 09:00", "11-27 09:00", "11-28 09:00", "11-30 09:00"]


def test_a_rule_that_never_happens_is_none_and_quick():
    assert walls("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "2027-02-01 09:00", 1) == []
    assert walls("FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29", "2027-02-28 09:00", 1) == []
    assert walls("FREQ=DAILY;INTERVAL=999;UNTIL=20261123", "2026-11-23 09:00", 1) == []
    never = {date(2026, 1, 1) + timedelta(n): False for n in range(6000)}
    assert walls("FREQ=DAILY", "2026-11-23 09:00", 1, skip_holidays=True, overrides=never) == []


@pytest.mark.parametrize(
    "rrule",
    [
        "", "每天", "FREQ=HOURLY", "FREQ=SECONDLY", "INTERVAL=2", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;BYHOUR=3",
        "FREQ=DAILY;COUNT=5", "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY;BYDAY=1MO", "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=1",
        "DTSTART:20260101T000000\nRRULE:FREQ=DAILY", "FREQ=DAILY;UNTIL=20269999",
        # what nobody says: a library looks for some of these until the year 9999, and the service with it
        "FREQ=DAILY;BYSETPOS=31", "FREQ=DAILY;BYMONTH=3", "FREQ=DAILY;BYDAY=MO", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYDAY=MO;BYMONTHDAY=31;BYMONTH=2", "FREQ=WEEKLY;BYSETPOS=31", "FREQ=MONTHLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=1MO,2TU", "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=31", "FREQ=MONTHLY;BYMONTHDAY=1,2,3;BYSETPOS=-1", "FREQ=YEARLY",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31", "FREQ=YEARLY;BYSETPOS=31",
        "FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=3", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=-1",
    ],
)  # fmt: skip
def test_what_cannot_be_repeated_is_refused(rrule):
    with pytest.raises(ValueError):
        read_rule(rrule)


@pytest.mark.parametrize(
    ("rrule", "zh", "en"),
    [
        ("FREQ=DAILY", "每天", "every day"),
        ("FREQ=DAILY;INTERVAL=2", "每两天", "every 2 days"),
        ("FREQ=WEEKLY", "每周", "every week"),
        ("FREQ=WEEKLY;BYDAY=TH", "每周四", "every Thursday"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR", "每周一、周三、周五", "every Monday, Wednesday and Friday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "每两周的周五", "every 2 weeks on Friday"),
        ("FREQ=MONTHLY", "每月", "every month"),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "每月1号", "on the 1st of every month"),
        ("FREQ=MONTHLY;BYMONTHDAY=11,22", "每月11号、22号", "on the 11th and 22nd of every month"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "每月最后一天", "on the last day of every month"),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=3", "每3个月的3号", "on the 3rd of every 3 months"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "每月30号（没有这天就在月末）",
         "on the 30th of every month (or its last day)"),
        ("FREQ=MONTHLY;BYDAY=1MO", "每月第一个周一", "on the first Monday of every month"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "每月最后一个周五", "on the last Friday of every month"),
        ("FREQ=MONTHLY;BYDAY=-2FR", "每月倒数第2个周五", "on the 2nd last Friday of every month"),
        ("FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=10", "每年9月10日", "every year on 10 September"),
        ("FREQ=DAILY;BYMONTH=3", "FREQ=DAILY;BYMONTH=3", "FREQ=DAILY;BYMONTH=3"),
    ],
)  # fmt: skip
def test_a_rule_in_words(rrule, zh, en):
    assert describe(rrule, "zh_CN") == zh
    assert describe(rrule, "en") == en


def test_skipped_holidays_are_said():
    assert describe("FREQ=DAILY", "zh", skip_holidays=True) == "每个工作日"
    assert describe("FREQ=DAILY", "en", skip_holidays=True) == "every workday"
    assert describe("FREQ=WEEKLY;BYDAY=TH", "zh", skip_holidays=True) == "每周四（节假日除外）"
    assert describe("FREQ=WEEKLY;BYDAY=TH", "en", skip_holidays=True) == "every Thursday (not on holidays)"


@pytest.mark.parametrize(
    ("now", "start", "due"),
    [
        ("2026-11-23 10:00", "2026-11-20 18:00", "2026-11-27 18:00"),
        ("2026-11-27 17:59", "2026-11-20 18:00", "2026-11-27 18:00"),
        ("2026-11-27 18:00", "2026-11-27 18:00", "2026-12-04 18:00"),
        ("2026-11-28 00:00", "2026-11-27 18:00", "2026-12-04 18:00"),
    ],
)
def test_the_period_of_two_logs_a_week_by_friday_18(now, start, due):
    assert week_period(at(now), 4, time(18), SHANGHAI) == (at(start), at(due))


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 6),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sampled_from([SHANGHAI, BERLIN, "America/New_York"]),
)
def test_periods_touch_and_hold_now(now, weekday, due_time, zone):
    start, due = week_period(now, weekday, due_time, zone)
    assert start <= now < due
    assert week_period(start, weekday, due_time, zone) == (start, due)
    assert week_period(due, weekday, due_time, zone)[0] == due
    assert due - start in (timedelta(7), timedelta(7, 3600), timedelta(7, -3600))


@given(
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TU,SU", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=DAILY;INTERVAL=3"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(-30), timedelta(800)),
    st.sampled_from([SHANGHAI, BERLIN, "America/New_York"]),
    st.booleans(),
)
def test_the_next_is_always_later_and_at_the_time_of_the_first(rrule, start, offset, zone, skip):
    after = start + offset
    found = next_occurrence(rrule, start, after, zone, skip)
    assert found is not None and found > after and found >= start
    again = next_occurrence(rrule, start, found, zone, skip)
    assert again is not None and again > found
