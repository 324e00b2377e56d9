"""The screen of `gongfang status`: small tables, one below the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.messaging.tree import Node, T
from bot.cli.output import Output

if TYPE_CHECKING:
    from api.queues import Queue
    from api.status import Status
    from bot.cli.figures import Figures

NOTHING = "–"


def draw(out: Output, found: "Status", figures: "Figures", place: str) -> Any:
    """What rich prints."""
    from rich.console import Group

    parts: list[Any] = [_heading(out, found, place), *_processes(out, found)]
    parts += ["", _platforms(out, found, figures), "", _outbox(out, found), "", *_lines(out, found, figures)]
    return Group(*parts)


def _heading(out: Output, found: "Status", place: str) -> str:
    from api.opening import schema_revision

    moment = f"{found.now.astimezone(out.reader.zone):%Y-%m-%d %H:%M:%S}"
    return out.text(T(
        "{moment}  {place}, {size}, schema {revision}", moment=moment, place=place, size=_size(found.database_bytes),
        revision=schema_revision(),
    ))  # fmt: skip


def _processes(out: Output, found: "Status") -> list[Any]:
    if not found.processes:
        return [out.text(T("No process says that it is running."))]
    heads = (T("process"), T("role"), T("address"), T("up for"), T("seen"), T("clock ticked"))
    rows = [
        (one.name, one.role, one.address or NOTHING, _span(one.started_at, one.seen_at), _ago(one.seen_at, found),
         _ago(one.ticked_at, found))
        for one in found.processes
    ]  # fmt: skip
    gone = len(found.processes) - len(found.running)
    table = _table(out, heads, rows, left=3)
    return [table, out.text(T("{n} of them have not been seen lately.", n=gone))] if gone else [table]


def _platforms(out: Output, found: "Status", figures: "Figures") -> Any:
    lately = {"minutes": found.minutes}
    heads = (
        T("platform"), T("to handle"), T("oldest"), T("handled in {minutes} min", **lately), T("a handler takes"),
        T("sent in {minutes} min", **lately), T("sending takes"), T("last read"),
    )  # fmt: skip
    waits = {one.platform: one for one in found.inbox}
    reads = figures.oldest("gongfang_last_read_timestamp_seconds", "platform")
    rows = [
        (
            name, str(waits[name].due if name in waits else 0), _oldest(waits.get(name), found),
            str(found.handled.get(name, 0)), _mean(figures.mean("gongfang_handler_seconds", platform=name)),
            str(found.sent.get(name, 0)), _mean(figures.mean("gongfang_send_seconds", platform=name)),
            _seconds(found.now.timestamp() - reads[name] if name in reads else None),
        )
        for name in sorted({"web", *waits, *found.handled, *found.sent, *reads})
    ]  # fmt: skip
    return _table(out, heads, rows)


def _outbox(out: Output, found: "Status") -> Any:
    from api.messaging.outbox import LANES

    if not found.outbox:
        return out.text(T("Nothing waits to be sent."))
    heads = (T("to be sent"), T("lane"), T("due"), T("for later"), T("oldest due"))
    rows = [
        (one.platform, LANES.get(one.lane, str(one.lane)), str(one.due), str(one.later), _oldest(one, found))
        for one in sorted(found.outbox)
    ]
    return _table(out, heads, rows, left=2)


def _lines(out: Output, found: "Status", figures: "Figures") -> list[str]:
    say: list[Node] = [
        T("Being handled: {inbox} chats. Being sent to: {outbox} chats.", inbox=found.leases.inbox,
          outbox=found.leases.outbox),
        T("Reached nobody: {dead} refused or given up, {unreachable} unreachable, {expired} too late. Could not be "
          "read: {unhandled}.", dead=found.lost.get("dead", 0), unreachable=found.lost.get("unreachable", 0),
          expired=found.lost.get("expired", 0), unhandled=found.unhandled),
    ]  # fmt: skip
    say += [
        T("{platform} is read by one process, at least until {moment}.", platform=f"{one.platform} {one.account}",
          moment=f"{one.until.astimezone(out.reader.zone):%H:%M:%S}")
        for one in found.claims
    ]  # fmt: skip
    if not figures.asked:
        say.append(T("No process of this machine answers: durations and failures are not known."))
        return [out.text(line) for line in say]
    lags = figures.by("gongfang_job_lag_seconds", "job")
    if lags:
        job = max(lags, key=lambda name: lags[name])
        say.append(T("The latest job of the clock: {job}, by {seconds}.", job=job, seconds=_seconds(lags[job])))
    say.append(T(
        "Since the start: {handler_failures} handlers failed, {job_failures} jobs failed, {worker_restarts} workers "
        "began anew, {ambiguous_sends} sends may have been repeated.", **figures.failures(),
    ))  # fmt: skip
    return [out.text(line) for line in say]


def _table(out: Output, heads: Sequence[Node], rows: Sequence[Sequence[str]], left: int = 1) -> Any:
    """Numbers to the right, but for the first `left` columns."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for n, head in enumerate(heads):
        table.add_column(out.text(head), justify="left" if n < left else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _oldest(queue: "Queue | None", found: "Status") -> str:
    return _seconds((found.now - queue.oldest).total_seconds()) if queue and queue.oldest else NOTHING


def _ago(moment: datetime | None, found: "Status") -> str:
    return _span(moment, found.now) if moment is not None else NOTHING


def _span(start: datetime, end: datetime) -> str:
    return _seconds((end - start).total_seconds())


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    seconds = max(0.0, seconds)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _mean(seconds: float | None) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds is not None else NOTHING


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.1f} MB"
