"""The homeserver, asked in JSON over HTTP (Matrix client-server API). Every failure becomes a SendError.

A limit (429) is handed to whoever asked: the outbox waits as long as it is told, nobody sleeps in here.
"""

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp

from bot.inbound import UNNAMED
from bot.platforms.base import LONGEST_WAIT, Ambiguous, Gone, Rejected, RetryAfter, Transient
from bot.platforms.opened import read_all

Kind = TypeVar("Kind")

CLIENT = "/_matrix/client/v3"
MEDIA = "/_matrix/client/v1/media"
PATIENCE = 30.0  # seconds for an answer; a sync adds the time it waits
PAGES = frozenset({"text/html", "application/json"})  # what something in a homeserver's place answers with
UNSAID = 5.0  # seconds to wait where a limit does not say how long
# of an administrator or of a moment, never of what was asked
PASSING = frozenset({"M_RESOURCE_LIMIT_EXCEEDED", "M_CONSENT_NOT_GIVEN", "M_USER_LOCKED"})


class Refused(Rejected):
    """The homeserver says no, and why."""

    def __init__(self, status: int, code: str, words: str, session: str = "") -> None:
        super().__init__(f"{status} {code}: {words}")
        self.status, self.code, self.session = status, code, session  # session: where it wants to be asked again


class SignedOut(Transient):
    """The access token is not valid (any more): everything waits for another one."""


class Homeserver:
    """One account's connection. `token` is set by whoever signs in."""

    def __init__(self, url: str) -> None:
        self.url, self.token = url.rstrip("/"), ""
        self._http: aiohttp.ClientSession | None = None
        self._most: int | None = None

    async def call(self, method: str, path: str, body: Any = None, *, query: Mapping[str, Any] | None = None,
                   wait: float = 0.0) -> dict[str, Any]:  # fmt: skip
        """Ask something (`path` begins after the host); `wait` more seconds are fine. Raises SendError."""
        data = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if data is not None else {}
        async with self._ask(method, path, query, data, headers, PATIENCE + wait) as answer:
            return await self._read(answer)

    async def list(self, path: str) -> list[Any]:
        """Get something whose answer is a list. Raises SendError."""
        async with self._ask("GET", path, None, None, {}, PATIENCE) as answer:
            return await self._read(answer, list)

    async def upload(self, pieces: AsyncIterable[bytes], size: int, mime: str, name: str = "") -> str:
        """Upload `size` bytes as they come; returns their mxc:// address."""
        query, headers = ({"filename": name} if name else None), {"Content-Type": mime, "Content-Length": str(size)}
        async with self._ask("POST", "/_matrix/media/v3/upload", query, pieces, headers, None) as answer:
            return part(await self._read(answer), "content_uri", str)

    async def most_bytes(self) -> int | None:
        """The largest upload it takes; None where it does not say. Asked once: over it, Synapse cuts the line."""
        if self._most is None:
            said = (await self.call("GET", f"{MEDIA}/config")).get("m.upload.size")
            self._most = said if isinstance(said, int) else 0
        return self._most or None

    async def download(self, mxc: str, mime: str = UNNAMED, size: int = 0) -> AsyncIterator[bytes]:
        """The bytes behind an mxc:// address, in pieces; `mime`, `size`: what they are said to be. Raises SendError
        (Gone: never again), for another length after the last piece."""
        server, _, media = mxc.removeprefix("mxc://").partition("/")
        if not mxc.startswith("mxc://") or not server or not media:
            raise Gone(f"not an address of a file: {mxc[:100]}")
        path = f"{MEDIA}/download/{quote(server, safe=':')}/{quote(media, safe='')}"
        async with self._ask("GET", path, None, None, {}, None) as answer:
            if answer.status != 200:
                try:
                    await self._read(answer)
                except Refused as error:
                    raise Gone(str(error)) from error
            page, came = answer.content_type in PAGES and answer.content_type != mime, 0
            if page and mime != UNNAMED:
                raise Transient(f"{answer.content_type} came instead of a file")
            async for piece in answer.content.iter_chunked(1 << 16):
                came += len(piece)
                yield piece
            if page and size and came != size:  # else it is somebody's page, whose sender did not say so
                raise Transient(f"{answer.content_type} of another length came instead of a file")

    async def close(self) -> None:
        """Hang up; the next question connects again."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def _ask(self, method: str, path: str, query: Mapping[str, Any] | None, data: Any, headers: dict[str, str],
             seconds: float | None) -> "_Asking":  # fmt: skip
        if self._http is None:
            # connections stay few: the outbox serves so many chats at once (`at_once` in bot/deliver.py)
            self._http = aiohttp.ClientSession(trust_env=True, cookie_jar=aiohttp.DummyCookieJar())
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        timeout = aiohttp.ClientTimeout(total=seconds, connect=PATIENCE)
        return _Asking(
            self._http.request(method, _url(self.url + path), params=query, data=data, headers=headers, timeout=timeout)
        )

    async def _read(self, answer: aiohttp.ClientResponse, kind: type = dict) -> Any:
        try:
            said = read_all(await answer.read() or b"{}")  # one odd event in a sync must not keep all others away
        except (ValueError, RecursionError):
            said = None
        except aiohttp.ClientError as error:
            raise Ambiguous(_words(error)) from error
        if answer.status == 200 and isinstance(said, kind):
            return said
        said = said if isinstance(said, dict) else {}
        code, words = str(said.get("errcode", "")), str(said.get("error", ""))[:300]
        if answer.status == 429:
            raise RetryAfter(_seconds(said, answer.headers.get("Retry-After")), whole_bot=True)
        if code == "M_UNKNOWN_TOKEN" or code == "M_MISSING_TOKEN":
            raise SignedOut(words)
        # without a code it is no homeserver's word but a proxy's; unless more is asked for (401), or the proxy takes no
        # file as large as this
        its_word = bool(code) or "session" in said or answer.status == 413
        if answer.status >= 500 or answer.status in (200, 408):
            raise Ambiguous(f"{answer.status} {code}: {words}")
        if code in PASSING or not its_word:
            raise Transient(f"{answer.status} {code}: {words}")
        raise Refused(answer.status, code, words, str(said.get("session", "")))


class _Asking:
    """A request whose connection problems are Transient, or Ambiguous once it was sent."""

    def __init__(self, request: Any) -> None:
        self._request = request

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            return await self._request.__aenter__()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Transient(_words(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Ambiguous(_words(error)) from error

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        await self._request.__aexit__(kind, error, trace)
        if isinstance(error, (aiohttp.ClientError, TimeoutError)):
            raise Ambiguous(_words(error)) from error


def part(answer: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind:
    """What an answer must hold. Raises Ambiguous: what has none is not the homeserver's word."""
    value = answer.get(name)
    if not isinstance(value, kind):
        raise Ambiguous(f"an answer without {name}")
    return value


def room_path(room: str, rest: str) -> str:
    """The path of something in a room. Room ids are quoted whole: those of version 12 have no server in them."""
    return f"{CLIENT}/rooms/{quote(room, safe='')}/{rest}"


def _url(address: str) -> Any:
    from yarl import URL

    return URL(address, encoded=True)


def _seconds(said: Mapping[str, Any], header: str | None) -> float:
    asked = said.get("retry_after_ms")
    if isinstance(asked, (int, float)) and asked >= 0:
        return min(asked, 1000 * LONGEST_WAIT) / 1000
    return float(header) if header is not None and header.isdecimal() else UNSAID


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
