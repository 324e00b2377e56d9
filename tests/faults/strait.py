"""What lies between a process and what it talks to: all passes, or slowly, or nothing does and nobody is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Strait:
    """One proxy. `seconds`: how long every piece takes; `open`: unset, nothing passes and nobody is told."""

    seconds: float = 0.0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    pumps: set["asyncio.Task[None]"] = field(default_factory=set)

    def close(self) -> None:
        """From now on nothing passes; connections stay, and new ones are taken."""
        self.open.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction of one connection."""
        with suppress(OSError, asyncio.CancelledError):
            while piece := await reader.read(1 << 16):
                await asyncio.sleep(self.seconds)
                await self.open.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry until one side hangs up."""
        task = asyncio.create_task(self.carry(reader, writer))
        self.pumps.add(task)
        task.add_done_callback(self.pumps.discard)


@asynccontextmanager
async def a_strait(*, to_port: int = 0, to_socket: Path | None = None, at_socket: Path | None = None,
                   ) -> AsyncIterator[tuple[Strait, int]]:  # fmt: skip
    """A proxy on a free port, or at a Unix socket; with its port, 0 for a socket."""
    strait = Strait()
    strait.open.set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if to_socket is not None:
                there, back = await asyncio.open_unix_connection(to_socket)
            else:
                there, back = await asyncio.open_connection("127.0.0.1", to_port)
        except OSError:
            writer.close()
            return
        strait.begin(reader, back)
        strait.begin(there, writer)

    if at_socket is not None:
        server = await asyncio.start_unix_server(serve, at_socket)
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield strait, 0 if at_socket is not None else server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(strait.pumps):
            task.cancel()
        await asyncio.gather(*strait.pumps, return_exceptions=True)
