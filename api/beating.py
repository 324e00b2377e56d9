"""Every process of the service says that it is here, where it is asked, and when its clock last ticked."""

import os
import socket
from contextlib import suppress
from datetime import datetime, timedelta

from api.context import Context
from api.runtime import Runtime, StorageUnavailable
from storage import processes
from storage.processes import Seen

BEAT_SECONDS = 10.0
MISSED = timedelta(seconds=35)  # three beats: who was not seen for longer is away, or has no database
FORGOTTEN = timedelta(days=1)


def machine() -> str:
    """What this machine calls itself."""
    return socket.gethostname()[:100]


async def keep_beating(runtime: Runtime, role: str, address: str) -> None:
    """Say so until the service stops, and then that it ended. Where it is asked on its own machine: `address`.

    A beat that the database does not take is missed, which says enough.
    """
    name, started = f"{machine()}:{os.getpid()}", runtime.now()
    waiter = runtime.signals.waiter("beat")
    try:
        while not runtime.stopping:
            with suppress(StorageUnavailable):
                await runtime.transact(say_here, name, role, address, started, runtime.ticked_at, system=True)
            await waiter.wait(BEAT_SECONDS)
    finally:
        waiter.close()
    with suppress(StorageUnavailable):
        await runtime.transact(say_ended, name, system=True)


def say_here(ctx: Context, name: str, role: str, address: str, started: datetime, ticked: datetime | None) -> None:
    """Keep that a process is here."""
    processes.beat(
        ctx.session, name=name, role=role, address=address, started_at=started, ticked_at=ticked, seen_at=ctx.now
    )


def say_ended(ctx: Context, name: str) -> None:
    """Forget a process that ends, and those that ended long ago without a word."""
    processes.forget(ctx.session, name, ctx.now - FORGOTTEN)


def is_here(process: Seen, now: datetime) -> bool:
    """Whether a process was seen lately."""
    return now - process.seen_at <= MISSED


__all__ = ["Seen", "is_here", "keep_beating", "machine"]
