"""Looks at groups and topics of forums, and does in them what was decided. Imports aiogram.

Source of every call: https://core.telegram.org/bots/api
"""

from collections.abc import Mapping
from typing import Any

from aiogram.methods import (
    CloseForumTopic,
    CreateForumTopic,
    EditForumTopic,
    ReopenForumTopic,
    SetChatDescription,
    SetChatPermissions,
    SetChatPhoto,
    SetChatTitle,
    TelegramMethod,
)
from aiogram.types import ChatPermissions

from api.attachments.service import Content, content_of, find_attachments
from api.context import Context
from api.errors import Problem
from api.messaging.delivering import SLOWEST_UPLOAD
from api.rooms.planning import Action, Actual
from api.runtime import Runtime
from bot.platforms.base import Ambiguous, Place, Rejected
from bot.platforms.telegram.asking import Asking
from bot.platforms.telegram.client import CALL_SECONDS, Client
from bot.platforms.telegram.looking import actual_of, actual_topic, is_quiet, kept_as
from bot.platforms.telegram.members import Members
from bot.platforms.telegram.reading import split_place
from bot.platforms.telegram.rights import SENDING, TOPICS
from bot.platforms.telegram.uploads import as_upload

NAME_LIMIT, ABOUT_LIMIT = 128, 255  # characters
PEOPLE = frozenset({"invite", "admit", "refuse", "remove", "ban", "unban", "rank"})


class Groups:
    """The groups of one bot account."""

    def __init__(self, runtime: Runtime, client: Client, account: str) -> None:
        self.runtime, self.account = runtime, account
        self.asking = Asking(client, account)
        self.members = Members(self.asking, runtime)

    async def look(self, place: Place) -> Actual:
        """What a group is now, by two questions; a topic, by one. Raises SendError."""
        chat, topic = split_place(place.native)
        leaders = await self.asking.leaders(chat)
        if topic is not None:
            return actual_topic(place, leaders, self.account)
        return actual_of(place, await self.asking.about(chat), leaders, self.account)

    async def act(self, place: Place, action: Action) -> Mapping[str, Any]:
        """Do one thing. Raises SendError; Rejected for what we may not do there, in the server's words."""
        chat, topic = split_place(place.native)
        if topic is not None:  # the group around it is somebody else's
            return await self._act_in_topic(chat, topic, action)
        if action.kind in PEOPLE:
            return await self.members.act(place, chat, action)
        value = action.value
        match action.kind:
            case "name":
                return await self._set(chat, "name", value, SetChatTitle(chat_id=chat, title=value[:NAME_LIMIT]))
            case "topic":
                method = SetChatDescription(chat_id=chat, description=value[:ABOUT_LIMIT])
                return await self._set(chat, "topic", value, method)
            case "picture":
                return await self._set_picture(chat, value)
            case "hush":
                return await self._hush(place, chat)
            case "unhush":
                return await self._unhush(place, chat)
            case "open":
                return {"opened": await self._open_topic(chat, value)}
        raise Rejected(f"a group on Telegram knows no {action.kind}")

    async def _open_topic(self, chat: int, name: str) -> str:
        """Make a topic in a forum; returns its native id. Raises Rejected without topics or the right to manage them.

        One whose answer was not heard (Ambiguous) may be there: made again, there are two.
        """
        made = await self.asking.ask_about(CreateForumTopic(chat_id=chat, name=name[:NAME_LIMIT]))
        if not isinstance(made.get("message_thread_id"), int):
            raise Ambiguous(f"createForumTopic became {made!r}"[:300])
        return f"{chat}/{made['message_thread_id']}"

    async def _act_in_topic(self, chat: int, topic: int, action: Action) -> Mapping[str, Any]:
        where: dict[str, Any] = {"chat_id": chat, "message_thread_id": topic}
        match action.kind:
            case "name":
                await self.asking.do(EditForumTopic(name=action.value[:NAME_LIMIT], **where))
                return {"called": action.value}
            case "hush":
                await self.asking.do(CloseForumTopic(**where))
                return {"closed": True}
            case "unhush":
                await self.asking.do(ReopenForumTopic(**where))
                return {"closed": False}
        raise Rejected(f"a topic on Telegram has no {action.kind} of its own")

    async def _set(
        self, chat: int, key: str, wanted: str, method: TelegramMethod[Any], seconds: float = CALL_SECONDS
    ) -> Mapping[str, Any]:
        """Set name, topic or picture, and remember what the server made of it."""
        await self.asking.do(method, seconds=seconds)
        return kept_as(key, wanted, await self.asking.about(chat))

    async def _set_picture(self, chat: int, pid: str) -> Mapping[str, Any]:
        content = await self.runtime.read(_content, pid)
        if content is None:
            raise Rejected("the picture is not there, or not yet")
        method = SetChatPhoto(chat_id=chat, photo=await as_upload(self.runtime, content))
        return await self._set(chat, "picture", pid, method, CALL_SECONDS + content.size / SLOWEST_UPLOAD)

    async def _hush(self, place: Place, chat: int) -> Mapping[str, Any]:
        """Let only administrators write, and remember what everybody was allowed."""
        about = await self.asking.about(chat)
        allowed = dict(about.get("permissions") or {})
        if is_quiet(about):
            return {"open": place.kept.get("open") or allowed}
        # a topic that anybody opens is something that they say
        await self._permit(chat, allowed | dict.fromkeys((*SENDING, TOPICS), False))
        return {"open": allowed}

    async def _unhush(self, place: Place, chat: int) -> Mapping[str, Any]:
        """Allow again what was allowed; where that is not known, to write. What others made quiet stays so."""
        about, before = await self.asking.about(chat), place.kept.get("open")
        if before and is_quiet(about):
            known = before if before.get("can_send_messages") else dict.fromkeys(SENDING, True)
            again = {right: known[right] for right in (*SENDING, TOPICS) if right in known}
            await self._permit(chat, dict(about.get("permissions") or {}) | again)
        return {"open": None}

    async def _permit(self, chat: int, allowed: Mapping[str, Any]) -> None:
        permissions = ChatPermissions(**allowed)
        await self.asking.do(
            SetChatPermissions(chat_id=chat, permissions=permissions, use_independent_chat_permissions=True)
        )


def _content(ctx: Context, pid: str) -> Content | None:
    """A picture of ours; None where its bytes are not there (yet)."""
    found = find_attachments(ctx, [pid])
    try:
        return content_of(ctx, found[0]) if found else None
    except Problem:
        return None
