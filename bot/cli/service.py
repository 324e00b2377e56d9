"""Commands that do something to the service's data: its configuration, its runtime, operations as the system."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.output import _

if TYPE_CHECKING:
    import subprocess

    from api.runtime import Runtime

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="GONGFANG_CONFIG", help=_("Another file than config.toml of this folder.")),
]


@dataclass(slots=True)
class Service:
    """An opened service: `do(operation, ...)` runs an operation as the system, in a transaction of its own."""

    runtime: "Runtime"

    def do(self, operation: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Run `operation(ctx, *args, **named)`; nobody's rights are asked: who has this shell has the database."""
        with self.runtime.database.transaction() as session:
            return operation(self.runtime.context(session, via="cli", system=True), *args, **named)


def in_child(config: Path | None, *arguments: str) -> "subprocess.Popen[str]":
    """Start another `gongfang` on the same configuration: what it loads (Alembic, every capability) goes with it."""
    import subprocess
    import sys

    program = [sys.executable, "-c", "from bot.cli import main; main()", *arguments]
    if config is not None:
        program += ["--config", str(config)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(program, stdin=quiet, stdout=quiet, stderr=subprocess.PIPE, text=True)


@contextmanager
def opened(config: Path | None, options: Mapping[str, Mapping[str, Any]] | None = None, *,
           any_schema: bool = False) -> Iterator[Service]:  # fmt: skip
    """Open the configured service for one command. Raises ConfigError, Problem, StorageUnavailable."""
    from api.config_sources import load_config
    from api.opening import open_runtime, require_schema
    from bot.cli.logs import configure_logs

    loaded = load_config(config, options)
    configure_logs(loaded.secrets(), quiet=True)
    runtime = open_runtime(loaded)
    try:
        if not any_schema:
            require_schema(runtime.database)
        yield Service(runtime)
    finally:
        runtime.database.close()
