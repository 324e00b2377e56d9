"""What people type and when it means: api/reminders/when.py (C4)."""

import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.reminders.phrases import Assumed
from api.reminders.recurrence import describe, next_occurrence
from api.reminders.when import understand
from api.times import to_wall

SHANGHAI = "Asia/Shanghai"


def at(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


MONDAY = at("2026-11-23 10:00")

# text | matter | first moment | rule (+ skip for workdays) | what was assumed
CHINESE = """
提醒我 明天下午3点 交教案 | 交教案 | 11-24 15:00
提醒我交教案，明天下午3点 | 交教案 | 11-24 15:00
明天 提醒我 下午3点 开会 | 开会 | 11-24 15:00
明天２点开会 | 开会 | 11-24 14:00 | | half=14:00
下午两点半听课 | 听课 | 11-23 14:30
五点半接孩子 | 接孩子 | 11-23 17:30 | | half=17:30
今晚八点备课 | 备课 | 11-23 20:00
明早七点半值周 | 值周 | 11-24 07:30
后天上午十点一刻 教研组会 | 教研组会 | 11-25 10:15
大后天交表 | 交表 | 11-26 09:00 | | hour=09:00
上午十一点四十五 | | 11-23 11:45
中午1点 午会 | 午会 | 11-23 13:00
晚上12点 | | 11-24 00:00
今晚1点 | | 11-24 01:00
周日晚12点 截止 | 截止 | 11-30 00:00
02：30 | | 11-24 02:30 | | moved=2026-11-24
2:30 | | 11-23 14:30 | | half=14:30
18：30 校本研修 | 校本研修 | 11-23 18:30
8点开会 | 开会 | 11-23 20:00 | | half=20:00
明天五点开会 | 开会 | 11-24 17:00 | | half=17:00
明天6点晨跑 | 晨跑 | 11-24 06:00
10:00 开会 | 开会 | 11-24 10:00 | | moved=2026-11-24
9点开会 | 开会 | 11-24 09:00 | | moved=2026-11-24
今天9点交表 | 交表 | 11-24 09:00 | | moved=2026-11-24
今天交日志 | 交日志 | 11-23 17:00 | | hour=17:00
周五18:00前交日志 | 交日志 | 11-27 17:00 | | ahead=18:00
周五之前交总结 | 交总结 | 11-27 09:00 | | hour=09:00
今天10:30前交表 | 交表 | 11-23 10:30
请大家在下周五前提交总结 | 请大家提交总结 | 12-04 09:00 | | hour=09:00
2026年12月31日 23:59 前提交年终总结 | 提交年终总结 | 12-31 22:59 | | ahead=23:59
提醒我下周三下午三点半去二小听课 | 去二小听课 | 12-02 15:30
下周一上午 | | 11-30 09:00 | | hour=09:00
下周 检查 | 检查 | 11-30 09:00 | | day=2026-11-30 hour=09:00
下下周三 | | 12-09 09:00 | | hour=09:00
本周一9点 例会 | 例会 | 11-30 09:00 | | moved=2026-11-30
周末 整理资料 | 整理资料 | 11-28 09:00 | | hour=09:00
写周日志 明天 | 写周日志 | 11-24 09:00 | | hour=09:00
11月27日（周五）18:00 交研修日志 | 交研修日志 | 11-27 18:00
11月20日交材料 | 交材料 | 2027-11-20 09:00 | | hour=09:00
十二月一号上午9点 开题会 | 开题会 | 12-01 09:00
2026-12-05 14:00 观摩课 | 观摩课 | 12-05 14:00
12/8 下午4点 公开课 | 公开课 | 12-08 16:00
5号交读书笔记 | 交读书笔记 | 12-05 09:00 | | hour=09:00
去5号楼开会 明天8:00 | 去5号楼开会 | 11-24 08:00
下个月3号 送教下乡 | 送教下乡 | 12-03 09:00 | | hour=09:00
月底 | | 11-30 09:00 | | hour=09:00
下月底交小结 | 交小结 | 12-31 09:00 | | hour=09:00
年底写述职 | 写述职 | 12-31 09:00 | | hour=09:00
元旦 值班 | 值班 | 2027-01-01 09:00 | | hour=09:00
国庆节 值班 | 值班 | 2027-10-01 09:00 | | hour=09:00
六一班 明天8点 班会 | 六一班 班会 | 11-24 08:00
半小时后 | | 11-23 10:30
一个半小时后提醒我接孩子 | 接孩子 | 11-23 11:30
1小时30分钟后下课 | 下课 | 11-23 11:30
1.5小时后下课 | 下课 | 11-23 11:30
过20分钟提醒我关投影 | 关投影 | 11-23 10:20
三刻钟后 换班 | 换班 | 11-23 10:45
三天后交反思 | 交反思 | 11-26 09:00 | | hour=09:00
两周后下午2点 复盘 | 复盘 | 12-07 14:00
一个月后 回访 | 回访 | 12-23 09:00 | | hour=09:00
每天早上8点 | | 11-24 08:00 | FREQ=DAILY
每晚9点半 写反思 | 写反思 | 11-23 21:30 | FREQ=DAILY
从明天起每天早上8点 晨检 | 晨检 | 11-24 08:00 | FREQ=DAILY
每隔一天晚上9点 阅读打卡 | 阅读打卡 | 11-23 21:00 | FREQ=DAILY;INTERVAL=2
隔天 晨跑 6:30 | 晨跑 | 11-24 06:30 | FREQ=DAILY;INTERVAL=2
工作日 7:30 打卡 | 打卡 | 11-24 07:30 | FREQ=DAILY skip
每个工作日早上8:00 签到 | 签到 | 11-24 08:00 | FREQ=DAILY skip
每周四下午五点 提醒 写日志 | 写日志 | 11-26 17:00 | FREQ=WEEKLY;BYDAY=TH
每周五18:00前交日志 | 交日志 | 11-27 17:00 | FREQ=WEEKLY;BYDAY=FR | ahead=18:00
每逢周五 交表 | 交表 | 11-27 09:00 | FREQ=WEEKLY;BYDAY=FR | hour=09:00
每周一三五 早上7点50 早读 | 早读 | 11-25 07:50 | FREQ=WEEKLY;BYDAY=MO,WE,FR
每周一到周五 17:10 护导 | 护导 | 11-23 17:10 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
每周二、周四 下午4点 社团 | 社团 | 11-24 16:00 | FREQ=WEEKLY;BYDAY=TU,TH
每周一三点开会 | 开会 | 11-23 15:00 | FREQ=WEEKLY;BYDAY=MO | half=15:00
每周写两篇日志 | 写两篇日志 | 11-30 09:00 | FREQ=WEEKLY;BYDAY=MO | day=2026-11-23 hour=09:00
每周二早上7:40升旗 | 升旗 | 11-24 07:40 | FREQ=WEEKLY;BYDAY=TU
每两周周五 15:00 教研 | 教研 | 11-27 15:00 | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR
隔周周三下午两点 集体备课 | 集体备课 | 11-25 14:00 | FREQ=WEEKLY;INTERVAL=2;BYDAY=WE
每月1号 | | 12-01 09:00 | FREQ=MONTHLY;BYMONTHDAY=1 | hour=09:00
每月底 汇总 | 汇总 | 11-30 09:00 | FREQ=MONTHLY;BYMONTHDAY=-1 | hour=09:00
每月30日 统计 | 统计 | 11-30 09:00 | FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1 | hour=09:00
每月第一个周一 9:00 升旗 | 升旗 | 12-07 09:00 | FREQ=MONTHLY;BYDAY=1MO
每年9月10日 送花 | 送花 | 2027-09-10 09:00 | FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=10 | hour=09:00
提醒我 交周五的教案 明天下午3点 | 交周五的教案 | 11-24 15:00
明天的公开课 提醒我 下午2点 | 明天的公开课 | 11-24 14:00
昨天布置的作业 明天收 | 昨天布置的作业 收 | 11-24 09:00 | | hour=09:00
提醒学生带书 明天8点 | 提醒学生带书 | 11-24 08:00
早一点睡 今晚10点 | 早一点睡 | 11-23 22:00
第3节课后 14:20 查课 | 第3节课后 查课 | 11-23 14:20
明天上午9点到11点培训 | 培训 | 11-24 09:00
后天 14：00-16：00 听课 | 听课 | 11-25 14:00
12.5 下午三点 观摩 | 观摩 | 12-05 15:00
打印 2.5 万字 明天 | 打印 2.5 万字 | 11-24 09:00 | | hour=09:00
明天前往区里开会 | 前往区里开会 | 11-24 09:00 | | hour=09:00
周一三点 | | 11-23 15:00 | | half=15:00
周三三点 | | 11-25 15:00 | | half=15:00
周一3点 | | 11-23 15:00 | | half=15:00
周一15:30 例会 | 例会 | 11-23 15:30
每周一到周五7:20打卡 | 打卡 | 11-24 07:20 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
每周一至周五8点 | | 11-24 08:00 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
每周一和周三8点 | | 11-25 08:00 | FREQ=WEEKLY;BYDAY=MO,WE
每周一三五8:00早读 | 早读 | 11-25 08:00 | FREQ=WEEKLY;BYDAY=MO,WE,FR
每周一三五8点早读 | 早读 | 11-25 08:00 | FREQ=WEEKLY;BYDAY=MO,WE,FR
每周一三五八点早读 | 早读 | 11-25 08:00 | FREQ=WEEKLY;BYDAY=MO,WE,FR
明天 下午 4 点 交表 | 交表 | 11-24 16:00
明天 8 点 | | 11-24 08:00
明天 8 点 30 分 交表 | 交表 | 11-24 08:30
11 月 30 日 下午3点 | | 11-30 15:00
20 分钟后 开会 | 开会 | 11-23 10:20
第 3 点要求 明天交 | 第 3 点要求 交 | 11-24 09:00 | | hour=09:00
第十五点要求 明天交 | 第十五点要求 交 | 11-24 09:00 | | hour=09:00
明天8点从学校出发 | 从学校出发 | 11-24 08:00
明天3点 20 份卷子 | 20 份卷子 | 11-24 15:00 | | half=15:00
明天3点2班家长会 | 2班家长会 | 11-24 15:00 | | half=15:00
明天下午3点开会，提前半小时提醒我 | 开会 | 11-24 14:30
提前10分钟提醒我明天下午3点开会 | 开会 | 11-24 14:50
周五交日志，提前一天提醒我 | 交日志 | 11-26 09:00 | | hour=09:00
月底前一天 交总结 | 交总结 | 11-29 09:00 | | hour=09:00
年底前三天 交总结 | 交总结 | 12-28 09:00 | | hour=09:00
周五18:00前交日志，提前一天 | 交日志 | 11-26 18:00
15:00前10分钟 | | 11-23 14:50
明天9点前 10 分钟叫我 | | 11-24 08:50
国庆节前三天提醒我订票 | 订票 | 2027-09-28 09:00 | | hour=09:00
每周五下午3点开会，提前10分钟 | 开会 | 11-27 14:50 | FREQ=WEEKLY;BYDAY=FR
提醒我复习前10分钟的内容 明天8点 | 复习前10分钟的内容 | 11-24 08:00
早8点 | | 11-24 08:00 | | moved=2026-11-24
早7点半值日 | 值日 | 11-24 07:30 | | moved=2026-11-24
下午三点零五分 | | 11-23 15:05
下午三点零五 开会 | 开会 | 11-23 15:05
15.30开会 | 开会 | 11-23 15:30
明天交 15.30 元 | 交 15.30 元 | 11-24 09:00 | | hour=09:00
明天交12.50元班费 | 交12.50元班费 | 11-24 09:00 | | hour=09:00
明儿下午3点 | | 11-24 15:00
明年12月3日 | | 2027-12-03 09:00 | | hour=09:00
26年11月30日 15点 | | 11-30 15:00
12-01 15:00 | | 12-01 15:00
11.25日下午2点 | | 11-25 14:00
30/11 3pm | | 11-30 15:00
11/30/2026 3pm | | 11-30 15:00
工作日每天7点 打卡 | 打卡 | 11-24 07:00 | FREQ=DAILY skip
平日7点 打卡 | 打卡 | 11-24 07:00 | FREQ=DAILY skip
周一到周五每天7点 打卡 | 打卡 | 11-24 07:00 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
除了周末每天7点 | | 11-24 07:00 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
每天早上7点，周末除外，打卡 | 打卡 | 11-24 07:00 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
每两周一次周三下午 | | 11-25 15:00 | FREQ=WEEKLY;INTERVAL=2;BYDAY=WE | hour=15:00
每月1号和15号 | | 12-01 09:00 | FREQ=MONTHLY;BYMONTHDAY=1,15 | hour=09:00
每年教师节 送花 | 送花 | 2027-09-10 09:00 | FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=10 | hour=09:00
从下周一起每天8点 | | 11-30 08:00 | FREQ=DAILY
明早6点起床 | 起床 | 11-24 06:00
半小时 | | 11-23 10:30
40分钟 | | 11-23 10:40
提醒我明天上午9点通知家长周五下午3点开会 | 通知家长周五下午3点开会 | 11-24 09:00
半小时后提醒我通知大家明天开会 | 通知大家明天开会 | 11-23 10:30
下午的公开课 明天8点提醒我 | 下午的公开课 | 11-24 08:00
帮我设个提醒，明天下午3点交教案 | 交教案 | 11-24 15:00
定个闹钟 明早6点 | | 11-24 06:00
明天8点叫我起床 | 起床 | 11-24 08:00
能不能明天9点提醒我交表好吗？ | 交表 | 11-24 09:00
改成下午3点吧 | | 11-23 15:00
明天下午3點交教案 | 交教案 | 11-24 15:00
每週二下午3點 | | 11-24 15:00 | FREQ=WEEKLY;BYDAY=TU
"""

ENGLISH = """
remind me tomorrow at 3pm to hand in the lesson plan | hand in the lesson plan | 11-24 15:00
remind me at 3pm to call the parents tomorrow | call the parents | 11-24 15:00
Remind me about Friday's lesson tomorrow at 9 | Friday's lesson | 11-24 09:00
tonight at 8 | | 11-23 20:00
at 2 meeting | meeting | 11-23 14:00 | | half=14:00
half past 4 club | club | 11-23 16:30 | | half=16:30
quarter to nine tomorrow bus | bus | 11-24 08:45
the day after tomorrow at noon | | 11-25 12:00
midnight | | 11-24 00:00
by Friday 6pm hand in the log | hand in the log | 11-27 17:00 | | ahead=18:00
before Friday hand in the report | hand in the report | 11-27 09:00 | | hour=09:00
next Monday morning staff meeting | staff meeting | 11-30 09:00 | | hour=09:00
next week plan the visit | plan the visit | 11-30 09:00 | | day=2026-11-30 hour=09:00
on 5 December at 14:00 open lesson | open lesson | 12-05 14:00
Dec 5 2pm open lesson | open lesson | 12-05 14:00
December 1st, 2026 at 9:30 am seminar | seminar | 12-01 09:30
2026-12-24 15:00 party | party | 12-24 15:00
on the 5th reading notes | reading notes | 12-05 09:00 | | hour=09:00
end of the month upload the case | upload the case | 11-30 09:00 | | hour=09:00
new year's day greet everybody | greet everybody | 2027-01-01 09:00 | | hour=09:00
in 20 minutes | | 11-23 10:20
in half an hour check the projector | check the projector | 11-23 10:30
in an hour and a half | | 11-23 11:30
in 2 hours and 15 minutes call the office | call the office | 11-23 12:15
in 3 days | | 11-26 09:00 | | hour=09:00
in a week at 2pm | | 11-30 14:00
every day at 8am | | 11-24 08:00 | FREQ=DAILY
every morning at 7:30 sign in | sign in | 11-24 07:30 | FREQ=DAILY
every weekday at 7:30 sign in | sign in | 11-24 07:30 | FREQ=DAILY skip
every Friday 18:00 write the log | write the log | 11-27 18:00 | FREQ=WEEKLY;BYDAY=FR
Fridays at 5pm tidy up | tidy up | 11-27 17:00 | FREQ=WEEKLY;BYDAY=FR
every Monday, Wednesday and Friday at 7:50 read | read | 11-25 07:50 | FREQ=WEEKLY;BYDAY=MO,WE,FR
every other Friday 15:00 research group | research group | 11-27 15:00 | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR
every 2 weeks on Wednesday at 2pm | | 11-25 14:00 | FREQ=WEEKLY;INTERVAL=2;BYDAY=WE
on the 15th of every month at 10am attendance | attendance | 12-15 10:00 | FREQ=MONTHLY;BYMONTHDAY=15
on the last day of every month | | 11-30 09:00 | FREQ=MONTHLY;BYMONTHDAY=-1 | hour=09:00
first Friday of every month at 9am | | 12-04 09:00 | FREQ=MONTHLY;BYDAY=1FR
every first Monday of the month at 9am | | 12-07 09:00 | FREQ=MONTHLY;BYDAY=1MO
every year on 10 September | | 2027-09-10 09:00 | FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=10 | hour=09:00
every Friday 18:00 写日志 | 写日志 | 11-27 18:00 | FREQ=WEEKLY;BYDAY=FR
remind me 明天3点 meeting | meeting | 11-24 15:00 | | half=15:00
10 minutes before 3pm | | 11-23 14:50
remind me 10 minutes before the meeting at 3pm tomorrow | the meeting | 11-24 14:50
remind me a day before Friday | | 11-26 09:00 | | hour=09:00
half an hour later | | 11-23 10:30
after 20 minutes | | 11-23 10:20
in 2hrs | | 11-23 12:00
20 minutes | | 11-23 10:20
8 in the evening tomorrow | | 11-24 20:00
read chapter 8 in the evening | read chapter 8 | 11-23 19:00 | | hour=19:00
ten to three | | 11-23 14:50 | | half=14:50
weekdays at 7am | | 11-24 07:00 | FREQ=DAILY skip
every day except weekends at 8 | | 11-24 08:00 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
every 2nd Tuesday | | 11-24 09:00 | FREQ=WEEKLY;INTERVAL=2;BYDAY=TU | hour=09:00
every 2nd Tuesday of the month | | 12-08 09:00 | FREQ=MONTHLY;BYDAY=2TU | hour=09:00
fortnightly on Friday | | 11-27 09:00 | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR | hour=09:00
Mondays and Wednesdays at 8am | | 11-25 08:00 | FREQ=WEEKLY;BYDAY=MO,WE
on the 1st and 15th of every month at 9am pay | pay | 12-01 09:00 | FREQ=MONTHLY;BYMONTHDAY=1,15
tomorrow at 9 tell parents about the meeting on Friday | tell parents about the meeting on Friday | 11-24 09:00
can you remind me at 4pm to pick up the kids | pick up the kids | 11-23 16:00
set a reminder for tomorrow at 3pm: lesson plan | lesson plan | 11-24 15:00
make it 4pm please | | 11-23 16:00
tomorrow at 9 pick up from school | pick up from school | 11-24 09:00
tomorrow from 9am to 11am training | training | 11-24 09:00
tomorrow 14:00-16:00 visit | visit | 11-24 14:00
"""


def cases(table: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [row + [""] * (5 - len(row)) for row in rows]


def check(row: list[str], language: str) -> None:
    text, matter, moment, rule, assumed = row
    understood = understand(text, MONDAY, SHANGHAI, language)
    assert understood is not None
    year = "" if moment.count("-") == 2 else "2026-"
    seen = (
        understood.matter,
        f"{to_wall(understood.due, SHANGHAI):%Y-%m-%d %H:%M}",
        f"{understood.rrule or ''}{' skip' if understood.skip_holidays else ''}",
        {f"{note.kind}={note.value}" for note in understood.assumed},
    )
    assert seen == (matter, year + moment, rule, set(assumed.split()))


@pytest.mark.parametrize("row", cases(CHINESE), ids=lambda row: row[0])
def test_chinese(row):
    check(row, "zh")


@pytest.mark.parametrize("row", cases(ENGLISH), ids=lambda row: row[0])
def test_english(row):
    check(row, "en")


@pytest.mark.parametrize("row", cases(ENGLISH)[:8] + cases(CHINESE)[:8], ids=lambda row: row[0])
def test_both_languages_are_understood_whatever_the_persons_own(row):
    check(row, "en" if row in cases(CHINESE) else "zh")


@pytest.mark.parametrize(
    "text",
    ["", "交教案", "昨天下午3点开会", "上周五交的教案", "2025年1月1日开会", "三天前", "每小时喝水", "每10分钟提醒我",
     "25点开会", "2026-02-30 10:00", "2月30日", "13月5日", "9999年1月1日", "三四月5日", "第3点要求", "有一点累",
     "下午茶", "写周日志",
     "remind me to write the log", "yesterday at 3pm", "2 days ago", "every 10 minutes", "at 25:00", "13pm",
     "1 January 2025 at 9am", "31 February", "I may sit down", "at a meeting"],
)  # fmt: skip
def test_no_time_the_past_or_too_often_is_none(text):
    assert understand(text, MONDAY, SHANGHAI, "zh") is None
    assert understand(text, MONDAY, SHANGHAI, "en") is None


def test_workdays_begin_after_the_holiday_and_say_when_the_calendar_is_a_guess():
    understood = understand("工作日 7:30 打卡", at("2026-09-30 20:00"), SHANGHAI)
    assert understood is not None and understood.due == at("2026-10-08 07:30") and understood.assumed == ()
    understood = understand("工作日 7:30 打卡", at("2090-01-02 20:00"), SHANGHAI)
    assert understood is not None and Assumed("guess", "2090") in understood.assumed
    closed = {date(2026, 11, 24): False}
    understood = understand("工作日 7:30 打卡", MONDAY, SHANGHAI, overrides=closed)
    assert understood is not None and understood.due == at("2026-11-25 07:30")


def test_a_deadline_of_a_rule_keeps_its_hour_ahead_when_this_one_is_too_near():
    understood = understand("每周五18:00前交日志", at("2026-11-27 17:30"), SHANGHAI)
    assert understood is not None and understood.due == at("2026-12-04 17:00")
    understood = understand("每周五0:30前交日志", MONDAY, SHANGHAI)
    assert understood is not None and understood.due == at("2026-11-27 00:30")  # not a Thursday


def test_the_time_is_the_persons_own():
    understood = understand("tomorrow at 8am", at("2026-10-24 10:00", "Europe/Berlin"), "Europe/Berlin", "en")
    assert understood is not None and understood.due == datetime(2026, 10, 25, 7, tzinfo=UTC)  # 25 hours' day


def test_the_matter_is_left_as_it_was_typed():
    understood = understand("提醒我 明天3点\n1. 交“教案”；\n2. 带Ｕ盘 𪚥", MONDAY, SHANGHAI)
    assert understood is not None and understood.matter == "1. 交“教案”；\n2. 带Ｕ盘 𪚥"


def test_a_long_message_is_read_in_no_time():
    for filler in ("每一、", "周一", "一", "every ", "1", " ", "三点", "明天", "1:", "monday and "):
        begun = time.perf_counter()
        understood = understand(f"明天下午3点 {filler * (10_000 // len(filler))}", MONDAY, SHANGHAI)
        assert time.perf_counter() - begun < 1
        assert understood is None or understood.due > MONDAY


def test_no_date_library_is_loaded():
    """dateparser and jionlp cost 23 and 39 MB of the 150 that the whole service may use."""
    run = "import sys, api.reminders.when; print(sorted({'dateparser', 'jionlp', 'regex'} & set(sys.modules)))"
    seen = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


_WORDS = st.sampled_from(
    "提醒我 每 隔 两 下 这 周 五 一 三 日 天 月 年 底 号 点 半 时 前 后 晚 早 上午 下午 凌晨 12 31 0 24 "
    ": ： / - . ２ 工作日 小时 分钟 刻 过 的 交 元旦 最后一 第 个 提前 除了 周末 "
    "和 到 直到 从 起 明年 农历 点零 before except until every other on the in at by next last of day "
    "month week year Friday may morning night noon half an past to 30th 2027 am pm , ( ）".split()
)


@given(
    st.lists(st.one_of(_WORDS, st.text(max_size=3)), max_size=12).flatmap(
        lambda words: st.sampled_from(["", " "]).map(lambda gap: gap.join(words))
    ),
    st.datetimes(datetime(2024, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([SHANGHAI, "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"]),
    st.sampled_from(["zh", "en"]),
)
def test_never_raises_and_never_the_past(text, now, zone, language):
    understood = understand(text, now, zone, language)
    if understood is None:
        return
    assert now < understood.due <= now + timedelta(days=3660)
    assert understood.due.tzinfo is UTC
    assert len(understood.matter) <= len(text)
    if understood.rrule:
        assert describe(understood.rrule, language)
        following = next_occurrence(understood.rrule, understood.due, understood.due, zone, understood.skip_holidays)
        assert following is None or following > understood.due


@given(st.text(max_size=200))
def test_any_text_at_all(text):
    understood = understand(text, MONDAY, SHANGHAI)
    assert understood is None or understood.due > MONDAY
