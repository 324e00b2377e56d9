"""Signals between the processes of one PostgreSQL: what one wakes, all wake. A lost ring only costs time."""

import asyncio

import structlog

from api.runtime import Runtime, StorageUnavailable, race
from storage.bell import Bell, open_bell

log = structlog.get_logger()

TOGETHER = 0.02  # seconds: signals this close together are rung once
AGAIN = 5.0


async def keep_ringing(runtime: Runtime) -> None:
    """Pass signals on in both directions until cancelled; after a lost connection, on a new one."""
    while True:
        try:
            async with open_bell(runtime.database.url) as bell:
                await _ring(runtime, bell)
        except StorageUnavailable as error:
            log.warning("signals between processes stop for now", error=str(error))
        finally:
            runtime.signals.relay = None
        await asyncio.sleep(AGAIN)


async def _ring(runtime: Runtime, bell: Bell) -> None:
    loop = asyncio.get_running_loop()
    waiting: set[str] = set()
    something = asyncio.Event()

    def add(name: str) -> None:
        waiting.add(name)
        something.set()

    def relay(name: str) -> None:
        loop.call_soon_threadsafe(add, name)

    async def pass_on() -> None:
        while True:
            await something.wait()
            await asyncio.sleep(TOGETHER)
            something.clear()
            names = sorted(waiting)
            waiting.clear()
            await bell.ring(names)

    async def listen() -> None:
        async for name in bell.heard():
            runtime.signals.wake(name)

    runtime.signals.relay = relay
    runtime.signals.wake_all()  # whatever was rung while nobody listened
    await race(pass_on(), listen())  # who is heard and does not hear, or the other way round, begins anew with both
