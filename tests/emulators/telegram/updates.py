"""One bot's updates: kept in order until they are acknowledged or too old (telegram.md 3.2)."""

import asyncio
import random
from dataclasses import dataclass

from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.model import Json

DAY = 86_400
CALLBACK_LIFE = 150  # seconds
KINDS = (
    "message edited_message channel_post edited_channel_post business_connection business_message "
    "edited_business_message deleted_business_messages guest_message message_reaction message_reaction_count "
    "inline_query chosen_inline_result callback_query shipping_query pre_checkout_query purchased_paid_media poll "
    "poll_answer my_chat_member chat_member chat_join_request chat_boost removed_chat_boost managed_bot"
).split()
UNASKED = {"chat_member", "message_reaction", "message_reaction_count"}  # sent only when named
DEFAULT = frozenset(KINDS) - UNASKED
FUTURE = 10  # an offset further ahead than this is taken for a mistake


@dataclass(frozen=True)
class Entry:
    """An update that waits."""

    id: int
    kind: str
    payload: Json
    key: str  # updates of one key reach a webhook one after another
    expires: float

    def body(self) -> Json:
        """The Update object."""
        return {"update_id": self.id, self.kind: self.payload}


class Queue:
    """Updates of one bot; `arrived` is set whenever one comes."""

    default = DEFAULT

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.allowed: frozenset[str] = DEFAULT
        self.arrived = asyncio.Event()
        self.pushed = 0
        self._entries: dict[int, Entry] = {}
        # ids start anywhere and grow
        self._next = random.Random(seed).randrange(100_000_000, 900_000_000)

    def push(self, kind: str, payload: Json, key: str, life: float = DAY) -> None:
        """Keep an update, unless the bot did not ask for its kind."""
        if kind not in self.allowed:
            return
        self._entries[self._next] = Entry(self._next, kind, payload, key, self.clock.time() + life)
        self._next += 1
        self.pushed += 1
        arrived, self.arrived = self.arrived, asyncio.Event()
        arrived.set()

    def waiting(self) -> list[Entry]:
        """What waits, oldest first; what is too old is dropped."""
        now = self.clock.time()
        self._entries = {number: entry for number, entry in self._entries.items() if entry.expires > now}
        return list(self._entries.values())

    def take(self, offset: int, limit: int) -> list[Entry]:
        """What getUpdates answers: everything before the offset is forgotten; a negative one keeps only the last."""
        waiting = self.waiting()
        if offset < 0:
            for entry in waiting[:offset]:
                del self._entries[entry.id]
        elif 0 < offset <= self._next + FUTURE:
            for entry in waiting:
                if entry.id < offset:
                    del self._entries[entry.id]
        return list(self._entries.values())[:limit]

    def forget(self, number: int) -> None:
        """An update was delivered."""
        self._entries.pop(number, None)

    def clear(self) -> None:
        """Drop everything that waits."""
        self._entries.clear()

    def allow(self, named: object) -> bool:
        """Take `allowed_updates` (a list of kinds; anything else changes nothing); True: it changed."""
        if not isinstance(named, list) or not all(isinstance(kind, str) for kind in named):
            return False
        wanted = frozenset(kind.lower() for kind in named) & frozenset(KINDS) or DEFAULT
        changed, self.allowed = wanted != self.allowed, wanted
        return changed
