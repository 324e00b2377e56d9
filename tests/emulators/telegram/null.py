"""A Bot API server that says yes and does nothing, for measuring how fast a bot can send.

A bare protocol, not an application: it must be faster than what it measures. It knows one chat per chat_id, counts
messages, and answers sendMessage and its like with the smallest Message.
"""

import asyncio
import re
import time
from itertools import count

NUMBER = re.compile(rb'(?:chat_id"?[=:]\s*"?)(-?\d+)')
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
PATH = re.compile(rb"^[A-Z]+ /bot[^/ ]+/(\w+)")
ME = b'{"id":7000000001,"is_bot":true,"first_name":"null","username":"null_bot","can_join_groups":true}'


class NullServer(asyncio.Protocol):
    """One connection. `sent` counts the messages of all connections."""

    sent = 0
    _ids = count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._kept = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer every complete call in what has come."""
        self._kept += data
        while (end := self._kept.find(b"\r\n\r\n")) >= 0:
            head = self._kept[:end]
            found = LENGTH.search(head)
            if found is None and b"chunked" in head.lower():
                if (last := self._kept.find(b"0\r\n\r\n", end + 4)) < 0:
                    return
                whole = last + 5
            else:
                whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._kept) < whole:
                return
            call, self._kept = self._kept[:whole], self._kept[whole:]
            self._answer(call)

    def _answer(self, call: bytes) -> None:
        path = PATH.match(call)
        method = path[1].lower() if path else b""
        if method == b"getme":
            result = ME
        elif method == b"getupdates":
            result = b"[]"
        elif method.startswith((b"send", b"edit")) and method != b"sendchataction":
            NullServer.sent += 1
            chat = NUMBER.search(call)
            number = chat[1] if chat else b"1"
            kind = b'"type":"private","first_name":"x"' if number[:1] != b"-" else b'"type":"supergroup","title":"x"'
            message = (next(NullServer._ids), int(time.time()), number, kind)
            result = b'{"message_id":%d,"date":%d,"chat":{"id":%b,%b},"text":"x"}' % message
        else:
            result = b"true"
        body = b'{"ok":true,"result":%b}' % result
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def start_null_server(port: int = 0) -> tuple[asyncio.Server, str]:
    """Start one; returns the server (close it) and the api_base."""
    server = await asyncio.get_running_loop().create_server(NullServer, "127.0.0.1", port)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
