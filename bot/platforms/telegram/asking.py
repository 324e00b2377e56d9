"""Calls about a group, and what their refusals mean: other things than where one writes to it. Imports aiogram."""

from typing import Any

from aiogram.methods import GetChat, GetChatAdministrators, GetChatMember, TelegramMethod

from bot.platforms.base import Ambiguous, Ended, Gone, Rejected, SendError
from bot.platforms.telegram.client import CALL_SECONDS, Client
from bot.platforms.telegram.fields import Json
from bot.platforms.telegram.looking import own
from bot.platforms.telegram.rights import state_of

# words of a refusal that mean: we are out. Any other 403 is about a right or a person
OUT = ("bot was kicked", "bot is not a member", "chat not found", "deactivated", "the group chat was deleted",
       "channel_private")  # fmt: skip
ALREADY = ("not modified", "not_modified")
STRANGER = ("participant_id_invalid", "user not found", "member not found", "user_id_invalid", "user_not_participant",
            "invalid user_id")  # fmt: skip


class Asking:
    """Questions and calls about groups, for one bot account. Every method raises SendError."""

    def __init__(self, client: Client, account: str) -> None:
        self.client, self.account = client, account

    async def ask(self, method: TelegramMethod[Any], seconds: float = CALL_SECONDS) -> Any:
        """The answer, raw. Raises Gone only when we are out, Rejected (in the server's words) for what we may not."""
        try:
            return await self.client.ask(method, seconds)
        except (Gone, Rejected) as error:
            raise _judged(error) from error

    async def ask_about(self, method: TelegramMethod[Any]) -> Json:
        """The object that is answered, raw."""
        answer = await self.ask(method)
        if not isinstance(answer, dict):
            raise Ambiguous(f"{method.__api_method__} became {answer!r}"[:300])
        return answer

    async def do(self, method: TelegramMethod[Any], *done: str, seconds: float = CALL_SECONDS) -> None:
        """Make a call. A refusal that says (in words of `done`, or usual ones) that it is so already is none."""
        try:
            await self.ask(method, seconds)
        except Rejected as error:
            if not said_in(error, *ALREADY, *done):
                raise

    async def about(self, chat: int) -> Json:
        """What a group is (ChatFullInfo)."""
        return await self.ask_about(GetChat(chat_id=chat))

    async def leaders(self, chat: int) -> list[Json]:
        """The owner, the administrators and ourselves, whatever we are. Raises Gone when we are not there."""
        leaders = await self.ask(GetChatAdministrators(chat_id=chat))
        if not isinstance(leaders, list) or not all(isinstance(leader, dict) for leader in leaders):
            raise Ambiguous(f"getChatAdministrators became {leaders!r}"[:300])
        if own(leaders, self.account):
            return leaders
        us = await self.member(chat, self.account)
        if us is None or state_of(us) != "join":  # public groups list their administrators to anybody
            raise Gone("the bot is not in this group")
        return [*leaders, us]

    async def member(self, chat: int, who: str) -> Json | None:
        """A ChatMember; None for an account that Telegram does not let us ask about: we never met it there."""
        try:
            return await self.ask_about(GetChatMember(chat_id=chat, user_id=int(who)))
        except Rejected as error:
            if said_in(error, *STRANGER):
                return None
            raise


def said_in(error: SendError, *words: str) -> bool:
    """Whether a refusal has some of these words (in lower case)."""
    return any(one in str(error).lower() for one in words)


def _judged(error: SendError) -> SendError:
    if isinstance(error, Ended):
        return error
    out = said_in(error, *OUT)
    if out == isinstance(error, Gone):
        return error
    return Gone(str(error)) if out else Rejected(str(error))
