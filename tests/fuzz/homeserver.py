"""A Matrix homeserver in this process: it answers as one does, and refuses what the specification does not allow."""

import json
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count
from random import Random
from typing import Any
from urllib.parse import unquote

from bot.platforms.matrix.homeserver import CLIENT, Homeserver

ME = "@gongfang:fuzz.test"
SEND = re.compile(r"/rooms/([^/]+)/send/([^/]+)/")
STATE = re.compile(r"/rooms/([^/]+)/(state|messages|joined_members)\b")
PROFILE = re.compile(r"/profile/([^/]+)/")
MOST_BYTES = 65_536
LARGEST = 2**53 - 1
Answer = tuple[int, Any]


class Said:
    """An answer as aiohttp hands it over."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.headers, self.content_type = status, dict[str, str](), "application/octet-stream"
        self._body, self.content = json.dumps(body).encode(), self

    async def read(self) -> bytes:
        return self._body

    async def iter_chunked(self, _size: int) -> AsyncIterator[bytes]:
        yield b"what somebody sent"

    async def __aenter__(self) -> "Said":
        return self

    async def __aexit__(self, *_: Any) -> None:
        pass


class Home(Homeserver):
    """The bot's homeserver. `next_sync` makes the answer to the next question what is new."""

    def __init__(self, chance: Random, next_sync: Callable[[], Any], odd: Callable[[Any], Any]) -> None:
        super().__init__("http://127.0.0.1:9")
        self.chance, self.next_sync, self.odd = chance, next_sync, odd
        self.calls: Counter[str] = Counter()
        self.said: Counter[str] = Counter()  # by room
        self.refused: list[str] = []
        self.events: deque[tuple[str, str]] = deque(maxlen=200)  # (room, event) of ours
        self.polls: deque[tuple[str, str]] = deque(maxlen=40)
        self.texts: deque[str] = deque(maxlen=50)
        self.garbled = True  # some answers are odd
        self._numbers = count(1)

    def _ask(self, method: str, path: str, query: Mapping[str, Any] | None, data: Any, headers: dict[str, str],
             seconds: float | None) -> Any:  # fmt: skip
        return _Asked(self, method, path, data)

    async def answer(self, method: str, path: str, data: Any) -> Said:
        """What it says to a question."""
        if isinstance(data, bytes):
            body = json.loads(data)
        else:
            body, size = None, sum([len(piece) async for piece in data]) if data is not None else 0
            self.calls["bytes"] += size
        path = path.removeprefix(CLIENT)
        self.calls[f"{method} {re.sub(r'[!@$#][^/]*|%[^/]*', '*', path).split('?')[0][:24]}"] += 1
        status, said = self._answer(method, path, body)
        if self.garbled and not path.startswith("/sync") and "whoami" not in path and self.chance.random() < 0.01:
            said = self.odd(said)
        return Said(status, said)

    def _answer(self, method: str, path: str, body: Any) -> Answer:
        if path.startswith("/sync"):
            return 200, self.next_sync()
        if (sent := SEND.search(path)) is not None:
            return self._take(unquote(sent[1]), unquote(sent[2]), body)
        if (asked := STATE.search(path)) is not None and method == "GET":
            return 200, {"state": [], "messages": {"chunk": []}, "joined_members": {"joined": {ME: {}}}}[asked[2]]
        if PROFILE.match(path):
            return 200, {"displayname": "李老师"}
        fixed: dict[str, Any] = {
            "/account/whoami": {"user_id": ME, "device_id": "FUZZ"}, "/joined_rooms": {"joined_rooms": []},
            "/createRoom": {"room_id": f"!made{next(self._numbers)}:fuzz.test"}, "/keys/query": {"device_keys": {}},
            "/keys/claim": {"one_time_keys": {}}, "/keys/upload": {"one_time_key_counts": {"signed_curve25519": 50}},
        }  # fmt: skip
        if path in fixed:
            return 200, fixed[path]
        if "upload" in path:
            return 200, {"content_uri": "mxc://fuzz.test/ours"}
        return 200, {"event_id": f"$ours{next(self._numbers)}"}

    def _take(self, room: str, kind: str, content: Any) -> Answer:
        if (wrong := fault_of(kind, content)) is not None:
            self.refused.append(f"{wrong}: {kind} {content!r:.1000}")
            return 400, {"errcode": "M_BAD_JSON", "error": wrong}
        event = f"$ours{next(self._numbers)}"
        if kind.endswith("poll.start"):
            self.polls.append((room, event))
        if kind != "m.reaction":
            self.said[room] += 1
        self.events.append((room, event))
        self.texts.append(str(content.get("body", "")))
        return 200, {"event_id": event}


class _Asked:
    """A question under way."""

    def __init__(self, home: Home, method: str, path: str, data: Any) -> None:
        self.home, self.question = home, (method, path, data)

    async def __aenter__(self) -> Said:
        return await self.home.answer(*self.question)

    async def __aexit__(self, *_: Any) -> None:
        pass


def fault_of(kind: str, content: Any) -> str | None:
    """Why an event may not be sent: it is no canonical JSON, too long, or without words."""
    if not isinstance(content, dict):
        return "no object"
    try:
        size = len(json.dumps(content, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return "no text"
    if size > MOST_BYTES - 2_000:
        return f"{size} bytes"
    if any(type(one) is float or (type(one) is int and abs(one) > LARGEST) for one in _values(content)):
        return "a number that canonical JSON does not know"
    if kind == "m.room.message" and not (isinstance(content.get("body"), str) and content.get("msgtype")):
        return "a message without words"
    return None


def _values(value: Any) -> list[Any]:
    found, left = [], [value]
    while left:
        one = left.pop()
        found.append(one)
        left.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
    return found
