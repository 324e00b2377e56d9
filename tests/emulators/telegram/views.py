"""The world as the Bot API writes it (objects of Bot API 10.x)."""

from typing import TYPE_CHECKING

from tests.emulators.telegram.model import (
    ADMIN_RIGHTS,
    CHANNEL_RIGHTS,
    PERMISSIONS,
    Bot,
    Chat,
    InviteLink,
    Json,
    Member,
    Message,
    Poll,
    User,
)

if TYPE_CHECKING:
    from tests.emulators.telegram.world import World


def user(of: User) -> Json:
    """A User."""
    seen = {"id": of.id, "is_bot": of.is_bot, "first_name": of.first_name}
    extra = {"last_name": of.last_name, "username": of.username, "language_code": "" if of.is_bot else of.language}
    return seen | {key: value for key, value in extra.items() if value}


def me(bot: Bot) -> Json:
    """The User that getMe answers."""
    off = "can_connect_to_business has_main_web_app has_topics_enabled supports_inline_queries".split()
    return (
        user(bot)
        | {"can_join_groups": True, "can_read_all_group_messages": not bot.privacy}
        | dict.fromkeys(off, False)
    )


def chat(of: Chat) -> Json:
    """A Chat."""
    if of.person is not None:
        kept = {key: value for key, value in user(of.person).items() if key in ("first_name", "last_name", "username")}
        return {"id": of.id, "type": "private", **kept}
    seen: Json = {"id": of.id, "title": of.title, "type": of.type}
    if of.username:
        seen["username"] = of.username
    if of.forum:
        seen["is_forum"] = True
    if of.type == "group":
        seen["all_members_are_administrators"] = False
    return seen


def full_chat(of: Chat) -> Json:
    """A ChatFullInfo."""
    gifts = "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels".split()
    seen = chat(of) | {
        "accent_color_id": abs(of.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
    if of.type in ("group", "supergroup"):
        seen["permissions"] = {right: right in of.permissions for right in PERMISSIONS}
    if of.photo is not None:
        small = of.photo.about["small"]
        sizes = {"small": small, "big": of.photo}
        seen["photo"] = {f"{size}_file_id": one.id for size, one in sizes.items()}
        seen["photo"] |= {f"{size}_file_unique_id": one.unique_id for size, one in sizes.items()}
    if of.description:
        seen["description"] = of.description
    if of.username:
        seen["active_usernames"] = [of.username]
    if primary := next((link for link in of.links.values() if link.primary and not link.revoked), None):
        seen["invite_link"] = primary.link
    if of.pinned and of.pinned[-1] in of.messages:
        seen["pinned_message"] = message(of.messages[of.pinned[-1]], reply=False)
    return seen


def member(of: Member, where: Chat) -> Json:
    """A ChatMember."""
    seen: Json = {"user": user(of.user), "status": of.status}
    if of.status == "creator":
        seen["is_anonymous"] = False
    elif of.status == "administrator":
        rights = ADMIN_RIGHTS + (CHANNEL_RIGHTS if where.type == "channel" else [])
        seen |= {"can_be_edited": of.can_be_edited, "is_anonymous": False}
        seen |= {right: right in of.rights for right in rights}
    elif of.status == "restricted":
        seen |= {right: not of.muted and right in where.permissions for right in PERMISSIONS}
        seen |= {"until_date": of.until, "is_member": True}
    elif of.status == "kicked":
        seen["until_date"] = of.until
    if of.title and of.admin:
        seen["custom_title"] = of.title
    return seen


def link(of: InviteLink) -> Json:
    """A ChatInviteLink."""
    flags = {"creates_join_request": of.asks, "is_primary": of.primary, "is_revoked": of.revoked}
    extra = {"name": of.name, "expire_date": of.expires, "member_limit": of.limit}
    return {"invite_link": of.link, "creator": user(of.creator)} | flags | {k: v for k, v in extra.items() if v}


def poll(of: Poll, bot: Bot | None = None) -> Json:
    """A Poll; the right answers are shown to its owner, and to all when it is closed."""
    counts = [sum(position in vote for vote in of.votes.values()) for position in range(len(of.options))]
    seen = {
        "id": of.id,
        "question": of.question,
        "options": [option | {"voter_count": count} for option, count in zip(of.options, counts, strict=True)],
        "total_voter_count": sum(bool(vote) for vote in of.votes.values()),
        "is_closed": of.closed,
        **of.settings,
    }
    if of.correct and (bot is of.owner or of.closed):
        seen["correct_option_ids"] = of.correct
        if len(of.correct) == 1:
            seen["correct_option_id"] = of.correct[0]
        seen |= of.explanation
    return seen


def message(of: Message, bot: Bot | None = None, reply: bool = True) -> Json:
    """A Message, as `bot` sees it; a message inside a message carries no further one."""
    seen: Json = {"message_id": of.id, "date": of.date, "chat": chat(of.chat)}
    if of.sender is not None:
        seen["from"] = user(of.sender)
    if of.sender_chat is not None:
        seen["sender_chat"] = chat(of.sender_chat)
    if of.edited:
        seen["edit_date"] = of.edited
    if of.thread:
        seen["message_thread_id"] = of.thread
        if of.chat.forum:
            seen["is_topic_message"] = True
    if of.origin:
        seen["forward_origin"] = of.origin
    if reply and of.reply_to in of.chat.messages:
        seen["reply_to_message"] = message(of.chat.messages[of.reply_to], bot, reply=False)
    if of.album:
        seen["media_group_id"] = of.album
    seen |= of.content
    if of.poll is not None:
        seen["poll"] = poll(of.poll, bot)
    if of.buttons:
        seen["reply_markup"] = {"inline_keyboard": of.buttons}
    return seen


def join_request(of: Chat, who: User, by: InviteLink | None, world: "World") -> Json:
    """A ChatJoinRequest."""
    seen = {"chat": chat(of), "from": user(who), "user_chat_id": who.id, "date": world.now()}
    return seen | ({"invite_link": link(by)} if by else {})
