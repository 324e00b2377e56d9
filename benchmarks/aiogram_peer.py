"""`python -m benchmarks.aiogram_peer URL SECRET`: the peer as a plain aiogram bot behind its own webhook.

Dispatcher, a transaction around each update, a handler; answered when the transaction is committed, so that nothing is
lost (handle_in_background=False). It sends nothing: what it says stays in its outbox.
"""

import asyncio
import sys
from typing import Any

from aiogram import BaseMiddleware, Bot, Dispatcher
from aiogram.filters import Command
from aiogram.types import Message, Update
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from api.messaging.tree import T
from benchmarks.peer import Peer, Turn, make_engine

TOKEN = "7000000001:benchmark"
PATH = "/telegram/webhook"


class Transaction(BaseMiddleware):
    """Each update in one; a repeat goes no further."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    async def __call__(self, handler: Any, event: Update, data: dict[str, Any]) -> Any:
        async with self.peer.turn(str(event.update_id), str(event.message.chat.id), {}) as turn:
            if turn is not None:
                data["turn"] = turn
                return await handler(event, data)


async def cancel(message: Message, turn: Turn) -> None:
    """/cancel where nothing is open."""
    await turn.answer(str(message.from_user.id), lambda _person: T("There is nothing to cancel."))


async def serve(url: str, secret: str) -> None:
    """Print the address and serve."""
    bot, dispatcher, app = Bot(TOKEN), Dispatcher(), web.Application()
    dispatcher.update.outer_middleware(Transaction(Peer(make_engine(url), "telegram", TOKEN.partition(":")[0])))
    dispatcher.message.register(cancel, Command("cancel"))
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token=secret).register(app, PATH)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
