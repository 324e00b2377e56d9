"""Files of encrypted rooms, piece by piece: AES-CTR, and the SHA-256 of what the homeserver keeps (API, 11.11.8)."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.platforms.base import Gone

NONCE = 8  # bytes; the other half of the initial value counts blocks


class Seal:
    """A key for one file. `how` is what the event tells its readers, once all of the file went through."""

    def __init__(self) -> None:
        from Crypto.Random import get_random_bytes

        self._key, self._start = get_random_bytes(32), get_random_bytes(NONCE) + bytes(NONCE)
        self._hash = hashlib.sha256()

    async def close(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The file, encrypted."""
        cipher = _cipher(self._key, self._start)
        async for piece in pieces:
            sealed = cipher.encrypt(piece)
            self._hash.update(sealed)
            yield sealed

    def how(self) -> dict[str, Any]:
        """The EncryptedFile of the event, without its address."""
        secret = base64.urlsafe_b64encode(self._key).decode().rstrip("=")
        key = {"kty": "oct", "alg": "A256CTR", "ext": True, "key_ops": ["encrypt", "decrypt"], "k": secret}
        return {"v": "v2", "key": key, "iv": _words(self._start), "hashes": {"sha256": _words(self._hash.digest())}}


async def opened(pieces: AsyncIterator[bytes], how: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """The file as it was. Raises Gone where it is not what was sent: what came before that is of no use then."""
    try:
        cipher, expected = _cipher(_bytes(how["key"]["k"]), _bytes(how["iv"])), _bytes(how["hashes"]["sha256"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Gone(f"not a key of a file: {error}") from error
    found = hashlib.sha256()
    async for piece in pieces:
        found.update(piece)
        yield cipher.decrypt(piece)
    if found.digest() != expected:
        raise Gone("not what was sent")


def _cipher(key: bytes, start: bytes) -> Any:
    from Crypto.Cipher import AES

    return AES.new(key, AES.MODE_CTR, nonce=start[:NONCE], initial_value=start[NONCE:])


def _bytes(words: str) -> bytes:
    """Of base64 without padding, in either alphabet."""
    return base64.urlsafe_b64decode(words.replace("+", "-").replace("/", "_") + "=" * (-len(words) % 4))


def _words(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
