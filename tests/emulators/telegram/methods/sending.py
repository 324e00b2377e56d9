"""Messages a bot sends: text, files, albums, copies."""

from typing import Any

from tests.emulators.telegram import access, files, views
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.entities import formatted
from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.files import content
from tests.emulators.telegram.markup import read_markup
from tests.emulators.telegram.methods.registry import method
from tests.emulators.telegram.model import Chat, Json, Message

TEXT, CAPTION = 4096, 1024  # characters after trimming
LONGEST = 1 << 15  # bytes the server looks at
WHERE = "chat_id message_thread_id disable_notification protect_content allow_paid_broadcast reply_parameters "
SEND = WHERE + "reply_markup "
CAPTIONED = "caption parse_mode caption_entities "
ACTIONS = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker "
    "find_location record_video_note upload_video_note"
).split()
ABOUT = {
    "photo": "",
    "document": "disable_content_type_detection",
    "voice": "duration",
    "video": "duration width height supports_streaming",
    "audio": "duration performer title",
}
HOMOGENEOUS = {"document": "Document", "audio": "Audio"}


@method("sendMessage", SEND + "text parse_mode entities link_preview_options", counts=True)
def send_message(call: Call) -> Json:
    """A text."""
    words = read_text(call)
    return _send(call, words)


def read_text(call: Call) -> Json:
    """The content of `text` and `entities`. Raises Refused."""
    if not (text := call.text("text")):
        raise bad("message text is empty")
    if len(text.encode()) > LONGEST:
        raise bad("text is too long")
    said, found = formatted(text, call.decoded("entities", "entities"), call.text("parse_mode"))
    if not said:
        raise bad("text must be non-empty")
    if len(said) > TEXT:
        raise bad("message is too long")
    return {"text": said} | ({"entities": found} if found else {})


def read_caption(given: Json, parse_mode: str = "") -> Json:
    """The content of a caption and its entities (already decoded). Raises Refused."""
    said, found = formatted(str(given.get("caption") or ""), given.get("caption_entities"), parse_mode)
    if len(said) > CAPTION:
        raise bad("message caption is too long")
    return ({"caption": said} if said else {}) | ({"caption_entities": found} if found else {})


def own_caption(call: Call) -> Json:
    """The caption among a call's arguments."""
    entities = call.decoded("caption_entities", "entities")
    return read_caption({"caption": call.text("caption"), "caption_entities": entities}, call.text("parse_mode"))


def _sender(kind: str) -> Any:
    def send(call: Call) -> Json:
        """A file with a caption."""
        if not (value := call.text(kind)):
            raise bad(f"there is no {kind} in the request")
        caption = own_caption(call)
        access.find_place(call)  # before the file is kept
        stored = call.upload(kind, value, read_about(kind, call.args))
        if kind == "voice" and not files.is_voice(stored.data):  # the server makes a document of it
            stored = call.world.files.keep("document", stored.data, stored.name)
        return _send(call, content(stored) | caption)

    return send


for _kind, _more in ABOUT.items():
    method(f"send{_kind.title()}", f"{SEND}{CAPTIONED}{_kind} {_more}", counts=True)(_sender(_kind))


def read_about(kind: str, given: Any) -> Json:
    """What a call says of a file: numbers and names, where they are given."""
    about: Json = {}
    for name in ABOUT[kind].split():
        value = given.get(name)
        if value and name in ("duration", "width", "height"):
            about[name] = int(value)
        elif value and name in ("performer", "title"):
            about[name] = value
    return about


@method("sendMediaGroup", WHERE + "media", counts=True)
def send_media_group(call: Call) -> list[Json]:
    """An album of 2 to 10."""
    media = read_album(call)
    chat, topic = access.find_place(call)
    reply_to = read_reply(call, chat)
    contents = [read_media(call, one) for one in media]
    album = str(call.world.new_user_id())
    sent = [call.world.post(chat, call.bot, part, topic, reply_to, album=album) for part in contents]
    return [views.message(message, call.bot) for message in sent]


