"""What the buttons of the emulator's page do."""

import base64
import mimetypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.emulators.telegram.model import Json, Message
from tests.emulators.telegram.people import Person, add_person
from tests.emulators.telegram.world import Place

if TYPE_CHECKING:
    from tests.emulators.telegram.page import Page

Act = Callable[["Page", Person, Json], "Json | None"]
ACTS: dict[str, Act] = {}


def act(does: Act) -> Act:
    """Register an act under its name."""
    ACTS[does.__name__] = does
    return does


def _where(page: "Page", me: Person, told: Json) -> Place:
    chat = page.chat(me, str(told.get("chat", "bot")))
    return chat.topics.get(int(told.get("topic") or 0), chat)


def _message(page: "Page", me: Person, told: Json) -> Message:
    return page.chat(me, str(told["chat"])).messages[int(told["message"])]


@act
def say(page: "Page", me: Person, told: Json) -> None:
    """Write, perhaps in answer to a message."""
    reply = _message(page, me, {**told, "message": told["reply"]}) if told.get("reply") else None
    me.say(_where(page, me, told), str(told["text"]), reply)


@act
def send(page: "Page", me: Person, told: Json) -> None:
    """Send a file that the page read (base64)."""
    name, data = str(told["name"]), base64.b64decode(told["data"])
    kind = (mimetypes.guess_type(name)[0] or "").partition("/")[0]
    chosen = {"image": "photo", "video": "video", "audio": "audio"}.get(kind, "document")
    me.send(_where(page, me, told), str(told.get("kind") or chosen), data, name, str(told.get("text", "")))


@act
def start(page: "Page", me: Person, told: Json) -> None:
    """Press START or open a deep link."""
    me.start(page.bot, str(told.get("payload", "")))


@act
def press(page: "Page", me: Person, told: Json) -> Json:
    """Press a button."""
    return {"press": me.press(_message(page, me, told), data=str(told["data"])).id}


@act
def vote(page: "Page", me: Person, told: Json) -> None:
    """Vote in a poll."""
    me.vote(_message(page, me, told), *map(int, told["positions"]))


@act
def react(page: "Page", me: Person, told: Json) -> None:
    """Put 👍 on a message."""
    me.react(_message(page, me, told), "👍")


@act
def edit(page: "Page", me: Person, told: Json) -> None:
    """Change one's own words."""
    me.edit(_message(page, me, told), str(told["text"]))


@act
def delete(page: "Page", me: Person, told: Json) -> None:
    """Take one's own message back."""
    me.delete(_message(page, me, told))


@act
def person(page: "Page", me: Person, told: Json) -> Json:
    """A new person."""
    return {"me": add_person(page.world, str(told["name"])[:64] or "?").id}


@act
def group(page: "Page", me: Person, told: Json) -> Json:
    """A new group, forum or channel with everybody in it; the bot is added apart."""
    others = [one for one in page.people() if one is not me]
    kind = str(told.get("kind", "group"))
    real = "supergroup" if kind == "forum" else kind
    made = me.create_group(str(told["title"])[:128] or "?", *others, kind=real, forum=kind == "forum")
    return {"chat": str(made.id)}


@act
def topic(page: "Page", me: Person, told: Json) -> Json:
    """A new topic."""
    return {"topic": me.create_topic(page.chat(me, str(told["chat"])), str(told["name"])[:128] or "?").id}


@act
def bot_in(page: "Page", me: Person, told: Json) -> None:
    """Add the bot."""
    me.invite(page.chat(me, str(told["chat"])), page.bot)


@act
def bot_out(page: "Page", me: Person, told: Json) -> None:
    """Remove the bot."""
    me.remove(page.chat(me, str(told["chat"])), page.bot)


@act
def bot_admin(page: "Page", me: Person, told: Json) -> None:
    """Make the bot an administrator, or no longer."""
    chat = page.chat(me, str(told["chat"]))
    if chat.member(page.bot).admin:
        me.demote(chat, page.bot)
    else:
        me.promote(chat, page.bot)


@act
def migrate(page: "Page", me: Person, told: Json) -> Json:
    """Turn a basic group into a supergroup."""
    return {"chat": str(me.migrate(page.chat(me, str(told["chat"]))).id)}


@act
def leave(page: "Page", me: Person, told: Json) -> None:
    """Leave a group."""
    me.leave(page.chat(me, str(told["chat"])))


@act
def join(page: "Page", me: Person, told: Json) -> None:
    """Open an invite link. Raises LookupError for one nobody made."""
    found: Any = next((c for c in page.world.chats.values() if told["link"] in c.links), None)
    if found is None:
        raise LookupError("no such link")
    me.join(found, str(told["link"]))


@act
def block(page: "Page", me: Person, told: Json) -> None:
    """Block the bot, or let it write again."""
    if page.world.private(me, page.bot).blocked:
        me.unblock(page.bot)
    else:
        me.block(page.bot)


@act
def privacy(page: "Page", me: Person, told: Json) -> None:
    """BotFather's switch: whether the bot sees everything in groups."""
    page.bot.privacy = not page.bot.privacy
