"""The walk of docs/zh/three-platforms.md: one workshop on the web, Telegram and Matrix, with the real programs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from playwright.async_api import expect

from tests.support.matrix import Somebody
from tests.support.product import Product, a_product
from tests.support.served import Window
from tests.support.synapse import Registered, Synapse
from tests.support.telegram_page import TelegramPage
from tests.support.trying import EMULATOR, HOMESERVER, address_in, configured, printing

READING, GROUP, ROOM = "小学语文阅读教学工坊", "阅读工坊群", "阅读工坊"
HOST, TEACHER = ("YX-1003", "沈雨桐"), ("YX-1006", "何思齐")
COHOST, MEMBER = ("YX-0002", "程远舟"), ("YX-1005", "周明月")
BOT = "@gongfang:localhost"
PATIENCE = 30  # seconds
QUIZ = "1．读《秋天的雨》，先做什么？\nA．直接齐读\nB．闭眼听一听\n答案：B\n解析：先有画面，再有声音。"
LOG = "听雨声再读第一段，孩子们的声音一下子轻了。下课时还有人闭着眼睛读给同桌听。"


class Matrix(Somebody):
    """Somebody in an app, who reads until what they wait for is there."""

    private, room = "", ""

    async def hears(self, room: str, *parts: str) -> str:
        """A message with all the parts; its event."""
        deadline = time.monotonic() + 3 * PATIENCE
        while time.monotonic() < deadline:
            for message in reversed(await self.shown(room)):
                if message["sender"] == BOT and all(part in message["content"]["body"] for part in parts):
                    return str(message["event"])
            await asyncio.sleep(0.3)
        raise AssertionError((parts, [message["content"].get("body") for message in await self.shown(room)]))


    async def told(self) -> list[str]:
        """What the bot said in the private chat."""
        return [message["content"]["body"] for message in await self.shown(self.private, of=BOT)]


@dataclass(slots=True)
class Three:
    """Everybody at their windows: a host and a teacher on the web, two people on Telegram, a cohost and a member on
    Matrix."""

    product: Product
    host: Window
    lin: Window
    telegram: TelegramPage
    cheng: Matrix
    zhou: Matrix

    def code(self, who: tuple[str, str]) -> str:
        """A claim code, as `gongfang person claim-code` prints it."""
        return str(self.product.command.json("person", "claim-code", who[0])["code"])


Keep = Callable[[str, Three], Awaitable[None]]


@asynccontextmanager
async def three_platforms(folder: Path) -> AsyncIterator[Three]:
    """Emulator, homeserver and service, configured with what the first two print."""
    with printing(*HOMESERVER) as (_, matrix), printing(*EMULATOR) as (_, telegram):
        (folder / "config.toml").write_text(configured(telegram) + configured(matrix))
        async with a_product(folder) as product:
            windows = [await product.window(link) for link in product.links[1::-1]]
            page = await product.window(viewport={"width": 1000, "height": 700})
            for window in (*windows, page):
                window.context.set_default_timeout(1000 * PATIENCE)
            password = matrix.rpartition('password = "')[2].partition('"')[0]
            cheng = signed_in(address_in(matrix), "cheng", COHOST[1], password)
            zhou = signed_in(address_in(matrix), "zhou", MEMBER[1], password)
            three = Three(product, *windows, TelegramPage(page.page, address_in(telegram)), cheng, zhou)
            try:
                yield three
            finally:
                await cheng.close()
                await zhou.close()


def signed_in(address: str, name: str, called: str, password: str) -> Matrix:
    """Sign in to the homeserver."""
    body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password}
    got = httpx2.post(f"{address}/_matrix/client/v3/login", json=body).raise_for_status().json()
    account = Registered(got["user_id"], got["device_id"], got["access_token"], password)
    return Matrix(Synapse(address, Path()), account, called)


async def play(three: Three, photo: Path, keep: Keep) -> None:
    """The whole walk; `keep` is called where the pages show a picture."""
    await bind_telegram(three, keep)
    await bind_matrix(three, keep)
    await push(three, keep)
    await quiz(three, keep)
    await log(three, photo, keep)
    await remind(three, keep)


async def bind_telegram(three: Three, keep: Keep) -> None:
    """Host and teacher claim their accounts; the host makes a group and binds it."""
    page = three.telegram
    for who in (TEACHER, HOST):
        await page.be(who[1])
        await page.tool("开始 /start")
        await page.say(three.code(who))
        await page.press("同意")
        await page.hears(f"欢迎你，{who[1]}")
    await page.tool("建群", GROUP)
    await expect(page.page.locator("#title")).to_have_text(GROUP)
    await page.tool("拉机器人进群")
    await page.say("/bind")
    await page.be(HOST[1])
    await page.press(READING)
    await page.be(HOST[1], GROUP)
    await page.hears("本群", READING)
    await keep("telegram-group", three)


async def bind_matrix(three: Three, keep: Keep) -> None:
    """Both talk to the bot; the cohost makes a room, invites the bot, binds the room and invites the member."""
    cheng, zhou = three.cheng, three.zhou
    for one, who in ((cheng, COHOST), (zhou, MEMBER)):
        one.private = await one.make_room(BOT, direct=True, preset="trusted_private_chat", room_version="10")
        await one.hears(one.private, "绑定码")
        await one.say(one.private, three.code(who))
        await one.hears(one.private, "1. 同意")
        await one.say(one.private, "1")
        await one.hears(one.private, f"欢迎你，{who[1]}")
    cheng.room = await cheng.make_room(BOT, name=ROOM, room_version="10")
    await cheng.hears(cheng.room, "!bind")
    await cheng.say(cheng.room, "!bind")
    await cheng.hears(cheng.private, f"1. {READING}")
    await cheng.say(cheng.private, "1")
    await cheng.hears(cheng.room, "本群", READING)
    await cheng.ask("POST", f"rooms/{cheng.room}/invite", {"user_id": zhou.account.user_id})
    await zhou.join(cheng.room)
    zhou.room = cheng.room


async def push(three: Three, keep: Keep) -> None:
    """On the web the host pushes a resource: it stands in all three rooms, and each opens it at home."""
    host, page, cheng = three.host, three.telegram, three.cheng
    await host.chat()
    await host.say("推送 朗读")
    await host.press("《秋天的雨》")
    await host.hears("发给谁")
    await host.press(READING)
    await host.hears("预览", "方式：发到群里")
    await host.press("确认发送")
    await page.be(TEACHER[1], GROUP)
    await page.hears("推荐了一个资源")
    await page.press("打开")
    event = await cheng.hears(cheng.room, "推荐了一个资源")
    await cheng.react(cheng.room, event, "✅")
    await keep("matrix-room", three)


async def quiz(three: Three, keep: Keep) -> None:
    """The host types a question and pushes it; one answers on each platform, the host sees the figures."""
    host, lin, page, zhou = three.host, three.lin, three.telegram, three.zhou
    await host.say("出题")
    await host.say(QUIZ)
    await host.press("存入题库")
    asked = host.posts("bot").filter(has_text="发给谁")
    before = await asked.count()
    await host.press("发给大家")
    await expect(asked).to_have_count(before + 1)
    await host.press(READING)
    await host.hears("预览", "及格")
    await host.press("确认发送")
    await lin.chat(READING)
    await lin.hears("出了一份微测")
    await lin.press("B")
    await lin.told("答对了")
    await page.be(TEACHER[1], GROUP)
    await page.press("A")
    await keep("telegram-quiz", three)
    event = await zhou.hears(zhou.room, "出了一份微测")
    await zhou.react(zhou.room, event, "✅")
    await zhou.hears(zhou.private, "直接齐读")
    await zhou.say(zhou.private, "B")
    await zhou.hears(zhou.private, "解析")
    figures = host.posts("bot").filter(has_text="测验已发出").last
    await expect(figures).to_contain_text("已答完：3 人", timeout=1000 * PATIENCE)
    await keep("quiz-figures", three)


async def log(three: Three, photo: Path, keep: Keep) -> None:
    """The teacher hands in a log with a photo on Telegram; the cohost reads it on Matrix."""
    page, cheng = three.telegram, three.cheng
    await page.be(TEACHER[1])
    await page.say(f"日志 {LOG}")
    await page.say("", photo)
    await page.hears("1 张照片")
    await page.press("提交")
    await page.hears("已交到")
    await keep("telegram-log", three)
    await cheng.say(cheng.private, "批阅")
    await cheng.hears(cheng.private, "有日志待看", f"1. {READING}")
    await cheng.say(cheng.private, "1")
    await cheng.hears(cheng.private, "跳过")
    while "听雨声" not in "".join(seen := await cheng.told()):  # the sample county's logs come first
        await cheng.say(cheng.private, "跳过")
        while len(await cheng.told()) == len(seen):
            await asyncio.sleep(0.2)
    assert any(message["content"]["msgtype"] == "m.image" for message in await cheng.shown(cheng.private))
    await keep("matrix-review", three)


async def remind(three: Three, keep: Keep) -> None:
    """Whoever wants to be reminded says so, wherever they are."""
    page, cheng = three.telegram, three.cheng
    await page.say("1分钟后提醒我收作业")
    await page.press("对")
    await cheng.say(cheng.private, "1分钟后提醒我开会")
    await cheng.hears(cheng.private, "开会", "1. 对")
    await cheng.say(cheng.private, "1")
    await cheng.hears(cheng.private, "⏰ 提醒", "开会")
    await page.hears("⏰ 提醒", "收作业")
