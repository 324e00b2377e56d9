"""What the pages are drawn from: plain frozen records, no queries and no rendering.

The page routes build these and `pages.render` draws them. Times are aware UTC datetimes; the templates
turn them into the reader's own zone and language. Ids are the public 12-character ids.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from markupsafe import Markup

Kind = str  # bot | region | school | workshop
Side = Literal["mine", "other", "bot", "system"]


@dataclass(frozen=True)
class Face:
    """Who is shown beside something: a stable id (it chooses the colour), a name, one or two characters."""

    id: str
    name: str
    mark: str

    @property
    def hue(self) -> int:
        """One of eight colours, the same for the same id everywhere."""
        return sum(self.id.encode()) % 8


@dataclass(frozen=True)
class Me:
    """The reader. `key` is stable across this person's sessions: it names their drafts in the browser."""

    key: str
    face: Face
    bound: bool
    subtitle: str = ""


@dataclass(frozen=True)
class Page:
    """What every page needs. `cursor` is where the live events continue from (opaque)."""

    language: str
    zone: str
    csrf: str
    me: Me | None = None
    cursor: str = ""


@dataclass(frozen=True)
class ChatRow:
    """One line of the chat list."""

    id: str
    kind: Kind
    face: Face
    preview: str
    at: datetime | None
    unread: int = 0
    group: str = ""


@dataclass(frozen=True)
class ChatGroup:
    """Rows under one heading; `id` is stable so that a new row finds its group. The bot's has no title."""

    id: str
    title: str
    rows: tuple[ChatRow, ...]


@dataclass(frozen=True)
class Photo:
    """A picture: `url` large, `thumb` small; sizes in pixels when known; `state` of its storing."""

    url: str
    thumb: str
    name: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class File:
    """A file, a voice message or a video: `size` in bytes, `seconds` for voice; `error` when it was not kept."""

    url: str
    name: str
    size: int
    kind: str = "file"  # file | voice | video
    media_type: str = ""
    seconds: int | None = None
    pending: bool = False
    error: str = ""


@dataclass(frozen=True)
class Button:
    """`value` comes back when pressed; a `url` makes it a link instead."""

    label: str
    value: str = ""
    url: str = ""
    style: str = ""  # "" | primary | danger
    pressed: bool = False
    disabled: bool = False


@dataclass(frozen=True)
class Quoted:
    """The message that a post answers, in one line."""

    id: str
    author: str
    text: str


@dataclass(frozen=True)
class Post:
    """One message of a conversation.

    `seq` orders a chat; `rev` grows with each change, so a late repeat never undoes a newer one; `client` is
    the id that the reader's page gave it before it was accepted. `html` is safe HTML made by the markup
    module. `source` is the text as typed, present only where `may_edit`.
    """

    id: str
    chat: str
    seq: int
    side: Side
    author: Face
    at: datetime
    html: Markup = field(default_factory=Markup)
    rev: int = 0
    client: str = ""
    edited: bool = False
    withdrawn: bool = False
    quoted: Quoted | None = None
    photos: tuple[Photo, ...] = ()
    files: tuple[File, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    source: str = ""
    may_reply: bool = False
    may_edit: bool = False
    may_withdraw: bool = False


@dataclass(frozen=True)
class Chip:
    """A quick command: `text` is said when it is tapped."""

    label: str
    text: str


@dataclass(frozen=True)
class Chat:
    """An open conversation, oldest post first. `older` is the seq to continue back from, None at the start."""

    id: str
    kind: Kind
    face: Face
    subtitle: str
    posts: tuple[Post, ...]
    older: int | None = None
    first_unread: str = ""
    chips: tuple[Chip, ...] = ()
    may_write: bool = True
    why_not: str = ""
    max_bytes: int = 20 * 1024 * 1024
    max_files: int = 9
    max_text: int = 10_000


@dataclass(frozen=True)
class Device:
    """One signed-in browser."""

    id: str
    name: str
    place: str
    seen_at: datetime
    signed_in_at: datetime
    this: bool = False


@dataclass(frozen=True)
class Invite:
    """What a claim code opens: who the code is for and which places invite them. `privacy` is safe HTML."""

    code: str
    name: str
    places: tuple[str, ...]
    privacy: Markup
    privacy_version: str
    telegram: str


@dataclass(frozen=True)
class OneTimeLink:
    """A sign-in link: for whom, and until when it works."""

    token: str
    name: str
    expires_at: datetime


@dataclass(frozen=True)
class Option:
    """One choice of a setting."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True)
class Setting:
    """One setting on the page about me: `name` is its form field."""

    name: str
    label: str
    hint: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Failure:
    """An error page. `say` and `reference` come from the service; the page adds what to do next."""

    status: int
    say: str = ""
    reference: str = ""
    retry_after: int | None = None
