"""`python -m benchmarks.sweep DATABASE HOMESERVER ROOMS`: a process that looks at every room, again and again, and in
between only asks the same of the homeserver. Prints {ours, bare: rooms a second; peak: MB; asked; left}."""

import asyncio
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

from api.context import Context
from benchmarks.county import open_runtime
from benchmarks.inbound import all_at
from benchmarks.mirrored import BOT, native
from bot.bots import Bots
from bot.mirror import Mirrors
from bot.platforms.matrix.adapter import MatrixPlatform
from storage.mirrors import make_due
from storage.rooms import Room

ROUNDS = 3


def _begin(ctx: Context) -> None:
    make_due(ctx.session, Room.platform == "matrix")


def _left(ctx: Context) -> int:
    """How many rooms are not in step."""
    rooms = ctx.session.query(Room.findings)
    return sum(found.get("n_left") != 0 or bool(found["error"] or found["lacking"]) for (found,) in rooms)


async def measure_bare(http: aiohttp.ClientSession, url: str, rooms: int) -> float:
    """Rooms a second: asked, the answer taken apart. Nothing is looked at."""

    async def get(n: int) -> None:
        path = f"{url}/_matrix/client/v3/rooms/{quote(native(n), safe='')}/state"
        async with http.get(path) as answer:
            assert len(json.loads(await answer.read())) > 5

    began = time.perf_counter()
    await all_at(Mirrors.at_once, [get(n) for n in range(1, rooms + 1)])
    return rooms / (time.perf_counter() - began)


async def sweep(url: str, homeserver: str, rooms: int) -> dict[str, Any]:
    """Interleaved rounds; the first warms caches."""
    matrix = {"homeserver": homeserver, "user_id": BOT, "access_token": SecretStr("benchmark")}
    runtime = open_runtime(url, matrix=matrix)
    platform = MatrixPlatform(runtime)
    mirrors = Mirrors(runtime, Bots.of(platform))
    ours, bare, asked = [], [], dict[str, int]()
    async with aiohttp.ClientSession() as http:
        for _ in range(ROUNDS + 1):
            await runtime.transact(_begin)
            began = time.perf_counter()
            await mirrors.drain()
            ours.append(rooms / (time.perf_counter() - began))
            async with http.get(f"{homeserver}/asked") as answer:
                asked = await answer.json()
            bare.append(await measure_bare(http, homeserver, rooms))
            async with http.get(f"{homeserver}/asked") as answer:
                await answer.read()
    left = await runtime.read(_left)
    await platform.close()
    await runtime.close()
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    return {"ours": median(ours[1:]), "bare": median(bare[1:]), "peak": peak, "asked": asked, "left": left}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(sweep(sys.argv[1], sys.argv[2], int(sys.argv[3])))), flush=True)
