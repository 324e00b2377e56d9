"""What a capability offers in chat: commands, buttons, dialogues. `bot/commands/__init__.py` lists them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.messaging.tree import T
from bot.turn import Turn

PRIVATE, ROOM = "private", "room"
EVERYWHERE, ALONE = frozenset({PRIVATE, ROOM}), frozenset({PRIVATE})

# Whom help shows a command to (leader: hosts, and who leads a school or region). What they may really do is asked where
# things are fetched (api.access).
ANYONE, BOUND, LEADER, HOST, SCHOOL, REGION = "anyone", "bound", "leader", "host", "school", "region"

TOO_LATE = T("I go by what you sent first; a change of it comes too late. Please send the new words as a message.")

Handler = Callable[[Turn], None]
PressHandler = Callable[[Turn, str], None]
VoteHandler = Callable[[Turn, str, Sequence[int]], None]
Offer = Callable[[Turn], bool]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: /name, its Chinese and English words, where it works, whom help shows it to, what it does.

    The first of `words` stands in help and menus; `asides` are words that people in a room say to each other: they are
    heard in private only. `joined`: text may follow a word without a space (提醒我明天…).
    A command that is not meant for a place says so and where it works. `asks_standing`: in a room the platform is asked
    first whether who says it administers the room (`turn.administers`).
    """

    name: str
    words: tuple[str, ...]
    help: T
    handler: Handler
    who: str = BOUND
    places: frozenset[str] = EVERYWHERE
    joined: bool = False
    asides: tuple[str, ...] = ()
    asks_standing: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """A dialogue: what it is called for people, and what takes the next thing they say or press.

    `cancelled` is for one that keeps something: it ends the dialogue and says what became of it. `edited` takes what
    they said before and changed now. A command's word is heard as that command in the middle of a dialogue too, unless
    it is one of the `answers` (in lower case).
    """

    title: T
    handler: Handler
    cancelled: Handler | None = None
    edited: Handler | None = None
    answers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Feature:
    """One capability's chat face.

    buttons: action name -> handler(turn, what follows the colon). votes: name of what a poll is about -> handler(turn,
    what follows the colon, the options that were chosen). events: Inbound kind (joined, left, ...) -> handler.
    offers: asked in order when a private message is no command and no dialogue is open; True means it was taken.
    overhears: asked for every text in a room before anything else; True means it was taken.
    hears: told of what was said in a room and taken by nothing else, and of what was changed or deleted there.
    """

    commands: tuple[Command, ...] = ()
    buttons: tuple[tuple[str, PressHandler], ...] = ()
    votes: tuple[tuple[str, VoteHandler], ...] = ()
    dialogues: tuple[tuple[str, Talk], ...] = ()
    events: tuple[tuple[str, Handler], ...] = ()
    offers: tuple[Offer, ...] = ()
    overhears: tuple[Offer, ...] = ()
    hears: tuple[Handler, ...] = ()
