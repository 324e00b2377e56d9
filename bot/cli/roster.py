"""`gongfang roster import`: regions, schools and people from a spreadsheet."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.messaging.tree import T
from bot.cli.output import AsJson, Output, _, answering
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.roster.importing import Report
    from api.roster.reading import Row
    from api.runtime import Runtime

app = typer.Typer()
LISTED = 50  # rows of a list that people read; --json has all
COUNTS = ("rows", "regions", "schools", "added", "changed", "unchanged", "transferred", "appointed", "ended")


@app.callback()
def group() -> None:
    """A group of one command: `gongfang roster import`."""


@app.command("import", help=_("Add and update regions, schools and people; nobody is removed."))
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=_("An .xlsx or .csv file."))],
    config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Import what is good and list what is not. Exit code 1 when rows were rejected: the others are in."""
    from api.roster.reading import read_roster

    with answering(as_json) as out, opened(config) as service:
        rows = read_roster(file)
        report = asyncio.run(_import(service.runtime, rows, show=not as_json and sys.stderr.isatty()))
        _show(out, report)
        rejected = [{"row": number, "why": out.text(why)} for number, why in report.rejected]
        notes = [{"row": number, "what": out.text(what)} for number, what in report.notes]
        absent = [{"person": one.pid, "name": one.name, "staff_no": one.staff_no, "school": one.school}
                  for one in report.absent]  # fmt: skip
        counts = {name: getattr(report, name) for name in COUNTS}
        out.result(**counts, rejected=rejected, notes=notes, absent=absent)
        if rejected:
            raise typer.Exit(1)


async def _import(runtime: "Runtime", rows: "list[Row]", show: bool) -> "Report":
    from rich.console import Console
    from rich.progress import Progress

    from api.roster.importing import import_roster

    with Progress(console=Console(stderr=True), disable=not show, transient=True) as bar:
        task = bar.add_task("", total=len(rows))
        return await import_roster(runtime, rows, lambda done, _total: bar.update(task, completed=done))


def _show(out: Output, report: "Report") -> None:
    out.say(T(
        "{rows} rows: {added} people added, {changed} changed ({transferred} moved to another school), "
        "{unchanged} as they were; {schools} schools and {regions} regions added, {appointed} appointments made, "
        "{ended} ended.",
        **{name: getattr(report, name) for name in COUNTS},
    ))  # fmt: skip
    if report.rejected:
        out.say(T("{count} rows were not used:", count=len(report.rejected)))
        rows = [[str(number), out.text(why)] for number, why in report.rejected[:LISTED]]
        out.table([T("Row"), T("Why")], rows)
    if report.notes:
        out.say(T("Please look at these rows; they are in:"))
        out.table([T("Row"), T("What")], [[str(number), out.text(what)] for number, what in report.notes[:LISTED]])
    if report.absent:
        out.say(T("{count} people of these schools are not in the file. Nobody was removed:", count=len(report.absent)))
        rows = [[one.name, one.staff_no, one.school] for one in report.absent[:LISTED]]
        out.table([T("Name"), T("Staff number"), T("School")], rows)
    if max(len(report.rejected), len(report.notes), len(report.absent)) > LISTED:
        out.say(T("Only the first {count} of each are shown; --json has all.", count=LISTED))
