"""What is done about people in a group: asking in, letting in, putting out, appointing. Imports aiogram.

Bots add nobody: who is missing gets a link, asks to come in by it and is admitted.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aiogram.methods import (
    ApproveChatJoinRequest,
    BanChatMember,
    CreateChatInviteLink,
    DeclineChatJoinRequest,
    PromoteChatMember,
    RestrictChatMember,
    TelegramMethod,
    UnbanChatMember,
)
from aiogram.types import ChatPermissions

from api.rooms.planning import LEADS, SPEAKS, Action
from api.runtime import Runtime
from bot.platforms.base import Place, Rejected
from bot.platforms.telegram.asking import Asking, said_in
from bot.platforms.telegram.looking import noted, own
from bot.platforms.telegram.rights import MODERATOR, SENDING, holds, is_basic, rank_of, state_of

LINK_NAME_LIMIT = 32  # characters
LINKS = 512  # groups whose link is remembered: several are invited before what they return is kept
LINK_LASTS = timedelta(days=1)  # nobody tells us that an administrator revoked one
ASKS_NO_MORE, IN_ALREADY, NOT_THERE = "hide_requester_missing", "user_already_participant", "user_not_participant"
APPOINTED = "is an administrator of the chat"
# what somebody may do besides sending; what the group allows nobody is not given by this
MORE = ("can_react_to_messages", "can_edit_tag", "can_change_info", "can_invite_users", "can_pin_messages",
        "can_manage_topics")  # fmt: skip


class Members:
    """Does what concerns one account. Every method raises SendError."""

    def __init__(self, asking: Asking, runtime: Runtime) -> None:
        self.asking, self.runtime = asking, runtime
        self._links: OrderedDict[int, tuple[str, datetime]] = OrderedDict()

    async def act(self, place: Place, chat: int, action: Action) -> Mapping[str, Any]:
        """Do one thing to one account; returns what is to be kept."""
        if not action.who.isdecimal():
            raise Rejected(f"{action.who!r} is no account on Telegram")
        who = int(action.who)
        match action.kind:
            case "invite":
                return await self._invite(place, chat, who)
            case "admit":
                await self._admit(chat, who)
            case "refuse":
                await self.asking.do(DeclineChatJoinRequest(chat_id=chat, user_id=who), ASKS_NO_MORE, IN_ALREADY)
            case "remove":
                await self._put_out(chat, who, for_good=False)
                return noted(place.kept, inside=(action.who, False))
            case "ban":
                await self._put_out(chat, who, for_good=True)
                # a basic group bans nobody
                return noted(place.kept, inside=(action.who, False), banned=(action.who, not is_basic(chat)))
            case "unban":
                if not is_basic(chat):
                    await self.asking.do(UnbanChatMember(chat_id=chat, user_id=who, only_if_banned=True))
                return noted(place.kept, banned=(action.who, False))
            case "rank":
                await self._rank(chat, who, int(action.value))
        return {}

    async def _invite(self, place: Place, chat: int, who: int) -> Mapping[str, Any]:
        """The link by which somebody can ask to come in; none for who is in already, though nobody told us."""
        member = await self.asking.member(chat, str(who))
        state = state_of(member) if member is not None else "leave"
        if state == "join":
            return noted(place.kept, inside=(str(who), True))
        if state == "ban":
            raise Rejected("an administrator banned this account in the group")
        link, made_at = await self._link(place, chat)
        return {"link": link, "link_of": place.native, "link_at": made_at.isoformat()}

    async def _link(self, place: Place, chat: int) -> tuple[str, datetime]:
        """The link of a group, and when it was made: a fresh one every day on which somebody needs it, because an
        administrator may have revoked it. Links of a basic group end when it becomes a supergroup."""
        kept, at = place.kept.get("link"), place.kept.get("link_at")
        if kept and at and place.kept.get("link_of") == place.native and self._lasts(datetime.fromisoformat(at)):
            return str(kept), datetime.fromisoformat(at)
        if chat not in self._links or not self._lasts(self._links[chat][1]):
            name = f"gongfang {place.pid}"[:LINK_NAME_LIMIT]
            link = CreateChatInviteLink(chat_id=chat, name=name, creates_join_request=True)
            self._links[chat] = str((await self.asking.ask_about(link))["invite_link"]), self.runtime.now()
            self._links.move_to_end(chat)
            if len(self._links) > LINKS:
                self._links.popitem(last=False)
        return self._links[chat]

    def _lasts(self, made_at: datetime) -> bool:
        return self.runtime.now() - made_at < LINK_LASTS

    async def _admit(self, chat: int, who: int) -> None:
        try:
            await self.asking.do(ApproveChatJoinRequest(chat_id=chat, user_id=who), IN_ALREADY)
        except Rejected as error:
            # an administrator turned them away or let them in, or they took it back: Telegram does not tell of it all
            member = await self.asking.member(chat, str(who)) if said_in(error, ASKS_NO_MORE) else None
            if member is None or state_of(member) != "join":
                raise

    async def _put_out(self, chat: int, who: int, for_good: bool) -> None:
        """Remove somebody, who can come back unless it is for good. Into a basic group they always can."""
        # unbanning puts a member out by itself: the server bans and unbans, and no crash of ours falls between
        method: TelegramMethod[bool] = UnbanChatMember(chat_id=chat, user_id=who, only_if_banned=False)
        if for_good or is_basic(chat):
            method = BanChatMember(chat_id=chat, user_id=who)
        try:
            await self.asking.do(method, NOT_THERE)
        except Rejected as error:
            if not said_in(error, APPOINTED):
                raise
            await self._demote(chat, who)
            await self.asking.do(method, NOT_THERE)

    async def _rank(self, chat: int, who: int, rank: int) -> None:
        """Appoint, take the appointment back, let somebody only read, or speak again."""
        member = await self.asking.member(chat, str(who))
        if member is None or state_of(member) != "join":
            return  # who is not there has no rank; when they come, it is looked at again
        now = rank_of(member)
        if rank >= LEADS:
            if now < LEADS:
                await self._appoint(chat, who)
            return
        if now >= LEADS:
            await self._demote(chat, who)
            now = SPEAKS
        if (rank < SPEAKS) != (now < SPEAKS):
            allowed = ChatPermissions(**dict.fromkeys((*SENDING, *MORE), rank >= SPEAKS))
            await self.asking.do(RestrictChatMember(
                chat_id=chat, user_id=who, permissions=allowed, use_independent_chat_permissions=True,
            ))  # fmt: skip

    async def _appoint(self, chat: int, who: int) -> None:
        """A moderator's rights, as far as we have them ourselves: others cannot be given."""
        ours = own(await self.asking.leaders(chat), self.asking.account)
        rights = [right for right in MODERATOR if holds(ours, right)] or ["can_manage_chat"]
        named: dict[str, Any] = dict.fromkeys(rights, True)
        await self.asking.do(PromoteChatMember(chat_id=chat, user_id=who, **named))

    async def _demote(self, chat: int, who: int) -> None:
        """Of an administrator's rights none is named, so none is left."""
        await self.asking.do(PromoteChatMember(chat_id=chat, user_id=who))
