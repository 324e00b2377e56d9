"""A device's keys as a client uploads them, or as nobody should: for people whose client is a bare HTTP connection."""

import base64
from typing import Any

import vodozemac
from nio.api import Api

from tests.support.matrix import Somebody

OLM = "m.olm.v1.curve25519-aes-sha2"


class Keys:
    """The encryption of somebody's device."""

    def __init__(self, somebody: Somebody) -> None:
        self.somebody, self.account = somebody, vodozemac.Account()
        self.user, self.device = somebody.user_id, somebody.account.device_id
        self.curve = self.account.curve25519_key.to_base64()

    async def publish(self, curve: str = "") -> None:
        """Tell who this device is; `curve` instead of its own key."""
        self.curve = curve or self.curve
        names = {"ed25519": self.account.ed25519_key.to_base64(), "curve25519": self.curve}
        keys = {"user_id": self.user, "device_id": self.device, "algorithms": [OLM, "m.megolm.v1.aes-sha2"],
                "keys": {f"{name}:{self.device}": key for name, key in names.items()}}  # fmt: skip
        await self.somebody.ask("POST", "keys/upload", {"device_keys": self.signed(keys)})

    async def give_one_time_keys(self, key: str = "") -> None:
        """Let conversations begin; with `key` instead of good ones."""
        self.account.generate_one_time_keys(5)
        keys = {f"signed_curve25519:{name}": self.signed({"key": key or one.to_base64()})
                for name, one in self.account.one_time_keys.items()}  # fmt: skip
        self.account.mark_keys_as_published()
        await self.somebody.ask("POST", "keys/upload", {"one_time_keys": keys})

    def signed(self, thing: dict[str, Any]) -> dict[str, Any]:
        """As the device signs it."""
        made = self.account.sign(Api.to_canonical_json(thing).encode()).to_base64()
        return {**thing, "signatures": {self.user: {f"ed25519:{self.device}": made}}}

    async def garble(self, user: str, device: str, curve: str) -> None:
        """Send another device (and its key) a message that it cannot read."""
        one, other = vodozemac.Account(), vodozemac.Account()
        other.generate_one_time_keys(1)
        there = one.create_outbound_session(other.curve25519_key, next(iter(other.one_time_keys.values())))
        first = vodozemac.PreKeyMessage.from_base64(_words(there.encrypt(b"1").to_parts()[1]))
        back, _ = other.create_inbound_session(one.curve25519_key, first)
        body = {"type": 1, "body": _words(back.encrypt(b"2").to_parts()[1])}
        content = {"algorithm": OLM, "sender_key": self.curve, "ciphertext": {curve: body}}
        await self.somebody.ask("PUT", "sendToDevice/m.room.encrypted/1", {"messages": {user: {device: content}}})


def _words(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
