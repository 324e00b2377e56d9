"""`gongfang status`: what the service does, on one screen: from the database, and from processes that answer."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.output import NO_DATABASE, AsJson, Output, _, answering, away
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.runtime import Runtime
    from api.status import Status
    from bot.cli.figures import Figures

EVERY_SECONDS = 2.0
WIDE = 160
Watch = Annotated[bool, typer.Option("--watch", "-w", help=_("Look again every two seconds, until Ctrl-C."))]


def status(config: ConfigFile = None, watch: Watch = False, as_json: AsJson = False) -> None:
    """Looks only: it may be asked while the service runs, and while it does not. Exit code 0 when it could look."""
    from bot.cli.screen import draw

    with answering(as_json) as out, opened(config) as service:
        place = _database_place(service.runtime)
        if watch:
            _follow(service.runtime, out, place)
            return
        found, figures = _look(service.runtime)
        if not as_json:
            _console().print(draw(out, found, figures, place))
        out.result(**_as_data(found, figures))


def _follow(runtime: "Runtime", out: Output, place: str) -> None:
    """The same again and again on one screen; without a terminal one below the other, with --json an object a line."""
    from contextlib import suppress

    from rich.live import Live

    from api.runtime import StorageUnavailable
    from bot.cli.screen import draw

    def drawn() -> Any:
        try:
            return draw(out, *_look(runtime), place)
        except StorageUnavailable as error:  # whoever watches does so above all while it restarts
            return out.text(away(error))

    console = _console()
    with suppress(KeyboardInterrupt):
        while out.as_json:
            try:
                out.result(**_as_data(*_look(runtime)))
            except StorageUnavailable as error:
                out.fail(NO_DATABASE, "database.away", out.text(away(error)))
            time.sleep(EVERY_SECONDS)
        while not console.is_terminal:
            console.print(drawn())
            time.sleep(EVERY_SECONDS)
        with Live(console=console, auto_refresh=False, screen=True) as live:
            while True:
                live.update(drawn(), refresh=True)
                time.sleep(EVERY_SECONDS)


def _console() -> Any:
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDE  # nothing is cut off in a file
    return console


def _look(runtime: "Runtime") -> "tuple[Status, Figures]":
    from api.status import take_stock
    from bot.cli.figures import read_figures

    found: Status = asyncio.run(runtime.read(take_stock, system=True))
    return found, read_figures(_addresses(runtime, found))


def _addresses(runtime: "Runtime", found: "Status") -> list[str]:
    """Where processes of this machine are asked; of others only the database tells."""
    from api.beating import machine

    mine = f"{machine()}:"
    return [one.address for one in found.running if one.address and one.name.startswith(mine)]


def _database_place(runtime: "Runtime") -> str:
    url = runtime.database.url
    return str(Path(url.database or "").absolute()) if runtime.database.is_sqlite else url.render_as_string()


def _as_data(found: "Status", figures: "Figures") -> dict[str, Any]:
    from api.opening import schema_revision
    from api.queues import age_of

    queues = [
        {"queue": name, "platform": one.platform, "lane": one.lane, "due": one.due, "later": one.later,
         "oldest_seconds": round(age_of(one.oldest, found.now), 1)}
        for name, each in (("inbox", found.inbox), ("outbox", found.outbox)) for one in each
    ]  # fmt: skip
    return {
        "now": found.now, "minutes": found.minutes, "queues": queues, "handled": found.handled, "sent": found.sent,
        "lost": found.lost, "unhandled": found.unhandled, "database_bytes": found.database_bytes,
        "schema": schema_revision(),
        "leases": {"inbox": found.leases.inbox, "outbox": found.leases.outbox},
        "processes": [
            {"name": one.name, "role": one.role, "address": one.address, "started": one.started_at,
             "seen": one.seen_at, "ticked": one.ticked_at, "running": one in found.running}
            for one in found.processes
        ],
        "claims": [{"platform": one.platform, "account": one.account, "until": one.until} for one in found.claims],
        "answered": figures.asked,
        "last_read": figures.oldest("gongfang_last_read_timestamp_seconds", "platform"),
        "job_lag": {job: round(lag, 3) for job, lag in figures.by("gongfang_job_lag_seconds", "job").items()},
        "failures": figures.failures(),
    }  # fmt: skip
