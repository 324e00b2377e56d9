"""The contract of a chat platform. One folder each implements it; one contract suite holds them to it.

An adapter receives (stores what arrives raw, through `api.messaging.receiving`), parses raw events into `Inbound`
without asking anybody, sends one delivery at a time, and fetches files. It knows nothing of what is said.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from api.messaging.delivering import Work
from api.messaging.tree import Node
from api.rooms.planning import Action, Actual, Desired, Standing
from bot.inbound import File, Inbound


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do. The contract suite chooses its rows by these; the core asks some of them, never
    the name. What else a platform cannot do its adapter makes up for."""

    buttons: bool = True  # else: numbered choices, answered by number
    acks: bool = True  # a short word to the presser of a button only
    idempotent: bool = False  # sending the same delivery twice shows it once
    edits: bool = True
    deletes: bool = True
    rooms: bool = True
    uploads: bool = True  # people can send files
    albums: bool = True  # several of them in one message
    listed: bool = False  # the authority's list may say whose its accounts are
    polls: bool = False  # it draws polls of its own (api.messaging.polls)


class SendError(Exception):
    """Why a delivery was not made. A closed set; the deliverer reads the flags of its `Outcome`, never the type."""


LONGEST_WAIT = 86_400.0  # seconds: who asks for more talks nonsense, and no clock could carry it


class RetryAfter(SendError):
    """The platform says when to try again: this chat, or the whole bot."""

    def __init__(self, seconds: float, whole_bot: bool = False) -> None:
        seconds = float(min(max(seconds, 0), LONGEST_WAIT))
        super().__init__(f"retry after {seconds} s")
        self.seconds, self.whole_bot = seconds, whole_bot


class Transient(SendError):
    """The network or the platform failed; trying again may help."""


class Ambiguous(Transient):
    """No answer was heard: it may have been done. After a few of these it is not tried again."""


class Elsewhere(Transient):
    """Another process serves the account now, as only one can; this one is there when that ends."""


class Gone(SendError):
    """The chat is over for us: blocked, left, deactivated."""


class Ended(Gone):
    """The place is no more, for anybody; what it was in goes on."""


class Rejected(SendError):
    """The platform refuses what we sent: our fault; trying again cannot help."""


class Moved(SendError):
    """The chat lives on under another id."""

    def __init__(self, native: str) -> None:
        super().__init__("moved")
        self.native = native


class Unreadable(Exception):
    """A raw event that cannot be parsed: it is kept as dead and stalls nobody."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of `gongfang check`: whether something is well, and what to do when it is not."""

    subject: str
    well: bool
    note: "str | Node"


@dataclass(frozen=True, slots=True)
class Place:
    """A room of ours as an adapter gets it. `kept` is what it asked us to remember; `known` what was seen of accounts
    there, for platforms that do not list them."""

    pid: str
    native: str
    part: str
    kept: Mapping[str, Any]
    known: Mapping[str, Standing]


class Mirroring(Protocol):
    """Keeps rooms of a platform in step with their communities. Nothing in here decides what should be."""

    async def create(self, place: Place, desired: Desired) -> str:
        """Make the room, or find the one that was made; returns its native id. Raises SendError (Rejected: rooms are
        made by somebody there, and bound)."""
        ...

    async def look(self, place: Place) -> Actual:
        """What the room is now, by as few questions as possible. Raises SendError (Gone: we are not in it)."""
        ...

    async def act(self, place: Place, action: Action) -> Mapping[str, Any]:
        """Do one thing; done already is done. Returns what is to be remembered (`Place.kept`). An "invite" that the
        platform cannot make itself returns "link": the person is told of it; "open" returns the native id of the place
        that was "opened". Raises SendError."""
        ...

    def guidance(self, lacking: Sequence[Action], native: str = "") -> Node | None:
        """What somebody there has to do so that these actions become possible; None where that would not help."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Platform(Protocol):
    """One chat platform, for one bot account. `mirroring` is None where rooms are what they are."""

    name: str
    account: str
    capabilities: Capabilities
    mirroring: Mirroring | None

    async def start(self) -> None:
        """Get ready in the background: import what is heavy, ask who we are. Nothing else is called before it ended
        well, but `check` and `close`. Raises SendError while the platform cannot be asked, StorageUnavailable while the
        database cannot, Elsewhere while another process serves the account; it is called again then."""
        ...

    async def close(self) -> None:
        """Let go of connections; the last thing called."""
        ...

    def parse(self, raw: dict[str, Any]) -> Inbound | None:
        """The Inbound of a raw event; None for one that means nothing to us. Pure. Raises Unreadable."""
        ...

    async def receive(self) -> None:
        """Take in what arrives until cancelled. Platforms that are called (web, webhooks) wait here. Ends where another
        process may serve the account now."""
        ...

    async def send(self, work: Work) -> Sequence[str]:
        """Make one delivery (send, edit, delete, ack); returns the platform's ids of what it became.

        One that is sent in parts begins after `work.begun` and adds each part to it. Raises SendError.
        """
        ...

    def spare(self, claimed: int) -> int | None:
        """How many more pushes to claim where so many are claimed and not answered; None: as many as one likes.

        What a platform will not take yet stays in the outbox, where what somebody waits for overtakes it.
        """
        ...

    def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file somebody sent. Raises SendError (Transient: later; Rejected or Gone: never)."""
        ...

    async def administers(self, raw: dict[str, Any]) -> bool:
        """Whether who sent this raw event administers the room it came from. Raises SendError."""
        ...

    async def check(self) -> list[Finding]:
        """What is well and what is missing."""
        ...
