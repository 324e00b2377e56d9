"""Our account vouches for its device (cross-signing, API 11.12.3): clients begin to shut out those nobody vouches for.

nio does not know it, so it is done by raw calls.
"""

import base64
from collections.abc import Mapping
from typing import Any

from bot.platforms.base import Rejected, Transient
from bot.platforms.matrix.homeserver import CLIENT, Refused
from bot.platforms.matrix.secrecy import Secrecy

USES = ("master", "self_signing", "user_signing")


async def sign_device(secrecy: Secrecy) -> None:
    """Vouch for the device, unless that is done. What cannot be done is named by `check`. Raises SendError."""
    connection, keyring = secrecy.connection, secrecy.keyring
    if keyring.get("signed") == connection.device_id:
        return
    answer = await connection.home.call("POST", f"{CLIENT}/keys/query", {"device_keys": {connection.me: []}})
    if not is_signed(answer, connection.me, connection.device_id):
        await _sign(secrecy, answer)
    keyring.put("signed", "", connection.device_id)
    await secrecy.flush()


def is_signed(answer: Mapping[str, Any], user: str, device: str) -> bool:
    """Whether the account's self-signing key signed a device, as /keys/query tells."""
    keys = _mapping(_mapping(answer.get("device_keys")).get(user)).get(device)
    own = _mapping(_mapping(answer.get("self_signing_keys")).get(user)).get("keys")
    signatures = _mapping(_mapping(_mapping(keys).get("signatures")).get(user))
    return any(key in signatures for key in _mapping(own))


async def _sign(secrecy: Secrecy, answer: Mapping[str, Any]) -> None:
    connection, keyring = secrecy.connection, secrecy.keyring
    seeds = keyring.get("signing")
    if seeds is None:
        from Crypto.Random import get_random_bytes

        seeds = {use: base64.b64encode(get_random_bytes(32)).decode() for use in USES}
        keyring.put("signing", "", seeds)
        await secrecy.flush()
    if is_foreign(answer, connection.me, seeds):
        # with it somebody may have verified people and devices: it is theirs to replace
        raise Rejected("the account has an identity that another client made")
    if _identity(answer, connection.me) is None:
        await _publish(secrecy, seeds)
    device = _mapping(_mapping(answer.get("device_keys")).get(connection.me)).get(connection.device_id)
    if device is None:
        raise Transient("the homeserver does not know the keys of our device yet")
    signed = _signed({k: v for k, v in device.items() if k != "unsigned"}, connection.me, seeds["self_signing"])
    body = {connection.me: {connection.device_id: signed}}
    said = await connection.home.call("POST", f"{CLIENT}/keys/signatures/upload", body)
    if said.get("failures"):
        raise Refused(400, "", f"the signature was not taken: {said['failures']}")


def is_foreign(answer: Mapping[str, Any], user: str, seeds: Mapping[str, str] | None) -> bool:
    """Whether an account is known by a key that is none of these (our own `seeds`), as /keys/query tells."""
    identity = _identity(answer, user)
    return identity is not None and (seeds is None or identity != _public(seeds["master"]))


def _identity(answer: Mapping[str, Any], user: str) -> str | None:
    """The public key that an account is known by, as /keys/query tells; None where it has none."""
    keys = _mapping(_mapping(_mapping(answer.get("master_keys")).get(user)).get("keys"))
    return next((str(key) for key in keys.values()), None)


async def _publish(secrecy: Secrecy, seeds: Mapping[str, str]) -> None:
    """The account's three keys. The first time this needs no password, later it does."""
    connection = secrecy.connection
    body: dict[str, Any] = {}
    for use in USES:
        public = _public(seeds[use])
        key = {"user_id": connection.me, "usage": [use], "keys": {f"ed25519:{public}": public}}
        body[f"{use}_key"] = key if use == "master" else _signed(key, connection.me, seeds["master"])
    path = f"{CLIENT}/keys/device_signing/upload"
    try:
        await connection.home.call("POST", path, body)
    except Refused as error:
        password = connection.config.password.get_secret_value()
        if error.status != 401 or not password:
            raise
        proof = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": connection.me},
                 "password": password, "session": error.session}  # fmt: skip
        await connection.home.call("POST", path, {**body, "auth": proof})


def _signed(thing: Mapping[str, Any], user: str, seed: str) -> dict[str, Any]:
    """A JSON object with one more signature (API, Appendices: Signing JSON)."""
    from Crypto.Signature import eddsa
    from nio.api import Api

    plain = {name: value for name, value in thing.items() if name not in ("signatures", "unsigned")}
    made = eddsa.new(_key(seed), "rfc8032").sign(Api.to_canonical_json(plain).encode())
    before = _mapping(thing.get("signatures"))
    mine = {**_mapping(before.get(user)), f"ed25519:{_public(seed)}": _base64(made)}
    return {**plain, "signatures": {**before, user: mine}}


def _key(seed: str) -> Any:
    from Crypto.PublicKey import ECC

    return ECC.construct(curve="Ed25519", seed=base64.b64decode(seed))


def _public(seed: str) -> str:
    return _base64(_key(seed).public_key().export_key(format="raw"))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
