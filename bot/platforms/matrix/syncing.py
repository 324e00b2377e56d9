"""What arrives: our own loop around /sync. Everything a sync brought is committed before the next one is asked for.

nio's own loop keeps the position first and handles afterwards: killed in between, it loses the batch.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog

from api.matrix.service import PLATFORM, Batch, Sent, Taken, WaitingRow, take_in, waiting_for_keys
from api.messaging.polls import PREFIX
from api.messaging.receiving import Arrival
from api.metrics import note_read
from api.runtime import StorageUnavailable
from bot.platforms.base import Elsewhere, Rejected, RetryAfter, SendError
from bot.platforms.matrix.chores import Chore
from bot.platforms.matrix.connection import Connection
from bot.platforms.matrix.conversing import Conversing
from bot.platforms.matrix.entering import Entering
from bot.platforms.matrix.homeserver import CLIENT, Refused, SignedOut
from bot.platforms.matrix.marking import Marking
from bot.platforms.matrix.polls import RESPONSES, vote_of
from bot.platforms.matrix.rooms import Room, apply_invited, apply_joined, moves, state_events
from bot.platforms.matrix.secrecy import Outdated
from bot.platforms.matrix.signing import sign_device
from bot.platforms.matrix.timeline import AT_ONCE, Timeline

log = structlog.get_logger()

SYNC_SECONDS = 30
SLOWEST = 60.0  # seconds between two tries
WANTED = frozenset({
    "m.room.message", "m.room.encrypted", "m.reaction", "m.room.redaction", "m.room.member", "m.room.power_levels",
    *RESPONSES,
})  # fmt: skip
TRANSACTION = re.compile(r"([a-z0-9]{12})-(\d+)(-poll)?", re.ASCII)  # of a message, as sending.py makes them
FILTER = {
    "presence": {"types": []},
    "account_data": {"types": []},
    "room": {
        "timeline": {"limit": AT_ONCE, "lazy_load_members": True},
        "state": {"lazy_load_members": True},
        "ephemeral": {"types": []},
        "account_data": {"types": []},
    },
}
NAMES_KEPT = 5_000
LARGEST = 2**53  # of the whole numbers that JSON carries everywhere (Matrix specification, canonical JSON)


class Syncing:
    """The reader of one account."""

    def __init__(self, connection: Connection, marking: Marking) -> None:
        self.connection, self.marking, self.entering = connection, marking, Entering(connection)
        self.timeline = Timeline(connection.home, connection.me)
        self.chores = (
            Chore("keys", self._keep_keys),
            Chore("conversations", lambda: connection.secrecy.sharing.mend()),
            Chore("signing of the device", lambda: sign_device(connection.secrecy)),
            Chore("invitations", self.entering.keep_up),
            Chore("private chats", Conversing(connection).open_few),
        )
        self._names: dict[str, str] = {}
        self._keys_came: set[tuple[str, str]] = set()  # (room, session), until what waited for them is committed

    async def run(self) -> None:
        """Read until the service stops, or another process does; what fails is tried again, ever more slowly."""
        pause = 1.0
        while not self.connection.runtime.stopping:
            try:
                await self.step(SYNC_SECONDS)
                pause = 1.0
                continue
            except SignedOut as error:
                self.connection.signed_out()
                log.error("signed out of Matrix", error=str(error))
                pause = SLOWEST
            except (Taken, Elsewhere) as error:
                log.warning("this process serves Matrix no more", error=str(error))
                return
            except RetryAfter as error:
                pause = error.seconds
            except (SendError, StorageUnavailable) as error:
                log.warning("Matrix does not answer, or what it said could not be kept", error=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, SLOWEST)

    async def step(self, seconds: float = 0) -> int:
        """One sync, waiting up to `seconds` for something to happen; returns how many events were new."""
        connection = self.connection
        await connection.open()
        query = {"filter": json.dumps(FILTER), "timeout": int(seconds * 1000)}
        if connection.cursor is not None:
            query["since"] = connection.cursor
        answer = await connection.home.call("GET", f"{CLIENT}/sync", query=query, wait=seconds)
        if not isinstance(answer.get("next_batch"), str):
            raise Rejected("a sync without a position")
        new = await self._take_in(answer)
        for chore in self.chores:
            if connection.home.token:  # else another sign-in comes first
                await chore.run()
        return new

    async def _keep_keys(self) -> None:
        try:
            await self.connection.secrecy.keep_up()
        except Outdated as error:
            await self.connection.start_anew(error)

    async def _take_in(self, answer: Mapping[str, Any]) -> int:
        connection, sections = self.connection, _mapping(answer.get("rooms"))
        holder, secrecy = connection.holder, connection.secrecy
        self._keys_came |= secrecy.take_in(answer)
        found = await self._read_late(self._keys_came) if self._keys_came else []
        rooms: dict[str, Room] = {}
        sent: list[Sent] = []
        arrivals: list[Arrival] = []
        public: list[str] = []
        gone: list[str] = []
        touched: list[str] = []
        encrypted: list[str] = []
        for native, section in _rooms(sections, "invite"):
            room = rooms[native] = self._room(native)
            apply_invited(room, section, connection.me)
        for native, section in _rooms(sections, "join"):
            room, events = self._room(native), await self._events(native, section)
            was_private = room.membership == "join" and room.kind == "private"
            apply_joined(room, section, connection.me)
            if room.state() != self._kept(native):
                rooms[native] = room
            if was_private and room.kind != "private":
                public.append(native)
            sent += [mine for event in events if (mine := sent_by(event, native, connection.me)) is not None]
            found_here = [await self._arrival(room, event) for event in events]
            arrivals += [arrival for arrival in found_here if arrival is not None]
            if room.encrypted and room.kind == "room" and (events or native in rooms):
                encrypted.append(native)
            if room.deserted:
                gone.append(native)
            if any(event.get("sender") != connection.me for event in state_events(section)):
                touched.append(native)
        for native, _ in _rooms(sections, "leave"):
            if native in connection.rooms and connection.rooms[native].membership != "leave":
                room = rooms[native] = self._room(native)
                room.membership, room.joined, room.invited = "leave", 0, 0
                gone.append(native)
        async with secrecy.keyring.writing() as keys:
            states = {native: room.state() for native, room in rooms.items()}
            batch = Batch(
                connection.account, holder, answer["next_batch"], arrivals, states, keys, sent, found,
                public, gone, moves(connection.rooms, rooms), votes_in(arrivals), touched, encrypted,
            )  # fmt: skip
            new: int = await connection.runtime.transact(take_in, batch)
        self._keys_came.clear()
        connection.rooms |= rooms
        connection.cursor = batch.cursor
        self.marking.stored({arrival.chat: arrival.event_id for arrival in arrivals})
        newest = newest_of([arrival.raw for arrival in arrivals])
        note_read(PLATFORM, connection.account, connection.runtime.now().timestamp(), newest)
        return new

    def _room(self, native: str) -> Room:
        """A copy of what is known: it becomes what is known when it is committed."""
        return Room.of(native, self._kept(native))

    def _kept(self, native: str) -> dict[str, Any]:
        known = self.connection.rooms.get(native)
        return known.state() if known is not None else {}

    async def _events(self, native: str, section: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A joined room's events that are for us: those after the last sync, or after we were asked in."""
        known, cursor = self.connection.rooms.get(native), self.connection.cursor
        if cursor is None:
            return []  # of before our time
        if known is None or known.membership != "join":
            return await self.timeline.of_new(native, section)
        return await self.timeline.since(native, section, cursor)

    async def _arrival(self, room: Room, event: dict[str, Any]) -> Arrival | None:
        connection, kind = self.connection, str(event.get("type"))
        sender = str(event.get("sender", ""))
        if kind == "m.room.member":
            connection.secrecy.sharing.forget_members(room.native)
            self._learn_name(event)
        if kind not in WANTED or not isinstance(event.get("event_id"), str):
            return None
        own = event.get("state_key") == connection.me
        if sender == connection.me and not own:
            return None
        raw: dict[str, Any] = {"event": _slim(event), "room": room.native, "me": connection.me}
        if own and room.kind == "private":
            if sender == connection.me and not room.inviter:
                return None  # we made it
            raw["began"] = room.inviter
            sender = room.inviter
        raw["name"] = await self._name(sender)
        state, dead = "new", None
        if kind == "m.room.encrypted":
            try:
                plain = connection.secrecy.decrypt(room.native, event)
                raw["event"], state = (_slim(plain), "new") if plain is not None else (_slim(event), "waiting_key")
            except ValueError as error:
                dead = f"cannot be decrypted: {error}"
        title = room.name or (raw["name"] if room.kind == "private" else "")
        return Arrival(event["event_id"], room.native, room.kind, raw, title, dead, state)

    async def _read_late(self, keys: set[tuple[str, str]]) -> list[tuple[int, dict[str, Any]]]:
        """Rows whose key came only now, with what they say."""
        rows: Sequence[WaitingRow] = await self.connection.runtime.read(
            waiting_for_keys, sorted({room for room, _ in keys})
        )
        found = []
        for row in rows:
            event = row.raw["event"]
            if (row.native, str(_mapping(event.get("content")).get("session_id"))) not in keys:
                continue
            try:
                plain = self.connection.secrecy.decrypt(row.native, event)
            except ValueError as error:
                log.warning("an event stays encrypted", inbox_id=row.inbox_id, error=str(error))
                continue
            if plain is not None:
                found.append((row.inbox_id, {**row.raw, "event": _slim(plain)}))
        return found

    def _learn_name(self, event: Mapping[str, Any]) -> None:
        name, who = _mapping(event.get("content")).get("displayname"), event.get("state_key")
        if isinstance(name, str) and isinstance(who, str):
            self._names[who] = name

    async def _name(self, user: str) -> str:
        """How somebody calls themselves; asked once by each process, for it may change and is nobody's to keep."""
        if user not in self._names:
            if len(self._names) > NAMES_KEPT:
                self._names.clear()
            try:
                said = await self.connection.home.call("GET", f"{CLIENT}/profile/{quote(user, safe='')}/displayname")
                self._names[user] = str(said.get("displayname") or "")
            except Refused:
                self._names[user] = ""
            except SendError:
                return ""
        return self._names[user]


