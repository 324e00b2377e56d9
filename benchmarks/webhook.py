"""Inbound through Telegram's webhook: the running program against a plain aiogram bot, each a process of its own."""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from api.context import Context
from api.runtime import Runtime
from benchmarks.aiogram_peer import PATH, TOKEN
from benchmarks.county import add_teachers, fresh_database, native, open_runtime
from benchmarks.inbound import all_at, waiting
from benchmarks.service import null_telegram, python, running
from bot.platforms.telegram.adapter import CONNECTIONS
from storage.messaging import Delivery, Sender

SECRET = "benchmark"
UPDATES = 400
ROUNDS = 5
ACCOUNT = TOKEN.partition(":")[0]


def raw(n: int) -> dict[str, Any]:
    """The n-th update: a teacher cancels where nothing is open. Every message goes this way, many go farther."""
    who = {"id": int(native(n)), "first_name": "老师"}
    return {
        "update_id": 1_000_000 + n,
        "message": {
            "message_id": n + 1, "date": int(time.time()), "text": "/cancel", "chat": {**who, "type": "private"},
            "from": {**who, "is_bot": False, "language_code": "zh-hans"},
            "entities": [{"type": "bot_command", "offset": 0, "length": 7}],
        },
    }  # fmt: skip


def prepare(ctx: Context) -> None:
    """Teachers, and a bot that was told to wait: neither side sends anything meanwhile."""
    add_teachers(ctx, "telegram", ACCOUNT)
    ctx.session.add(Sender(platform="telegram", account=ACCOUNT, blocked_until=ctx.now + timedelta(days=1)))


def _answers(ctx: Context) -> int:
    return ctx.session.query(Delivery).count()


async def measure(http: aiohttp.ClientSession, address: str, start: int, database: Runtime) -> float:
    """Updates a second: from the first call to the last committed answer."""

    async def post(n: int) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with http.post(f"{address}{PATH}", json=raw(n), headers=headers) as answer:
            assert answer.status == 200, answer.status

    began = time.perf_counter()
    await all_at(CONNECTIONS, [post(n) for n in range(start, start + UPDATES)])
    while await database.read(waiting):
        await asyncio.sleep(0.02)
    return UPDATES / (time.perf_counter() - began)


async def compare(kind: str) -> tuple[float, float]:
    """Medians of interleaved rounds: (ours, peer) in updates a second."""
    async with AsyncExitStack() as stack:
        urls = [stack.enter_context(fresh_database(kind)) for _ in range(2)]
        databases = [open_runtime(url) for url in urls]
        for database in databases:
            stack.push_async_callback(database.close)
            await database.transact(prepare)
        env = {
            "GONGFANG_DATABASE__URL": urls[0], "GONGFANG_TELEGRAM__TOKEN": TOKEN,
            "GONGFANG_TELEGRAM__API_BASE": stack.enter_context(null_telegram()),
            "GONGFANG_TELEGRAM__MODE": "webhook", "GONGFANG_TELEGRAM__WEBHOOK_SECRET": SECRET,
        }  # fmt: skip
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service = stack.enter_context(running(folder, env))
        _, peer = stack.enter_context(python("-m", "benchmarks.aiogram_peer", urls[1], SECRET))
        service.seconds_until("/readyz", 200)
        # servers drop connections that are idle for 5 s, which the other side's round may take: ours go before that
        idle = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=1)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=idle))
        rounds = []
        for n in range(ROUNDS + 1):
            rounds.append([
                await measure(http, address, n * UPDATES, database)
                for address, database in zip((service.address, peer), databases, strict=True)
            ])  # fmt: skip
        assert [await database.read(_answers) for database in databases] == [UPDATES * (ROUNDS + 1)] * 2
        ours, theirs = zip(*rounds[1:], strict=True)  # the first round warms caches
        return median(ours), median(theirs)


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    rows = []
    for kind, wanted in (("sqlite", 1.3), ("postgres", 1.0)):
        ours, theirs = asyncio.run(compare(kind))
        print(f"webhook {kind}: {ours:.0f}/s, aiogram {theirs:.0f}/s, ratio {ours / theirs:.2f} (wanted >= {wanted})")
        rows.append((f"inbound by Telegram's webhook, {kind}", "times a plain aiogram bot", ours / theirs))
    return rows
