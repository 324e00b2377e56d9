"""The socket that the service listens on."""

import asyncio
import socket

from bot.__main__ import listen


async def test_answers_are_not_held_back() -> None:
    """Without TCP_NODELAY the second packet of every answer waits for the client's acknowledgement: 40 ms."""
    delays: list[int] = []

    async def look(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        delays.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen("127.0.0.1", 0)
    async with await asyncio.start_server(look, sock=listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert delays == [1]
