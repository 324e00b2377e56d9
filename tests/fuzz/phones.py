"""What a Telegram bot is told, by chance: by those who use us, by strangers, in groups, and of what is unknown."""

from random import Random
from typing import Any

from tests.fuzz.bot_api import KINDS, Schema
from tests.fuzz.recording import ME, Wire
from tests.fuzz.spoiling import spoil
from tests.fuzz.words import Vocabulary

Json = dict[str, Any]
BEGAN = 1_763_000_000  # seconds since 1970
ENTITIES = ("bold", "italic", "code", "pre", "text_link", "mention", "blockquote", "spoiler", "custom_emoji", "x", "")
FILES = ("document", "voice", "video", "audio", "animation", "video_note", "sticker")
SERVICE: tuple[Json, ...] = (
    {"new_chat_title": "新名字"}, {"delete_chat_photo": True}, {"group_chat_created": True},
    {"pinned_message": {"message_id": 1}}, {"forum_topic_created": {"name": "话题", "icon_color": 1}},
    {"forum_topic_edited": {"name": "改名"}}, {"forum_topic_edited": {}}, {"forum_topic_closed": {}},
    {"forum_topic_reopened": {}}, {"video_chat_started": {}}, {"message_auto_delete_timer_changed": {}},
    {"contact": {"phone_number": "1", "first_name": "x"}}, {"location": {"latitude": 1.5, "longitude": 2}},
    {"dice": {"value": 1, "emoji": "🎲"}}, {"poll": {"id": "1", "question": "?", "options": []}},
    {"story": {"id": 1}}, {"game": {}}, {"venue": {}}, {"new_chat_members": []},
)  # fmt: skip
STATUSES = ("creator", "administrator", "member", "restricted", "left", "kicked")
ODDS = (
    ("said", 34), ("pressed", 20), ("edited", 4), ("album", 2), ("file", 4), ("service", 3), ("member", 5),
    ("own", 1.5), ("came", 2), ("asked", 1.5), ("voted", 4), ("moved", 0.5), ("machine", 1.5), ("topic", 3),
    ("schema", 10), ("again", 2), ("nothing", 1),
)  # fmt: skip


