"""The emulated Telegram: its accounts, chats and messages. Everything happens in one event loop."""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.emulators.telegram import seeing
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.entities import formatted
from tests.emulators.telegram.files import Files
from tests.emulators.telegram.model import Bot, Chat, Json, Message, Poll, Topic, User
from tests.emulators.telegram.updates import Queue

T = TypeVar("T")
Place = Bot | Chat | Topic  # where a person speaks: in private with a bot, in a chat, in a topic


@dataclass(frozen=True)
class Accepted:
    """A call whose work was done, whether or not its answer arrived."""

    at: float
    bot: Bot
    method: str
    parameters: Json
    result: object


class World:
    """Accounts, chats, messages, files; `accepted` lists what bots really did, in order."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.users: dict[int, User] = {}
        self.bots: dict[str, Bot] = {}  # by token
        self.chats: dict[int, Chat] = {}  # all but private ones
        self.files = Files()
        self.polls: dict[str, Poll] = {}
        self.accepted: list[Accepted] = []
        self.changed, self.version = asyncio.Event(), 0
        self.obey: Callable[[Bot, str, dict[str, str]], Awaitable[None]] | None = None  # set by the server
        self._private: dict[tuple[int, int], Chat] = {}
        self._numbers = itertools.count(1)
        # private chats and basic groups share one sequence of message ids, as an account's do
        self._shared = itertools.count(101)

    def now(self) -> int:
        """Unix seconds, whole."""
        return int(self.clock.time())

    def add_bot(self, username: str = "gongfang_bot", name: str = "工坊", token: str = "", privacy: bool = True) -> Bot:
        """A bot as BotFather makes it."""
        number = int(token.partition(":")[0]) if token else 7_000_000_000 + next(self._numbers)
        token = token or f"{number}:AA{secrets.token_urlsafe(25)[:33]}"
        bot = Bot(number, name, username=username, token=token, queue=Queue(self.clock, number), privacy=privacy)
        self.users[bot.id] = self.bots[token] = bot
        return bot

    def add_user(self, person: User) -> None:
        """An account becomes known."""
        self.users[person.id] = person

    def new_user_id(self) -> int:
        """An id for an account; beyond 32 bits, as new accounts have."""
        return 5_000_000_000 + next(self._numbers)

    def bot(self) -> Bot:
        """The first bot."""
        return next(iter(self.bots.values()))

    def private(self, user: User, bot: Bot | None = None) -> Chat:
        """The private chat of a person and a bot."""
        bot = bot or self.bot()
        key = (user.id, bot.id)
        if key not in self._private:
            self._private[key] = Chat(user.id, "private", person=user, bot=bot, ids=self._shared)
        return self._private[key]

    def new_chat(self, kind: str, title: str, forum: bool = False, username: str = "") -> Chat:
        """An empty group, supergroup or channel."""
        number = next(self._numbers)
        if kind == "group":
            chat = Chat(-4_000_000_000 - number, kind, title, ids=self._shared)
        else:
            chat = Chat(-1_002_000_000_000 - number, kind, title, forum=forum, username=username)
        self.chats[chat.id] = chat
        return chat

    def place(self, where: Place, user: User) -> tuple[Chat, Topic | None]:
        """The chat and topic that somebody means."""
        if isinstance(where, Bot):
            return self.private(user, where), None
        return (where.chat, where) if isinstance(where, Topic) else (where, None)

    def post(
        self,
        chat: Chat,
        sender: User | None,
        content: Json,
        topic: Topic | None = None,
        reply_to: int = 0,
        **more: Any,
    ) -> Message:
        """A message appears; the bots that see it are told, the others of the chat see it at once.

        `more` are fields of Message; `thread_of_itself` marks the message that founds a topic.
        """
        founds = bool(more.pop("thread_of_itself", False))
        message = Message(chat, next(chat.ids), self.now(), content, sender, reply_to=reply_to, **more)
        if founds:
            message.thread = message.id
        elif topic is not None and topic.id != 1:
            message.thread, message.reply_to = topic.id, reply_to or topic.id
        elif chat.type == "supergroup" and not chat.forum and (answered := chat.messages.get(reply_to)):
            message.thread = answered.thread or answered.id
        chat.messages[message.id] = message
        if isinstance(sender, Bot) and not message.service:
            chat.last_bot = sender
        seeing.tell(message)
        self.touch()
        return message

    def service(
        self, chat: Chat, actor: User | None, content: Json, topic: Topic | None = None, **more: Any
    ) -> Message:
        """A service message: somebody joined, a topic was made, the title changed."""
        return self.post(chat, actor, content, topic, service=True, **more)

    def text(self, text: str, entities: Iterable[Json] = ()) -> Json:
        """Content of a text message; what the server would recognise is recognised."""
        said, found = formatted(text, list(entities))
        return {"text": said, **({"entities": found} if found else {})}

    def touch(self) -> None:
        """Something changed: whoever waits in `until` looks again."""
        self.version += 1
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def until(self, found: Callable[[], T], seconds: float = 10) -> T:
        """Wait until `found()` is true, looking after every change; returns it. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not (result := found()):
                await self.changed.wait()
        return result

    def did(self, method: str, bot: Bot | None = None) -> list[Accepted]:
        """What was really done by calls of a method."""
        return [done for done in self.accepted if done.method == method.lower() and bot in (None, done.bot)]
