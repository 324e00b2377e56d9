"""The real program with Telegram on: pages first, Telegram when it is there, by polling and by webhook."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.emulators.telegram import Bot, Emulator, add_person
from tests.support.metrics import sum_of
from tests.support.program import Program, Running

SECRET = "a-secret-of-the-tests"
WEB_CPU, ALL_SECONDS = 8.0, 30.0


@pytest.fixture
async def telegram() -> AsyncIterator[Emulator]:
    async with Emulator() as emulator:
        emulator.world.add_bot(privacy=False)
        yield emulator


async def started(program: Program, telegram: Emulator, mode: str) -> Running:
    program.env |= {
        "GONGFANG_TELEGRAM__TOKEN": telegram.world.bot().token, "GONGFANG_TELEGRAM__API_BASE": telegram.api_base,
        "GONGFANG_TELEGRAM__MODE": mode, "GONGFANG_TELEGRAM__WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    return await asyncio.to_thread(program.run)


async def lines(service: Running) -> dict[str, tuple[bool, str]]:
    answer = await asyncio.to_thread(service.get, "/readyz", headers={"Accept-Language": "en"})
    return {line["name"]: (line["ok"], line["detail"]) for line in answer.json()["checks"]}


async def opens(service: Running) -> None:
    async with asyncio.timeout(ALL_SECONDS):
        while "telegram" in await lines(service):
            await asyncio.sleep(0.2)


async def answers(telegram: Emulator, bot: Bot) -> None:
    """Somebody new says hello in a private chat and is told what to do."""
    li = add_person(telegram.world, "李老师")
    li.start(bot)
    async with asyncio.timeout(ALL_SECONDS):
        said = await telegram.world.until(lambda: [m for m in li.sees(bot) if m.sender is bot])
    assert "绑定码" in said[0].text


async def test_pages_are_there_first_and_then_telegram(program: Program, telegram: Emulator) -> None:
    bot = telegram.world.bot()
    service = await started(program, telegram, "polling")
    assert service.work < WEB_CPU
    assert (await lines(service))["telegram"] == (False, "It is starting.")
    assert (await asyncio.to_thread(service.get, "/web")).status_code == 401, "the page that asks who one is"
    await opens(service)
    assert not any(name == "setWebhook" for name, _ in telegram.calls)
    await answers(telegram, bot)
    menu = bot.commands
    assert any("help" in [command["command"] for command in commands] for commands in menu.values())
    assert service.memory() < 350
    assert await asyncio.to_thread(service.stop) < 8


async def test_by_webhook(program: Program, telegram: Emulator) -> None:
    bot = telegram.world.bot()
    service = await started(program, telegram, "webhook")
    await opens(service)
    await answers(telegram, bot)
    assert "getUpdates" not in [name for name, _ in telegram.calls]
    async with httpx2.AsyncClient(base_url=service.address) as http:
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"},
                        {"X-Telegram-Bot-Api-Secret-Token": "秘密".encode()}):  # fmt: skip
            assert (await http.post("/telegram/webhook", json={"update_id": 1}, headers=headers)).status_code == 401


async def test_check_says_what_is_missing(program: Program, telegram: Emulator) -> None:
    telegram.world.bot().privacy = True
    program.env |= {"GONGFANG_TELEGRAM__TOKEN": telegram.world.bot().token,
                    "GONGFANG_TELEGRAM__API_BASE": telegram.api_base}  # fmt: skip
    await asyncio.to_thread(program.outside, "db", "upgrade")
    said = await asyncio.to_thread(program.outside, "check", "--json")
    found = {line["name"]: line for line in said.data["checks"]}
    assert found["telegram"]["ok"] and not found["telegram privacy mode"]["ok"]
    assert "/setprivacy" in found["telegram privacy mode"]["detail"]
    assert found["telegram updates"]["ok"]


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_one_search_of_the_log_tells_all_of_an_update(program: Program, telegram: Emulator, mode: str) -> None:
    program.env["GONGFANG_LOG__LEVEL"] = "debug"
    service = await started(program, telegram, mode)
    await opens(service)
    shown = (await asyncio.to_thread(service.get, "/metrics")).text
    assert sum_of(shown, "gongfang_platform_open", platform="telegram") == 1
    await answers(telegram, telegram.world.bot())
    async with asyncio.timeout(ALL_SECONDS):
        while len(told := of_one_update(service)) < 3:
            await asyncio.sleep(0.2)
    assert [entry["event"] for entry in told] == ["arrived", "handled", "sent"]
    assert (told[1]["by"], told[1]["said"], told[2]["attempt"]) == ("start", 1, 1)
    assert {entry["platform"] for entry in told} == {"telegram"}
    written = service.log.read_text()
    assert "李老师" not in written and "绑定码" not in written and "/start" not in written, "no names, no texts"
    shown = (await asyncio.to_thread(service.get, "/metrics")).text
    assert sum_of(shown, "gongfang_sends_total", platform="telegram", kind="send", result="sent") == 1
    assert sum_of(shown, "gongfang_send_seconds_count", platform="telegram") == 1
    assert sum_of(shown, "gongfang_handler_seconds_count", platform="telegram") == 1
    assert (sum_of(shown, "gongfang_last_read_timestamp_seconds", platform="telegram") > 0) == (mode == "polling")


def of_one_update(service: Running) -> list[dict[str, Any]]:
    """The lines of the log that have the first reference in it."""
    entries = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    reference = next((entry["reference"] for entry in entries if "reference" in entry), None)
    return [entry for entry in entries if reference is not None and entry.get("reference") == reference]


async def test_one_that_cannot_be_opened_is_shown(program: Program, telegram: Emulator) -> None:
    telegram.faults.fail("getMe", 502, times=1000)
    service = await started(program, telegram, "polling")
    async with asyncio.timeout(ALL_SECONDS):
        while "502" not in (await lines(service)).get("telegram", (False, ""))[1]:
            await asyncio.sleep(0.2)
    answer = await asyncio.to_thread(service.get, "/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    shown = (await asyncio.to_thread(service.get, "/metrics")).text
    assert sum_of(shown, "gongfang_platform_open", platform="telegram") == 0
