"""Whether a bot may reach a chat, a topic, a message: the checks of the official server, in its order and words."""

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import bad, forbidden
from tests.emulators.telegram.groups import may_write
from tests.emulators.telegram.model import GENERAL, Bot, Chat, Message, Topic, User
from tests.emulators.telegram.world import World

ASKED = 300  # seconds in which somebody who asked to join can be written to
NAMES = {"group": "group", "supergroup": "supergroup", "channel": "channel"}


def find_chat(call: Call, value: str | None = None, write: bool = False) -> Chat:
    """The chat that `chat_id` (or another value) names. Raises Refused."""
    value = call.text("chat_id") if value is None else value
    if not value:
        raise bad("chat_id is empty")
    if value.startswith("@"):
        found = next((c for c in call.world.chats.values() if c.username.lower() == value[1:].lower()), None)
        if found is None:
            raise bad("chat not found")
        return _group(call.bot, found, write)
    try:
        number = int(value)
    except ValueError:
        raise bad("chat not found") from None
    if number > 0:
        return _private(call.world, call.bot, number, write)
    chat = call.world.chats.get(number)
    if chat is None or (call.bot.id not in chat.members and not chat.username):
        raise bad("chat not found")
    return _group(call.bot, chat, write)


def find_place(call: Call) -> tuple[Chat, Topic | None]:
    """Where something is to be sent: chat_id and message_thread_id. Raises Refused."""
    chat = find_chat(call, write=True)
    topic = find_topic(call, chat)
    if why := may_write(chat, call.bot, topic):
        raise bad(why)
    return chat, topic


def find_topic(call: Call, chat: Chat) -> Topic | None:
    """The topic of message_thread_id. Where there are no topics it is ignored; General must not be named."""
    thread = max(0, call.integer("message_thread_id"))
    if not thread or (chat.type != "private" and not chat.forum):
        return None
    if thread == GENERAL or thread not in chat.topics:
        raise bad("message thread not found")
    return chat.topics[thread]


def find_message(call: Call, chat: Chat, words: str, name: str = "message_id") -> Message:
    """A message of a chat; `words` name it in the refusal ("message to edit")."""
    message = chat.messages.get(call.integer(name))
    if message is None:
        raise bad(f"{words} not found")
    return message


def find_user(call: Call) -> User:
    """The account of user_id."""
    number = call.integer("user_id")
    if number <= 0:
        raise bad("invalid user_id specified")
    user = call.world.users.get(number)
    if user is None or not (user is call.bot or number in call.bot.met):
        raise bad("PARTICIPANT_ID_INVALID")
    return user


def need_right(chat: Chat, bot: Bot, right: str, words: str) -> None:
    """Raise Refused unless the bot is an administrator with a right."""
    if not chat.member(bot).may(right):
        raise bad(words)


def _private(world: World, bot: Bot, number: int, write: bool) -> Chat:
    user = world.users.get(number)
    if user is None or (number not in bot.met and user is not bot):
        raise bad("chat not found")
    chat = world.private(user, bot)
    if not write:
        return chat
    if isinstance(user, Bot):
        raise forbidden("the bot can't send messages to the bot")
    if not user.active:
        raise forbidden("user is deactivated")
    if chat.blocked:
        raise forbidden("bot was blocked by the user")
    if not chat.started and not _asked(world, bot, user):
        raise forbidden("bot can't initiate conversation with a user")
    return chat


def _asked(world: World, bot: Bot, user: User) -> bool:
    """Whether the user waits to be let into a chat where the bot decides, since less than five minutes."""
    now = world.clock.time()
    return any(
        now - chat.requests[user.id].at < ASKED
        for chat in world.chats.values()
        if user.id in chat.requests and chat.member(bot).may("can_invite_users")
    )


def _group(bot: Bot, chat: Chat, write: bool) -> Chat:
    if chat.migrated_to is not None and write:
        raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to.id)
    standing = chat.member(bot)
    if standing.status == "kicked" and (write or chat.type != "group"):
        raise forbidden(f"bot was kicked from the {NAMES[chat.type]} chat")
    if not standing.inside and (write or (chat.type != "group" and not chat.username)):
        raise forbidden(f"bot is not a member of the {NAMES[chat.type]} chat")
    return chat
