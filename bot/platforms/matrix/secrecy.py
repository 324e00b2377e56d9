"""Encrypted rooms: nio's Olm machine, told what syncs bring and asked for what to send (Matrix API, 11.12 E2EE)."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from nio.crypto import InboundGroupSession, Olm
from nio.events.to_device import OlmEvent, RoomKeyEvent, ToDeviceEvent
from nio.responses import KeysUploadResponse
from vodozemac import DecodeException, MegolmDecryptionException

from api.matrix.service import keep_keys, keys_of
from bot.platforms.matrix.homeserver import CLIENT, Refused, part
from bot.platforms.matrix.keyring import Keyring
from bot.platforms.matrix.rooms import number
from bot.platforms.matrix.sharing import ONE_TIME, Sharing
from bot.platforms.opened import read_opened

if TYPE_CHECKING:
    from bot.platforms.matrix.connection import Connection

log = structlog.get_logger()

MEGOLM = "m.megolm.v1.aes-sha2"
FEW_LEFT = 0.5  # of the one-time keys: then new ones are made
SEEN_KEPT = 50_000  # messages that are known when they come again under another id
TWICE = "already exists"  # what the homeserver says of another key under a name that it knows


class Outdated(Exception):
    """Others were told more of this device than is known here: an older database was put back."""


class Secrecy:
    """Our device's side of every encrypted room."""

    def __init__(self, connection: "Connection", keyring: Keyring) -> None:
        self.connection, self.keyring = connection, keyring
        self.holder = connection.holder  # whoever still works with this when its term is over writes nothing
        self.olm = Olm(connection.me, connection.device_id, keyring)
        keyring.own_key = self.olm.account.identity_keys["curve25519"]
        self.sharing = Sharing(connection, self.olm, self.flush)
        # by room, session and whose it is: others may send us the same key and claim it as theirs
        self._sessions = {(s.room_id, s.id, keyring.owner_of(s)): s for s in self.olm.inbound_group_store}
        self._seen: OrderedDict[tuple[str, str, str, int], str] = OrderedDict()
        self._spare_used = False

    @classmethod
    async def open(cls, connection: "Connection") -> "Secrecy":
        """The machine with the keys that are kept; a new device makes its own."""
        rows = await connection.runtime.read(keys_of, connection.account)
        return await asyncio.to_thread(cls, connection, Keyring(rows))

    async def renew(self) -> None:
        """Publish the keys of the device again, and have it signed again."""
        self.olm.account.shared = False
        self.olm.save_account()
        self.keyring.put("signed", "", None)
        await self.flush()

    async def flush(self) -> None:
        """Write what changed, before the homeserver or anybody else hears of it."""
        async with self.keyring.writing() as changes:
            if changes:
                connection = self.connection
                await connection.runtime.transact(keep_keys, connection.account, self.holder, changes)

    def take_in(self, sync: Mapping[str, Any]) -> set[tuple[str, str]]:
        """What a sync tells our device; returns the (room, session) of the keys that came."""
        found = set()
        for raw in _list(_mapping(sync.get("to_device")).get("events")):
            session = self._to_device(raw)
            if session is not None:
                found.add(session)
        lists = _mapping(sync.get("device_lists"))
        self.olm.add_changed_users(set(_words(lists.get("changed"))) & self.olm.tracked_users)
        for user in _words(lists.get("left")):
            self.olm.tracked_users.discard(user)
        counts = sync.get("device_one_time_keys_count")
        if isinstance(counts, Mapping):
            # of fewer than none as many would be made as it takes to have all
            self.olm.uploaded_key_count = max(0, number(counts.get(ONE_TIME, 0)))
        spare = sync.get("device_unused_fallback_key_types")
        if isinstance(spare, list):
            self._spare_used = ONE_TIME not in spare
        return found

    def _to_device(self, raw: Any) -> tuple[str, str] | None:
        try:
            event = ToDeviceEvent.parse_event(raw)
            # in clear there are only questions that nobody answers: for keys, and to compare emoji
            known = self.olm.handle_to_device_event(event) if isinstance(event, OlmEvent) else None
        except Exception as error:
            # from outside, unauthenticated: whatever it does to the machine must not stop the sync. Operators read
            # it in the log; whose key never came is asked by the bot to say it again
            log.warning("a message to our device could not be read", error=repr(error)[:200])
            return None
        finally:
            self.olm.save_account()  # a first message uses up a one-time key
        if not isinstance(known, RoomKeyEvent):
            return None
        session = self.olm.inbound_group_store.get(known.room_id, known.sender_key, known.session_id)
        name = known.room_id, known.session_id, known.sender
        if session is None or name in self._sessions or not self.keyring.belongs(session, known.sender):
            return None
        self._sessions[name] = session
        return known.room_id, known.session_id

    def decrypt(self, room: str, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """The event as it was before it was encrypted; None while no key of its sender has come that opens it. Raises
        ValueError for a forged or broken one."""
        content, sender = _mapping(event.get("content")), str(event.get("sender"))
        session_id = str(content.get("session_id"))
        session = self._sessions.get((room, session_id, sender))
        if content.get("algorithm") != MEGOLM:
            raise ValueError("encrypted in a way that is not known here")
        if session is None or (found := _opened(session, content)) is None:
            return None
        plain, index = found
        if not self._is_first((room, session_id, sender, index), str(event.get("event_id"))):
            raise ValueError("said again under another id")
        if not isinstance(plain, dict) or plain.get("room_id", room) != room:
            raise ValueError("not meant for this room")
        if str(plain.get("type")).startswith("m.room.") and plain["type"] != "m.room.message":
            raise ValueError("of a kind that nobody encrypts")  # who came or went only the homeserver says
        inner = dict(_mapping(plain.get("content")))
        if "m.relates_to" in content:
            inner["m.relates_to"] = content["m.relates_to"]
        return {**event, "type": plain.get("type"), "content": inner}

    def _is_first(self, message: tuple[str, str, str, int], event_id: str) -> bool:
        known = self._seen.setdefault(message, event_id)
        if len(self._seen) > SEEN_KEPT:
            self._seen.popitem(last=False)
        return known == event_id

    async def keep_up(self) -> None:
        """Between two syncs: upload keys where few are left. Raises SendError, Outdated."""
        olm = self.olm
        wanted = not olm.account.shared
        if not wanted and olm.uploaded_key_count is not None:
            wanted = olm.uploaded_key_count < olm.account.max_one_time_keys * FEW_LEFT
        keys = olm.share_keys() if wanted else {}
        if self._spare_used:
            keys["fallback_keys"] = self._spare_key()
        if keys:
            await self._upload_keys(keys)

    def _spare_key(self) -> dict[str, Any]:
        """A key to begin conversations with while no one-time keys are left: handed out until there is another one.

        nio knows none of this. The one before stays good for those who were given it.
        """
        account = self.olm.account._account
        if not account.fallback_key:
            account.generate_fallback_key()
        signed = f"ed25519:{self.connection.device_id}"
        keys: dict[str, Any] = {}
        for name, public in account.fallback_key.items():
            key: dict[str, Any] = {"key": public.to_base64(), "fallback": True}
            signatures = {self.connection.me: {signed: self.olm.sign_json(key)}}
            keys[f"{ONE_TIME}:{name}"] = {**key, "signatures": signatures}
        return keys

    async def _upload_keys(self, keys: Mapping[str, Any]) -> None:
        self.olm.save_account()
        await self.flush()
        try:
            answer = await self.connection.home.call("POST", f"{CLIENT}/keys/upload", keys)
        except Refused as error:
            if TWICE in str(error):
                raise Outdated(str(error)) from error
            raise
        left = number(part(answer, "one_time_key_counts", dict).get(ONE_TIME, 0))
        self.olm.handle_response(KeysUploadResponse(0, left))
        self._spare_used = False
        await self.flush()


def _opened(session: InboundGroupSession, content: Mapping[str, Any]) -> tuple[Any, int] | None:
    """What a message says and its number; None where the key that we have is for later messages."""
    try:
        text, index = session.decrypt(str(content.get("ciphertext")))
    except MegolmDecryptionException:
        return None
    except DecodeException as error:
        raise ValueError(str(error)) from error
    return read_opened(text), index


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _words(value: Any) -> list[str]:
    return [one for one in _list(value) if isinstance(one, str)]
