"""From a raw update to where it happened and what somebody did. Pure; knows the Bot API's JSON, not aiogram.

Source: https://core.telegram.org/bots/api#update. What is newer than we are is left alone, what lacks what we need is
`Unreadable`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.messaging.tree import Lines, Node, Words
from bot.inbound import File, Inbound, Part
from bot.platforms.base import Unreadable
from bot.platforms.telegram.fields import Json, get, mapping, who
from bot.platforms.telegram.formatting import rich_of
from bot.platforms.telegram.joining import change_of, own_change, request_of, told_by_message
from bot.platforms.telegram.markup import units
from bot.platforms.telegram.media import files_of

# what we ask Telegram for (allowed_updates); it sends some kinds only when they are named
KINDS = (
    "message", "edited_message", "callback_query", "my_chat_member", "chat_member", "chat_join_request", "poll_answer",
)  # fmt: skip
PARTS = "parts"  # an album in the inbox: {"parts": [update, ...]}
# a message with none of these is a service message (a title changed): it says nothing but who came and went
CONTENT = frozenset(
    "text photo document voice video video_note audio animation sticker location contact dice poll venue game story "
    "paid_media checklist rich_message".split()
)
TO_A_BOT = re.compile(r"(/\w+)@(\w+)")


@dataclass(frozen=True, slots=True)
class Place:
    """A chat as the inbox knows it. A topic is a place of its own: "<chat>/<topic>"; General is the group itself."""

    native: str
    kind: str  # private | room
    title: str = ""


def place_of(update: Json) -> Place:
    """Where an update happened; of what has no chat (votes), the private chat of who did it. Raises Unreadable."""
    kind, body = _payload(update)
    if kind == "callback_query" and isinstance(body.get("message"), dict):
        body = body["message"]
    chat = body.get("voter_chat" if kind == "poll_answer" else "chat")
    if not isinstance(chat, dict):
        user = get(body, "user" if kind == "poll_answer" else "from", dict)
        return Place(str(get(user, "id", int)), "private")
    native, private = str(get(chat, "id", int)), chat.get("type") == "private"
    title = "" if private else str(chat.get("title") or "")
    topic = body.get("message_thread_id") if body.get("is_topic_message") and not private else None
    if topic is None:
        return Place(native, "private" if private else "room", title)
    topic = get(body, "message_thread_id", int)
    created = mapping(mapping(body.get("reply_to_message")).get("forum_topic_created"))
    name = created.get("name")
    return Place(f"{native}/{topic}", "room", f"{title} · {name}" if name else "")


def split_place(native: str) -> tuple[int, int | None]:
    """(chat id, topic) of a place."""
    chat, _, topic = native.partition("/")
    return int(chat), int(topic) if topic else None


def one_of(raw: Json) -> Json:
    """An update of what the inbox keeps as one: of an album one of its parts, which are by one person in one place."""
    parts: list[Json] = raw.get(PARTS) or [raw]
    return parts[0]


def album_of(update: Json) -> str:
    """What the parts of one album have in common; "" for anything else."""
    return str(mapping(update.get("message")).get("media_group_id") or "")


def read(raw: Json, username: str, account: str = "") -> Inbound | None:
    """The Inbound of a raw update or album; None for what means nothing to us (`account`). Raises Unreadable."""
    parts = raw.get(PARTS)
    if parts is None:
        return _read_update(raw, username, account)
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Unreadable("an album of no messages")
    read_parts = [_read_update(part, username, account) for part in _in_order(parts)]
    return _join([inbound for inbound in read_parts if inbound is not None])


def _in_order(parts: Sequence[Json]) -> list[Json]:
    return sorted(parts, key=lambda part: get(mapping(part.get("message")), "message_id", int))


def _join(parts: Sequence[Inbound]) -> Inbound | None:
    if not parts:
        return None
    spoken = [part for part in parts if part.text]
    return replace(
        parts[0],
        text="\n".join(part.text for part in spoken),
        rich=_together(spoken) if any(part.rich for part in spoken) else None,
        files=tuple(file for part in parts for file in part.files),
        parts=tuple(Part(part.event, part.text, part.rich) for part in parts) if len(parts) > 1 else (),
    )


def _together(spoken: Sequence[Inbound]) -> Node:
    """The words under several files of an album, line by line."""
    said = [part.rich or Words(part.text) for part in spoken]
    return said[0] if len(said) == 1 else Lines(*said)


def _read_update(update: Json, username: str, account: str) -> Inbound | None:
    kind, body = _payload(update)
    match kind:
        case "message":
            return _moved(body) or _topic(body, account) or told_by_message(body) or _said(body, "said", username)
        case "edited_message":
            return _said(body, "edited", username)
        case "callback_query":
            return _pressed(body)
        case "my_chat_member":
            return own_change(body)
        case "chat_member":
            return change_of(body, account)
        case "chat_join_request":
            return request_of(body)
        case "poll_answer":
            return _voted(body)
    return None


def _said(message: Json, kind: str, username: str) -> Inbound | None:
    """What somebody said; None for service messages and for whatever speaks with a shared or a machine's account."""
    event = str(get(message, "message_id", int))
    sender = message.get("from")
    if not isinstance(sender, dict) or _is_no_person(message):
        return None
    if not CONTENT & message.keys():
        return None
    room = get(get(message, "chat", dict), "type", str) != "private"
    text = message.get("text") or message.get("caption") or ""
    if not isinstance(text, str):
        raise Unreadable("text is no text")
    written = text
    if room:
        if (named := TO_A_BOT.match(text)) and named[2].lower() != username.lower():
            return None
        if "forward_origin" in message and text.startswith("/"):
            return None  # a command that is passed on is not given
        text = re.sub(rf"^@{re.escape(username)}\b[\s,，:：]*", "", text, flags=re.IGNORECASE)
    entities = message.get("entities") or message.get("caption_entities")
    rich = rich_of(text, entities, units(written) - units(text)) if entities else None
    return Inbound(
        kind, event=event, text=text, rich=rich, files=_files(message), reply_to=_reply_to(message), **who(sender)
    )


