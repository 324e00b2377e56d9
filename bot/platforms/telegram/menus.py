"""The command menus: what Telegram offers behind “/”, per language and place. Imports aiogram."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from aiogram.methods import SetMyCommands
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

from api.messaging.receiving import cursor, receive
from api.messaging.render import Reader, plain
from api.runtime import Runtime
from api.times import zone_of
from bot.platforms.telegram.arriving import TELEGRAM
from bot.platforms.telegram.client import Client
from bot.registry import ANYONE, BOUND, HOST, LEADER, PRIVATE, ROOM, Command

MENUS = "menus"
LONGEST = 256
MOST = 100
LANGUAGES = {"zh_CN": "zh", "en": "en"}  # ours -> Telegram's
EVERYBODY = {ANYONE, BOUND}
PLACES: tuple[tuple[Any, str, set[str]], ...] = (
    (BotCommandScopeAllPrivateChats, PRIVATE, EVERYBODY),
    (BotCommandScopeAllGroupChats, ROOM, EVERYBODY),
    (BotCommandScopeAllChatAdministrators, ROOM, EVERYBODY | {HOST, LEADER}),
)


async def set_menus(runtime: Runtime, client: Client, account: str, commands: Sequence[Command]) -> bool:
    """Tell Telegram the commands unless it knows them; whether it was told. Raises SendError."""
    wanted = [
        SetMyCommands(commands=_list(runtime, commands, language, place, who), scope=scope(), language_code=code)
        for scope, place, who in PLACES
        for language, code in _languages(runtime)
    ]
    told = json.dumps([method.model_dump(exclude_none=True, mode="json") for method in wanted], default=str)
    digest = hashlib.sha256(told.encode()).hexdigest()
    if await runtime.read(cursor, TELEGRAM, account, MENUS) == digest:
        return False
    for method in wanted:
        await client.call(method)
    await runtime.transact(receive, TELEGRAM, account, [], (MENUS, digest))
    return True


def _languages(runtime: Runtime) -> list[tuple[str, str | None]]:
    """(ours, Telegram's); the first also for everybody whose language we do not speak."""
    ours = runtime.config.bot.languages
    return [(ours[0], None), *[(language, LANGUAGES[language]) for language in ours[1:]]]


def _list(runtime: Runtime, commands: Sequence[Command], language: str, place: str, who: set[str]) -> list[BotCommand]:
    reader = Reader(language, zone_of(runtime.config.time.zone), runtime.now())
    shown = [command for command in commands if place in command.places and command.who in who]
    words = [(c.name, f"{c.words[0]} · {plain(c.help, reader)}" if language == "zh_CN" else plain(c.help, reader))
             for c in shown]  # fmt: skip
    return [BotCommand(command=name, description=text[:LONGEST]) for name, text in words][:MOST]
