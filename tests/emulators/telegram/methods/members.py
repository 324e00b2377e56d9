"""Members: who is there, and what may be done to them."""

from tests.emulators.telegram import access, groups, views
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.methods.registry import method
from tests.emulators.telegram.model import ADMIN_RIGHTS, CHANNEL_RIGHTS, PERMISSIONS, Chat, Json, Member

RIGHTS = " ".join(ADMIN_RIGHTS + CHANNEL_RIGHTS)
TITLE = 16  # characters of an administrator's title
SENDING = (
    "can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos can_send_video_notes "
    "can_send_voice_notes"
).split()


@method("getChatMember", "chat_id user_id")
def get_chat_member(call: Call) -> Json:
    """Somebody's standing; "left" for an account the bot knows that was never there."""
    chat = access.find_chat(call)
    user = access.find_user(call)
    if chat.type == "private":
        inside = user is call.bot or user is chat.person
        return views.member(Member(user, "member" if inside else "left"), chat)
    return views.member(chat.member(user), chat)


@method("getChatAdministrators", "chat_id")
def get_chat_administrators(call: Call) -> list[Json]:
    """The owner and administrators; other bots are left out."""
    chat = access.find_chat(call)
    if chat.type == "private":
        raise bad("there are no administrators in the private chat")
    admins = [member for member in chat.members.values() if member.admin]
    return [views.member(one, chat) for one in admins if not one.user.is_bot or one.user is call.bot]


@method("getChatMemberCount", "chat_id")
def get_chat_member_count(call: Call) -> int:
    """How many are inside."""
    chat = access.find_chat(call)
    return 2 if chat.type == "private" else sum(member.inside for member in chat.members.values())


@method("banChatMember", "chat_id user_id until_date revoke_messages")
def ban_chat_member(call: Call) -> bool:
    """Remove somebody, for good or until a date."""
    chat = _group(call, "can_restrict_members")
    member = _lower(call, chat)
    if chat.type == "group" and not member.inside:
        raise bad("USER_NOT_PARTICIPANT")
    until = call.integer("until_date", 0, 0)
    groups.leave(call.world, chat, member.user, call.bot, "kicked", until)
    if call.flag("revoke_messages"):
        chat.messages = {number: said for number, said in chat.messages.items() if said.sender is not member.user}
    return True


@method("unbanChatMember", "chat_id user_id only_if_banned")
def unban_chat_member(call: Call) -> bool:
    """Let somebody come back; without only_if_banned a member is put out."""
    chat = _group(call, "can_restrict_members")
    if chat.type == "group":
        raise bad("method is available for supergroup and channel chats only")
    member = _lower(call, chat)
    if member.status == "kicked":
        groups.set_standing(call.world, chat, member.user, call.bot, "left")
    elif member.inside and not call.flag("only_if_banned"):
        # nobody is made to leave but by a ban, which the server soon takes back (TDLib, restrict_channel_participant)
        groups.leave(call.world, chat, member.user, call.bot, "kicked")
        groups.set_standing(call.world, chat, member.user, call.bot, "left")
    return True


@method("restrictChatMember", "chat_id user_id permissions use_independent_chat_permissions until_date")
def restrict_chat_member(call: Call) -> bool:
    """Let somebody read only, or (all permissions) lift that."""
    chat = _group(call, "can_restrict_members")
    if chat.type != "supergroup":
        raise bad("method is available only for supergroups")
    allowed = _permissions(call)
    member = _lower(call, chat)
    muted = "can_send_messages" not in allowed
    standing = "restricted" if muted else "member"
    groups.set_standing(
        call.world, chat, member.user, call.bot, standing, muted=muted, until=call.integer("until_date")
    )
    return True


@method("setChatPermissions", "chat_id permissions use_independent_chat_permissions")
def set_chat_permissions(call: Call) -> bool:
    """What everybody may do."""
    chat = access.find_chat(call, write=True)
    if chat.type not in ("group", "supergroup"):
        raise bad("can't change chat permissions")
    access.need_right(chat, call.bot, "can_restrict_members", "not enough rights to change chat permissions")
    chat.permissions = _permissions(call)
    call.world.touch()
    return True


@method("promoteChatMember", "chat_id user_id is_anonymous " + RIGHTS)
def promote_chat_member(call: Call) -> bool:
    """Give rights the bot has itself; none at all takes them away."""
    chat = _group(call, "can_promote_members")
    member = _lower(call, chat, promoting=True)
    rights = {right for right in RIGHTS.split() if call.flag(right)}
    if chat.type == "group":
        raise bad("method is available for supergroup and channel chats only")
    if not member.inside and chat.type != "channel":
        raise bad("USER_NOT_PARTICIPANT")
    if not all(chat.member(call.bot).may(right) for right in rights - {"can_manage_chat"}):
        raise bad("RIGHT_FORBIDDEN")
    if rights:
        chosen = rights | {"can_manage_chat"}
        groups.set_standing(call.world, chat, member.user, call.bot, "administrator", chosen, can_be_edited=True)
    else:
        groups.set_standing(call.world, chat, member.user, call.bot, "member")
    return True


@method("setChatAdministratorCustomTitle", "chat_id user_id custom_title")
def set_chat_administrator_custom_title(call: Call) -> bool:
    """A title beside an administrator the bot made."""
    chat = _group(call, "can_promote_members")
    member = chat.member(access.find_user(call))
    if not member.admin:
        raise bad("user is not an administrator")
    if not member.can_be_edited:
        raise bad("not enough rights to change custom title of the user")
    if len(title := call.text("custom_title").strip()) > TITLE:
        raise bad("CUSTOM_TITLE_INVALID")
    member.title = title
    return True


def _permissions(call: Call) -> set[str]:
    """What is allowed. Unless they are independent, some permissions bring others with them."""
    given = call.decoded("permissions", "permissions", {})
    if not isinstance(given, dict):
        raise bad("object expected as permissions")
    if strange := given.keys() - set(PERMISSIONS):
        raise bad(f"permission {sorted(strange)[0]} is not supported by this emulator")
    allowed = {name for name, value in given.items() if value}
    if "can_manage_topics" not in given and "can_pin_messages" in allowed:
        allowed.add("can_manage_topics")
    if not call.flag("use_independent_chat_permissions"):
        if allowed & {"can_send_other_messages", "can_add_web_page_previews"}:
            allowed |= set(SENDING)
        if allowed & {*SENDING, "can_send_polls"}:
            allowed.add("can_send_messages")
    return allowed


def _group(call: Call, right: str) -> Chat:
    chat = access.find_chat(call, write=True)
    if chat.type == "private":
        raise bad("chat member status can't be changed in private chats")
    words = {
        "can_restrict_members": "not enough rights to restrict/unrestrict chat member",
        "can_promote_members": "not enough rights",
    }
    access.need_right(chat, call.bot, right, words[right])
    return chat


def _lower(call: Call, chat: Chat, promoting: bool = False) -> Member:
    """Somebody the bot may act on: not the owner, not an administrator it did not make."""
    member = chat.member(access.find_user(call))
    if member.user is call.bot:
        raise bad("can't restrict self" if not promoting else "can't promote self")
    if member.status == "creator":
        raise bad("can't remove chat owner")
    if member.status == "administrator" and not member.can_be_edited:
        raise bad("user is an administrator of the chat" if not promoting else "CHAT_ADMIN_REQUIRED")
    return member