def sent_by(event: Mapping[str, Any], room: str, me: str) -> Sent | None:
    """What our device sent, by the transaction id it was sent under."""
    under = TRANSACTION.fullmatch(str(_mapping(event.get("unsigned")).get("transaction_id")))
    if event.get("sender") != me or under is None:
        return None
    return Sent(room, str(event.get("event_id")), under[1], int(under[2]), bool(under[3]))


def newest_of(raws: Sequence[dict[str, Any]]) -> float | None:
    """When the last of these was said, as its homeserver says it: in seconds since 1970."""
    moments = [_mapping(raw.get("event")).get("origin_server_ts") for raw in raws]
    return max([moment / 1000 for moment in moments if type(moment) is int and 0 < moment < LARGEST], default=None)


def votes_in(arrivals: Sequence[Arrival]) -> dict[str, str]:
    """Which arrivals are votes, and in which polls."""
    found = {}
    for arrival in arrivals:
        event = arrival.raw["event"]
        vote = vote_of(_mapping(event.get("content"))) if str(event.get("type")) in RESPONSES else None
        if vote is not None:
            found[arrival.event_id] = f"{PREFIX}{vote[0]}"
    return found


def _rooms(sections: Mapping[str, Any], kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The rooms of one kind that a sync is about; what is none is left out."""
    return [(native, one) for native, one in _mapping(sections.get(kind)).items() if isinstance(one, Mapping)]


def _slim(event: Mapping[str, Any]) -> dict[str, Any]:
    """Without what only clients want to draw with."""
    unsigned = {"prev_content": before} if (before := _mapping(event.get("unsigned")).get("prev_content")) else {}
    return {**event, "unsigned": unsigned}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
