"""What `gongfang check` says about Telegram. Imports aiogram."""

from collections.abc import AsyncIterator

from aiogram.methods import GetChatMember, GetMe, GetWebhookInfo
from aiogram.types import ChatMemberAdministrator, ChatMemberRestricted, User

from api.messaging.tree import Node, T
from api.rooms.service import bound_rooms
from api.runtime import Runtime
from bot.platforms.base import Finding, RetryAfter, SendError
from bot.platforms.telegram.arriving import TELEGRAM
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.markup import is_web_address
from bot.platforms.telegram.reading import split_place
from bot.platforms.telegram.webhook import webhook_path


async def find_out(runtime: Runtime, client: Client, account: str) -> AsyncIterator[Finding]:
    """A line each: the token, privacy mode, how updates come, every group bound to this bot."""
    name = TELEGRAM if len(runtime.config.telegram.tokens) == 1 else f"{TELEGRAM} {account}"
    try:
        me = await client.call(GetMe())
    except RetryAfter as error:
        yield Finding(name, False, T("The token was refused. Ask @BotFather for the current one.")
                      if error.whole_bot else _unheard(error))  # fmt: skip
        return
    except SendError as error:
        yield Finding(name, False, _unheard(error))
        return
    yield Finding(name, True, T("signed in as @{name}", name=me.username or str(me.id)))
    yield _privacy(me)
    yield await _updates(runtime, client, account)
    if not is_web_address(address := runtime.config.web.base_url):
        yield Finding("telegram links", False, T(
            "Telegram makes no links to {address}: people read addresses to copy instead of buttons. Give [web] "
            "base_url a name with a dot in it.", address=address,
        ))  # fmt: skip
    for native, community in await runtime.read(bound_rooms, TELEGRAM, account):
        yield await _group(client, me, native, community)


def _unheard(error: SendError) -> Node:
    return T("No answer from Telegram: {error}", error=str(error))


def _privacy(me: User) -> Finding:
    if me.can_read_all_group_messages:
        return Finding("telegram privacy mode", True, T("off: words in groups are heard"))
    return Finding("telegram privacy mode", False, T(
        "On: in groups where the bot is no administrator it hears /commands only, and claim codes said there are not "
        "noticed. Send /setprivacy to @BotFather, choose Disable, then add the bot to its groups again."
    ))  # fmt: skip


async def _updates(runtime: Runtime, client: Client, account: str) -> Finding:
    subject, section = "telegram updates", runtime.config.telegram
    try:
        info = await client.call(GetWebhookInfo())
    except SendError as error:
        return Finding(subject, False, _unheard(error))
    wanted = f"{runtime.config.web.base_url}{webhook_path(section, account)}" if section.mode == "webhook" else ""
    if info.url != wanted:
        say = T("Telegram sends updates to {there}, not to {here}. The running service corrects that.",
                there=info.url or T("nobody (polling)"), here=wanted or T("nobody (polling)"))  # fmt: skip
        return Finding(subject, False, say)
    if info.last_error_message and info.pending_update_count:
        return Finding(subject, False, T("{count} updates wait; the last try failed: {error}",
                                         count=info.pending_update_count, error=info.last_error_message))  # fmt: skip
    how = T("by webhook") if wanted else T("by polling")
    return Finding(subject, True, T("{how}, {count} waiting", how=how, count=info.pending_update_count))


async def _group(client: Client, me: User, native: str, community: str) -> Finding:
    subject = f"telegram group “{community}”"
    try:
        member = await client.call(GetChatMember(chat_id=split_place(native)[0], user_id=me.id))
    except SendError as error:
        return Finding(subject, False, T("The bot is not in this group: {error}", error=str(error)))
    if member.status in ("left", "kicked"):
        return Finding(subject, False, T("The bot is not in this group any more. Add it again, or unbind the group."))
    if isinstance(member, ChatMemberRestricted) and not member.can_send_messages:
        return Finding(subject, False, T("The bot may not write in this group. Its administrators can allow it."))
    if not isinstance(member, ChatMemberAdministrator) and not me.can_read_all_group_messages:
        say = T("The bot is no administrator there and privacy mode is on: it hears /commands only.")
        return Finding(subject, False, say)
    return Finding(subject, True, T("well"))
