"""Encrypted rooms: nio's Olm machine, told what syncs bring and asked for what to send (Matrix API, 11.12 E2EE)."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from nio.crypto import InboundGroupSession, Olm, OutboundGroupSession
from nio.events.to_device import RoomKeyEvent, ToDeviceEvent
from nio.responses import KeysClaimResponse, KeysQueryResponse, KeysUploadResponse, ToDeviceResponse
from vodozemac import DecodeException, MegolmDecryptionException

from api.matrix.service import keep_keys, keys_of
from bot.platforms.matrix.homeserver import CLIENT, room_path
from bot.platforms.matrix.keyring import Keyring
from bot.platforms.matrix.opened import read_opened
from bot.platforms.matrix.rooms import Room

if TYPE_CHECKING:
    from bot.platforms.matrix.connection import Connection

log = structlog.get_logger()

MEGOLM = "m.megolm.v1.aes-sha2"
ONE_TIME = "signed_curve25519"
FEW_LEFT = 0.5  # of the one-time keys: then new ones are made


class Secrecy:
    """Our device's side of every encrypted room."""

    def __init__(self, connection: "Connection", keyring: Keyring) -> None:
        self.connection, self.keyring = connection, keyring
        self.olm = Olm(connection.me, connection.device_id, keyring)
        keyring.own_key = self.olm.account.identity_keys["curve25519"]
        self._sessions = {(s.room_id, s.id): s for s in self.olm.inbound_group_store}
        self._members: dict[str, list[str]] = {}
        self._seen: dict[tuple[str, int], str] = {}
        self._sharing = asyncio.Lock()
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
                await connection.runtime.transact(keep_keys, connection.account, connection.holder, changes)

    def take_in(self, sync: Mapping[str, Any]) -> set[tuple[str, str]]:
        """What a sync tells our device; returns the (room, session) of the keys that came."""
        found = set()
        for raw in _list(_mapping(sync.get("to_device")).get("events")):
            session = self._to_device(raw)
            if session is not None:
                found.add(session)
        lists = _mapping(sync.get("device_lists"))
        self.olm.add_changed_users({u for u in _list(lists.get("changed")) if u in self.olm.tracked_users})
        for user in _list(lists.get("left")):
            self.olm.tracked_users.discard(user)
        counts = sync.get("device_one_time_keys_count")
        if isinstance(counts, Mapping):
            self.olm.uploaded_key_count = counts.get(ONE_TIME, 0)
        spare = sync.get("device_unused_fallback_key_types")
        if isinstance(spare, list):
            self._spare_used = ONE_TIME not in spare
        return found

    def _to_device(self, raw: Any) -> tuple[str, str] | None:
        try:
            event = ToDeviceEvent.parse_event(raw)
            known = self.olm.handle_to_device_event(event) if event is not None else None
        except Exception:
            # from outside, unauthenticated: whatever it does to the machine must not stop the sync
            log.warning("a message to our device could not be read", exc_info=True)
            return None
        finally:
            self.olm.save_account()  # a first message uses up a one-time key
            self.olm.received_key_requests.clear()
        if not isinstance(known, RoomKeyEvent):
            return None
        session = self.olm.inbound_group_store.get(known.room_id, known.sender_key, known.session_id)
        if session is None or (known.room_id, known.session_id) in self._sessions:
            return None
        self._sessions[known.room_id, known.session_id] = session
        kept = self.keyring.get("megolm", known.session_id)
        self.keyring.put("megolm", known.session_id, {**kept, "owner": known.sender})
        return known.room_id, known.session_id

    def decrypt(self, room: str, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """The event as it was before it was encrypted; None while its key has not come. Raises ValueError for a
        forged or broken one."""
        content = _mapping(event.get("content"))
        session_id = str(content.get("session_id"))
        session = self._sessions.get((room, session_id))
        if content.get("algorithm") != MEGOLM:
            raise ValueError("encrypted in a way that is not known here")
        if session is None:
            return None
        plain, index = self._opened(session, content)
        if self._seen.setdefault((session_id, index), str(event.get("event_id"))) != event.get("event_id"):
            raise ValueError("said again under another id")
        if (self.keyring.get("megolm", session_id) or {}).get("owner") != event.get("sender"):
            raise ValueError("encrypted by somebody else than the sender")
        if not isinstance(plain, dict) or plain.get("room_id", room) != room:
            raise ValueError("not meant for this room")
        if str(plain.get("type")).startswith("m.room.") and plain["type"] != "m.room.message":
            raise ValueError("of a kind that nobody encrypts")  # who came or went only the homeserver says
        inner = dict(_mapping(plain.get("content")))
        if "m.relates_to" in content:
            inner["m.relates_to"] = content["m.relates_to"]
        return {**event, "type": plain.get("type"), "content": inner}

    def _opened(self, session: InboundGroupSession, content: Mapping[str, Any]) -> tuple[Any, int]:
        try:
            text, index = session.decrypt(str(content.get("ciphertext")))
            return read_opened(text), index
        except (DecodeException, MegolmDecryptionException) as error:
            raise ValueError(str(error)) from error

    def forget_members(self, room: str) -> None:
        """Somebody came or went: who may read is asked again before the next message."""
        self._members.pop(room, None)

    async def encrypt(self, room: Room, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content of an m.room.encrypted that exactly the members' devices can read. Raises SendError."""
        async with self._sharing:
            await self._share(room.native)
            inner = {name: value for name, value in content.items() if name != "m.relates_to"}
            sealed = self.olm.group_encrypt(room.native, {"type": kind, "content": inner})
        if "m.relates_to" in content:
            # homeservers gather edits and reactions, so relations stay readable
            sealed["m.relates_to"] = content["m.relates_to"]
        return dict(sealed)

    async def _share(self, room: str) -> None:
        """Give the room's key to every device of every member that has not got it."""
        olm, home = self.olm, self.connection.home
        members = self._members.get(room)
        if members is None:
            answer = await home.call("GET", room_path(room, "joined_members"))
            members = self._members[room] = sorted(_mapping(answer.get("joined")))
        unknown = (set(members) - olm.tracked_users) | (olm.users_for_key_query & set(members))
        if unknown:
            await self._ask_devices(sorted(unknown))
        known = [device for user in members for device in olm.device_store.active_user_devices(user)]
        devices = {(device.user_id, device.id) for device in known if device.id != self.connection.device_id}
        session = olm.outbound_group_sessions.get(room)
        if session is not None and _is_for(session, devices):
            return
        await self._meet(members)
        olm.create_outbound_group_session(room)
        session = olm.outbound_group_sessions[room]
        for given, messages in olm.share_group_session_parallel(room, members, ignore_unverified_devices=True):
            await self._send_to_devices("m.room.encrypted", messages)
            session.users_shared_with |= given
        # devices without one-time keys cannot be told: they are not asked again with every message
        session.users_ignored |= devices - session.users_shared_with
        session.shared = True

    async def _ask_devices(self, users: Sequence[str]) -> None:
        body: dict[str, Any] = {"device_keys": {user: [] for user in users}}
        answer = await self.connection.home.call("POST", f"{CLIENT}/keys/query", body)
        keys = {**{user: {} for user in users}, **_mapping(answer.get("device_keys"))}
        self.olm.handle_response(KeysQueryResponse(keys, {}))

    async def _meet(self, members: Sequence[str]) -> None:
        """Begin a conversation with each device that we have none with."""
        missing = self.olm.get_missing_sessions(list(members))
        await self._claim({user: devices for user, devices in missing.items() if devices})

    async def _claim(self, wanted: Mapping[str, Sequence[str]]) -> None:
        if wanted:
            body = {"one_time_keys": {u: dict.fromkeys(devices, ONE_TIME) for u, devices in wanted.items()}}
            answer = await self.connection.home.call("POST", f"{CLIENT}/keys/claim", body)
            keys = {user: {d: k for d, k in devices.items() if k} for user, devices in answer["one_time_keys"].items()}
            self.olm.handle_response(KeysClaimResponse(keys, {}))

    async def _send_to_devices(self, kind: str, messages: Mapping[str, Any]) -> None:
        await self.flush()
        await self.connection.home.call("PUT", f"{CLIENT}/sendToDevice/{kind}/{secrets.token_hex(8)}", messages)

    async def keep_up(self) -> None:
        """Between two syncs: upload keys where few are left, mend broken conversations. Raises SendError."""
        olm = self.olm
        wanted = not olm.account.shared
        if not wanted and olm.uploaded_key_count is not None:
            wanted = olm.uploaded_key_count < olm.account.max_one_time_keys * FEW_LEFT
        keys = olm.share_keys() if wanted else {}
        if self._spare_used:
            keys["fallback_keys"] = self._spare_key()
        if keys:
            await self._upload_keys(keys)
        if olm.wedged_devices:
            await self._claim(olm.get_users_for_key_claiming())
        for message in list(olm.outgoing_to_device_messages):
            await self._send_to_devices(message.type, message.as_dict())
            olm.handle_response(ToDeviceResponse(message))

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
        answer = await self.connection.home.call("POST", f"{CLIENT}/keys/upload", keys)
        left = _mapping(answer.get("one_time_key_counts")).get(ONE_TIME, 0)
        self.olm.handle_response(KeysUploadResponse(0, left))
        self._spare_used = False
        await self.flush()


def _is_for(session: OutboundGroupSession, devices: set[tuple[str, str]]) -> bool:
    """Whether a key is still good: everybody it is for has it, and nobody else."""
    if not session.shared or session.expired or session.users_shared_with - devices:
        return False
    return not devices - session.users_shared_with - session.users_ignored


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
