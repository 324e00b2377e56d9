"""The keys of our device as nio's Olm machine wants them kept: read once, changes gathered until they are written.

They are written with what was received under them, or before what was encrypted under them is sent, so that a process
that dies in between finds them as the homeserver and the others know them.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from nio.crypto import (
    DeviceStore,
    GroupSessionStore,
    InboundGroupSession,
    OlmAccount,
    OlmDevice,
    Session,
    SessionStore,
)

Changes = dict[tuple[str, str], str | None]
# The pickles lie in the same database as everything that is said with them; a key beside them would hide nothing.
PICKLE = "gongfang"
DIGEST = "#"
LONGEST = 600  # characters that storage/matrix.py keeps of a name


class Keyring:
    """nio's store over rows of (kind, name, value)."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._rows = {(kind, name): json.loads(value) for kind, name, value in rows}
        self._changes: Changes = {}
        self._retired = False
        self._rename_sessions()
        self._writing = asyncio.Lock()
        self.own_key = ""

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Changes]:
        """What changed, to be written in the block; when that fails it waits for the next. One writer at a time."""
        async with self._writing:
            changes, self._changes = self._changes if not self._retired else {}, {}
            try:
                yield changes
            except BaseException:
                self._changes = {**changes, **self._changes}
                raise

    async def retire(self) -> None:
        """Another device takes the place of this one: from now on nothing is written."""
        async with self._writing:
            self._retired = True

    def get(self, kind: str, name: str = "") -> Any:
        """A value by kind and name."""
        return self._rows.get((kind, _kept(name)))

    def put(self, kind: str, name: str, value: Any) -> None:
        """Change a value."""
        name = _kept(name)
        self._rows[kind, name] = value
        self._changes[kind, name] = json.dumps(value)  # in ASCII: others' words may be no text that a database keeps

    def owner_of(self, session: InboundGroupSession) -> str:
        """Who sent us the key of a room."""
        return str((self.get("megolm", _name_of(session)) or {}).get("owner", ""))

    def belongs(self, session: InboundGroupSession, owner: str) -> bool:
        """Note who sent us a key; False when it is somebody else's."""
        kept = self.get("megolm", _name_of(session)) or {}
        if "owner" not in kept:
            self.put("megolm", _name_of(session), {**kept, "owner": owner})
        return self.owner_of(session) == owner

    def _rename_sessions(self) -> None:
        """They used to be called by their id alone: anybody could put their own in the place of somebody else's."""
        for old, kept in self._all("megolm"):
            if " " not in old and not old.startswith(DIGEST):
                self.put("megolm", f"{kept['room']} {kept['sender']} {old}", kept)
                del self._rows["megolm", old]
                self._changes["megolm", old] = None

    def _all(self, kind: str) -> Iterable[tuple[str, Any]]:
        return [(name, value) for (found, name), value in self._rows.items() if found == kind]

    # what follows is called by nio.crypto.Olm

    def load_account(self) -> OlmAccount | None:
        kept = self.get("account")
        return OlmAccount.from_pickle(kept["pickle"].encode(), PICKLE, kept["shared"]) if kept else None

    def save_account(self, account: OlmAccount) -> None:
        self.put("account", "", {"pickle": account.pickle(PICKLE).decode(), "shared": account.shared})

    def load_sessions(self) -> SessionStore:
        store = SessionStore()
        for name, kept in self._all("olm"):
            made, used = datetime.fromisoformat(kept["made"]), datetime.fromisoformat(kept["used"])
            store.add(name.partition(" ")[0], Session.from_pickle(kept["pickle"].encode(), made, PICKLE, used))
        return store

    def save_session(self, curve_key: str, session: Session) -> None:
        kept = {"pickle": session.pickle(PICKLE).decode(), "made": session.creation_time.isoformat(),
                "used": session.use_time.isoformat()}  # fmt: skip
        self.put("olm", f"{curve_key} {session.id}", kept)

    def load_inbound_group_sessions(self) -> GroupSessionStore:
        store = GroupSessionStore()
        for _, kept in self._all("megolm"):
            how = (kept["pickle"].encode(), kept["signed"], kept["sender"], kept["room"], PICKLE)
            store.add(InboundGroupSession.from_pickle(*how))
        return store

    def save_inbound_group_session(self, session: InboundGroupSession) -> None:
        # what we said ourselves is never read again; and the first that came stays, no other can take its place
        if session.sender_key != self.own_key and self.get("megolm", _name_of(session)) is None:
            kept = {"pickle": session.pickle(PICKLE).decode(), "signed": session.ed25519, "sender": session.sender_key,
                    "room": session.room_id}  # fmt: skip
            self.put("megolm", _name_of(session), kept)

    def load_device_keys(self) -> DeviceStore:
        store = DeviceStore()
        for name, kept in self._all("device"):
            user, _, device = name.partition(" ")  # where they were not kept themselves yet
            device, user = kept.get("device", device), kept.get("user", user)
            store.add(OlmDevice(user, device, kept["keys"], deleted=kept["deleted"]))
        return store

    def save_device_keys(self, changed: dict[str, dict[str, OlmDevice]]) -> None:
        for user, devices in changed.items():
            for name, device in devices.items():
                kept = {"user": user, "device": name, "keys": dict(device.keys), "deleted": device.deleted}
                self.put("device", f"{user} {name}", kept)

    def load_outgoing_key_requests(self) -> dict[str, Any]:
        return {}

    def add_outgoing_key_request(self, request: Any) -> None:
        """We ask nobody for keys that were not meant for us: nothing would be accepted."""

    remove_outgoing_key_request = add_outgoing_key_request

    # every device of a member may read: nobody is there to compare emoji with each of them

    def is_device_verified(self, device: OlmDevice) -> bool:
        return False

    def is_device_blacklisted(self, device: OlmDevice) -> bool:
        return False

    def is_device_ignored(self, device: OlmDevice) -> bool:
        return True


def _name_of(session: InboundGroupSession) -> str:
    return f"{session.room_id} {session.sender_key} {session.id}"


def _kept(name: str) -> str:
    """A name as every database keeps it: what is too long, or no plain text, is known by its digest."""
    if len(name) <= LONGEST and name.isprintable():
        return name
    return f"{DIGEST}{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()}"