class Phones:
    """Everybody's phones. `valid` are the updates that are as the Bot API says and of a kind that we ask for."""

    def __init__(self, chance: Random, vocabulary: Vocabulary, wire: Wire, known: list[int], rooms: list[int]) -> None:
        self.chance, self.vocabulary, self.wire = chance, vocabulary, wire
        self.people = [person(who, f"老师{who}") for who in (*known, *range(9000, 9008))]
        self.groups = [
            {"id": chat, "type": "supergroup", "title": f"群{chat}", "is_forum": True} for chat in (*rooms, -9001)
        ]
        self.groups += [
            {"id": -9002, "type": "group", "title": "小群"},
            {"id": -9003, "type": "channel", "title": "频道"},
        ]
        private = [{"id": who["id"], "type": "private", "first_name": "x"} for who in self.people]
        self.schema = Schema(chance, vocabulary, [*self.people, ME], [*private, *self.groups])
        self.number, self.message, self.now = 1, 10, BEGAN
        self.mine: dict[int, list[int]] = {}
        self.last: Json = {}
        self.kinds, self.weights = zip(*ODDS, strict=True)

    def update(self) -> tuple[str, Any]:
        """(kind, update); one in eight is spoiled, and some come twice."""
        self.number += 1
        self.now += self.chance.choice((0, 1, 1, 30))
        kind = self.chance.choices(self.kinds, self.weights)[0]
        if kind == "again":
            return "again", self.last or {}
        if kind == "nothing":
            return "nothing", self.chance.choice(
                ({}, [], None, "x", 7, {"update_id": self.number}, {"update_id": "1", "message": {}})
            )
        update = {"update_id": self.number, **getattr(self, f"_{kind}")()}
        if self.chance.random() < 0.13:
            return "spoiled", spoil(self.chance, update)
        self.last = update
        return kind, update

    def someone(self) -> Json:
        """Who acts: mostly people we know, sometimes somebody new."""
        if self.chance.random() < 0.03:
            return person(
                self.chance.choice((self.chance.randint(10**6, 2**40), 2**52)), self.vocabulary.argument()[:60]
            )
        return self.chance.choice(self.people)

    def place(self, who: Json) -> Json:
        """Where somebody speaks."""
        if self.chance.random() < 0.7:
            return {"id": who["id"], "type": "private", "first_name": who["first_name"]}
        return self.chance.choice(self.groups)

    def written(self, who: Json, chat: Json, text: str | None = None) -> Json:
        """A message without anything in it, or with a text and entities that may not fit to it."""
        self.message += 1
        self.mine.setdefault(chat["id"], []).append(self.message)
        made: Json = {"message_id": self.message, "date": self.now, "chat": chat, "from": who}
        if text is not None:
            made["text"] = text
            if self.chance.random() < 0.2:
                made["entities"] = [self._entity(text) for _ in range(self.chance.randint(1, 6))]
        if self.chance.random() < 0.12:
            made["reply_to_message"] = {"message_id": self._number(chat), "date": 1, "chat": chat}
        return made

    def _number(self, chat: Json) -> int:
        mine, ours = self.mine.get(chat["id"], [1]), [n for c, n, _, _ in self.wire.keyboards if c == chat["id"]]
        return self.chance.choice(self.chance.choice((mine, ours or mine)))

    def _entity(self, text: str) -> Json:
        end = len(text) + 2
        made: Json = {
            "type": self.chance.choice(ENTITIES),
            "offset": self.chance.randint(-1, end),
            "length": self.chance.randint(-1, end),
        }
        if made["type"] == "text_link":
            made["url"] = self.chance.choice(("https://example.org", "javascript:1", "", "x" * 5000, "http://["))
        return made

    def _said(self) -> Json:
        who = self.someone()
        chat = self.place(who)
        return {"message": self.written(who, chat, self._text(chat))}

    def _text(self, chat: Json) -> str:
        text = self.vocabulary.text()
        if chat["type"] != "private" and self.chance.random() < 0.3:
            return self.chance.choice((f"@gongfang_bot {text}", f"{text.split(' ')[0]}@gongfang_bot", f"{text}@x"))
        return text

    def _edited(self) -> Json:
        who = self.someone()
        chat = self.place(who)
        message = self.written(who, chat, self._text(chat))
        return {"edited_message": {**message, "message_id": self._number(chat), "edit_date": self.now}}

    def _topic(self) -> Json:
        who, chat = self.someone(), self.chance.choice(self.groups[:2])
        thread = {"message_thread_id": self.chance.choice((7, 8)), "is_topic_message": True}
        return {"message": {**self.written(who, chat, self._text(chat)), **thread}}

    def _pressed(self) -> Json:
        who = self.someone()
        chat, message, actions = self.place(who), 1, [self.vocabulary.action()[:60]]
        seen = (
            [one for one in self.wire.keyboards if one[0] == who["id"]]
            if self.chance.random() < 0.8
            else list(self.wire.keyboards)
        )
        if seen and self.chance.random() < 0.85:
            native, message, _, actions = self.chance.choice(seen[-4:])
            chat = {"id": native, "type": "private" if native > 0 else "supergroup", "title": "x"}
        action = self.chance.choice(actions)
        if self.chance.random() < 0.1:
            action = self.vocabulary.mangled(action)
        below = {"message_id": message, "date": self.chance.choice((0, self.now)), "chat": chat}
        return {
            "callback_query": {
                "id": str(self.number),
                "from": who,
                "message": below,
                "chat_instance": "1",
                "data": action,
            }
        }

    def _file(self) -> Json:
        who = self.someone()
        return {"message": self._with_file(self.written(who, self.place(who)))}

    def _with_file(self, message: Json) -> Json:
        about: Json = {"file_id": f"f{self.number}", "file_unique_id": "u"}
        if self.chance.random() < 0.8:
            about |= {
                "file_size": self.chance.choice((0, 5, 10**5, 10**9, 2**40)),
                "mime_type": self.chance.choice(("text/plain", "", "x" * 300)),
            }
            about["file_name"] = self.vocabulary.argument()[:300]
        kind = self.chance.choice((*FILES, "photo"))
        sizes = [{**about, "width": n, "height": n} for n in (90, 320)]
        caption = {"caption": self.vocabulary.text()[:1024]} if self.chance.random() < 0.5 else {}
        return {**message, **caption, kind: sizes if kind == "photo" else about}

    def _album(self) -> Json:
        who = self.someone()
        message = self._with_file(self.written(who, {"id": who["id"], "type": "private"}))
        return {"message": {**message, "media_group_id": str(self.number // 40)}}

    def _service(self) -> Json:
        who = self.someone()
        return {"message": {**self.written(who, self.place(who)), **self.chance.choice(SERVICE)}}

    def _machine(self) -> Json:
        chat = self.chance.choice(self.groups)
        message = self.written(self.chance.choice((ME, self.someone())), chat, self._text(chat))
        extra = self.chance.choice(
            ({"sender_chat": chat}, {"forward_origin": {"type": "user"}}, {"via_bot": ME}, {"from": None})
        )
        return {"message": {**message, **extra}}

    def _came(self) -> Json:
        who, others = self.someone(), [self.someone() for _ in range(self.chance.choice((1, 1, 3)))]
        field: Json = self.chance.choice(({"new_chat_members": others}, {"left_chat_member": others[0]}))
        return {"message": {**self.written(who, self.chance.choice(self.groups)), **field}}

    def _moved(self) -> Json:
        new = {"migrate_to_chat_id": self.chance.choice((-9100 - self.number, self.groups[0]["id"]))}
        old = {"migrate_from_chat_id": self.groups[-2]["id"]}
        return {"message": {**self.written(self.someone(), self.groups[-2]), **self.chance.choice((new, old))}}

    def _standing(self, user: Json) -> Json:
        status = self.chance.choice(STATUSES)
        rights = {
            name: self.chance.random() < 0.5
            for name in ("can_invite_users", "can_promote_members", "can_restrict_members")
        }
        inside = {"is_member": self.chance.random() < 0.5} if status == "restricted" else {}
        return {"user": user, "status": status, **inside, **(rights if status in STATUSES[:4] else {})}

    def _change(self, chat: Json, user: Json) -> Json:
        by = self.chance.choice((user, self.someone()))
        return {
            "chat": chat,
            "from": by,
            "date": self.now,
            "old_chat_member": self._standing(user),
            "new_chat_member": self._standing(user),
        }

    def _member(self) -> Json:
        return {"chat_member": self._change(self.chance.choice(self.groups), self.someone())}

    def _own(self) -> Json:
        return {"my_chat_member": {**self._change(self.place(self.someone()), ME), "from": self.someone()}}

    def _asked(self) -> Json:
        who, chat = self.someone(), self.chance.choice(self.groups)
        return {"chat_join_request": {"chat": chat, "from": who, "user_chat_id": who["id"], "date": self.now}}

    def _voted(self) -> Json:
        poll, options = self.chance.choice([*self.wire.polls, ("unknown", 3), (str(self.number), 2)])
        chosen = self.chance.choice(([], [0], [options - 1], [options], [-1], [0, 1], [10**6], [1, 1]))
        who = {"user": self.someone()} if self.chance.random() < 0.95 else {"voter_chat": self.groups[0]}
        return {"poll_answer": {"poll_id": poll, "option_ids": chosen, **who}}

    def _schema(self) -> Json:
        kind = self.chance.choice(
            (*KINDS, "message", "edited_message", "callback_query", "chat_member", "my_chat_member")
        )
        made = self.schema.update(self.number, kind)
        return {kind: made[kind]}


def person(number: int, name: str) -> Json:
    """A User of the Bot API."""
    return {"id": number, "is_bot": False, "first_name": name or "x", "language_code": "zh-hans"}
