"""One turn of a conversation: what was said, by whom, where; and what is said back.

Handlers get a Turn, call operations with `turn.ctx`, and say what to say. What they say is written to the outbox in the
same transaction, after the handler ended well; a handler that fails says nothing but its error.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from api.context import Context
from api.errors import BIND_FIRST, Forbidden
from api.messaging import dialogues
from api.messaging.faces import Community, Dialogue, Face, Person
from api.messaging.outbox import REPLY, acknowledge, answer_person, edit_message, message_of_event, say_in_chat
from api.messaging.tree import Button, Node, Rows, T
from bot.inbound import File, Inbound

CHOICE = "d"
Choices = list[list[tuple[Node, str]]]  # rows of (label, value); some of them Primary or Danger


class Primary(NamedTuple):
    """The choice that confirms: drawn as the one to press."""

    label: Node
    value: str


class Danger(NamedTuple):
    """A choice that confirms taking something away: drawn as a warning."""

    label: Node
    value: str


STYLES: dict[type, str] = {Primary: "primary", Danger: "danger"}


@dataclass(slots=True)
class Turn:
    """`args` is the text after a command's word; `choice` the value of a pressed button of the open `dialogue`."""

    ctx: Context
    face: Face
    inbound: Inbound
    args: str = ""
    choice: str | None = None
    dialogue: Dialogue | None = None
    to_say: list[Callable[[], Any]] = field(default_factory=list)
    acknowledged: bool = False
    administers: bool | None = False  # the room, as its platform says; None: it could not be asked
    taken: bool = False  # what was changed is no talk between people
    numbered: bool = False  # the platform has no buttons: choices are answered by number
    commands: Sequence[Any] = ()  # every registry.Command, for help
    by: str = ""  # what handles it, by its name, for the log

    @property
    def person(self) -> Person:
        """Who speaks. Raises Forbidden for accounts that are not bound: they may press any button."""
        if self.face.person is None:
            raise Forbidden("account.unbound", BIND_FIRST)
        return self.face.person

    @property
    def community(self) -> Community | None:
        """What the room mirrors; None in private chats and unbound rooms."""
        return self.face.community

    @property
    def private(self) -> bool:
        """Whether nobody else reads along."""
        return self.face.private

    @property
    def thread(self) -> str | None:
        """The part of the chat that was spoken in, as its platform wants it named with the answer; None for no part."""
        return self.inbound.payload.get("thread")

    @property
    def text(self) -> str:
        """What was typed, trimmed."""
        return self.inbound.text.strip()

    @property
    def files(self) -> Sequence[File]:
        """What was sent along."""
        return self.inbound.files

    def say(self, tree: Node, rows: Rows | None = None, files: Sequence[str] = ()) -> None:
        """Answer in this chat: in a room everybody reads it."""
        chat_id = self.face.chat.id
        say = partial(say_in_chat, self.ctx, chat_id, tree, rows, files=files, lane=REPLY, handle=self.thread)
        self.to_say.append(say)

    def whisper(self, tree: Node, rows: Rows | None = None, files: Sequence[str] = ()) -> None:
        """Answer privately, wherever the command was given: in the private chat of the account that spoke."""
        if self.private or self.face.person is None:
            self.say(tree, rows, files)
            return
        person_id, own = self.face.person.id, self.face.identity.chat_id
        self.to_say.append(partial(answer_person, self.ctx, person_id, own, tree, rows, files=files))

    def toast(self, tree: Node | None) -> None:
        """Answer a pressed button, for the presser only; None just ends its waiting.

        Where nothing is pressed but a number said, the answer is a private message.
        """
        if self.inbound.handle and not self.acknowledged:
            self.acknowledged = True
            self.to_say.append(partial(acknowledge, self.ctx, self.face.chat.id, self.inbound.handle, tree))
        elif self.numbered and tree is not None and (self.private or self.face.person is not None):
            self.whisper(tree)

    def replace_pressed(self, tree: Node, rows: Rows | None = None) -> None:
        """Change the message whose button was pressed: what was a question becomes its outcome."""
        message = message_of_event(self.ctx, self.face.chat.id, self.inbound.event)
        if message is not None:
            self.to_say.append(partial(edit_message, self.ctx, message, tree, rows))

    def ask(self, name: str, step: str, prompt: Node, choices: Sequence[Sequence[tuple[Node, str]]] = (), *,
            show: Node | None = None, **data: Any) -> None:  # fmt: skip
        """Open dialogue `name` at `step` in the private chat (or take it there) and say what it waits for.

        `choices` are rows of (label, value): pressed, the value arrives as `turn.choice`. `data` replaces the
        dialogue's data. `show` is said instead of the prompt where more than the prompt is to be seen.
        """
        chat_id = self.face.chat.id if self.private else self.face.identity.chat_id
        if chat_id is None:
            self.say(T("Please open a private chat with me first, then send the command again there."))
            return
        dialogue = dialogues.open_dialogue(self.ctx, chat_id, self.face.identity.id, name, step, prompt, data)
        self.dialogue = dialogue
        rows = [[_button(dialogue, choice) for choice in row] for row in choices]
        tree = show if show is not None else prompt
        thread = self.thread if self.private else None
        self.to_say.append(partial(say_in_chat, self.ctx, chat_id, tree, rows, lane=REPLY, handle=thread))

    def end(self) -> None:
        """End the open dialogue."""
        if self.dialogue is not None:
            dialogues.close_dialogue(self.ctx, self.dialogue)
            self.dialogue = None

    def speak(self) -> None:
        """Write everything said to the outbox."""
        for said in self.to_say:
            said()
        self.to_say.clear()


def _button(dialogue: Dialogue, choice: tuple[Node, str]) -> Button:
    label, value = choice
    return Button(label, f"{CHOICE}:{dialogue.pid}:{value}", style=STYLES.get(type(choice), ""))
