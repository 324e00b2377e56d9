"""What people do, each act to its end: said, answered, written down. Who is not answered is written down, too."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from benchmarks.day.diary import Diary
from benchmarks.day.voices import Reader, Voice
from tests.faults.day import a_photo

RESOURCE = "《荷花》第二课时：教学设计与课件"
CONTENT = "先听一段雨声，再读第一段。"
NOTICE = "今晚十点前交本周研修日志，请还没交的老师抓紧。"
QUIZ = "1．读《秋天的雨》，先做什么？\nA．直接齐读\nB．闭眼听一听\n答案：B\n解析：先有画面，再有声音。"
ASKED = "读《秋天的雨》"
WORDS = "识字课上孩子们用字卡分组找朋友，课堂很活跃，我学到很多。"
SAID = (
    "今天的课用了字卡，孩子们很喜欢。",
    "请问第三单元的课件在哪里？",
    "我把导入改成了猜谜，效果不错。",
    "谢谢大家，学到很多！",
)

Act = Callable[[Any, Diary, Random], Awaitable[None]]  # of a Voice; some only of a Reader


async def _hears(me: Voice, diary: Diary, act: str, *parts: str, button: str = "") -> None:
    phase = diary.phase
    since = me.spoke
    await me.hears(*parts, button=button)
    diary.waited(phase, me.platform, act, since)


async def ask(me: Voice, diary: Diary, _chance: Random) -> None:
    """帮助."""
    await me.say("帮助")
    await _hears(me, diary, "help", "你可以对我说")


async def look(me: Voice, diary: Diary, _chance: Random) -> None:
    """进度."""
    await me.say("进度")
    await _hears(me, diary, "progress", "你的进度")


async def host(me: Voice, diary: Diary, _chance: Random) -> None:
    """A host looks at the figures of all members."""
    await me.say("进度")
    await _hears(me, diary, "progress", "你的进度", button="成员进度")
    await me.press("成员进度")
    await _hears(me, diary, "host's figures", "工坊”共")


async def log(me: Voice, diary: Diary, chance: Random) -> None:
    """A log, on Telegram and the web with a photo, handed in."""
    tag = diary.tag("写")
    await me.say(f"日志 {tag}：{WORDS}")
    await _hears(me, diary, "log, preview", "预览", tag, button="提交")
    if isinstance(me, Reader):
        await me.show(a_photo(chance.randrange(10**6)))
        await _hears(me, diary, "log, photo", "已收到", "1 张照片", button="提交")
    await me.press("提交")
    await _hears(me, diary, "log, handed in", "已交到", tag)
    diary.logs.append(tag)


async def remind(me: Voice, diary: Diary, _chance: Random) -> None:
    """提醒我: understood and confirmed. It rings in a minute."""
    tag = diary.tag("记")
    await me.say(f"提醒我 1分钟后 {tag}")
    await _hears(me, diary, "reminder", "我会这样提醒你", tag, button="对，提醒我")
    await me.press("对，提醒我")
    await _hears(me, diary, "reminder", "✓ 好的", tag)
    diary.reminders.append(tag)


async def talk(me: Voice, diary: Diary, chance: Random) -> None:
    """A word in the room of one's workshop; it is carried to its other rooms."""
    await me.tell(f"{chance.choice(SAID)}（{diary.tag('说')}）")
    diary.done["talk"] += 1


async def open_(me: Reader, diary: Diary, _chance: Random) -> None:
    """Open what was pushed to everybody."""
    if me.finds(RESOURCE, "打开"):
        me.looks_away()
        await me.press("打开")
        await _hears(me, diary, "resource opened", RESOURCE, CONTENT)
        diary.done["opened"] += 1


async def answer(me: Reader, diary: Diary, chance: Random) -> None:
    """Answer the quiz in the room of one's workshop."""
    if me.finds(ASKED, "A", room=True):
        await me.press(chance.choice("AB"))
        await _told(me, diary, "quiz answered")
        diary.done["quiz"] += 1


async def receive(me: Reader, diary: Diary, _chance: Random) -> None:
    """收到."""
    if me.finds(NOTICE, "收到"):
        await me.press("收到")
        await _told(me, diary, "notice received")
        diary.done["received"] += 1


async def _told(me: Reader, diary: Diary, act: str) -> None:
    phase = diary.phase
    since = me.spoke
    await me.is_told()
    diary.waited(phase, me.platform, act, since)


ACTS: dict[str, Act] = {
    "help": ask, "progress": look, "host's figures": host, "log": log, "reminder": remind, "talk": talk,
    "resource opened": open_, "quiz answered": answer, "notice received": receive,
}  # fmt: skip
