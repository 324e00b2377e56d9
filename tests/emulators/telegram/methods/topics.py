"""Topics of forums."""

from tests.emulators.telegram import access, groups
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.methods.registry import method
from tests.emulators.telegram.model import GENERAL, Chat, Json, Topic

NAME = 128  # characters
COLORS = {7322096, 16766590, 13338331, 9367192, 16749490, 16478047}
NO_RIGHT = "not enough rights to manage topics in the chat"


@method("createForumTopic", "chat_id name icon_color")
def create_forum_topic(call: Call) -> Json:
    """A topic; its id is message_thread_id."""
    chat = _forum(call)
    access.need_right(chat, call.bot, "can_manage_topics", NO_RIGHT)
    color = call.integer("icon_color") or 7322096
    if color not in COLORS:
        raise bad("TOPIC_ICON_COLOR_INVALID")
    topic = groups.make_topic(call.world, chat, call.bot, _name(call), color)
    return {"message_thread_id": topic.id, "name": topic.name, "icon_color": topic.icon_color}


@method("editForumTopic", "chat_id message_thread_id name")
def edit_forum_topic(call: Call) -> bool:
    """Another name."""
    chat = _forum(call)
    topic = _own_topic(call, chat)
    name = call.text("name")
    if not name or name == topic.name:
        raise bad("TOPIC_NOT_MODIFIED")
    topic.name = _name(call)
    call.world.service(chat, call.bot, {"forum_topic_edited": {"name": topic.name}}, topic)
    return True


@method("closeForumTopic", "chat_id message_thread_id")
def close_forum_topic(call: Call) -> bool:
    """Only those who manage topics can write there from now on."""
    return _close(call, True)


@method("reopenForumTopic", "chat_id message_thread_id")
def reopen_forum_topic(call: Call) -> bool:
    """Everybody can write there again."""
    return _close(call, False)


@method("deleteForumTopic", "chat_id message_thread_id")
def delete_forum_topic(call: Call) -> bool:
    """The topic and all that was said there."""
    chat = access.find_chat(call, write=True)
    access.need_right(chat, call.bot, "can_delete_messages", NO_RIGHT)
    topic = _topic(call, chat)
    del chat.topics[topic.id]
    chat.messages = {number: message for number, message in chat.messages.items() if message.thread != topic.id}
    call.world.touch()
    return True


def _close(call: Call, closed: bool) -> bool:
    chat = _forum(call)
    topic = _own_topic(call, chat)
    if topic.closed == closed:
        raise bad("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    call.world.service(chat, call.bot, {"forum_topic_closed" if closed else "forum_topic_reopened": {}}, topic)
    return True


def _forum(call: Call) -> Chat:
    chat = access.find_chat(call, write=True)
    if not chat.forum:
        raise bad("the chat is not a forum")
    return chat


def _own_topic(call: Call, chat: Chat) -> Topic:
    """The topic, which the bot made itself or may manage."""
    topic = _topic(call, chat)
    if topic.creator is not call.bot:
        access.need_right(chat, call.bot, "can_manage_topics", NO_RIGHT)
    return topic


def _topic(call: Call, chat: Chat) -> Topic:
    topic = chat.topics.get(call.integer("message_thread_id"))
    if topic is None or topic.id == GENERAL:
        raise bad("TOPIC_ID_INVALID")
    return topic


def _name(call: Call) -> str:
    name = call.text("name").strip()
    if not name:
        raise bad("topic name must be non-empty")
    return name[:NAME]
