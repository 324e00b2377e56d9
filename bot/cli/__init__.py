"""The command line: `gongfang ...`. Commands import what they need when they run, so that `--help` is quick."""

import os

import typer

from bot.cli import (
    backups,
    checking,
    config,
    database,
    letters,
    offices,
    people,
    records,
    rooms,
    roster,
    running,
    sample,
    status,
    tokens,
)
from bot.cli.output import Program, _

app = typer.Typer(
    name="gongfang", cls=Program, help=_("gongfang (工坊): teachers' workshops in the chat they use."),
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
GROUPS: tuple[tuple[str, typer.Typer, str], ...] = (
    ("db", database.app, _("The database: upgrade and check.")),
    ("sample", sample.app, _("The sample county.")),
    ("roster", roster.app, _("Regions, schools and people from a spreadsheet.")),
    ("person", people.app, _("One person: claim codes, export, erase.")),
    ("admin", offices.admin, _("The first administrator.")),
    ("records", records.app, _("The records of what people did, and their tallies.")),
    ("rooms", rooms.app, _("Rooms that mirror regions, schools and workshops.")),
    ("letters", letters.app, _("What could not be delivered or handled.")),
    ("token", tokens.app, _("Tokens of the HTTP API.")),
    ("config", config.app, _("The configuration.")),
)
app.command("run", help=_("Start the service."))(running.run)
app.command("check", help=_("Whether everything is set up: a line each."))(checking.check)
app.command("status", help=_("What the service does now: what waits, what was sent, what failed."))(status.status)
app.command("backup", help=_("Back up everything into one file, while the service runs."))(backups.backup)
app.command("restore", help=_("Put a backup back, or only see whether it is whole."))(backups.restore)
app.command("appoint", help=_("Give a person an office."))(offices.appoint)
app.command("dismiss", help=_("End a person's office."))(offices.dismiss)
for name, group, text in GROUPS:
    app.add_typer(group, name=name, help=text, no_args_is_help=True)


def main() -> None:
    """The entry point of the `gongfang` program. What it writes (database, files, codes) is its owner's alone."""
    os.umask(0o077)
    app()
