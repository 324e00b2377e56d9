"""`python -m benchmarks.null_homeserver ROOMS EACH PEOPLE`: a homeserver that says what its rooms are, and counts who
asks: GET /asked answers with {path's last part: times}, and begins anew."""

import asyncio
import json
import sys
from collections import Counter

from aiohttp import web

from benchmarks.mirrored import native, state


async def serve(rooms: int, each: int, people: int) -> None:
    """Print the address and serve."""
    bodies = {native(n): json.dumps(state(n, rooms, each, people), ensure_ascii=False).encode()
              for n in range(1, rooms + 1)}  # fmt: skip
    asked: Counter[str] = Counter()

    async def answer(request: web.Request) -> web.Response:
        asked[request.path.rpartition("/")[2]] += 1
        return web.Response(body=bodies[request.match_info["room"]], content_type="application/json")

    async def other(request: web.Request) -> web.Response:
        asked[request.path] += 1
        return web.json_response({"errcode": "M_FORBIDDEN"}, status=403)

    async def tell(_request: web.Request) -> web.Response:
        told = dict(asked)
        asked.clear()
        return web.json_response(told)

    app = web.Application()
    app.router.add_get("/_matrix/client/v3/rooms/{room}/state", answer)
    app.router.add_get("/asked", tell)
    app.router.add_route("*", "/{path:.*}", other)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:])))
