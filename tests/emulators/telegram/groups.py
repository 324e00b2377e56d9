"""Who is in a chat: coming, going, rights, and the updates these make. People's acts and bots' calls both end here."""

from dataclasses import replace

from tests.emulators.telegram import seeing, views
from tests.emulators.telegram.model import (
    ADMIN_RIGHTS,
    CHANNEL_RIGHTS,
    GENERAL,
    Bot,
    Chat,
    InviteLink,
    Json,
    Member,
    Topic,
    User,
    group_anonymous,
)
from tests.emulators.telegram.world import World

USUAL_RIGHTS = set(ADMIN_RIGHTS) - {"can_promote_members", "can_post_stories", "can_edit_stories", "can_delete_stories"}


def set_standing(
    world: World,
    chat: Chat,
    user: User,
    actor: User,
    status: str,
    rights: set[str] | None = None,
    link: InviteLink | None = None,
    by_request: bool = False,
    **more: object,
) -> None:
    """Change somebody's standing; the bot itself hears my_chat_member, administrator bots chat_member."""
    old = replace(chat.member(user))
    chosen = USUAL_RIGHTS | (set(CHANNEL_RIGHTS) if chat.type == "channel" else set()) if rights is None else rights
    new = Member(user, status, set(chosen) if status == "administrator" else set(), **more)  # type: ignore[arg-type]
    chat.members[user.id] = new
    _meet(world, chat, user)
    payload: Json = {
        "chat": views.chat(chat),
        "from": views.user(actor),
        "date": world.now(),
        "old_chat_member": views.member(old, chat),
        "new_chat_member": views.member(new, chat),
    }
    if link is not None:
        payload["invite_link"] = views.link(link)
    if by_request:
        payload["via_join_request"] = True
    if isinstance(user, Bot):
        user.queue.push("my_chat_member", payload, f"me {chat.id}")
    for bot in seeing.bots_in(chat):
        if bot is not user and chat.member(bot).admin:
            bot.queue.push("chat_member", payload, f"member {user.id}")
    world.touch()


def _meet(world: World, chat: Chat, user: User) -> None:
    for bot in seeing.bots_in(chat):
        bot.met.add(user.id)
        if bot is user:
            bot.met |= {number for number, member in chat.members.items() if member.inside}


def enter(world: World, chat: Chat, user: User, actor: User, link: InviteLink | None = None) -> None:
    """Somebody comes in by themselves or is added; in groups a service message says so."""
    set_standing(world, chat, user, actor, "member", link=link)
    _greet(world, chat, user, actor, link)


def let_in(world: World, chat: Chat, user: User, actor: User) -> None:
    """Somebody who asked is let in by an administrator."""
    link = chat.requests[user.id].link
    set_standing(world, chat, user, actor, "member", link=link, by_request=True)
    _greet(world, chat, user, user, link)


def _greet(world: World, chat: Chat, user: User, actor: User, link: InviteLink | None) -> None:
    chat.requests.pop(user.id, None)
    if link is not None:
        link.used += 1
    if chat.type != "channel":
        one = views.user(user)
        world.service(chat, actor, {"new_chat_members": [one], "new_chat_member": one, "new_chat_participant": one})


def leave(world: World, chat: Chat, user: User, actor: User, status: str = "left", until: int = 0) -> None:
    """Somebody leaves ("left") or is removed ("kicked"; basic groups keep no list of whom they removed)."""
    was_inside = chat.member(user).inside
    status = "left" if chat.type == "group" and not isinstance(user, Bot) else status
    set_standing(world, chat, user, actor, status, until=until)
    if was_inside and chat.type != "channel":
        one = views.user(user)
        world.service(chat, actor, {"left_chat_member": one, "left_chat_participant": one})


def migrate(world: World, chat: Chat, actor: User) -> Chat:
    """A basic group becomes a supergroup with another id; the old one answers calls with where it went."""
    new = world.new_chat("supergroup", chat.title)
    new.members = {number: replace(member) for number, member in chat.members.items()}
    new.last_bot = chat.last_bot
    for bot in seeing.bots_in(chat):
        standing = new.members[bot.id]
        new.members[bot.id] = Member(bot, "left")
        # no update says that the bot left the old group (tdlib/telegram-bot-api#266)
        set_standing(world, new, bot, actor, standing.status, standing.rights or None)
    world.service(chat, actor, {"migrate_to_chat_id": new.id})
    chat.migrated_to = new
    world.service(new, group_anonymous(), {"migrate_from_chat_id": chat.id}, sender_chat=new)
    return new


def make_topic(world: World, chat: Chat, actor: User, name: str, color: int = 7322096) -> Topic:
    """A topic, and the service message that made it: its id is the topic's."""
    about = {"name": name, "icon_color": color}
    made = world.service(chat, actor, {"forum_topic_created": about}, thread_of_itself=True)
    topic = Topic(chat, made.id, name, color, creator=actor)
    chat.topics[topic.id] = topic
    return topic


def may_write(chat: Chat, user: User, topic: Topic | None) -> str:
    """Why somebody may not write there, in the server's words; "" when they may."""
    if chat.person is not None:
        return ""
    standing, topic = chat.member(user), topic or chat.topics.get(GENERAL)
    if chat.type == "channel":
        return "" if standing.may("can_post_messages") else "need administrator rights in the channel chat"
    if standing.admin:
        return "" if topic is None or not topic.closed or standing.may("can_manage_topics") else "TOPIC_CLOSED"
    if standing.muted or "can_send_messages" not in chat.permissions:
        return "not enough rights to send text messages to the chat"
    return "TOPIC_CLOSED" if topic is not None and topic.closed else ""
