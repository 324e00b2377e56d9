"""The Bot API through aiogram's client: typed calls, and its refusals in our words. Importing this takes seconds.

Updates are read raw: one that aiogram cannot read would stall all others (telegram.md 4). So is what became of a
message: an answer that aiogram cannot read would count as none, and the message would be sent again.
"""

import json
from collections.abc import AsyncIterator, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar, cast

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    RestartingTelegram,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetFile, GetMe, TelegramMethod

from bot.platforms.base import Ambiguous, Ended, Gone, Moved, Rejected, RetryAfter, SendError, Transient

Result = TypeVar("Result")

CALL_SECONDS = 30
CONNECT_SECONDS = 10
READ_SECONDS = 25  # a long poll
DISOWNED = 60.0  # seconds until a refused token is tried again

# words of a 400 that mean: this chat is over for us
OVER = ("chat not found", "peer_id_invalid", "user not found", "group chat was deactivated", "bot is not a member",
        "have no rights to send a message", "group is deactivated")  # fmt: skip
# ... this topic is no more
NO_TOPIC = ("message thread not found", "topic not found", "topic_id_invalid", "topic_deleted")
# words of a 400 that mean: what was asked for is so already, or nobody waits for it any more
DONE = ("message is not modified", "message to edit not found", "message to delete not found",
        "message can't be edited", "message can't be deleted", "query is too old", "query id is invalid",
        "message_id_invalid", "poll has already been closed", "message with poll to stop not found")  # fmt: skip
# words of a 400 that mean: it is not the chat, but the id of a file that Telegram gave us earlier
NO_FILE = ("invalid file_id", "wrong file_id", "wrong file identifier", "wrong remote file", "file_id_invalid",
           "file reference", "file_reference")  # fmt: skip
LATER = "temporarily unavailable"
NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
NOBODY_THERE = (502, 503)  # a gateway found no server behind it: nothing was done


class Conflict(Transient):
    """Somebody else reads this bot's updates, or they go to a webhook."""


class NothingToDo(SendError):
    """It is as it should be already, or too late to matter."""


class NoFile(Rejected):
    """Telegram does not know a file (any more), or cannot reach it now."""


class GetRawUpdates(TelegramMethod[list[Any]]):
    """getUpdates, as it comes. https://core.telegram.org/bots/api#getupdates"""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class Written(TelegramMethod[Any]):
    """A call whose parts are form-encoded already, and whose answer stays as it comes."""

    __returning__ = Any

    body: bytes


@cache
def _raw(method: type[TelegramMethod[Any]]) -> type[TelegramMethod[Any]]:
    """The same call, whose answer stays as it comes."""
    return type(f"Raw{method.__name__}", (method,), {"__returning__": Any, "__module__": __name__})


class Answer(NamedTuple):
    """A yes, as far as the session looks at it: a tenth of what aiogram's own costs."""

    result: Any


class Session(AiohttpSession):
    """aiogram's, which also takes calls that are written already, and knows a gateway that found nobody."""

    def check_response(self, bot: Bot, method: TelegramMethod[Any], status_code: int, content: str) -> Any:
        """What the answer says. Raises AiogramError."""
        if status_code in NOBODY_THERE:
            raise RestartingTelegram(method=method, message=f"the gateway answers {status_code}")
        if status_code == HTTPStatus.OK and method.__returning__ is Any and (answer := _yes(content)) is not None:
            return Answer(answer)
        return super().check_response(bot, method, status_code, content)

    def build_form_data(self, bot: Bot, method: TelegramMethod[Any]) -> Any:
        """What is posted."""
        if isinstance(method, Written):
            return aiohttp.BytesPayload(method.body, content_type="application/x-www-form-urlencoded")
        return super().build_form_data(bot, method)


def _yes(content: str) -> Any:
    """What came of a call that stays raw; None where the answer is not a plain yes."""
    try:
        answer = json.loads(content)
        return answer["result"] if answer["ok"] is True else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


