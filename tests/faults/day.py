"""What people do all day, again and again, while the service dies under them; each remembers what must come of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from io import BytesIO
from random import Random

from PIL import Image

from tests.faults.page import Page
from tests.support.browser import Drawn

WORKSHOP = "小学语文阅读教学工坊"
HOST, TEACHERS = "YX-1003", ("YX-1004", "YX-1005")  # of the sample county
CONFIRM = "确认发送"
REMINDERS = 3  # of each teacher: the last one rings a minute after it was made


@dataclass
class Deeds:
    """Words that must be found exactly once: in the database by what they became, and in answers on the page."""

    logs: list[str] = field(default_factory=list)
    reminders: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)  # notices that this person answered
    pushes: int = 0
    opened: int = 0
    answers: list[tuple[str, ...]] = field(default_factory=list)  # parts of one message of the bot in the own chat


@dataclass
class Somebody:
    """A person with a page, their deeds, and how many rounds they did."""

    page: Page
    deeds: Deeds = field(default_factory=Deeds)
    rounds: int = 0

    async def work(self, round_: "Callable[[Somebody], Awaitable[None]]", over: asyncio.Event) -> None:
        """Do rounds until it is over; the last one is finished."""
        while not over.is_set():
            self.rounds += 1
            await round_(self)

    def tag(self, what: str) -> str:
        """Words that nobody else says."""
        return f"{self.page.name}{what}{self.rounds}号"


async def teach(me: Somebody) -> None:
    """A teacher's round: a log with a photo, a reminder, a word in the room, 收到 and an opened resource."""
    await write_log(me)
    if me.rounds <= REMINDERS:
        await set_reminder(me)
    await me.page.say(f"{me.tag('说')}，大家好", chat=WORKSHOP)
    await answer_notices(me)
    await open_pushes(me)


async def host(me: Somebody) -> None:
    """A host's round: a notice to the workshop, and a resource pushed there."""
    await send_notice(me)
    await push_resource(me)


async def write_log(me: Somebody) -> None:
    """日志: words, then a photo, then handed in by the button."""
    page, tag = me.page, me.tag("写")
    said = await page.say(f"日志 {tag}：识字课上孩子们用字卡分组找朋友，课堂很活跃，我学到很多。")
    await page.hears("预览", tag, button="提交", after=said.seq)
    photo = await page.upload("课堂.jpg", a_photo(me.rounds), "image/jpeg")
    said = await page.say("", files=[photo])
    status = await page.hears("已收到", "1 张照片", button="提交")
    await page.press(status, "提交")
    await page.hears("已交到", tag, after=said.seq)
    me.deeds.logs.append(tag)
    me.deeds.answers.append(("已交到", tag))


async def set_reminder(me: Somebody) -> None:
    """提醒我: understood, confirmed, and a minute later it rings."""
    page, tag = me.page, me.tag("记")
    said = await page.say(f"提醒我 1分钟后 {tag}")
    asked = await page.hears("我会这样提醒你", tag, button="对，提醒我", after=said.seq)
    await page.press(asked, "对，提醒我")
    await page.hears("✓ 好的", tag, after=said.seq)
    me.deeds.reminders.append(tag)
    me.deeds.answers += [("我会这样提醒你", tag), ("✓ 好的", tag)]


async def answer_notices(me: Somebody) -> None:
    """收到 for every notice in the room that was not answered yet."""
    for post in _in_room(me, "收到"):
        if (tag := _tag_of(post, "知")) is not None and tag not in me.deeds.received:
            await me.page.press(post, "收到")
            me.deeds.received.append(tag)


async def open_pushes(me: Somebody) -> None:
    """Open the newest resource in the room."""
    for post in _in_room(me, "打开")[-1:]:
        await me.page.press(post, "打开")
        me.deeds.opened += 1


async def send_notice(me: Somebody) -> None:
    """通知: to the workshop, looked at, confirmed."""
    page, tag = me.page, me.tag("知")
    said = await page.say(f"通知 {tag}：明天下午三点在二楼会议室集体备课")
    await confirm(me, said, tag)
    await page.hears("通知已发出", tag, after=said.seq)
    await page.hears(tag, chat=WORKSHOP, button="收到")
    me.deeds.notices.append(tag)
    me.deeds.answers.append(("通知已发出", tag))


async def push_resource(me: Somebody) -> None:
    """推送: the first resource offered, to the workshop."""
    page = me.page
    said = await page.say("推送")
    asked = await page.hears("推送哪个资源", button="取消", after=said.seq)
    title = asked.buttons[0][0]
    await page.press(asked, title)
    await confirm(me, said, title[:6])
    await page.hears("已推送", title[:6], after=said.seq)
    me.deeds.pushes += 1


async def confirm(me: Somebody, said: Drawn, words: str, audience: str = WORKSHOP) -> None:
    """Choose the audience where there are several, look at the preview, and confirm it."""
    page = me.page
    asked = await page.hears(button="取消", after=said.seq)
    while not any(CONFIRM in label for label, _ in asked.buttons):
        if any(audience in label for label, _ in asked.buttons):
            await page.press(asked, audience)
        asked = await page.hears(button="取消", after=asked.seq)
    assert words in asked.text, asked.text
    await page.press(asked, CONFIRM)


def _in_room(me: Somebody, button: str) -> list[Drawn]:
    posts = me.page.posts[me.page.chats[WORKSHOP]].values()
    shown = [post for post in posts if any(button == label for label, _ in post.buttons)]
    return sorted(shown, key=lambda post: post.seq)


def _tag_of(post: Drawn, what: str) -> str | None:
    """The tag of a notice of today; the sample county's own notices have none."""
    return next((line.split("：")[0] for line in post.text.split("\n") if what in line and "号：" in line), None)


def a_photo(number: int) -> bytes:
    """A picture unlike the others."""
    chance, out = Random(number), BytesIO()
    Image.frombytes("RGB", (32, 32), chance.randbytes(32 * 32 * 3)).save(out, "JPEG")
    return out.getvalue()
