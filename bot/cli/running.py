"""`gongfang run`: start the service, or one role of it."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.messaging.tree import Node, T, Words
from bot.cli.output import MISUSED, REFUSED, AsJson, Output, _, answering
from bot.cli.service import ConfigFile, Service, in_child

if TYPE_CHECKING:
    import socket
    import subprocess

    from api.runtime import Runtime


class Role(StrEnum):
    """What a process does. Any number of processes of the single roles share one PostgreSQL."""

    all = "all"
    api = "api"
    bot = "bot"
    worker = "worker"


AsRole = Annotated[Role, typer.Option(help=_("Only the pages and the API, only the chats, only the clock; or all."))]
Host = Annotated[str | None, typer.Option(help=_("Listen on this address instead of [web] host."))]
Port = Annotated[int | None, typer.Option(help=_("Listen on this port instead of [web] port; 0 takes a free one."))]
Sample = Annotated[bool, typer.Option("--sample", help=_("Fill an empty database with a sample county, to try out."))]


def run(config: ConfigFile = None, role: AsRole = Role.all, host: Host = None, port: Port = None,
        sample: Sample = False, as_json: AsJson = False) -> None:  # fmt: skip
    """Run until SIGTERM or Ctrl-C. An empty database is set up, an older one is refused (exit code 3)."""
    from api.config_sources import load_config
    from api.opening import keep_secret, lock_database, open_runtime
    from bot.cli.logs import configure_logs

    with answering(as_json) as out:
        given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
        loaded = load_config(config, {"web": given})
        configure_logs(loaded.secrets(), terminal=False if as_json else None, level=loaded.log.level)
        if sample and not loaded.web.loopback:
            say = T("The sample county is for trying out on this machine: [web] host must be 127.0.0.1.")
            raise out.fail(MISUSED, "sample.not_loopback", out.text(say))
        runtime = open_runtime(loaded)
        try:
            if runtime.database.is_sqlite and role != Role.all:
                say = T("With SQLite one process does everything: use --role all, or PostgreSQL for several.")
                raise out.fail(MISUSED, "role.sqlite", out.text(say))
            with lock_database(runtime.database) or nullcontext():
                _set_up(runtime, config, out)
                keep_secret(runtime)
                configure_logs(loaded.secrets(), terminal=False if as_json else None, level=loaded.log.level)
                listener = _listen(runtime, out) if role in (Role.all, Role.api) or port is not None else None
                _serve(runtime, role, listener, out, partial(_sample_links, runtime, config, out) if sample else None)
        finally:
            runtime.database.close()


def _set_up(runtime: "Runtime", config: Path | None, out: Output) -> None:
    """An empty database gets its tables; any other must be of this version."""
    from api.opening import require_schema, schema_state

    if schema_state(runtime.database) == "empty":
        out.say(T("Setting up the database …"))
        upgrading = in_child(config, "db", "upgrade")
        import bot.__main__  # noqa: F401  a second's work that need not wait for the other process

        if fault := _fault_of(upgrading):
            raise out.fail(upgrading.returncode, "database.setup", fault)
    require_schema(runtime.database)


def _fault_of(child: "subprocess.Popen[str]") -> str:
    """Wait for another `gongfang`; what went wrong there, "" when nothing did."""
    _, said = child.communicate()
    return (said.strip() or f"exit code {child.returncode}") if child.returncode else ""


def _listen(runtime: "Runtime", out: Output) -> "socket.socket":
    """Take the port before anything else starts; port 0 becomes the one that was free."""
    from bot.__main__ import listen

    web = runtime.config.web
    try:
        listener = listen(web.host, web.port)
    except OSError as error:
        say = T("Cannot listen on {host}, port {port}: {error}. Another one: --port 0 takes a free port.",
                host=web.host, port=web.port, error=error.strerror or str(error))  # fmt: skip
        raise out.fail(REFUSED, "port.taken", out.text(say), host=web.host, port=web.port) from error
    web.base_url = web.base_url or web.address(listener.getsockname()[1])
    return listener


def _serve(runtime: "Runtime", role: Role, listener: "socket.socket | None", out: Output,
           make_links: Callable[[], list[tuple[Node, str]]] | None) -> None:  # fmt: skip
    from bot.__main__ import Service, leave_in_time

    async def started() -> None:
        links = await asyncio.to_thread(make_links) if make_links else []
        if listener is not None:
            out.say(Words("\n") + T("gongfang is running. Open {address}", address=runtime.config.web.base_url))
        for who, link in links:
            out.say(Words("  ") + who + Words("  " + link))
        if links:
            out.say(T("Each link signs in once, on this machine; the next start makes new ones. Ctrl-C ends."))
        shown: list[dict[str, Any]] = [{"who": out.text(who), "link": link} for who, link in links]
        out.result(role=role, address=runtime.config.web.base_url if listener else None, links=shown)

    async def serve() -> None:
        service = Service(runtime, role, listener)
        runtime.spawn(leave_in_time(service.stopping), "leave-in-time")
        await service.run(started)

    asyncio.run(serve())


def _sample_links(runtime: "Runtime", config: Path | None, out: Output) -> list[tuple[Node, str]]:
    """One-time sign-in links for people of the sample county, made anew; loads it first into an empty database."""
    from api.sample.service import is_empty
    from bot.cli.sample import sign_in_links

    if Service(runtime).do(is_empty):
        out.say(T("Making a sample county …"))
        if fault := _fault_of(in_child(config, "sample", "load")):
            out.say(Words(fault))
        for name in ("inbox", "outbox"):
            runtime.signals.send(name)
    return sign_in_links(runtime, out)
