"""The wiring of everything: platforms, workers of a role, the HTTP server. `python -m bot` is `gongfang`."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.beating import keep_beating
from api.clock import Clock
from api.health import health_routes
from api.mail.sender import Mailer
from api.metrics import WORKER_RESTARTS
from api.opening import take_over
from api.registry import FOLLOWERS, GUARDS, JOBS
from api.ringing import keep_ringing
from api.runtime import Runtime, StorageUnavailable
from bot.bots import Bots
from bot.commands import FEATURES
from bot.deliver import Deliverers
from bot.dispatch import Dispatcher
from bot.fetch import Fetchers
from bot.handle import Handlers
from bot.mirror import Mirrors
from bot.opening import labels_of, live, open_platforms, webhook_routers
from bot.platforms.base import Platform
from bot.platforms.web.routes import make_routers

log = structlog.get_logger()

API, BOT, WORKER = "api", "bot", "worker"
ROLES: dict[str, frozenset[str]] = {
    "all": frozenset({API, BOT, WORKER}),
    API: frozenset({API}),
    BOT: frozenset({BOT}),
    WORKER: frozenset({WORKER}),
}
HTTP = "http"
STOP_SECONDS = 2  # open pages and running requests get this long at the end
FINISH_SECONDS = 5.0  # what the workers have in hand: a platform may answer slowly
LEAVE_SECONDS = 8.0  # then the process leaves, whatever does not answer; what it could not commit is not done
AGAIN_SECONDS = 2.0
M_MMAP_THRESHOLD, LARGE_BLOCK = -3, 256 * 1024


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything else is started. Raises OSError when the port is not free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle off only where the protocol is named: without it every answer takes 40 ms longer
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def give_memory_back() -> None:
    """Let glibc return large blocks when they are freed.

    Left alone it learns to keep blocks of up to 32 MB for later: after a few decoded photos the process stayed at
    200 MB, with this at 136. Other C libraries have no mallopt.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


async def leave_in_time(stopping: asyncio.Event) -> None:
    """Once the service stops, end the process after LEAVE_SECONDS at the latest: a database that takes questions and
    never answers holds threads that nothing else can end."""
    await stopping.wait()
    timer = threading.Timer(LEAVE_SECONDS, _leave)
    timer.daemon = True
    timer.start()


def _leave() -> None:
    log.warning("something did not answer; what was in hand is taken up again by the next start")
    os._exit(0)


@dataclass(slots=True)
class Service:
    """One running process of a role. `listener` is where it is asked; without one it is not."""

    runtime: Runtime
    role: str = "all"
    listener: socket.socket | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    platforms: list[Platform] = field(default_factory=list)
    finishing: set[asyncio.Task[Any]] = field(default_factory=set)  # end by themselves when the service stops

    async def run(self, started: Callable[[], Awaitable[Any]] | None = None) -> None:
        """Serve until SIGTERM, SIGINT or `stopping`; `started` is called when pages can be opened."""
        parts = ROLES[self.role]
        give_memory_back()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        if BOT in parts:
            self.platforms = open_platforms(self.runtime)
            self.runtime.starting = dict.fromkeys(labels_of(self.platforms), "")
        server = self._serve_http(parts)
        if server is not None:
            while not server.started and not self.stopping.is_set():
                await asyncio.sleep(0.01)
        if self.runtime.database.is_sqlite:
            with contextlib.suppress(StorageUnavailable):  # a full disk: leases run out by themselves
                await self.runtime.transact(take_over, system=True)
        clock = self._start_workers(parts)
        await asyncio.sleep(0)  # what needs no time to open is open when we say that we started
        try:
            log.info("started", role=self.role, pages=self.runtime.config.web.base_url if self.listener else None)
            if started is not None:
                await started()
            await self.stopping.wait()
        finally:
            await self._stop(server, clock)

    async def _stop(self, server: "Server | None", clock: Clock | None) -> None:
        log.info("stopping")
        self.runtime.stop()
        if clock is not None:
            clock.stop()
        if server is not None:
            server.should_exit = True
        if self.finishing:
            await asyncio.wait(self.finishing, timeout=FINISH_SECONDS)
        await self.runtime.close()
        for platform in self.platforms:
            await platform.close()

    def _serve_http(self, parts: frozenset[str]) -> "Server | None":
        if self.listener is None:
            return None
        app = self._application() if API in parts else self._health_only()
        server = Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, server_header=False, lifespan="off", ws="none",
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )  # fmt: skip
        serving = self.runtime.spawn(server.serve(sockets=[self.listener]), HTTP)
        serving.add_done_callback(lambda _task: self.stopping.set())
        self.finishing.add(serving)
        return server

    def _application(self) -> FastAPI:
        routers = [*webhook_routers(self.runtime), health_routes(self.runtime), *make_routers(self.runtime)]
        return create_app(self.runtime, routers)

    def _health_only(self) -> FastAPI:
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        app.state.runtime = self.runtime
        app.include_router(health_routes(self.runtime))
        return app

    def _start_workers(self, parts: frozenset[str]) -> Clock | None:
        runtime = self.runtime
        if not runtime.database.is_sqlite:
            self._keep("ringing", partial(keep_ringing, runtime))
        asked = runtime.config.web.address(self.listener.getsockname()[1]) if self.listener is not None else ""
        self.finishing.add(self._keep("beating", partial(keep_beating, runtime, self.role, asked)))
        if BOT in parts:
            bots = Bots()
            for platform in self.platforms:
                bots.wait_for(platform)
            dispatcher = Dispatcher(FEATURES)
            self.finishing |= {
                self._keep("handlers", Handlers(runtime, dispatcher, bots).run),
                self._keep("deliverers", Deliverers(runtime, bots, GUARDS).run),
                self._keep("mirrors", Mirrors(runtime, bots).run),
                self._keep("fetchers", Fetchers(runtime, bots, FOLLOWERS).run),
            }
            for platform, label in zip(self.platforms, labels_of(self.platforms), strict=True):
                self._keep(f"receive-{label}", partial(live, runtime, platform, bots, label))
        if WORKER not in parts:
            return None
        if runtime.config.mail.url.get_secret_value():
            self._keep("mail", Mailer(runtime).run)
        clock = Clock(runtime, JOBS)
        clock.start()
        return clock

    def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[Any]:
        return self.runtime.spawn(keep_running(self.runtime, name, work), name)


async def keep_running(runtime: Runtime, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until the service stops; when it fails or ends, log that and start it again. One bad worker stops
    nobody."""
    while not runtime.stopping:
        try:
            await work()
        except Exception:  # the operator learns of it by the log and /metrics
            log.exception("a worker failed and is started again", worker=name)
            WORKER_RESTARTS.labels(name).inc()
        if not runtime.stopping:
            await asyncio.sleep(AGAIN_SECONDS)


class Server(uvicorn.Server):
    """uvicorn, without its own signal handling: the service decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


if __name__ == "__main__":
    from bot.cli import main

    main()