def _is_no_person(message: Json) -> bool:
    """Whether a chat speaks (an anonymous administrator, a channel) or a machine."""
    return "sender_chat" in message or bool(mapping(message.get("from")).get("is_bot"))


def _files(message: Json) -> tuple[File, ...]:
    try:
        return files_of(message)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Unreadable(f"a file without {error}") from error


def _reply_to(message: Json) -> str:
    """What is answered. In a topic every message seems to answer the one that created it."""
    answered = mapping(message.get("reply_to_message"))
    number = answered.get("message_id")
    if number is None or "forum_topic_created" in answered:
        return ""
    if message.get("is_topic_message") and number == message.get("message_thread_id"):
        return ""
    return str(number)


def _moved(message: Json) -> Inbound | None:
    """A group became a supergroup. The old one is told so by whoever did it; the new one by a machine's account, which
    is nobody: a bot that hears it has heard the other."""
    payload = {name: message.get(key) for name, key in (("to", "migrate_to_chat_id"), ("from", "migrate_from_chat_id"))}
    payload = {name: str(value) for name, value in payload.items() if isinstance(value, int)}
    if not payload:
        return None
    mover = message.get("from")
    if not isinstance(mover, dict) or _is_no_person(message):
        return None
    return Inbound("room_moved", payload=payload, **who(mover))


def _topic(message: Json, account: str) -> Inbound | None:
    """We made a topic (a bot is told of that, too), or somebody else renamed or reopened one.

    One that somebody closed stays closed, as a group does that its people made quiet.
    """
    actor = message.get("from")
    if not isinstance(actor, dict):
        return None
    ours = str(actor.get("id")) == account
    made, edited = mapping(message.get("forum_topic_created")), mapping(message.get("forum_topic_edited"))
    if ours and isinstance(made.get("name"), str):
        inside = str(get(get(message, "chat", dict), "id", int))
        return Inbound("room_opened", payload={"inside": inside, "name": made["name"]}, **who(actor))
    kept: Json = {"called": edited["name"]} if isinstance(edited.get("name"), str) else {}
    if "forum_topic_reopened" in message:
        kept["closed"] = False
    return Inbound("room_changed", payload={"kept": kept}, **who(actor)) if kept and not ours else None


def _pressed(query: Json) -> Inbound | None:
    message, action = mapping(query.get("message")), query.get("data")
    if not message or not isinstance(action, str):
        return None  # inline messages and games: we send neither
    event = str(get(message, "message_id", int))
    sender = get(query, "from", dict)
    return Inbound("pressed", event=event, action=action, handle=get(query, "id", str), **who(sender))


def _voted(answer: Json) -> Inbound | None:
    if "voter_chat" in answer or not isinstance(answer.get("user"), dict):
        return None  # a channel voted: nobody in particular
    options = get(answer, "option_ids", list)
    if not all(isinstance(option, int) for option in options):
        raise Unreadable("option_ids are no numbers")
    event = f"poll:{get(answer, 'poll_id', str)}"
    return Inbound("voted", event=event, payload={"options": options}, **who(answer["user"]))


def _payload(update: Json) -> tuple[str, Json]:
    for kind in KINDS:
        if kind in update:
            return kind, get(update, kind, dict)
    raise Unreadable(f"an update of no known kind: {', '.join(update)}"[:200])
