"""Files that people sent, in a folder, in memory or in S3, through obstore. Keys are generated, never typed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from storage.base import new_pid
from storage.engine import StorageUnavailable

PART = 256 * 1024  # bytes of a file that are in memory at a time
S3_PART = 5 * 2**20  # S3 takes no smaller ones
# somebody waits: what has to wait longer is tried again by whoever has the time
RETRY: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}


class Blobs:
    """The blob store. A key is opaque; the names people gave live in the database. Raises ValueError for a bad URL.

    Everything raises StorageUnavailable when the store cannot do its work now: full, away, not allowed.
    """

    def __init__(self, url: str) -> None:
        from obstore.exceptions import BaseError

        try:
            self._store = _open(url)
            self._part = S3_PART if url.startswith("s3:") else PART
        except BaseError as error:
            raise ValueError(str(error).partition("\n")[0]) from error

    async def put(self, data: bytes | IO[bytes]) -> str:
        """Store bytes, or all of an open file, durably under a new key. Of a file only a part is in memory."""
        key = f"{(pid := new_pid())[:2]}/{pid}"
        await self.put_back(key, data)
        return key

    async def put_back(self, key: str, data: bytes | IO[bytes]) -> None:
        """Store what a backup has under the key it had; what is there under that key is replaced."""
        import obstore

        with _translated():
            if not isinstance(data, bytes):
                data.seek(0)
            await obstore.put_async(self._store, key, data, chunk_size=self._part, max_concurrency=1)

    async def has(self, key: str) -> bool:
        """Whether there are bytes under a key."""
        import obstore

        with _translated():
            try:
                await obstore.head_async(self._store, key)
            except FileNotFoundError:
                return False
        return True

    async def get(self, key: str) -> bytes:
        """All bytes of a key. Raises FileNotFoundError."""
        import obstore

        with _translated():
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to (not including) `end`, in pieces: what a Range request wants."""
        import obstore

        options: Any = {"range": (start, end)} if end is not None else {"range": {"offset": start}}
        with _translated():
            found = await obstore.get_async(self._store, key, options=options if start or end is not None else None)
            async for piece in found.stream(min_chunk_size=PART):
                yield bytes(piece)

    async def delete(self, key: str) -> None:
        """Remove a key; one that is not there is no error."""
        import obstore

        with suppress(FileNotFoundError), _translated():
            await obstore.delete_async(self._store, key)


@contextmanager
def _translated() -> Iterator[None]:
    """obstore's own errors are no OSError; FileNotFoundError is let through."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise StorageUnavailable(str(error)) from error


def _open(url: str) -> Any:
    from obstore.store import LocalStore, MemoryStore, S3Store

    if url.startswith("memory:"):
        return MemoryStore()
    if url.startswith("file:"):
        folder = Path(url.removeprefix("file:")).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder)
    parts = urlsplit(url)
    options: Any = dict(parse_qsl(parts.query))
    return S3Store(parts.netloc, prefix=parts.path.strip("/") or None, retry_config=RETRY, **options)
