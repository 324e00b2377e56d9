"""/bind and /unbind: a group of a chat platform becomes a community's room, and stops being it.

Binding takes both: an administrator of the group, as the platform says, who moderates the community (`bind_room`).
"""

from datetime import datetime, timedelta
from typing import Any

from api.errors import Problem
from api.messaging.outbox import PERSONAL, say_in_chat
from api.messaging.places import come_from, lose_chat, move_chat
from api.messaging.tree import Code, Lines, T, Words
from api.rooms.parts import changed_part, found_part
from api.rooms.questions import lost_room
from api.rooms.service import (
    bind_room,
    check_bind,
    check_unbind,
    get_chat,
    look_soon,
    rooms_to_bind,
    unbind_room,
)
from bot.commands.confirming import Confirm
from bot.registry import HOST, ROOM, Command, Feature, Talk
from bot.turn import Choices, Turn

BIND = "room.bind"
CANCEL = "-"
MOST = 10  # communities offered at once
VALID = timedelta(minutes=15)  # so long it counts that somebody administered the group
PAUSE = timedelta(seconds=3)  # a group that became a supergroup is not greeted: it is bound by then
CHOOSE = T("Press the community, or write a part of its name.")
BIND_WORD = Code("/bind")
TRY_AGAIN = T("I could not find out whether you administer this group. Please send {word} there again in a minute.",
              word=BIND_WORD)  # fmt: skip


def handle_bind(turn: Turn) -> None:
    """In a group: which community shall it belong to? The rest is asked privately."""
    check_bind(turn.ctx, turn.face.chat)
    if turn.administers is None:
        turn.whisper(TRY_AGAIN)
        return
    if not turn.administers:
        turn.whisper(T("Only an administrator of this group can bind it: one who leads the community sends {word}.",
                       word=BIND_WORD))  # fmt: skip
        return
    _offer(turn, turn.args, turn.face.chat.pid, turn.ctx.now.isoformat())


def _offer(turn: Turn, words: str, chat: str, at: str) -> None:
    mine = rooms_to_bind(turn.ctx)
    if not mine:
        turn.whisper(T("You lead no community that this group could belong to. Its host can bind it."))
        return
    found = [one for one in mine if words.lower() in one.name.lower()] or mine
    choices: Choices = [[(Words(one.name), one.pid)] for one in found[:MOST]]
    choices.append([(T("No, leave it"), CANCEL)])
    show = Lines(
        T("Which community shall the group “{title}” belong to?", title=get_chat(turn.ctx, chat).title or "—"),
        T("What is sent to it will be read there by everybody in the group."),
        *([CHOOSE] if len(found) > MOST else []),
    )
    turn.ask(BIND, "which", CHOOSE, choices, show=show, chat=chat, at=at)


def take(turn: Turn) -> None:
    """The community was pressed; a name searches."""
    dialogue = turn.dialogue
    assert dialogue is not None
    data = dialogue.data
    if turn.choice == CANCEL:
        turn.end()
        turn.say(T("All right, nothing was changed."))
    elif turn.choice is None:
        _offer(turn, turn.text, data["chat"], data["at"])
    elif turn.ctx.now - datetime.fromisoformat(data["at"]) > VALID:
        turn.end()
        turn.say(T("That was a while ago. Please send {word} in the group again.", word=BIND_WORD))
    else:
        turn.end()
        _bind(turn, data["chat"], turn.choice)


def _bind(turn: Turn, chat_pid: str, community: str) -> None:
    chat = get_chat(turn.ctx, chat_pid)
    try:
        with turn.ctx.attempt():
            bound = bind_room(turn.ctx, chat, community, platform_admin=True)
    except Problem as problem:
        turn.say(problem.say)
        return
    turn.say(T("The group “{title}” belongs to “{name}” now.", title=chat.title or "—", name=bound.name))
    say = Lines(
        T("This group belongs to “{name}” now. Notices, resources and quizzes for it appear here.", name=bound.name),
        T("Members: send {word} here to join. What concerns only you, I tell you privately.", word=Code("/join")),
    )
    say_in_chat(turn.ctx, chat.id, say, lane=PERSONAL)


def greet_group(turn: Turn) -> None:
    """Somebody added us to a group: how it is bound, unless it is."""
    if turn.private:
        return
    look_soon(turn.ctx, turn.face.chat)
    say = Lines(
        T("Hello, I am the workshop assistant."),
        T("To use me here, an administrator of this group who leads the workshop sends {word}.", word=BIND_WORD),
        T("If you have not talked to me yet, open a private chat with me first and send me your claim code there."),
    )
    chat = turn.face.chat
    say_in_chat(turn.ctx, chat.id, say, not_before=turn.ctx.now + PAUSE, guard=["room_unbound", chat.pid])


def leave(turn: Turn) -> None:
    """We were blocked, or removed from a group: nothing can be said there any more. What it was bound to, it stays."""
    lose_chat(turn.ctx, turn.face.chat)
    lost_room(turn.ctx, turn.face.chat)


def come_back(turn: Turn) -> None:
    """What we may do in a group changed: it is looked at again, and what is missing then is said to its hosts."""
    look_soon(turn.ctx, turn.face.chat)


def follow(turn: Turn) -> None:
    """A group became a supergroup: both chats are told, in any order."""
    moved = turn.inbound.payload
    if "to" in moved:
        move_chat(turn.ctx, turn.face.chat, moved["to"])
    else:
        come_from(turn.ctx, turn.face.chat, moved["from"])


def know_topic(turn: Turn) -> None:
    """We opened a place inside a group: where the answer did not reach us, that is how we know of it."""
    opened = turn.inbound.payload
    found_part(turn.ctx, turn.face.chat, opened["inside"], opened["name"])


def see_change(turn: Turn) -> None:
    """Somebody changed a place whose state nobody can ask for."""
    changed_part(turn.ctx, turn.face.chat, turn.inbound.payload["kept"])


def handle_unbind(turn: Turn) -> None:
    """Ask privately first; built-in rooms say why they stay."""
    community = check_unbind(turn.ctx, turn.face.chat)
    prompt = T("Unbind this room from “{name}”? Nothing of it will appear there any more; members stay members.",
               name=community.name)  # fmt: skip
    UNBIND.ask(turn, prompt, chat=turn.face.chat.pid)


def _unbind(turn: Turn, data: dict[str, Any]) -> None:
    community = unbind_room(turn.ctx, data["chat"])
    turn.say(T("The room is no longer bound to “{name}”.", name=community.name))


UNBIND = Confirm("room.unbind", T("unbinding a room"), T("Yes, unbind"), _unbind, danger=True)

HERE = frozenset({ROOM})
FEATURE = Feature(
    commands=(
        Command("bind", ("绑定本群", "bind"), T("this room becomes the room of a community"), handle_bind, HOST, HERE,
                asks_standing=True),
        Command("unbind", ("解绑本群", "unbind"), T("this room stops belonging to its community"), handle_unbind, HOST,
                HERE),
    ),
    dialogues=(UNBIND.talk, (BIND, Talk(T("binding a room"), take))),
    events=(("bot_added", greet_group), ("bot_changed", come_back), ("bot_removed", leave),
            ("room_moved", follow), ("room_opened", know_topic), ("room_changed", see_change)),
)  # fmt: skip
