"""Find what a person means: a pressed button, an open dialogue, a command by slash or by word."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TypeVar

from api.errors import BIND_FIRST
from api.messaging import dialogues
from api.messaging.choices import Choice, choice_by_reaction, choice_by_text
from api.messaging.tree import Button, Lines, Rows, T, Words
from bot.inbound import Inbound
from bot.registry import ANYONE, PRIVATE, ROOM, Command, Feature, Handler, PressHandler, Talk, VoteHandler
from bot.turn import CHOICE, Turn

V = TypeVar("V")
SLASH = re.compile(r"[/!！／]([a-zA-Z][a-zA-Z_-]*)(?:@\w+)?(?:\s+|$)")
CANCEL = frozenset({"取消", "cancel", "/cancel", "!cancel", "！cancel", "／cancel"})
AFTER_WORD = re.compile(r"[\s:：,，]+")
STRICT = "/／"  # nobody begins what is no command with these; with an exclamation mark one may
RUN = "run"
HEARD_TOO = ("edited", "deleted")
OVER = T("That is over already.")
EARLIER = T("That belongs to an earlier step; look at the newest message.")


@dataclass(slots=True)
class Dispatcher:
    """All features, indexed; without state of its own."""

    features: Sequence[Feature]
    commands: dict[str, Command] = field(init=False)
    words: dict[str, Command] = field(init=False)
    asides: dict[str, Command] = field(init=False)
    buttons: dict[str, PressHandler] = field(init=False)
    votes: dict[str, VoteHandler] = field(init=False)
    talks: dict[str, Talk] = field(init=False)
    events: dict[str, Handler] = field(init=False)

    def __post_init__(self) -> None:
        every = [command for feature in self.features for command in feature.commands]
        self.commands = _unique((command.name, command) for command in every)
        self.asides = _unique((word.lower(), command) for command in every for word in command.asides)
        self.words = _unique((word.lower(), command) for command in every for word in command.words + command.asides)
        self.buttons = _unique(pair for feature in self.features for pair in feature.buttons)
        self.votes = _unique(pair for feature in self.features for pair in feature.votes)
        self.talks = _unique(pair for feature in self.features for pair in feature.dialogues)
        self.events = _unique(pair for feature in self.features for pair in feature.events)

    def handle(self, turn: Turn) -> None:
        """Do what this turn asks for."""
        turn.commands = tuple(self.commands.values())
        if turn.private:
            turn.dialogue = dialogues.current_dialogue(turn.ctx, turn.face.chat.id, turn.face.identity.id)
        if turn.numbered and (choice := _choice(turn)) is not None:
            turn.inbound = replace(turn.inbound, kind="pressed", event=choice.event, action=choice.action)
        turn.by = kind = turn.inbound.kind
        if kind == "pressed":
            self._press(turn, turn.inbound.action)
        elif kind == "voted":
            name, _, rest = turn.inbound.action.partition(":")
            turn.by = f"vote {name}"
            self.votes[name](turn, rest, turn.inbound.payload["options"])
        elif kind == "said":
            self._hear_private(turn) if turn.private else self._hear_room(turn)
        elif kind == "edited" and (talk := self._talk(turn)) is not None and talk.edited is not None:
            self._name_dialogue(turn)
            talk.edited(turn)
        else:
            if kind in self.events:
                self.events[kind](turn)
            if kind in HEARD_TOO and not turn.private and not turn.taken:
                self._hear(turn)

    def _hear(self, turn: Turn) -> None:
        """What people say to each other in a room."""
        turn.by = "talk"
        for feature in self.features:
            for handler in feature.hears:
                handler(turn)

    def _name_dialogue(self, turn: Turn) -> None:
        turn.by = f"dialogue {turn.dialogue.name}" if turn.dialogue is not None else turn.by

    def _talk(self, turn: Turn) -> Talk | None:
        return self.talks.get(turn.dialogue.name) if turn.dialogue is not None else None

    def asks_standing(self, inbound: Inbound) -> bool:
        """Whether what was said is a command that needs to know who administers the room."""
        text = inbound.text.strip()
        slash = SLASH.match(text) if inbound.kind == "said" else None
        command = self.commands.get(slash[1].lower()) if slash else self.words.get(text.lower())
        return inbound.kind == "said" and command is not None and command.asks_standing

    def _hear_private(self, turn: Turn) -> None:
        text = turn.text
        if text.lower() in CANCEL:
            self._cancel(turn)
        elif slash := SLASH.match(text):
            self._run_slash(turn, slash)
        elif turn.dialogue is not None and (command := self._breaks_in(turn, text)) is not None:
            self._run(turn, command)
        elif turn.dialogue is not None and turn.dialogue.name in self.talks:
            self._name_dialogue(turn)
            self.talks[turn.dialogue.name].handler(turn)
        elif (command := self._by_word(turn, text)) is not None:
            self._run(turn, command)
        elif not any(offer(turn) for feature in self.features for offer in feature.offers):
            turn.say(*self._did_not_understand(text))

    def _hear_room(self, turn: Turn) -> None:
        """Groups stay quiet: to people we do not know a bare word is talk among themselves."""
        if any(overhears(turn) for feature in self.features for overhears in feature.overhears):
            return
        if (slash := SLASH.match(turn.text)) and (turn.text[0] in STRICT or slash[1].lower() in self.commands):
            self._run_slash(turn, slash)
        elif turn.face.person is not None and (word := turn.text.lower()) in self.words and word not in self.asides:
            self._run(turn, self.words[word])
        else:
            self._hear(turn)

    def _run_slash(self, turn: Turn, slash: re.Match[str]) -> None:
        name = slash[1].lower()
        turn.args = turn.text[slash.end() :].strip()
        if name in self.commands:
            self._run(turn, self.commands[name])
        elif turn.private:
            turn.say(*self._did_not_understand(name))

    def _breaks_in(self, turn: Turn, text: str) -> Command | None:
        """The command whose word is all that was said while a dialogue is open: help, say, or a quick button."""
        assert turn.dialogue is not None
        talk = self._talk(turn)
        answers = talk.answers if talk is not None else frozenset()
        return self.words.get(text.lower()) if not turn.files and text.lower() not in answers else None

    def _by_word(self, turn: Turn, text: str) -> Command | None:
        """The command whose word the text is or starts with; sets `turn.args`."""
        lowered = text.lower()
        for word in sorted(self.words, key=len, reverse=True):
            if not lowered.startswith(word):
                continue
            rest, command = text[len(word) :], self.words[word]
            gap = AFTER_WORD.match(rest)
            if not rest or gap or command.joined:
                turn.args = rest[gap.end() if gap else 0 :].strip()
                return command
        return None

    def _run(self, turn: Turn, command: Command) -> None:
        turn.by = command.name
        if turn.face.person is None and command.who != ANYONE:
            here = T("I do not know you yet. Send me your claim code here; if you have none, send “start”.")
            there = BIND_FIRST
            turn.say(here if turn.private else there)
        elif (PRIVATE if turn.private else ROOM) not in command.places:
            turn.whisper(_elsewhere(turn, Words(command.words[0])))
        else:
            left = turn.dialogue
            turn.dialogue = None
            command.handler(turn)
            self._say_what_was_left(turn, left)

    def _say_what_was_left(self, turn: Turn, left: "dialogues.Dialogue | None") -> None:
        """A command that opens its own dialogue puts another one away, any other leaves it open: people should know."""
        if left is None or left.name not in self.talks:
            return
        title = self.talks[left.name].title
        if turn.dialogue is not None and turn.dialogue.name != left.name:
            turn.say(T("I put “{title}” aside. Start it again when you like.", title=title))
        elif turn.dialogue is None:
            still = dialogues.current_dialogue(turn.ctx, turn.face.chat.id, turn.face.identity.id)
            if still is not None and still.pid == left.pid:
                turn.say(T("“{title}” is still open: just go on, or send “cancel”.", title=title))

    def _press(self, turn: Turn, action: str) -> None:
        name, _, rest = action.partition(":")
        if name == CHOICE:
            self._choose(turn, *rest.partition(":")[::2])
        elif name == RUN:
            command, _, turn.args = rest.partition(":")
            if command in self.commands:
                self._run(turn, self.commands[command])
        elif name in self.buttons:
            turn.by = f"button {name}"
            self.buttons[name](turn, rest)
        else:
            turn.toast(OVER)
        turn.toast(None)

    def _choose(self, turn: Turn, pid: str, value: str) -> None:
        dialogue = turn.dialogue
        if dialogue is None or dialogue.name not in self.talks:
            turn.toast(OVER)
        elif dialogue.pid != pid:
            turn.toast(EARLIER)
        else:
            self._name_dialogue(turn)
            turn.choice = value
            self.talks[dialogue.name].handler(turn)

    def _cancel(self, turn: Turn) -> None:
        turn.by = "cancel"
        if turn.dialogue is None:
            turn.say(T("There is nothing to cancel."))
        elif (talk := self._talk(turn)) is not None and talk.cancelled is not None:
            talk.cancelled(turn)
        else:
            turn.end()
            turn.say(T("Cancelled."))

    def _did_not_understand(self, text: str) -> tuple[Lines, Rows]:
        known = [*self.words, *self.commands]
        near = get_close_matches(text.lower()[:20], known, n=2, cutoff=0.5) or [w for w in self.words if w in text][:2]
        found = {(self.words.get(word) or self.commands[word]).name: word for word in near}
        rows: Rows = [[Button(Words(word), f"{RUN}:{name}") for name, word in found.items()]] if found else []
        rows.append([Button(T("What can I do?"), f"{RUN}:help")])
        return Lines(
            T("I did not understand that.") if not found else T("I did not understand that. Did you mean:")
        ), rows


def _elsewhere(turn: Turn, word: Words) -> T:
    """Where a command works that does not work here; somebody unknown reads it in the room."""
    if turn.private:
        return T("“{word}” works in a room only. Send it there.", word=word)
    if turn.face.person is None:
        return T("“{word}” works in private only: open a private chat with me and send it there.", word=word)
    return T("“{word}” is for our private chat. Send it to me here.", word=word)


def _choice(turn: Turn) -> Choice | None:
    """What stands for pressing a button where there are none: a number, a word, a reaction.

    In rooms people say numbers and words to each other: there only an answer to the message chooses.
    """
    inbound, chat_id = turn.inbound, turn.face.chat.id
    if inbound.kind == "reacted":
        if turn.face.person is None and not turn.private:
            return None  # whatever is answered to somebody unknown, the room would read
        return choice_by_reaction(turn.ctx, chat_id, str(inbound.payload.get("key", "")), inbound.event)
    if inbound.kind != "said" or turn.files or turn.text.lower() in CANCEL or SLASH.match(turn.text):
        return None
    if inbound.reply_to:
        return choice_by_text(turn.ctx, chat_id, turn.text, inbound.reply_to)
    return choice_by_text(turn.ctx, chat_id, turn.text) if turn.private else None


def _unique(pairs: Iterable[tuple[str, V]]) -> dict[str, V]:
    found: dict[str, V] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"registered twice: {key}")
        found[key] = value
    return found
