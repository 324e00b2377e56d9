"""Moments and days: api/times.py (architecture.md, Time)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import times

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


def at(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_now_is_aware_utc():
    assert times.utcnow().tzinfo is UTC
    assert abs(times.utcnow().timestamp() - __import__("time").time()) < 5


@pytest.mark.parametrize("name", ["Asia/Peking", "", "Asia", "../etc/passwd", "北京"])
def test_an_unknown_zone_is_a_value_error(name):
    with pytest.raises(ValueError, match="unknown time zone"):
        times.zone_of(name)


def test_a_zone_may_be_given_by_name_or_as_itself():
    assert times.zone_of(SHANGHAI) is times.zone_of(ZoneInfo(SHANGHAI))


def test_the_local_day_is_not_the_utc_day():
    assert times.local_day(datetime(2026, 11, 22, 16, 30, tzinfo=UTC), SHANGHAI) == date(2026, 11, 23)
    assert times.local_day(datetime(2026, 11, 22, 15, 59, tzinfo=UTC), SHANGHAI) == date(2026, 11, 22)


def test_adding_days_keeps_the_wall_clock_over_a_clock_change():
    assert times.add_days(at("2026-10-24 09:00", BERLIN), 1, BERLIN) == at("2026-10-25 09:00", BERLIN)
    assert at("2026-10-25 09:00", BERLIN) - at("2026-10-24 09:00", BERLIN) == timedelta(hours=25)


def test_a_wall_time_that_does_not_exist_moves_past_the_gap_and_a_double_one_is_the_first():
    assert times.to_utc(datetime(2026, 3, 29, 2, 30), BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert times.to_wall(times.to_utc(datetime(2026, 3, 29, 2, 30), BERLIN), BERLIN).hour == 3
    assert times.to_utc(datetime(2026, 10, 25, 2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_quiet_hours_are_read_and_written_back():
    assert times.parse_quiet_hours("21:30-07:00") == (time(21, 30), time(7))
    assert str(times.parse_quiet_hours(" 22：00 – 6:30 ")) == "22:00-06:30"
    assert times.parse_quiet_hours("off") is None


@pytest.mark.parametrize(
    "text", ["", "21:30", "25:00-07:00", "21:60-07:00", "07:00-07:00", "night", "21:30-07:00-08:00"]
)
def test_wrong_quiet_hours_are_refused(text):
    with pytest.raises(ValueError):
        times.parse_quiet_hours(text)


@pytest.mark.parametrize(
    ("moment", "quiet", "release"),
    [
        ("2026-11-23 21:29", "21:30-07:00", "2026-11-23 21:29"),
        ("2026-11-23 21:30", "21:30-07:00", "2026-11-24 07:00"),
        ("2026-11-24 03:00", "21:30-07:00", "2026-11-24 07:00"),
        ("2026-11-24 07:00", "21:30-07:00", "2026-11-24 07:00"),
        ("2026-11-24 12:45", "12:00-14:00", "2026-11-24 14:00"),
        ("2026-11-24 11:59", "12:00-14:00", "2026-11-24 11:59"),
        ("2026-11-24 03:00", "off", "2026-11-24 03:00"),
        ("2026-12-31 23:00", "21:30-07:00", "2027-01-01 07:00"),
    ],
)
def test_release_after_quiet_hours(moment, quiet, release):
    assert times.release_after_quiet(at(moment), times.parse_quiet_hours(quiet), SHANGHAI) == at(release)


def test_the_quiet_night_of_a_clock_change_ends_at_the_same_wall_time():
    quiet = times.parse_quiet_hours("21:30-07:00")
    assert times.release_after_quiet(at("2026-10-24 23:00", BERLIN), quiet, BERLIN) == at("2026-10-25 07:00", BERLIN)
    assert times.release_after_quiet(at("2026-03-28 23:00", BERLIN), quiet, BERLIN) == at("2026-03-29 07:00", BERLIN)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.times().filter(lambda t: t != time(7)),
    st.sampled_from([SHANGHAI, BERLIN, "America/New_York", "Asia/Urumqi", "Australia/Lord_Howe"]),
)
def test_a_release_is_never_early_never_quiet_and_within_a_day(moment, start, zone):
    quiet = times.QuietHours(start, time(7))
    release = times.release_after_quiet(moment, quiet, zone)
    assert moment <= release <= moment + timedelta(hours=25)
    assert not times.is_quiet(release, quiet, zone)


def test_workdays_follow_the_official_calendar_then_the_override():
    assert times.is_workday(date(2026, 11, 23))
    assert not times.is_workday(date(2026, 11, 22))
    assert not times.is_workday(date(2026, 10, 1))  # a Thursday
    assert times.is_workday(date(2026, 10, 10))  # a Saturday worked instead
    assert not times.is_workday(date(2026, 11, 23), {date(2026, 11, 23): False})
    assert times.is_workday(date(2026, 11, 22), {date(2026, 11, 22): True})


def test_a_year_that_is_not_announced_falls_back_to_weekdays_and_can_be_told():
    assert times.knows_year(2026)
    assert not times.knows_year(2003)
    assert not times.knows_year(2090)
    assert [times.is_workday(date(2090, 1, day)) for day in range(2, 9)] == [True] * 5 + [False] * 2
    assert times.is_workday(date(2090, 1, 7), {date(2090, 1, 7): True})


def test_a_public_holiday_is_more_than_a_weekend():
    assert times.is_public_holiday(date(2026, 10, 1))
    assert not times.is_public_holiday(date(2026, 11, 22))
    assert not times.is_public_holiday(date(2090, 1, 1))
    assert times.is_public_holiday(date(2026, 11, 23), {date(2026, 11, 23): False})


@pytest.mark.parametrize(
    ("moment", "zh", "en"),
    [
        ("2026-11-23 15:00", "今天 15:00", "today 15:00"),
        ("2026-11-24 15:00", "明天（周二）15:00", "tomorrow (Tue) 15:00"),
        ("2026-11-25 08:05", "后天（周三）08:05", "Wed 25 Nov 08:05"),
        ("2026-11-22 09:00", "昨天（周日）09:00", "yesterday (Sun) 09:00"),
        ("2026-11-27 18:00", "11月27日 周五 18:00", "Fri 27 Nov 18:00"),
        ("2026-01-05 00:00", "1月5日 周一 00:00", "Mon 5 Jan 00:00"),
        ("2027-01-01 09:00", "2027年1月1日 周五 09:00", "Fri 1 Jan 2027 09:00"),
    ],
)
def test_moments_for_people(moment, zh, en):
    now = at("2026-11-23 10:00")
    assert times.format_moment(at(moment), SHANGHAI, "zh", now) == zh
    assert times.format_moment(at(moment), SHANGHAI, "zh_CN", now) == zh
    assert times.format_moment(at(moment), SHANGHAI, "en", now) == en


def test_what_tomorrow_is_depends_on_the_persons_zone():
    now, moment = at("2026-11-23 10:00"), at("2026-11-24 03:00")
    assert times.format_moment(moment, SHANGHAI, "zh", now) == "明天（周二）03:00"
    assert times.format_moment(moment, "UTC", "zh", now) == "今天 19:00"


def test_every_zone_of_the_system_can_be_used():
    for name in available_timezones():
        times.to_wall(times.utcnow(), name)
