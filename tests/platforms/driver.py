"""How the contract suite drives a platform: real people's side of it, for each platform to fill in."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from api.context import Context
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Node, Rows, Words
from bot.inbound import Inbound
from bot.platforms.base import Capabilities, Platform
from bot.registry import Feature
from bot.turn import Turn
from storage.messaging import Chat
from tests.support.talk import World

PRESSED = Words("👍 pressed")


@dataclass
class Heard:
    """Everything the bot heard, and what it answers to a text in private."""

    inbounds: list[tuple[str, Inbound]] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)  # what followed "probe:"
    votes: list[tuple[str, str, list[int]]] = field(default_factory=list)  # (who, what followed "probe:", options)

    def take(self, turn: Turn) -> bool:
        """An offer, an overhearing."""
        self.inbounds.append((turn.face.chat.native, turn.inbound))
        return True

    def note(self, turn: Turn) -> None:
        """An event."""
        self.take(turn)

    def press(self, turn: Turn, rest: str) -> None:
        """The button of the suite: a short word back."""
        self.take(turn)
        self.pressed.append(rest)
        turn.toast(PRESSED)

    def vote(self, turn: Turn, rest: str, options: Sequence[int]) -> None:
        """The poll of the suite."""
        self.votes.append((turn.inbound.sender, rest, list(options)))

    def feature(self) -> Feature:
        """The suite's only feature."""
        events = tuple((kind, self.note) for kind in ("edited", "deleted"))
        return Feature(
            buttons=(("probe", self.press),), votes=(("probe", self.vote),), events=events, offers=(self.take,),
            overhears=(self.take,),
        )  # fmt: skip

    def last(self, kind: str = "said") -> Inbound:
        """The newest thing heard of a kind."""
        return next(inbound for _, inbound in reversed(self.inbounds) if inbound.kind == kind)


@dataclass(frozen=True)
class Seen:
    """A message or poll of the bot as its reader sees it. `styled`: style -> the words that have it, where it is shown.
    """

    event: str
    text: str
    buttons: Sequence[str] = ()
    files: int = 0
    deleted: bool = False
    styled: dict[str, list[str]] = field(default_factory=dict)
    options: Sequence[str] = ()  # of a poll
    closed: bool = False  # a poll in which nobody can vote any more


@dataclass
class Account:
    """Somebody on the platform: their stable id, and the id of their private chat."""

    native: str
    chat: str
    of: Any = None


class Driver(ABC):
    """People's side of one platform. What the platform cannot do is never asked for (see `capabilities`)."""

    capabilities: ClassVar[Capabilities]
    nameless: ClassVar[frozenset[str]] = frozenset()  # kinds of files whose names the platform does not keep
    tells_deletes: ClassVar[bool] = True  # the bot hears when somebody deletes what they said
    world: World
    platform: Platform
    heard: Heard

    @abstractmethod
    async def account(self, name: str = "李春华", bound: bool = True) -> Account:
        """Somebody with a private chat with the bot."""

    @abstractmethod
    async def room(self, *people: Account) -> str:
        """A room with these people and the bot; its id."""

    @abstractmethod
    async def say(self, who: Account, text: str, chat: str = "", files: Sequence[tuple[str, str, bytes]] = (),
                  reply_to: str = "") -> None:  # fmt: skip
        """Somebody says something; `files` are (name, media type, bytes)."""

    @abstractmethod
    async def press(self, who: Account, event: str, label: str, chat: str = "") -> None:
        """Somebody presses a button of a message."""

    async def vote(self, who: Account, event: str, *options: int) -> None:
        """Somebody votes in a poll of their private chat; no option takes the vote back."""
        raise NotImplementedError("there are no polls here")

    @abstractmethod
    async def change(self, who: Account, event: str, text: str | None) -> None:
        """Somebody edits what they said, or (None) deletes it."""

    @abstractmethod
    async def seen(self, who: Account, chat: str = "") -> list[Seen]:
        """What the bot said there and is to be seen, in the order shown."""

    @abstractmethod
    async def words_to(self, who: Account) -> list[str]:
        """The short words somebody got for pressing."""

    @abstractmethod
    async def lose(self, who: Account) -> None:
        """Somebody's private chat is over for the bot."""

    def raw(self) -> dict[str, Any]:
        """A raw event in which somebody says 好."""
        return {"kind": "said", "sender": "u1", "text": "好", "event": "e1", "files": []}

    def garbage(self) -> dict[str, Any]:
        """A raw event that cannot be read."""
        return {"garbage": True}

    async def tell(self, chat: str, tree: Node, rows: Rows | None = None, **how: Any) -> Any:
        """The bot says something."""
        message = await self.world.run(_say, self.platform.name, chat, tree, rows, how)
        await self.world.settle()
        return message


def _say(ctx: Context, platform: str, native: str, tree: Node, rows: Rows | None, how: dict[str, Any]) -> Any:
    return say_in_chat(ctx, chat_id(ctx, platform, native), tree, rows, **how)


def chat_id(ctx: Context, platform: str, native: str) -> int:
    """Our id of a platform's chat."""
    return ctx.session.query(Chat).filter_by(platform=platform, native=native).one().id
