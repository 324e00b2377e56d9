"""Times that are only half understood, and corrections of a time: `hear` of api/reminders/when.py (C4)."""

import json
from datetime import datetime

import pytest

from api.reminders.when import Unclear, Understood, hear, understand
from api.times import to_wall

SHANGHAI = "Asia/Shanghai"
MONDAY = datetime.fromisoformat("2026-11-23T10:00:00+08:00")

# text | the piece of time that is not understood, or does not fit the rest
UNCLEAR = """
周三之前每天写日志 | 周三之前每天
直到周五每天提醒我写日志 | 周五每天
每天提醒我写日志直到周五 | 直到周五
到12月31日为止每天8点 | 到12月31日为止每天8点
下周每天8点 | 下周每天8点
每天早上8点和下午2点吃药 | 和下午2点
每天8点14点喝水 | 14点
每天早晚量体温 | 每天早晚
每周一三五早上7:30和二四下午4点打卡 | 下午4点
12月开始每天8点打卡 | 12月开始每天8点
明天和后天带书 | 和后天
下周二到周四培训 | 到周四
提醒我 明天下午3点 交教案 周五交日志 | 周五
提醒我明天通知大家周五下午2点开会 | 周五下午2点
每天8点打卡周末除外 | 周末除外
节假日除外，每天7点打卡 | 节假日除外，每天7点
每周三次跑步 | 每周三次
每双周周五 | 每双周周五
每月15号和30号交费 | 每月15号和30号
每周五下午3点开会，提前一天提醒我 | 每周五下午3点
明天差五分八点 | 明天差五分八点
明天26点 | 明天26点
明天这个时候 | 明天这个时候
农历八月十五 | 农历八月十五
上午15:00 | 上午15:00
今天23号下午4点 | 今天
tomorrow 下午3点 开会 | 下午3点
every day until Friday | until Friday
every day by Friday | every day by Friday
a week from Friday | a week from Friday
twice a week | twice a week
at 25:00 | at 25:00
"""


@pytest.mark.parametrize("row", [row.split(" | ") for row in UNCLEAR.strip().splitlines()], ids=lambda row: row[0])
def test_a_time_that_is_half_understood_is_unclear(row):
    heard = hear(row[0], MONDAY, SHANGHAI, "zh")
    assert isinstance(heard, Unclear) and heard.part == row[1]
    assert understand(row[0], MONDAY, SHANGHAI, "zh") is None


def test_what_is_unclear_is_cut_off_the_matter():
    heard = hear("每天早上8点和下午2点提醒我吃药", MONDAY, SHANGHAI)
    assert isinstance(heard, Unclear) and heard.matter == "吃药"


# what was said one after the other | the moment and rule at last
CORRECTIONS = """
明天开会 > 下午3点 | 11-24 15:00
明天开会 > 下午3点 > 后天 | 11-25 15:00
明天晚上开会 > 8点 | 11-24 20:00
8点开会 > 上午 | 11-24 08:00
4点开会 > 上午 | 11-24 09:00
今天开会 > 9点 | 11-24 09:00
周五15:00开会 > 提前10分钟 | 11-27 14:50
周五18:00前交 > 17:30 | 11-27 17:30
周五18:00前交 > 周四 | 11-26 17:00
周五开会 > 20分钟后 | 11-23 10:20
每周四写日志 > 下午五点 | 11-26 17:00 FREQ=WEEKLY;BYDAY=TH
每周四下午五点写日志 > 每周五 | 11-27 17:00 FREQ=WEEKLY;BYDAY=FR
工作日 7:30 打卡 > 8:30 | 11-24 08:30 FREQ=DAILY
tomorrow meeting > at 3pm | 11-24 15:00
every Friday write the log > at 3pm | 11-27 15:00 FREQ=WEEKLY;BYDAY=FR
"""


@pytest.mark.parametrize("row", [row.split(" | ") for row in CORRECTIONS.strip().splitlines()], ids=lambda row: row[0])
def test_a_correction_leaves_what_it_does_not_name(row):
    heard = None
    for text in row[0].split(" > "):
        heard = hear(text, MONDAY, SHANGHAI, kept=heard and json.loads(json.dumps(heard.kept)))
        assert isinstance(heard, Understood)
    assert f"{to_wall(heard.due, SHANGHAI):%m-%d %H:%M} {heard.rrule or ''}".strip() == row[1]


def test_a_correction_that_does_not_fit_is_unclear():
    daily = hear("每天8点打卡", MONDAY, SHANGHAI)
    assert isinstance(daily, Understood)
    assert isinstance(hear("提前一天", MONDAY, SHANGHAI, kept=daily.kept), Unclear)
    assert hear("提前一天", MONDAY, SHANGHAI) is None
