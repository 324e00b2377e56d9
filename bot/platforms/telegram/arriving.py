"""What Telegram tells us becomes rows of the inbox before Telegram hears that we have it: by polling and by webhook."""

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from api.messaging.receiving import ALBUM_PAUSE, Arrival, begin_to_read, cursor, read_on, receive
from api.metrics import LAST_READ, note_age
from api.owning import AGAIN_SECONDS, Owner, Taken
from api.runtime import Runtime, StorageUnavailable
from bot.platforms.base import RetryAfter, SendError, Unreadable
from bot.platforms.opened import check_opened
from bot.platforms.telegram.fields import LARGEST
from bot.platforms.telegram.joining import one_by_one
from bot.platforms.telegram.reading import KINDS, album_of, place_of

if TYPE_CHECKING:
    from bot.platforms.telegram.client import Client

log = structlog.get_logger()

TELEGRAM = "telegram"
OFFSET = "offset"
NOWHERE = "?"  # the chat of what cannot be read
SLOWEST_RETRY = 30.0
LATE = 0.2  # seconds after which an album is looked at, over the pause that the inbox keeps


async def take_in(runtime: Runtime, account: str, updates: list[Any], offset: int | None = None,
                  reader: str = "") -> None:  # fmt: skip
    """Store updates, together with the offset to read on from; returns after the commit. A repeat changes nothing.

    Raises Taken.
    """
    arrivals = [arrival for update in updates for arrival in arrivals_of(update)]
    position = (OFFSET, str(offset)) if offset is not None else None
    await runtime.transact(receive, TELEGRAM, account, arrivals, position, reader)
    note_age(TELEGRAM, runtime.now().timestamp(), newest_of(updates))
    watch_albums(runtime, arrivals)


def watch_albums(runtime: Runtime, arrivals: list[Arrival]) -> None:
    """Have the parts of an album handled when the last of them is there."""
    if any(arrival.album for arrival in arrivals):
        runtime.spawn(_look_again(runtime), "telegram-album")


def arrivals_of(update: Any) -> list[Arrival]:
    """An update as the inbox keeps it: of several people who came at once, each by themselves."""
    arrival = arrival_of(update)
    if arrival.dead:
        return [arrival]
    first, *others = one_by_one(update)
    more = [replace(arrival, event_id=f"{arrival.event_id}:{n}", raw=raw) for n, raw in enumerate(others, 2)]
    return [replace(arrival, raw=first), *more]


def arrival_of(update: Any) -> Arrival:
    """An update as the inbox keeps it. What has no place is dead at once."""
    number = _number(update)
    event = str(number) if number is not None else f"no-id:{hashlib.sha256(_text(update).encode()).hexdigest()}"
    try:
        check_opened(update)
    except ValueError as error:  # no database would keep it, and all that follows would wait for it
        return Arrival(event, NOWHERE, "room", {"text": _text(update)}, dead=str(error))
    if number is None:
        return Arrival(event, NOWHERE, "room", {"update": update}, dead="an update without its id")
    try:
        place = place_of(update)
    except Unreadable as error:
        return Arrival(event, NOWHERE, "room", update, dead=str(error))
    return Arrival(event, place.native, place.kind, update, place.title, album=album_of(update))


async def poll(runtime: Runtime, client: "Client", account: str) -> None:
    """Read updates until cancelled, while no other process does: Telegram ends the poll of one reader when a second one
    comes."""
    owner, why = Owner(runtime, f"{TELEGRAM}:{account}"), ""
    try:
        while True:
            try:
                if await owner.take():
                    await owner.work(_read(runtime, client, account, owner.holder))
            except (Taken, StorageUnavailable) as error:
                if str(error) != why:
                    log.warning("this process does not read updates", error=str(error))
                why = str(error)
                await owner.release()
            await asyncio.sleep(AGAIN_SECONDS)
    finally:
        await owner.release()


async def _read(runtime: Runtime, client: "Client", account: str, reader: str) -> None:
    """The offset moves when the updates are stored, never before. Raises Taken."""
    failures = 0
    await runtime.transact(begin_to_read, TELEGRAM, account, reader)
    log.info("this process reads updates", platform=TELEGRAM, account=account)
    while True:
        try:
            saved = await runtime.read(cursor, TELEGRAM, account, OFFSET)
            offset = int(saved) if saved else None
            while True:
                await runtime.transact(read_on, TELEGRAM, account, reader)
                updates = await client.updates(offset, KINDS)
                failures = 0
                LAST_READ.labels(TELEGRAM, account).set(runtime.now().timestamp())
                if updates:
                    offset = next_offset(updates, offset)
                    await take_in(runtime, account, updates, offset, reader)
        except RetryAfter as error:
            log.warning("telegram asks us to wait", seconds=error.seconds)
            await asyncio.sleep(error.seconds)
        except (SendError, StorageUnavailable) as error:
            failures += 1
            pause = min(2.0 ** (failures - 1), SLOWEST_RETRY)
            log.warning("no updates from telegram", error=str(error), again_in=pause)
            await asyncio.sleep(pause)


def next_offset(updates: list[Any], before: int | None) -> int | None:
    """What to read on from. Ids begin anew after a week of silence, so the last ones count, not the highest ever."""
    numbers = [number for update in updates if (number := _number(update)) is not None]
    return max(numbers) + 1 if numbers else before


def newest_of(updates: list[Any]) -> float | None:
    """When the last thing among updates happened, of those that say so: in seconds since 1970. (The message under a
    pressed button is as old as it is.)"""
    moments = [
        moment
        for update in updates if isinstance(update, dict)
        for kind, content in update.items() if kind != "callback_query" and isinstance(content, dict)
        if type(moment := content.get("edit_date", content.get("date"))) is int and 0 < moment < LARGEST
    ]  # fmt: skip
    return max(moments, default=None)


def _text(update: Any) -> str:
    try:
        return json.dumps(update, sort_keys=True, default=str)
    except RecursionError:
        return "nested too deep to be written down"


def _number(update: Any) -> int | None:
    """The id of an update; None for what has none."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if type(number) is int and 0 < number < LARGEST else None


async def _look_again(runtime: Runtime) -> None:
    await asyncio.sleep(ALBUM_PAUSE.total_seconds() + LATE)
    runtime.signals.send("inbox")
