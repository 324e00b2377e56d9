"""What the emulated Telegram is made of. Content of messages is kept as the Bot API writes it."""

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.emulators.telegram.reader import Reader

if TYPE_CHECKING:
    from tests.emulators.telegram.updates import Queue
    from tests.emulators.telegram.webhook import Webhook

Json = dict[str, Any]

GROUP_ANONYMOUS = 1_087_968_824
GENERAL = 1  # the topic that every forum has; calls must not name it
MEMBER_STATUSES = {"creator", "administrator", "member", "restricted"}
ADMIN_RIGHTS = (
    "can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members can_promote_members "
    "can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories "
    "can_send_welcome_messages can_pin_messages can_manage_topics can_manage_tags"
).split()
CHANNEL_RIGHTS = ["can_post_messages", "can_edit_messages", "can_manage_direct_messages"]
PERMISSIONS = (
    "can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos can_send_video_notes "
    "can_send_voice_notes can_send_polls can_send_other_messages can_add_web_page_previews can_react_to_messages "
    "can_edit_tag can_change_info can_invite_users can_pin_messages can_manage_topics"
).split()


@dataclass(eq=False)
class User:
    """An account. People act through `Person`, a subclass."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language: str = "zh-hans"
    is_bot: bool = False
    active: bool = True  # False: the account was deleted


def group_anonymous() -> User:
    """The account that `from` shows when a group itself speaks."""
    return User(GROUP_ANONYMOUS, "Group", username="GroupAnonymousBot", is_bot=True)


@dataclass(eq=False, kw_only=True)
class Bot(User):
    """A bot account and what only the server knows of it."""

    token: str
    queue: "Queue"
    privacy: bool = True  # BotFather's privacy mode; on unless its owner turned it off
    is_bot: bool = True
    met: set[int] = field(default_factory=set)  # user ids it may name
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # by scope and language
    callbacks: dict[str, "Press"] = field(default_factory=dict)
    reader: Reader = field(default_factory=Reader)
    webhook: "Webhook | None" = None


@dataclass
class Member:
    """Somebody's standing in a chat."""

    user: User
    status: str = "member"  # creator administrator member restricted left kicked
    rights: set[str] = field(default_factory=set)  # of an administrator
    muted: bool = False
    until: int = 0
    can_be_edited: bool = False
    title: str = ""

    @property
    def inside(self) -> bool:
        """Whether they are in the chat now."""
        return self.status in MEMBER_STATUSES

    @property
    def admin(self) -> bool:
        """Whether they are an administrator or the owner."""
        return self.status in ("creator", "administrator")

    def may(self, right: str) -> bool:
        """Whether they hold an administrator's right."""
        return self.status == "creator" or (self.status == "administrator" and right in self.rights)


@dataclass(eq=False)
class Topic:
    """A topic of a forum; `id` is the message id of what created it (1: General)."""

    chat: "Chat"
    id: int
    name: str
    icon_color: int = 7322096
    closed: bool = False
    creator: User | None = None


@dataclass(eq=False)
class Chat:
    """A conversation. A private chat belongs to one person and one bot, and its id is the person's."""

    id: int
    type: str  # private group supergroup channel
    title: str = ""
    person: User | None = None
    bot: Bot | None = None
    username: str = ""
    description: str = ""
    forum: bool = False
    members: dict[int, Member] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, "Message"] = field(default_factory=dict)
    links: dict[str, "InviteLink"] = field(default_factory=dict)
    requests: dict[int, "JoinRequest"] = field(default_factory=dict)  # by who asked
    pinned: list[int] = field(default_factory=list)
    permissions: set[str] = field(default_factory=lambda: set(PERMISSIONS))
    photo: "StoredFile | None" = None
    migrated_to: "Chat | None" = None
    started: bool = False  # private: the person pressed START
    blocked: bool = False  # private: the person blocked the bot
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    last_bot: Bot | None = None  # who spoke last among the bots
    actions: list[str] = field(default_factory=list)  # "typing" and the like

    def member(self, user: User) -> Member:
        """Their standing; somebody who never was here has left."""
        return self.members.get(user.id) or Member(user, "left")


@dataclass(eq=False)
class Message:
    """A message; `content` holds text, entities, photo … as the Bot API writes them."""

    chat: Chat
    id: int
    date: int
    content: Json
    sender: User | None = None
    sender_chat: Chat | None = None
    author: User | None = None  # who really wrote what a chat says
    thread: int = 0
    reply_to: int = 0
    buttons: list[list[Json]] = field(default_factory=list)  # the inline keyboard
    keyboard: Json | None = None  # a reply keyboard: such a message can never be edited
    edited: int = 0
    service: bool = False
    album: str = ""
    origin: Json | None = None
    forwarded_from: "Message | None" = None
    poll: "Poll | None" = None
    reactions: dict[int, list[Json]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Its text or caption."""
        return str(self.content.get("text", self.content.get("caption", "")))

    @property
    def labels(self) -> list[str]:
        """The words on its buttons, row by row."""
        return [button["text"] for row in self.buttons for button in row]


@dataclass(eq=False)
class Poll:
    """A poll or quiz. `votes` maps user ids to option positions."""

    id: str
    owner: User
    question: str
    options: list[Json]
    settings: Json
    correct: list[int] = field(default_factory=list)
    explanation: Json = field(default_factory=dict)
    closed: bool = False
    votes: dict[int, list[int]] = field(default_factory=dict)


@dataclass(eq=False)
class InviteLink:
    """An invite link."""

    link: str
    creator: User
    name: str = ""
    expires: int = 0
    limit: int = 0
    asks: bool = False  # whoever opens it asks to join
    primary: bool = False
    revoked: bool = False
    used: int = 0


@dataclass(eq=False)
class JoinRequest:
    """Somebody waits to be let in."""

    link: InviteLink
    at: float


@dataclass(eq=False)
class Press:
    """A pressed button; `answer` is what the bot told the presser (None: nothing yet)."""

    id: str
    user: User
    message: Message
    data: str
    at: float
    answer: Json | None = None


@dataclass(eq=False)
class StoredFile:
    """Bytes that Telegram keeps, under the id of one use of them."""

    id: str
    unique_id: str
    kind: str
    data: bytes
    name: str
    mime: str
    about: Json = field(default_factory=dict)  # width, height, duration
    offered_until: float = 0  # getFile's link works so long

    @property
    def path(self) -> str:
        """Where the file server offers it."""
        suffix = (
            self.name.rpartition(".")[2] if "." in self.name else {"voice": "oga", "photo": "jpg"}.get(self.kind, "")
        )
        return f"{self.kind}s/file_{self.unique_id}" + (f".{suffix}" if suffix else "")