class Client:
    """One bot account. Every method raises SendError."""

    def __init__(self, token: str, api_base: str) -> None:
        session = Session(api=TelegramAPIServer.from_base(api_base), timeout=CALL_SECONDS)
        self.bot = Bot(token, session=session)

    async def close(self) -> None:
        """Close the connections."""
        await self.bot.session.close()

    async def send(self, method: TelegramMethod[Any], seconds: float = CALL_SECONDS) -> list[dict[str, Any]]:
        """Send something: the messages it became, raw. What is no answer is Ambiguous."""
        sent = await self.ask(method, seconds)
        messages = sent if isinstance(sent, list) else [sent]
        if not all(isinstance(one, dict) and isinstance(one.get("message_id"), int) for one in messages):
            raise Ambiguous(f"{method.__api_method__} became {sent!r}"[:300])
        return messages

    async def ask(self, method: TelegramMethod[Any], seconds: float = CALL_SECONDS) -> Any:
        """Make one call; its answer as it comes, whatever our library knows of it."""
        if method.__returning__ is not Any:
            fields = {name: getattr(method, name) for name in method.model_fields_set}
            method = _raw(type(method)).model_construct(**fields)
        return await self.call(method, seconds)

    async def call(self, method: TelegramMethod[Result], seconds: float = CALL_SECONDS) -> Result:
        """Make one call; an answer that does not come within `seconds` is Ambiguous."""
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        try:
            answer = await self.bot(method, request_timeout=cast(Any, timeout))
        except (AiogramError, TypeError, ValueError) as error:  # a 500 without description, a page that is no text
            raise translate(error) from error
        if answer is None:
            raise Ambiguous(f"{method.__api_method__} became nothing")
        return answer

    async def knock(self) -> None:
        """Ask something harmless: while that is not answered, nothing is risked. Raises SendError, no Ambiguous."""
        try:
            await self.call(GetMe())
        except Ambiguous as error:
            raise Transient(str(error)) from error

    async def updates(self, offset: int | None, kinds: Sequence[str]) -> list[Any]:
        """What waits from `offset` on, raw; waits a while for the first. What came before `offset` is forgotten."""
        method = GetRawUpdates(offset=offset, limit=100, timeout=READ_SECONDS, allowed_updates=list(kinds))
        return await self.call(method, READ_SECONDS + 10)

    async def download(self, file_id: str) -> AsyncIterator[bytes]:
        """The bytes of a file. Raises Gone for one that Telegram does not have, Rejected beyond 20 MB."""
        try:
            file = await self.call(GetFile(file_id=file_id))
        except NoFile as error:
            # in one breath Telegram says that it is wrong or cannot be reached now: whoever fetches asks a few times
            raise (Transient if LATER in str(error) else Gone)(str(error)) from error
        if not file.file_path:
            raise Gone("Telegram has no path for this file")
        url, came = self.bot.session.api.file_url(self.bot.token, file.file_path), 0
        try:
            async for piece in self.bot.session.stream_content(url, timeout=CALL_SECONDS):
                came += len(piece)
                yield piece
        except aiohttp.ClientResponseError as error:
            if error.status in (404, 410):
                raise Gone("the file is not there any more") from error
            raise Transient(f"the file server answers {error.status}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Transient(f"{type(error).__name__}: {error}") from error
        if file.file_size is not None and came != file.file_size:  # a gateway's page
            raise Transient(f"{came} bytes came of {file.file_size}")


def ids_of(messages: Sequence[dict[str, Any]]) -> list[str]:
    """The ids of messages that were sent."""
    return [str(message["message_id"]) for message in messages]


def translate(error: Exception) -> SendError:
    """A refusal or failure in the closed set of `base.py`."""
    said = str(getattr(error, "message", error))
    match error:
        case TelegramRetryAfter():
            return RetryAfter(error.retry_after)
        case TelegramMigrateToChat():
            return Moved(str(error.migrate_to_chat_id))
        case TelegramForbiddenError():
            return Gone(said)
        case TelegramUnauthorizedError() | TelegramNotFound():
            # the token was refused: nobody's fault in any chat, and nothing is lost while it is mended
            return RetryAfter(DISOWNED, whole_bot=True)
        case TelegramConflictError():
            return Conflict(said)
        case TelegramEntityTooLarge():
            return Rejected(said)
        case TelegramBadRequest():
            return _refused(said)
        case RestartingTelegram():
            return Transient(said)
        case TelegramNetworkError() if isinstance(error.__cause__, NEVER_LEFT):
            return Transient(said)  # never left this machine
        case TelegramNetworkError() | TelegramServerError():
            return Ambiguous(said)
    return Ambiguous(f"{type(error).__name__}: {said}"[:300])  # an answer that is none: a gateway's page


def _refused(said: str) -> SendError:
    words = said.lower()
    if any(known in words for known in DONE):
        return NothingToDo(said)
    if any(known in words for known in NO_TOPIC):
        return Ended(said)
    if any(known in words for known in OVER):
        return Gone(said)
    if LATER in words or any(known in words for known in NO_FILE):
        return NoFile(said)
    return Rejected(said)
