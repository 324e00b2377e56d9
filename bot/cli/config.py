"""`gongfang config`: the example of a configuration, from the same classes that read it."""

import typer

from bot.cli.output import AsJson, _, answering

app = typer.Typer()


@app.callback()
def group() -> None:
    """A group of one command: `gongfang config example`."""


@app.command("example", help=_("Print every key with its default and what it means."))
def print_example(as_json: AsJson = False) -> None:
    """What config.example.toml holds; with --json a list of keys."""
    from api.config import keys
    from api.config_sources import default_of, example, variable

    with answering(as_json) as out:
        if not as_json:
            print(example(), end="")
        out.result(keys=[
            {"table": table, "key": key, "variable": variable(table, key), "default": default_of(field),
             "meaning": field.description}
            for table, key, field in keys()
        ])  # fmt: skip
