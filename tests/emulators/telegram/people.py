"""What people do, as plain methods: talk, press, vote, send files. Bots are told as the real server tells them."""

from collections.abc import Sequence
from typing import Any

from tests.emulators.telegram import files, polls, seeing, views
from tests.emulators.telegram.crowds import Crowd
from tests.emulators.telegram.entities import formatted
from tests.emulators.telegram.groups import may_write
from tests.emulators.telegram.model import Bot, Chat, Json, Message, Press, User, group_anonymous
from tests.emulators.telegram.updates import CALLBACK_LIFE
from tests.emulators.telegram.world import Place, World

TEXT = 4096  # characters; clients split what is longer
CHANNEL_BOT = 136_817_688


class Person(Crowd):
    """Somebody with a phone. `where` is a bot (its private chat), a chat, or a topic."""

    def start(self, bot: Bot | None = None, payload: str = "") -> Message:
        """Press START, or open a deep link t.me/bot?start=payload."""
        return self.say(bot or self.world.bot(), f"/start {payload}".strip())

    def say(
        self,
        where: Place,
        text: str,
        reply_to: Message | None = None,
        entities: Sequence[Json] = (),
        as_chat: Chat | None = None,
    ) -> Message:
        """Write; more than 4096 characters go as several messages, of which the last is returned.

        `as_chat`: speak as the group itself (an anonymous administrator) or as a channel.
        """
        pieces = [text[start : start + TEXT] for start in range(0, len(text), TEXT)] or [""]
        for piece in pieces:
            said = self._post(where, self.world.text(piece, entities), reply_to, as_chat)
        return said

    def edit(self, message: Message, text: str) -> None:
        """Change the words of a message of one's own."""
        _mine(self, message)
        key = "text" if "text" in message.content else "caption"
        said, found = formatted(text, [])
        if said == message.text:
            return  # no bot hears of an edit that changes nothing
        content = {k: v for k, v in message.content.items() if k not in (key, "entities", "caption_entities")}
        message.content = content | {key: said}
        if found:
            message.content["entities" if key == "text" else "caption_entities"] = found
        message.edited = self.world.now()
        seeing.tell(message, edited=True)
        self.world.touch()

    def delete(self, message: Message) -> None:
        """Take a message back; no bot hears of it."""
        message.chat.messages.pop(message.id, None)
        self.world.touch()

    def press(self, message: Message, label: str = "", data: str | None = None) -> Press:
        """Press the button that begins with `label`; or, as a hostile client would, send any `data`.

        The bot's word for the presser will be in `answer` of what is returned.
        """
        if data is None:
            found = [b for row in message.buttons for b in row if b["text"].startswith(label) and "callback_data" in b]
            if not found:
                raise LookupError(f"no button “{label}” among {message.labels}")
            data = found[0]["callback_data"]
        bot = message.sender
        assert isinstance(bot, Bot), "only a bot's buttons can be pressed"
        pressed = Press(str(self.world.new_user_id()), self, message, data, self.world.clock.time())
        bot.callbacks[pressed.id] = pressed
        shown = message.id in message.chat.messages
        gone = {"chat": views.chat(message.chat), "message_id": message.id, "date": 0}
        payload = {
            "id": pressed.id,
            "from": views.user(self),
            "message": views.message(message, bot) if shown else gone,
            "chat_instance": str(message.chat.id * 7919),
            "data": data,
        }
        bot.met.add(self.id)
        bot.queue.push("callback_query", payload, f"callback {self.id}", CALLBACK_LIFE)
        return pressed

    def send(
        self,
        where: Place,
        kind: str,
        data: bytes,
        name: str = "",
        caption: str = "",
        reply_to: Message | None = None,
        album: str = "",
        **about: Any,
    ) -> Message:
        """Send a file: photo document voice video audio video_note sticker; `about` is duration, width, mime …"""
        mime = about.pop("mime", "")
        content = files.content(self.world.files.keep(kind, data, name, about, mime, files.PEOPLE_LIMIT))
        if caption:
            said, found = formatted(caption, [])
            content |= {"caption": said} | ({"caption_entities": found} if found else {})
        return self._post(where, content, reply_to, album=album)

    def send_album(self, where: Place, parts: Sequence[tuple[str, bytes, str]], caption: str = "") -> list[Message]:
        """Several files at once (kind, bytes, name): messages that share a media_group_id; one caption."""
        album = str(self.world.new_user_id())
        words = [caption, *[""] * len(parts)]
        return [
            self.send(where, kind, data, name, words[number], album=album)
            for number, (kind, data, name) in enumerate(parts)
        ]

    def send_raw(self, where: Place, content: Json) -> Message:
        """Anything else a phone can send: {"location": …}, {"contact": …}, {"dice": …}."""
        return self._post(where, content, None)

    def forward(self, message: Message, where: Place) -> Message:
        """Pass a message on; a poll stays the same poll, votes and all."""
        origin = {"type": "user", "date": message.date, "sender_user": views.user(message.sender or self)}
        return self._post(where, message.content, None, origin=origin, forwarded_from=message, poll=message.poll)

    def vote(self, message: Message, *positions: int) -> None:
        """Vote in a poll; no positions take the vote back. Raises PermissionError where the client forbids it."""
        assert message.poll is not None
        polls.vote(self.world, message.poll, self, list(positions))

    def react(self, message: Message, emoji: str = "") -> None:
        """Put a reaction on a message; none takes it away."""
        old = message.reactions.get(self.id, [])
        message.reactions[self.id] = [{"type": "emoji", "emoji": emoji}] if emoji else []
        payload = {
            "chat": views.chat(message.chat),
            "message_id": message.id,
            "user": views.user(self),
            "date": self.world.now(),
            "old_reaction": old,
            "new_reaction": message.reactions[self.id],
        }
        if message.chat.bot is not None:
            message.chat.bot.queue.push("message_reaction", payload, f"reaction {message.chat.id}")
        else:
            seeing.tell_admins(message.chat, "message_reaction", payload, f"reaction {message.chat.id}")
        self.world.touch()

    def block(self, bot: Bot | None = None) -> None:
        """Stop a bot: it hears of it, and can no longer write."""
        self._standing(bot or self.world.bot(), blocked=True)

    def unblock(self, bot: Bot | None = None) -> None:
        """Let a bot write again."""
        self._standing(bot or self.world.bot(), blocked=False)

    def delete_account(self) -> None:
        """The account is gone; what is sent to it is refused."""
        self.active = False

    def sees(self, where: Place) -> list[Message]:
        """What a chat (or a topic of it) shows now, oldest first."""
        chat, topic = self.world.place(where, self)
        return [m for m in chat.messages.values() if topic is None or (m.thread or 1) == topic.id]

    def _standing(self, bot: Bot, blocked: bool) -> None:
        chat = self.world.private(self, bot)
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        stand = [
            {"user": views.user(bot), "status": "member"},
            {"user": views.user(bot), "status": "kicked", "until_date": 0},
        ]
        payload = {"chat": views.chat(chat), "from": views.user(self), "date": self.world.now()}
        payload |= {"old_chat_member": stand[not blocked], "new_chat_member": stand[blocked]}
        bot.queue.push("my_chat_member", payload, f"me {chat.id}")

    def _post(
        self, where: Place, content: Json, reply_to: Message | None, as_chat: Chat | None = None, **more: Any
    ) -> Message:
        chat, topic = self.world.place(where, self)
        if chat.bot is not None:
            self.unblock(chat.bot)
            chat.started = True
            chat.bot.met.add(self.id)
        elif chat.type != "channel" and not chat.member(self).inside:
            raise PermissionError(f"{self.first_name} is not in “{chat.title}”")
        elif why := may_write(chat, self, topic):
            raise PermissionError(why)
        sender: Any = self
        more["author"] = self
        if chat.type == "channel":
            sender, more["sender_chat"] = None, chat
        elif as_chat is not None:
            sender, more["sender_chat"] = group_anonymous() if as_chat is chat else _channel_bot(), as_chat
        return self.world.post(chat, sender, dict(content), topic, reply_to.id if reply_to else 0, **more)


def add_person(world: World, name: str, username: str = "", language: str = "zh-hans") -> Person:
    """A new account."""
    person = Person(world.new_user_id(), name, username=username, language=language, world=world)
    world.add_user(person)
    return person


def _channel_bot() -> User:
    """The account that `from` shows when a channel speaks."""
    return User(CHANNEL_BOT, "Channel", username="Channel_Bot", is_bot=True)


def _mine(person: Person, message: Message) -> None:
    if person not in (message.sender, message.author):
        raise PermissionError("only one's own messages can be changed")
