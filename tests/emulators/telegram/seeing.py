"""Who hears of what: privacy mode, membership, and the update each thing becomes."""

from tests.emulators.telegram import views
from tests.emulators.telegram.model import Bot, Chat, Json, Message

# what a bot did itself and is told of all the same (need_skip_update_message of the official server)
OWN = {"new_chat_title", "left_chat_member", "pinned_message", "forum_topic_created", "forum_topic_edited"}
OWN |= {"forum_topic_closed", "forum_topic_reopened"}


def bots_in(chat: Chat) -> list[Bot]:
    """The bots that are in a chat now."""
    if chat.bot is not None:
        return [chat.bot]
    return [member.user for member in chat.members.values() if isinstance(member.user, Bot) and member.inside]


def sees(bot: Bot, message: Message) -> bool:
    """Whether a bot is told of a message."""
    if message.sender is bot:
        return message.service and bool(OWN & message.content.keys())
    if isinstance(message.sender, Bot) and not message.service:
        return False
    if message.chat.type in ("private", "channel") or message.service:
        return True
    return not bot.privacy or message.chat.member(bot).admin or _meant_for(bot, message)


def _meant_for(bot: Bot, message: Message) -> bool:
    """Commands and replies: all that privacy mode lets through.

    A command without a name goes to the bot that spoke last in the chat.
    """
    answered = message.chat.messages.get(message.reply_to)
    if answered is not None and answered.sender is bot and not answered.service:
        return True
    for entity in message.content.get("entities", []) + message.content.get("caption_entities", []):
        if entity["type"] == "bot_command" and entity["offset"] == 0:
            name = message.text[: entity["length"]].partition("@")[2]
            return name.lower() == bot.username.lower() if name else message.chat.last_bot in (None, bot)
    return False


def tell(message: Message, edited: bool = False) -> None:
    """Put a new or edited message into the queues of the bots that see it."""
    channel = message.chat.type == "channel"
    kind = ("edited_" if edited else "") + ("channel_post" if channel else "message")
    left = message.content.get("left_chat_member", {}).get("id")
    audience = bots_in(message.chat)
    for member in message.chat.members.values():
        if member.user.id == left and isinstance(member.user, Bot) and member.user not in audience:
            audience.append(member.user)
    for bot in audience:
        if sees(bot, message):
            bot.queue.push(kind, views.message(message, bot), f"chat {message.chat.id}")


def tell_admins(chat: Chat, kind: str, payload: Json, key: str, right: str = "can_manage_chat") -> None:
    """Tell the bots that are administrators of the chat (chat_member, chat_join_request, message_reaction)."""
    for bot in bots_in(chat):
        standing = chat.member(bot)
        if standing.admin and (right == "can_manage_chat" or standing.may(right)):
            bot.queue.push(kind, payload, key)
