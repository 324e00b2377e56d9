"""/healthz: the process is up. /readyz: it can do its work, and if not, why. /metrics: numbers for Prometheus.

None of them shows a name, an id or a text of anybody. They ask for no token: where the service is public, let the proxy
keep them inside.
"""

import asyncio
import shutil
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, generate_latest
from starlette.concurrency import run_in_threadpool

from api.context import Context
from api.http import reader_of
from api.messaging.render import plain
from api.messaging.tree import Node, T
from api.opening import beside, schema_problem, schema_state
from api.queues import Waiting, age_of, show_queues, what_is_neglected, what_waits
from api.runtime import Runtime, StorageUnavailable
from storage import waiting

LEAST_FREE = 64 * 2**20  # bytes: below this the disk counts as full
TOO_LONG = timedelta(minutes=10)  # something waits longer: nobody is working on it
PATIENCE = 5.0  # seconds for each check

UP = Gauge("gongfang_database_up", "Whether the database answered this scrape, and took a write")
PROBE = Gauge("gongfang_database_probe_seconds", "How long a small transaction took just now")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of /readyz and of `gongfang check`."""

    name: str  # database | blobs | disk | inbox | outbox | a platform
    well: bool
    say: Node


async def check_service(runtime: Runtime, running: bool = False) -> list[Check]:
    """Everything that the service needs to do its work, each judged by itself. `running`: it does it already."""
    return [
        await _judge("database", check_database(runtime, running)),
        await _judge("blobs", check_blobs(runtime)),
        await _judge("disk", check_disk(runtime)),
        *await check_queues(runtime),
        *check_platforms(runtime),
    ]


async def check_database(runtime: Runtime, running: bool = False) -> Node | None:
    """What is wrong with the database: away, not writable, of another version.

    A process that runs already goes on where the database is upgraded: revisions only add (docs: Upgrading).
    """
    state = await run_in_threadpool(schema_state, runtime.database)
    if state != "current" and not (running and state == "ahead"):
        return schema_problem(state).say
    await runtime.transact(_probe, system=True)
    return None


async def check_blobs(runtime: Runtime) -> Node | None:
    """What is wrong with the store of files."""
    key = await runtime.blobs.put(b"probe")
    await runtime.blobs.delete(key)
    return None


async def check_disk(runtime: Runtime) -> Node | None:
    """Which disk that we write to is full."""
    places = [place for place in (_database_folder(runtime), _blobs_folder(runtime)) if place is not None]
    for place in places:
        free = shutil.disk_usage(place).free
        if free < LEAST_FREE:
            return T("The disk is full: {free} MB are left at {place}. Make room; nothing is lost meanwhile.",
                     free=free // 2**20, place=str(place))  # fmt: skip
    return None


async def check_queues(runtime: Runtime) -> list[Check]:
    """Whether somebody works on what arrived and on what is to be sent."""
    try:
        async with asyncio.timeout(PATIENCE):
            inbox, outbox = await runtime.read(what_is_neglected)
    except (StorageUnavailable, TimeoutError):
        return []  # the database's own line says it
    return [_lag("inbox", inbox, runtime.now()), _lag("outbox", outbox, runtime.now())]


def check_platforms(runtime: Runtime) -> list[Check]:
    """The chat platforms of this process that are not open yet."""
    return [
        Check(name, False, T("Not open yet: {error}", error=why) if why else T("It is starting."))
        for name, why in runtime.starting.items()
    ]


def health_routes(runtime: Runtime) -> APIRouter:
    """The three pages, for every role."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz(request: Request) -> Response:
        checks, reader = await check_service(runtime, running=True), reader_of(request)
        well = all(check.well for check in checks)
        lines = [{"name": check.name, "ok": check.well, "detail": plain(check.say, reader)} for check in checks]
        return JSONResponse({"ready": well, "checks": lines}, 200 if well else 503, {"Cache-Control": "no-store"})

    @router.get("/metrics")
    async def metrics() -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                show_queues(runtime, *await runtime.read(what_waits))
                began = perf_counter()
                await runtime.transact(_probe, system=True)
        except (StorageUnavailable, TimeoutError):
            UP.set(0)
        else:
            UP.set(1)
            PROBE.set(perf_counter() - began)
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


async def _judge(name: str, work: Awaitable[Node | None]) -> Check:
    try:
        async with asyncio.timeout(PATIENCE):
            wrong = await work
    except TimeoutError:
        wrong = T("No answer within {seconds} seconds.", seconds=int(PATIENCE))
    except Exception as error:
        # whatever a store raises, it means that nothing can be kept there now
        wrong = T("Not usable: {error}", error=_brief(error))
        if name == "database" and isinstance(error, StorageUnavailable):
            wrong = T("The database cannot be used: {error}. What arrived waits.", error=_brief(error))
    return Check(name, wrong is None, wrong if wrong is not None else T("well"))


def _probe(ctx: Context) -> None:
    waiting.probe(ctx.session, ctx.now)


def _lag(name: str, found: Waiting, now: datetime) -> Check:
    age = age_of(found.oldest, now)
    if age > TOO_LONG.total_seconds():
        say = T("{count} wait, and nobody has done anything for {minutes} minutes. Is the service with the right role "
                "running?", count=found.count, minutes=int(age // 60))  # fmt: skip
        return Check(name, False, say)
    return Check(name, True, T("{count} waiting", count=found.count))


def _brief(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _database_folder(runtime: Runtime) -> Path | None:
    file = beside(runtime.database, ".db") if runtime.database.is_sqlite else None
    return file.parent if file is not None else None


def _blobs_folder(runtime: Runtime) -> Path | None:
    url = runtime.config.blobs.url
    return Path(url.removeprefix("file:")).absolute() if url.startswith("file:") else None
