"""`python -m benchmarks.sender DATABASE API_BASE`: a process that sends what is due. For each number that it reads it
posts as many messages that nobody keeps, and says "done"."""

import asyncio
import gc
import sys

import aiohttp
from pydantic import SecretStr

from api.ringing import keep_ringing
from benchmarks.aiogram_peer import TOKEN
from benchmarks.county import open_runtime
from benchmarks.delivery import no_limits, post_many
from bot.bots import Bots
from bot.deliver import Deliverers
from bot.platforms.telegram.adapter import TelegramPlatform


async def serve(url: str, api_base: str) -> None:
    """Until nobody says anything any more."""
    runtime = open_runtime(url, telegram={"token": SecretStr(TOKEN), "api_base": api_base})
    telegram = TelegramPlatform(runtime, limits=no_limits())
    await telegram.start()
    gc.freeze()  # as the program does when a platform is open
    runtime.spawn(keep_ringing(runtime), "ringing")
    runtime.spawn(Deliverers(runtime, Bots.of(telegram), {}).run(), "deliverers")
    async with aiohttp.ClientSession() as http:
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            await post_many(http, api_base, int(line))
            print("done", flush=True)
    await telegram.close()
    await runtime.close()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
