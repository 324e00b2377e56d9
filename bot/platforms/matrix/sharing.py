"""Who can read what we say in encrypted rooms: members' devices, conversations with them, and the rooms' keys they get.

Keys of devices are whatever somebody uploaded: those that cannot be used concern their owner alone.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from nio.crypto import Olm, OlmDevice, OutboundGroupSession
from nio.responses import KeysClaimResponse, KeysQueryResponse, ToDeviceResponse
from vodozemac import Curve25519PublicKey

from bot.platforms.matrix.homeserver import CLIENT, Refused, part, room_path

if TYPE_CHECKING:
    from bot.platforms.matrix.connection import Connection

log = structlog.get_logger()

ONE_TIME = "signed_curve25519"
LONGEST_DEVICE = 255  # characters of an id; those that clients make have ten
AGAIN_SECONDS = 300.0  # until a device that had no usable one-time key is asked for another
Devices = Mapping[tuple[str, str], OlmDevice]  # by (user, device)


class Sharing:
    """What our device tells other devices. `flush` writes changed keys before anybody hears of them."""

    def __init__(self, connection: "Connection", olm: Olm, flush: Callable[[], Awaitable[None]]) -> None:
        self.connection, self.olm, self._flush = connection, olm, flush
        self._members: dict[str, list[str]] = {}
        self._later: dict[tuple[str, str], float] = {}  # when a device is asked again
        self._one = asyncio.Lock()

    def forget_members(self, room: str) -> None:
        """Somebody came or went: who may read is asked again before the next message."""
        self._members.pop(room, None)

    async def encrypt(self, room: str, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content of an m.room.encrypted that exactly the members' devices can read. Raises SendError."""
        async with self._one:
            await self._share(room)
            inner = {name: value for name, value in content.items() if name != "m.relates_to"}
            sealed = self.olm.group_encrypt(room, {"type": kind, "content": inner})
        if "m.relates_to" in content:
            # homeservers gather edits and reactions, so relations stay readable
            sealed["m.relates_to"] = content["m.relates_to"]
        return dict(sealed)

    async def mend(self) -> None:
        """Begin anew with devices whose messages could not be read; once, for the next of these asks again. Raises
        SendError."""
        olm = self.olm
        if broken := list(olm.wedged_devices):
            await self._claim(olm.get_users_for_key_claiming())
            olm.wedged_devices[:] = [device for device in olm.wedged_devices if device not in broken]
        for message in list(olm.outgoing_to_device_messages):
            try:
                await self._send_to_devices(message.as_dict())
            except Refused as error:
                log.warning("a message to a device was refused", user=message.recipient, error=str(error))
            olm.handle_response(ToDeviceResponse(message))

    async def _share(self, room: str) -> None:
        """Give the room's key to every device of every member that has not got it; another key, if somebody has it who
        is not there any more."""
        olm = self.olm
        members = await self._members_of(room)
        unknown = (set(members) - olm.tracked_users) | (olm.users_for_key_query & set(members))
        if unknown:
            await self._ask_devices(sorted(unknown))
        known = [device for user in members for device in olm.device_store.active_user_devices(user)]
        devices = {(device.user_id, device.id): device for device in known if device.id != self.connection.device_id}
        session = olm.outbound_group_sessions.get(room)
        if session is None or session.expired or session.users_shared_with - devices.keys():
            olm.create_outbound_group_session(room)
            session = olm.outbound_group_sessions[room]
        await self._hand_out(room, members, session, devices)

    async def _hand_out(self, room: str, members: Sequence[str], session: OutboundGroupSession,
                        devices: Devices) -> None:  # fmt: skip
        now = asyncio.get_running_loop().time()
        untold = devices.keys() - session.users_shared_with
        strangers = {name for name in untold if self.olm.session_store.get(devices[name].curve25519) is None}
        # a device without one-time keys gets some when it is used again: it is not asked for with every message
        asked = {name for name in strangers if self._later.get(name, 0.0) <= now}
        if session.shared and not asked and untold == strangers:
            return
        await self._meet(asked)
        session.shared = False  # nio would make another one
        for given, messages in self.olm.share_group_session_parallel(room, members, ignore_unverified_devices=True):
            await self._send_to_devices(messages)
            session.users_shared_with |= given
        session.shared = True
        for name in asked:
            self._later[name] = now + AGAIN_SECONDS
        for name in session.users_shared_with:
            self._later.pop(name, None)

    async def _members_of(self, room: str) -> list[str]:
        if room not in self._members:
            answer = await self.connection.home.call("GET", room_path(room, "joined_members"))
            self._members[room] = sorted(part(answer, "joined", dict))
        return self._members[room]

    async def _ask_devices(self, users: Sequence[str]) -> None:
        body: dict[str, Any] = {"device_keys": {user: [] for user in users}}
        answer = part(await self.connection.home.call("POST", f"{CLIENT}/keys/query", body), "device_keys", dict)
        keys = {user: self._usable(user, _mapping(answer.get(user))) for user in users}
        self.olm.handle_response(KeysQueryResponse(keys, {}))

    def _usable(self, user: str, devices: Mapping[str, Any]) -> dict[str, Any]:
        """The devices of somebody with which a conversation could begin."""
        usable = {}
        for name, payload in devices.items():
            try:
                usable[name] = self._checked(user, name, payload)
            except Exception as error:  # vodozemac's, and whatever a JSON of another shape leads to
                log.warning("a device cannot be used", user=user, device=name[:50], error=repr(error)[:200])
        return usable

    def _checked(self, user: str, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        plain = {key: value for key, value in payload.items() if key != "unsigned"}  # nio trusts its shape
        keys = plain["keys"]
        if len(name) > LONGEST_DEVICE or not name.isprintable():
            raise ValueError("not the id of a device")
        if plain["user_id"] != user or plain["device_id"] != name:
            raise ValueError("the keys of another device")
        Curve25519PublicKey.from_base64(keys[f"curve25519:{name}"])
        if not self.olm.verify_json(dict(plain), keys[f"ed25519:{name}"], user, name):
            raise ValueError("not signed by itself")
        return plain

    async def _meet(self, devices: set[tuple[str, str]]) -> None:
        """Begin a conversation with each of these."""
        wanted: dict[str, list[str]] = {}
        for user, device in sorted(devices):
            wanted.setdefault(user, []).append(device)
        await self._claim(wanted)

    async def _claim(self, wanted: Mapping[str, Sequence[str]]) -> None:
        if not wanted:
            return
        body = {"one_time_keys": {user: dict.fromkeys(devices, ONE_TIME) for user, devices in wanted.items()}}
        answer = await self.connection.home.call("POST", f"{CLIENT}/keys/claim", body)
        for user, devices in part(answer, "one_time_keys", dict).items():
            for device, keys in _mapping(devices).items():
                if keys:
                    self._begin(user, device, keys)

    def _begin(self, user: str, device: str, keys: Mapping[str, Any]) -> None:
        try:
            self.olm.handle_response(KeysClaimResponse({user: {device: keys}}, {}))
        except Exception as error:
            log.warning("no conversation with a device", user=user, device=device, error=repr(error)[:200])

    async def _send_to_devices(self, messages: Mapping[str, Any]) -> None:
        await self._flush()
        path = f"{CLIENT}/sendToDevice/m.room.encrypted/{secrets.token_hex(8)}"
        await self.connection.home.call("PUT", path, messages)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
