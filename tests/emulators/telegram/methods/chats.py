"""Chats: what they are, what they are called, links into them, and asking to join."""

import secrets

from tests.emulators.telegram import access, groups, views
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.files import content
from tests.emulators.telegram.methods.registry import method
from tests.emulators.telegram.model import Chat, InviteLink, Json, User

LINK_NAME, TITLE, ABOUT = 32, 128, 255  # characters
NO_LINKS = "not enough rights to manage chat invite link"


@method("getChat", "chat_id")
def get_chat(call: Call) -> Json:
    """Everything about a chat."""
    return views.full_chat(access.find_chat(call))


@method("setChatTitle", "chat_id title")
def set_chat_title(call: Call) -> bool:
    """Another title."""
    chat = _changeable(call)
    if not (title := call.text("title").strip()):
        raise bad("title can't be empty")
    if len(title) > TITLE:
        raise bad("CHAT_TITLE_TOO_LONG")
    if title == chat.title:
        raise bad("chat title is not modified")
    chat.title = title
    call.world.service(chat, call.bot, {"new_chat_title": title})
    return True


@method("setChatDescription", "chat_id description")
def set_chat_description(call: Call) -> bool:
    """Another description."""
    chat = _changeable(call)
    about = call.text("description").strip()
    if len(about) > ABOUT:
        raise bad("CHAT_ABOUT_TOO_LONG")
    if about == chat.description:
        raise bad("chat description is not modified")
    chat.description = about
    return True


@method("setChatPhoto", "chat_id photo")
def set_chat_photo(call: Call) -> bool:
    """Another picture, which must come with the call."""
    chat = _changeable(call)
    value = call.text("photo")
    if not value:
        raise bad("there is no photo in the request")
    if not value.startswith("attach://"):
        raise bad("photo must be uploaded as an InputFile")
    chat.photo = call.upload("photo", value)
    call.world.service(chat, call.bot, {"new_chat_photo": content(chat.photo)["photo"]})
    return True


@method("createChatInviteLink", "chat_id name expire_date member_limit creates_join_request")
def create_chat_invite_link(call: Call) -> Json:
    """A further link; with creates_join_request whoever opens it asks."""
    chat = _linkable(call)
    limit, asks = call.integer("member_limit", 0, 0, 100_000), call.flag("creates_join_request")
    if limit and asks:
        raise bad("member limit can't be specified for links requiring administrator approval")
    expires = call.integer("expire_date", 0, 0)
    if expires and expires <= call.world.now():
        raise bad("EXPIRE_DATE_INVALID")
    made = InviteLink(_address(), call.bot, call.text("name").strip()[:LINK_NAME], expires, limit, asks)
    chat.links[made.link] = made
    return views.link(made)


@method("exportChatInviteLink", "chat_id")
def export_chat_invite_link(call: Call) -> str:
    """A new primary link; the old one ends."""
    chat = _linkable(call)
    for link in chat.links.values():
        link.revoked = link.revoked or (link.primary and link.creator is call.bot)
    made = InviteLink(_address(), call.bot, primary=True)
    chat.links[made.link] = made
    return made.link


@method("revokeChatInviteLink", "chat_id invite_link")
def revoke_chat_invite_link(call: Call) -> Json:
    """The link opens no more."""
    chat = _linkable(call)
    link = chat.links.get(call.text("invite_link"))
    if link is None:
        raise bad("INVITE_HASH_EXPIRED")
    link.revoked = True
    return views.link(link)


@method("approveChatJoinRequest", "chat_id user_id")
def approve_chat_join_request(call: Call) -> bool:
    """Let in somebody who asked."""
    chat, user = _asker(call)
    groups.let_in(call.world, chat, user, call.bot)
    return True


@method("declineChatJoinRequest", "chat_id user_id")
def decline_chat_join_request(call: Call) -> bool:
    """Turn away somebody who asked."""
    chat, user = _asker(call)
    del chat.requests[user.id]
    call.world.touch()
    return True


@method("leaveChat", "chat_id")
def leave_chat(call: Call) -> bool:
    """The bot goes."""
    chat = access.find_chat(call)
    if chat.type == "private":
        raise bad("chat member status can't be changed in private chats")
    groups.leave(call.world, chat, call.bot, call.bot)
    return True


def _asker(call: Call) -> tuple[Chat, User]:
    chat = _linkable(call)
    user = access.find_user(call)
    if chat.member(user).inside:
        raise bad("USER_ALREADY_PARTICIPANT")
    if user.id not in chat.requests:
        raise bad("HIDE_REQUESTER_MISSING")
    return chat, user


def _changeable(call: Call) -> Chat:
    chat = access.find_chat(call, write=True)
    if chat.type == "private":
        raise bad("can't change private chat title")
    access.need_right(chat, call.bot, "can_change_info", "not enough rights to change chat info")
    return chat


def _linkable(call: Call) -> Chat:
    chat = access.find_chat(call, write=True)
    if chat.type == "private":
        raise bad("can't invite members to a private chat")
    access.need_right(chat, call.bot, "can_invite_users", NO_LINKS)
    return chat


def _address() -> str:
    return f"https://t.me/+{secrets.token_urlsafe(12)}"
