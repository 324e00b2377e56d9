"""Messages a bot changes, takes back, answers, pins and reacts to."""

from tests.emulators.telegram import access, views
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import NOT_MODIFIED, TOO_OLD, bad
from tests.emulators.telegram.markup import read_inline
from tests.emulators.telegram.methods.registry import method
from tests.emulators.telegram.methods.sending import own_caption, read_media, read_text
from tests.emulators.telegram.model import Json, Message

WHICH = "chat_id message_id reply_markup "
MEDIA = {"photo", "document", "voice", "video", "audio"}
ANSWER = 200  # characters
DEADLINE = 15  # seconds in which a press can be answered; the real one is undocumented (telegram.md 6)
TWO_DAYS = 48 * 3600
EMOJI = set(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)


@method("editMessageText", WHICH + "text parse_mode entities link_preview_options", counts=True)
def edit_message_text(call: Call) -> Json:
    """Other words, and other buttons: without reply_markup the buttons go."""
    words = read_text(call)
    message = _editable(call)
    if "text" not in message.content:
        raise bad("there is no text in the message to edit")
    return _change(call, message, words)


@method("editMessageCaption", WHICH + "caption parse_mode caption_entities", counts=True)
def edit_message_caption(call: Call) -> Json:
    """Another caption under a file."""
    words = own_caption(call)
    message = _editable(call)
    if not MEDIA & message.content.keys():
        raise bad("there is no caption in the message to edit")
    return _change(call, message, {key: message.content[key] for key in MEDIA & message.content.keys()} | words)


@method("editMessageMedia", WHICH + "media", counts=True)
def edit_message_media(call: Call) -> Json:
    """Another file."""
    call.required("media")
    given = call.decoded("media", "input media")
    if not isinstance(given, dict):
        raise bad("can't parse InputMedia: expected an Object")
    message = _editable(call)
    return _change(call, message, read_media(call, given))


@method("editMessageReplyMarkup", WHICH, counts=True)
def edit_message_reply_markup(call: Call) -> Json:
    """Other buttons, or none."""
    return _change(call, _editable(call), None)


def _editable(call: Call) -> Message:
    chat = access.find_chat(call, write=True)
    message = access.find_message(call, chat, "message to edit")
    if message.sender is not call.bot or message.service or message.keyboard is not None or message.forwarded_from:
        raise bad("message can't be edited")
    return message


def _change(call: Call, message: Message, made: Json | None) -> Json:
    rows = read_inline(call)
    if (made is None or made == message.content) and rows == message.buttons:
        raise bad(NOT_MODIFIED)
    if made is not None:
        message.content = made
    message.buttons, message.edited = rows, call.world.now()
    call.world.touch()
    return views.message(message, call.bot)


@method("deleteMessage", "chat_id message_id")
def delete_message(call: Call) -> bool:
    """Take a message back: one's own, or anybody's where the bot may delete; not after 48 hours."""
    chat = access.find_chat(call, write=True)
    _delete(call, access.find_message(call, chat, "message to delete"))
    return True


@method("deleteMessages", "chat_id message_ids")
def delete_messages(call: Call) -> bool:
    """Take several back; those that are not there are passed over."""
    chat = access.find_chat(call, write=True)
    if not call.text("message_ids"):
        raise bad("message identifiers are not specified")
    numbers = call.decoded("message_ids", "message_ids")
    if not isinstance(numbers, list):
        raise bad("expected an Array of message identifiers")
    if len(numbers) > 100:
        raise bad("too many message identifiers specified")
    for number in numbers:
        if (message := chat.messages.get(int(number))) is not None:
            _delete(call, message)
    return True


def _delete(call: Call, message: Message) -> None:
    standing = message.chat.member(call.bot)
    mine, old = message.sender is call.bot, call.world.now() - message.date > TWO_DAYS
    if message.chat.type == "private" or (mine and not standing.may("can_delete_messages")):
        allowed = not old
    else:
        allowed = standing.may("can_delete_messages")
    if not allowed:
        raise bad("message can't be deleted for everyone" if mine or not standing.admin else "message can't be deleted")
    del message.chat.messages[message.id]
    call.world.touch()


@method("answerCallbackQuery", "callback_query_id text show_alert url cache_time")
def answer_callback_query(call: Call) -> bool:
    """A word to whoever pressed, once and soon."""
    press = call.bot.callbacks.get(call.text("callback_query_id"))
    if press is None or call.world.clock.time() - press.at > DEADLINE:
        raise bad(TOO_OLD)
    if len(call.text("text")) > ANSWER:
        raise bad("MESSAGE_TOO_LONG")
    if call.text("url") and not call.text("url").startswith(f"https://t.me/{call.bot.username}?start="):
        raise bad("URL_INVALID")
    if press.answer is None:
        press.answer = {"text": call.text("text"), "show_alert": call.flag("show_alert"), "url": call.text("url")}
    call.world.touch()
    return True


@method("setMessageReaction", "chat_id message_id reaction is_big")
def set_message_reaction(call: Call) -> bool:
    """The bot's reaction: one emoji of those that Telegram has, or none."""
    message = access.find_message(call, access.find_chat(call), "message to react")
    reactions = call.decoded("reaction", "reaction types", [])
    if not isinstance(reactions, list) or not all(isinstance(one, dict) for one in reactions):
        raise bad("expected an Array of ReactionType")
    if len(reactions) > 1:
        raise bad("REACTIONS_TOO_MANY")
    for one in reactions:
        if one.get("type") != "emoji":
            raise bad("can't parse ReactionType: invalid reaction type specified")
        if str(one.get("emoji", "")).rstrip("\ufe0f") not in EMOJI:
            raise bad("REACTION_INVALID")
    message.reactions[call.bot.id] = reactions
    call.world.touch()
    return True


@method("pinChatMessage", "chat_id message_id disable_notification")
def pin_chat_message(call: Call) -> bool:
    """Pin a message; the chat says so."""
    chat = access.find_chat(call, write=True)
    message = access.find_message(call, chat, "message to pin")
    if chat.type != "private":
        access.need_right(chat, call.bot, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    if chat.pinned[-1:] != [message.id]:
        chat.pinned.append(message.id)
        call.world.service(chat, call.bot, {"pinned_message": views.message(message, call.bot, reply=False)})
    return True


@method("unpinChatMessage", "chat_id message_id")
def unpin_chat_message(call: Call) -> bool:
    """Unpin a message, or the newest one."""
    chat = access.find_chat(call, write=True)
    if chat.type != "private":
        access.need_right(chat, call.bot, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    number = call.integer("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if number not in chat.pinned:
        raise bad("message to unpin not found")
    chat.pinned.remove(number)
    return True
