"""The emulator alone: its page in a real browser, its command line, and the null server."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator

import httpx2
import pytest
from playwright.async_api import Dialog, Page, async_playwright, expect

from tests.emulators.conftest import Ask
from tests.emulators.telegram import Bot, Emulator, Person, World
from tests.emulators.telegram.null import NullServer, start_null_server
from tests.emulators.telegram.page import Page as TelegramPage
from tests.laws.source import ROOT
from tests.support.chromium import ARGUMENTS, find_chromium


@pytest.fixture
async def browser(telegram: Emulator, bot: Bot, li: Person) -> AsyncIterator[Page]:
    """The page, open in Chromium; it must have had nothing to complain about."""
    telegram.page = TelegramPage(telegram.world, bot)
    complaints: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=str(find_chromium()), args=ARGUMENTS)
        context = await chromium.new_context(locale="zh-CN")
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if telegram.api_base not in asked.url else None)
        await page.goto(telegram.api_base + "/")
        yield page
        await chromium.close()
    assert not [said for said in complaints if not said.startswith("data:")]


async def test_a_conversation_on_the_page(browser: Page, world: World, bot: Bot, li: Person, ask: Ask) -> None:
    await browser.fill("#text", "你好 <b>")
    await browser.keyboard.press("Enter")
    await world.until(lambda: li.sees(bot)[-1].text == "你好 <b>")
    await expect(browser.locator("article.mine").last).to_contain_text("你好 <b>")
    assert bot.queue.waiting()[-1].payload["text"] == "你好 <b>"

    bold = [{"type": "bold", "offset": 2, "length": 2}]
    keys = {"inline_keyboard": [[{"text": "同意", "callback_data": "yes"}]]}
    await ask("sendMessage", chat_id=li.id, text="😀要加入吗？", entities=bold, reply_markup=keys)
    await expect(browser.locator("article b")).to_have_text("要加")
    await browser.click("text=同意")
    await world.until(lambda: bot.callbacks)
    (press,) = bot.callbacks.values()
    assert press.data == "yes"
    await ask("answerCallbackQuery", callback_query_id=press.id, text="欢迎！")
    await expect(browser.locator("#toast")).to_have_text("欢迎！")
    await ask("sendPoll", chat_id=li.id, question="1+1?", options=["2", "3"], is_anonymous=False)
    await browser.click("article button:has-text('3 · 0')")
    await expect(browser.locator("article button[aria-current]")).to_have_text("3 · 1")


async def test_a_group_on_the_page(browser: Page, world: World, bot: Bot, li: Person, ask: Ask) -> None:
    async def answer(dialog: Dialog) -> None:
        await dialog.accept("语文组")

    browser.on("dialog", answer)
    await browser.click("text=建话题群")
    await expect(browser.locator("h1")).to_have_text("语文组")
    await browser.click("text=拉机器人进群")
    await browser.click("text=设为管理员")
    (group,) = world.chats.values()
    await world.until(lambda: group.member(bot).admin)
    topic = (await ask("createForumTopic", chat_id=group.id, name="第一课"))["result"]["message_thread_id"]
    await browser.click("#topics >> text=第一课")
    await browser.fill("#text", "到")
    await browser.click("text=发送")
    await world.until(lambda: list(group.messages.values())[-1].text == "到")
    assert list(group.messages.values())[-1].thread == topic
    await browser.set_input_files("#file", {"name": "教案.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"})
    await browser.click("text=发送")
    link = browser.locator("article a[download]")
    await expect(link).to_have_text("教案.pdf")
    fetched = await browser.request.get(f"{browser.url}{await link.get_attribute('href')}")
    assert await fetched.body() == b"%PDF"


async def test_acts_that_cannot_be(telegram: Emulator, world: World, bot: Bot, li: Person) -> None:
    telegram.page = TelegramPage(world, bot)
    group = li.create_group("组")
    async with httpx2.AsyncClient(base_url=telegram.api_base, trust_env=False, verify=False) as client:
        gone = await client.post("/act", json={"act": "join", "me": li.id, "link": "https://t.me/+nothing"})
        assert gone.status_code == 400 and gone.json() == {"error": "no such link"}
        form = await client.post("/act", content=b'{"act":"block"}', headers={"content-type": "text/plain"})
        assert form.status_code == 415
        state = (await client.get("/state", params={"me": li.id, "chat": group.id})).json()
        assert [one["title"] for one in state["chats"]] == ["工坊 @gongfang_bot", "组"]
        for act in ("block", "block", "privacy", "start"):
            assert (await client.post("/act", json={"act": act, "me": li.id})).json() == {}
    assert li.sees(bot)[-1].text == "/start" and not bot.privacy


async def test_the_command_line(world: World) -> None:
    """`make emulator` prints what to configure, and that works."""
    program = [sys.executable, "-m", "tests.emulators.telegram", "--port", "0"]
    running = await asyncio.create_subprocess_exec(*program, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert running.stdout is not None
    printed = ""
    while "api_base" not in printed:
        printed += (await asyncio.wait_for(running.stdout.readline(), 60)).decode()
    token, address = re.findall(r'^(?:token|api_base) = "(.*)"$', printed, re.MULTILINE)
    async with httpx2.AsyncClient(base_url=address, trust_env=False, verify=False) as client:
        assert (await client.get(f"/bot{token}/getMe")).json()["result"]["username"] == "gongfang_bot"
        assert "page.js" in (await client.get("/")).text
    running.terminate()
    await running.communicate()


async def test_the_null_server() -> None:
    server, address = await start_null_server()
    before = NullServer.sent
    async with httpx2.AsyncClient(base_url=address, trust_env=False, verify=False) as client:
        sent = await client.post("/bot1:x/sendMessage", data={"chat_id": "-7", "text": "x"})
        assert sent.json()["result"]["chat"] == {"id": -7, "type": "supergroup", "title": "x"}
        sent = await client.post("/bot1:x/sendMessage", content=json.dumps({"chat_id": 5, "text": "x"}))
        assert sent.json()["result"]["chat"]["id"] == 5
        sent = await client.post("/bot1:x/sendDocument", data={"chat_id": "5"}, files={"document": b"x" * 100_000})
        assert sent.json()["ok"]
        assert (await client.get("/bot1:x/getUpdates")).json()["result"] == []
        assert (await client.get("/bot1:x/getMe")).json()["result"]["is_bot"]
    assert NullServer.sent - before == 3
    server.close()