def read_album(call: Call) -> list[Json]:
    """The list of InputMedia. Raises Refused for one that cannot be an album."""
    call.required("media")
    media = call.decoded("media", "media")
    if not isinstance(media, list):
        raise bad("expected an Array of InputMedia")
    if not all(isinstance(one, dict) for one in media):
        raise bad("can't parse InputMedia: expected an Object")
    if len(media) > 10:
        raise bad("too many messages to send as an album")
    if len(media) < 2:  # the documentation asks for 2 to 10; the server lets one pass
        raise bad("there are no messages to send" if not media else "album of one refused by this emulator: 2-10 items")
    kinds = {str(one.get("type")) for one in media}
    for kind, name in HOMOGENEOUS.items():
        if kind in kinds and len(kinds) > 1:
            raise bad(f"{name} can't be mixed with other media types")
    return media


def read_media(call: Call, given: Json) -> Json:
    """The content of one InputMedia. Raises Refused."""
    kind = given.get("type")
    if kind not in ("photo", "video", "document", "audio"):
        raise bad(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    if not given.get("media"):
        raise bad("can't parse InputMedia: media not found")
    if strange := given.keys() - set(f"type media {CAPTIONED} {ABOUT[kind]}".split()):
        raise bad(f"field {sorted(strange)[0]} of InputMedia is not supported by this emulator")
    caption = read_caption(given, given.get("parse_mode") or "")
    return content(call.upload(kind, str(given["media"]), read_about(kind, given))) | caption


@method("sendChatAction", "chat_id message_thread_id action")
def send_chat_action(call: Call) -> bool:
    """Say that something is being written or uploaded."""
    if (action := call.text("action").lower()) not in ACTIONS:
        raise bad("wrong parameter action in request")
    chat, _ = access.find_place(call)
    chat.actions.append(action)
    call.world.touch()
    return True


@method("copyMessage", SEND + CAPTIONED + "from_chat_id message_id", counts=True)
def copy_message(call: Call) -> Json:
    """The same content, as one's own message."""
    source = access.find_message(call, access.find_chat(call, call.required("from_chat_id")), "message to copy")
    if source.service or (source.poll and source.poll.correct and source.poll.owner is not call.bot):
        raise bad("message can't be copied")
    words = own_caption(call) if "caption" in call.args else {}
    kept = {k: v for k, v in source.content.items() if not words or k not in ("caption", "caption_entities")}
    return {"message_id": _send(call, kept | words, poll=source.poll)["message_id"]}


@method("forwardMessage", WHERE + "from_chat_id message_id", counts=True)
def forward_message(call: Call) -> Json:
    """Pass a message on, saying whose it is."""
    source = access.find_message(call, access.find_chat(call, call.required("from_chat_id")), "message to forward")
    if source.service:
        raise bad("the message can't be forwarded")
    origin = {"type": "user", "date": source.date, "sender_user": views.user(source.sender or call.bot)}
    return _send(call, source.content, origin=origin, forwarded_from=source, poll=source.poll)


def read_reply(call: Call, chat: Chat) -> int:
    """The message that `reply_parameters` answers, 0 for none. Raises Refused when it is not there."""
    given = call.decoded("reply_parameters", "reply parameters")
    if not given:
        return 0
    if not isinstance(given, dict):
        raise bad("object expected as reply parameters")
    if strange := given.keys() - {"message_id", "chat_id", "allow_sending_without_reply"}:
        raise bad(f"reply parameter {sorted(strange)[0]} is not supported by this emulator")
    if "message_id" not in given:
        raise bad('can\'t find field "message_id"')
    if given["message_id"] in chat.messages and str(given.get("chat_id", chat.id)) == str(chat.id):
        return int(given["message_id"])
    if given.get("allow_sending_without_reply"):
        return 0
    raise bad("message to be replied not found")


def send_content(call: Call, made: Json, **more: object) -> Message:
    """Post content where the call says, with its markup and reply. Raises Refused."""
    rows, keyboard = read_markup(call)
    chat, topic = access.find_place(call)
    reply_to = read_reply(call, chat)
    return call.world.post(chat, call.bot, dict(made), topic, reply_to, buttons=rows, keyboard=keyboard, **more)


def _send(call: Call, made: Json, **more: object) -> Json:
    return views.message(send_content(call, made, **more), call.bot)
