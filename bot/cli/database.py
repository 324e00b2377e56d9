"""`gongfang db`: bring the database to this version, or see whether it is."""

import typer

from api.messaging.tree import T
from bot.cli.output import AsJson, _, answering
from bot.cli.service import ConfigFile, opened

app = typer.Typer()


@app.command("upgrade", help=_("Bring the database to this version; data stays."))
def upgrade(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Upgrade an empty or older database. Exit code 3 when a newer version made it."""
    from api.opening import schema_state, upgrade_schema

    with answering(as_json) as out, opened(config, any_schema=True) as service:
        before = schema_state(service.runtime.database)
        upgrade_schema(service.runtime.database)
        out.say(T("The database is current already.") if before == "current" else T("The database is current now."))
        out.result(before=before, state="current")


@app.command("check", help=_("Whether the database answers and is of this version."))
def check(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Exit code 0 when it is current, 3 when it is not."""
    from api.opening import require_schema

    with answering(as_json) as out, opened(config, any_schema=True) as service:
        require_schema(service.runtime.database)
        out.say(T("The database answers and is current."))
        out.result(state="current")
