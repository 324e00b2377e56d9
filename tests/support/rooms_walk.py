"""The walks of docs/*/county-on-matrix.md and docs/*/telegram-group.md, with the real programs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import expect

from tests.support.served import Window
from tests.support.three import BOT, COHOST, GROUP, HOST, PATIENCE, READING, Matrix, Three

REGION = "云溪县"
Keep = Callable[[str, Any], Awaitable[None]]


async def county_on_matrix(three: Three, keep: Keep) -> None:
    """A teacher binds an account on Matrix; the region's administrator has the rooms made, and the teacher comes in."""
    cheng, admin = three.cheng, await three.product.window(three.product.links[2])
    cheng.private = await cheng.make_room(BOT, direct=True, preset="trusted_private_chat")
    await cheng.hears(cheng.private, "绑定码")
    await cheng.say(cheng.private, three.code(COHOST))
    await cheng.hears(cheng.private, "1. 同意")
    await cheng.say(cheng.private, "1")
    await cheng.hears(cheng.private, "欢迎你")
    await admin.chat()
    await admin.say("建聊天室")
    await admin.hears("会在 Matrix 上成为一个空间")
    await admin.press("是的，建吧")
    await admin.hears("正在建聊天室")
    cheng.room = await comes_in(cheng)
    await steady(admin)
    await keep("rooms-administrator", admin)
    await keep("matrix-space", cheng)


async def steady(admin: Window) -> None:
    """Ask how the rooms are until all of them are in step."""
    deadline = time.monotonic() + 4 * PATIENCE
    while time.monotonic() < deadline:
        asked = admin.posts("bot").filter(has_text="看哪里的聊天室")
        before = await asked.count()
        await admin.say("聊天室")
        await expect(asked).to_have_count(before + 1)
        shown = admin.posts("bot").filter(has_text=f"“{REGION}”的聊天室")
        before = await shown.count()
        await admin.press(REGION, whole=True)
        await expect(shown).to_have_count(before + 1)
        text = await shown.last.inner_text()
        if "正常" in text and not any(word in text for word in ("正在", "没做成", "缺少")):
            return
        await asyncio.sleep(2)
    raise AssertionError(text)


async def comes_in(one: Matrix) -> str:
    """Accept every invitation that comes until the workshop's room is among them; that room."""
    deadline = time.monotonic() + 4 * PATIENCE
    inside: dict[str, str] = {}
    since: dict[str, str] = {}
    while READING not in inside.values() and time.monotonic() < deadline:
        answer = await one.ask("GET", "sync", timeout=1000, **since)
        since = {"since": answer["next_batch"]}
        asked = answer.get("rooms", {}).get("invite", {})
        for room, section in asked.items():
            names = [e["content"].get("name") for e in section["invite_state"]["events"] if e["type"] == "m.room.name"]
            await one.join(room)
            inside[room] = names[0] if names else ""
        await asyncio.sleep(0.5)
    return next(room for room, name in inside.items() if name == READING)


async def group_on_telegram(three: Three, keep: Keep) -> None:
    """A host makes a group and binds it; what the bot lacks is said in private, given, and the host's link is there."""
    page = three.telegram
    await page.be(HOST[1])
    await page.tool("开始 /start")
    await page.say(three.code(HOST))
    await page.press("同意")
    await page.hears(f"欢迎你，{HOST[1]}")
    await page.tool("建群", GROUP)
    await page.tool("升级为超级群")
    await page.tool("拉机器人进群")
    await page.say("/bind")
    await page.be(HOST[1])
    await page.press(READING)
    await page.hears("关于", "邀请用户", "管理员")
    await keep("telegram-rights", three)
    await page.be(HOST[1], GROUP)
    await page.tool("设为管理员")
    await page.hears("本群", READING)
    await keep("telegram-group", three)
