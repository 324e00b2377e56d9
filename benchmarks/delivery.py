"""Delivery: a push to many teachers, from the outbox to a Telegram that does nothing, against a bare aiohttp loop."""

import asyncio
import gc
import json
import time
from statistics import median
from typing import Any

import aiohttp
from pydantic import SecretStr

from api.context import Context
from api.messaging.outbox import deliver_to_people, write_message
from api.messaging.render import Reader
from api.messaging.tree import Bold, Button, Lines, T, Words
from api.runtime import Runtime
from api.times import DEFAULT_ZONE, utcnow, zone_of
from benchmarks.aiogram_peer import TOKEN
from benchmarks.county import TEACHERS, add_teachers, fresh_database, native, open_runtime
from benchmarks.inbound import all_at
from benchmarks.service import null_telegram
from bot.bots import Bots
from bot.deliver import Deliverers
from bot.platforms.telegram.adapter import TelegramPlatform
from bot.platforms.telegram.limits import Limits
from bot.platforms.telegram.markup import keyboard_of, pieces_of

PUSHES = 24  # to every teacher, in one round
ROUNDS = 5
WORDS = "今晚八点，三楼会议室。请带上你的教学设计和一个想问大家的问题。"
TREE = Lines(Bold(Words("集体备课：《荷花》第二课时")), Words(WORDS))
ROWS = [[Button(T("What you can say to me"), "run:help")]]


def no_limits() -> Limits:
    """As many a second as this machine can."""
    return Limits(10**6, (10**6, 1.0), (10**6, 1.0))


def _push(ctx: Context, people: list[int]) -> None:
    for _ in range(PUSHES):
        deliver_to_people(ctx, write_message(ctx, TREE, ROWS), people)


async def measure_ours(runtime: Runtime, deliverers: Deliverers) -> float:
    """Messages a second: claimed, sent, each outcome committed."""
    await runtime.transact(_push, list(range(1, TEACHERS + 1)))
    began = time.perf_counter()
    await deliverers.drain()
    return PUSHES * TEACHERS / (time.perf_counter() - began)


async def post_many(http: aiohttp.ClientSession, api_base: str, number: int) -> None:
    """Post so many messages to the teachers and read the answers. Nothing is kept."""
    url = f"{api_base}/bot{TOKEN}/sendMessage"
    reader = Reader("zh_CN", zone_of(DEFAULT_ZONE), utcnow())
    [piece] = pieces_of(TREE, reader)
    fields: dict[str, Any] = {
        "text": piece.text, "entities": json.dumps(piece.entities), "link_preview_options": '{"is_disabled": true}',
        "reply_markup": json.dumps({"inline_keyboard": keyboard_of(ROWS, reader)}),
    }  # fmt: skip

    async def post(n: int) -> None:
        async with http.post(url, data={"chat_id": native(n), **fields}) as answer:
            assert (await answer.json())["ok"]

    await all_at(Deliverers.at_once, [post(n) for n in range(number)])


async def measure_bare(http: aiohttp.ClientSession, api_base: str) -> float:
    """Messages a second of that loop."""
    began = time.perf_counter()
    await post_many(http, api_base, PUSHES * TEACHERS)
    return PUSHES * TEACHERS / (time.perf_counter() - began)


async def compare(kind: str, api_base: str) -> tuple[float, float]:
    """Medians of interleaved rounds: (ours, bare) in messages a second."""
    ours, bare = [], []
    with fresh_database(kind) as url:
        runtime = open_runtime(url, telegram={"token": SecretStr(TOKEN), "api_base": api_base})
        telegram = TelegramPlatform(runtime, limits=no_limits())
        await telegram.start()
        gc.freeze()  # as the program does when a platform is open
        await runtime.transact(add_teachers, telegram.name, telegram.account)
        deliverers = Deliverers(runtime, Bots.of(telegram), {})
        async with aiohttp.ClientSession() as http:
            for n in range(ROUNDS + 1):
                figures = (
                    await measure_ours(runtime, deliverers),
                    await measure_bare(http, api_base),
                )
                if n:  # the first round warms caches
                    ours.append(figures[0])
                    bare.append(figures[1])
        await telegram.close()
        await runtime.close()
    return median(ours), median(bare)


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    rows, wanted = [], 0.6
    with null_telegram() as api_base:
        for kind in ("sqlite", "postgres"):
            ours, bare = asyncio.run(compare(kind, api_base))
            print(f"delivery {kind}: {ours:.0f}/s, bare {bare:.0f}/s, ratio {ours / bare:.2f} (wanted >= {wanted})")
            rows.append((f"delivery to Telegram, {kind}", "of a bare aiohttp loop", ours / bare))
    return rows
