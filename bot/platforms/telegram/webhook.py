"""Where Telegram calls us. Answered when the raw update is stored: what is not answered comes again."""

import secrets
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.config import TelegramSection, bot_account
from api.metrics import note_age
from api.runtime import Runtime
from bot.intake import Intake
from bot.platforms.opened import read_opened
from bot.platforms.telegram.arriving import TELEGRAM, arrivals_of, newest_of, watch_albums

PATH = "/telegram/webhook"
SECRET = "x-telegram-bot-api-secret-token"
MAX_BODY = 1 << 20  # bytes; the largest updates have some tens of kilobytes


def webhook_path(section: TelegramSection, account: str) -> str:
    """Where a bot is called: the first one at the address that it always had."""
    return PATH if account == bot_account(section.tokens[0]) else f"{PATH}/{account}"


def webhook_routes(runtime: Runtime) -> APIRouter:
    """A route for each bot. Needs no aiogram: a process that only serves HTTP can take updates in."""
    section = runtime.config.telegram
    expected = section.webhook_secret.get_secret_value().encode()
    accounts = [bot_account(token) for token in section.tokens]
    intakes = {webhook_path(section, account): Intake(runtime, TELEGRAM, account) for account in accounts}
    router = APIRouter(include_in_schema=False)

    async def take(request: Request) -> Response:
        # bytes: compare_digest refuses strings that are not ASCII
        given = request.headers.get(SECRET, "").encode()
        if not expected or not secrets.compare_digest(given, expected):
            return Response(status_code=401)
        update = _read(await _body(request))
        arrivals = arrivals_of(update)
        intake = intakes[request.scope["path"]]
        for arrival in arrivals:
            await intake.take(arrival)
        note_age(TELEGRAM, runtime.now().timestamp(), newest_of([update]))
        watch_albums(runtime, arrivals)
        return Response(b"{}", media_type="application/json")

    for path in intakes:
        router.add_api_route(path, take, methods=["POST"])
    return router


async def _body(request: Request) -> bytes:
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY:
            raise HTTPException(413, f"at most {MAX_BODY} bytes")
    return bytes(data)


def _read(data: bytes) -> Any:
    """The update; what is none is kept as it came, and dead: it would only come again."""
    try:
        return read_opened(data)
    except ValueError:
        return {"not_json": data.decode("utf-8", "replace")}
