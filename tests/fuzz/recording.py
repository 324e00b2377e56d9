"""Telegram's side of the wire, in this process: it judges by the emulator's rules, remembers, answers."""

import json
from collections import Counter, deque
from collections.abc import AsyncGenerator
from typing import Any, cast
from urllib.parse import parse_qsl

from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import TelegramMethod
from aiogram.types import InputFile

from bot.platforms.telegram.client import CALL_SECONDS, Session, Written
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.entities import formatted, units
from tests.emulators.telegram.errors import Refused, bad, forbidden
from tests.emulators.telegram.markup import read_inline, read_markup

Json = dict[str, Any]
ME = {"id": 42, "is_bot": True, "first_name": "工坊", "username": "gongfang_bot"}
TEXT, CAPTION = 4096, 1024


class Wire(Session):
    """aiogram's session without a network. `keyboards` and `polls` are what people see and may answer."""

    def __init__(self) -> None:
        super().__init__(api=TelegramAPIServer.from_base("http://127.0.0.1:9"), timeout=CALL_SECONDS)
        self.calls: Counter[str] = Counter()
        self.refused: list[str] = []
        self.said: Counter[int] = Counter()  # by chat
        self.texts: deque[str] = deque(maxlen=50)
        self.keyboards: deque[tuple[int, int, int | None, list[str]]] = deque(maxlen=150)
        self.polls: deque[tuple[str, int]] = deque(maxlen=40)
        self.blocked: set[int] = set()
        self.administrators: list[Json] = []
        self.numbers = 1_000_000

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        """Answer as Telegram does."""
        name, args = method.__api_method__, await self._arguments(bot, method)
        self.calls[name] += 1
        try:
            status, body = 200, {"ok": True, "result": self._answer(name, args)}
        except Refused as error:
            status, body = error.code, error.body()
            if error.code == 400:
                self.refused.append(f"{error}: {name} {args!r:.1500}")
        return cast(Any, self.check_response(bot, method, status, json.dumps(body)).result)

    async def stream_content(self, *args: Any, **named: Any) -> AsyncGenerator[bytes, None]:
        """The bytes of a file."""
        yield b"what somebody sent"

    async def _arguments(self, bot: Bot, method: TelegramMethod[Any]) -> dict[str, str]:
        if isinstance(method, Written):
            return dict(parse_qsl(method.body.decode(), keep_blank_values=True))
        files: dict[str, InputFile] = {}
        dumped = method.model_dump(warnings=False).items()
        args = {key: self.prepare_value(value, bot=bot, files=files) for key, value in dumped}
        for name, file in files.items():
            args[name] = str(sum([len(piece) async for piece in file.read(bot)]))
        return {key: value for key, value in args.items() if value}

    def _answer(self, name: str, args: dict[str, str]) -> Any:
        call = Call(cast(Any, None), cast(Any, None), name.lower(), args)
        chat = call.integer("chat_id")
        if chat in self.blocked:
            raise forbidden("bot was blocked by the user")
        match name:
            case "getMe":
                return ME
            case "getChatAdministrators":
                return self.administrators
            case "getFile":
                return {"file_id": "f", "file_unique_id": "f", "file_path": "documents/1"}
            case "sendMediaGroup":
                return [self._message(chat, call) for _ in json.loads(args["media"])]
            case "answerCallbackQuery":
                if len(call.text("text")) > 200:
                    raise bad("MESSAGE_TOO_LONG")
                return True
        if name.startswith("send"):
            return self._sent(name, call, chat)
        if name.startswith("edit"):
            read_inline(call)
            self._check_words(call, name == "editMessageText")
        return True

    def _sent(self, name: str, call: Call, chat: int) -> Json:
        rows, _ = read_markup(call)
        self._check_words(call, name == "sendMessage")
        message = self._message(chat, call)
        if actions := [button["callback_data"] for row in rows for button in row if "callback_data" in button]:
            thread = call.integer("message_thread_id") or None
            self.keyboards.append((chat, message["message_id"], thread, actions))
        if name == "sendPoll":
            message["poll"] = {"id": f"{message['message_id']}"}
            self.polls.append((message["poll"]["id"], len(call.decoded("options", "options"))))
        return message

    def _check_words(self, call: Call, needed: bool) -> None:
        text, limit, field = (call.text("text"), TEXT, "entities") if needed else (
            call.text("caption"), CAPTION, "caption_entities")  # fmt: skip
        kept, _ = formatted(text, call.decoded(field, "entities"))
        if needed and not kept:
            raise bad("message text is empty")
        if units(kept) > limit:
            raise bad("message is too long" if needed else "message caption is too long")
        self.texts.append(text)

    def _message(self, chat: int, call: Call) -> Json:
        self.numbers += 1
        self.said[chat] += 1
        return {"message_id": self.numbers, "date": 1, "chat": {"id": chat, "type": "private" if chat > 0 else "group"}}
