"""What commands print: for people in the language of $LANG, or with --json one object for programs.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration, 3 the database is away or of another version.
"""

import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer._click.exceptions import UsageError  # it shows it nowhere else
from typer.core import TyperGroup

from api.i18n import gettext
from api.messaging.tree import Node, T

if TYPE_CHECKING:
    from api.messaging.render import Reader

DONE, REFUSED, MISUSED, NO_DATABASE = 0, 1, 2, 3


def language() -> str:
    """zh_CN or en, by LC_ALL, LC_MESSAGES or LANG."""
    tag = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh_CN" if tag.lower().startswith("zh") else "en"


def _(msgid: str) -> str:
    """A text of the command line itself, in the language of $LANG."""
    return gettext(language(), msgid)


AsJson = Annotated[bool, typer.Option("--json", help=_("Answer with one JSON object, for programs."))]


@dataclass(slots=True)
class Output:
    """Where a command says what it did. With `as_json` only `result` and errors are printed, as JSON."""

    as_json: bool
    reader: "Reader"

    def text(self, node: Node) -> str:
        """A tree in the language of $LANG."""
        from api.messaging.render import plain

        return plain(node, self.reader)

    def say(self, node: Node) -> None:
        """Something for people on the way."""
        if not self.as_json:
            _print(self.text(node))

    def table(self, heads: Sequence[Node], rows: Sequence[Sequence[str]]) -> None:
        """A table for people."""
        if self.as_json or not rows:
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(*[self.text(head) for head in heads], box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        Console(markup=False, highlight=False).print(table)

    def result(self, **data: Any) -> None:
        """What the command found or did, for programs."""
        if self.as_json:
            _print(_json(ok=True, **data))

    def fail(self, exit_code: int, error: str, say: str, **data: Any) -> typer.Exit:
        """Say why not; to be raised where the command ends with it."""
        with suppress(OSError):  # nothing is left to say it with: the exit code does
            if self.as_json:
                _print(_json(ok=False, code=error, detail=say, **data))
            else:
                print(say, file=sys.stderr)
        return typer.Exit(exit_code)


def away(error: Exception) -> Node:
    """That the database does not answer, or cannot write."""
    return T("The database cannot be used: {error}", error=str(error).strip())


@contextmanager
def answering(as_json: bool) -> Iterator[Output]:
    """The surroundings of every command: expected failures become words (or JSON) and an exit code."""
    from api.config_sources import ConfigError
    from api.errors import Problem
    from api.messaging.render import Reader
    from api.runtime import StorageUnavailable
    from api.times import DEFAULT_ZONE, utcnow, zone_of

    out = Output(as_json, Reader(language(), zone_of(DEFAULT_ZONE), utcnow()))
    try:
        yield out
    except ConfigError as error:
        raise out.fail(MISUSED, "config.invalid", str(error)) from error
    except Problem as problem:
        code = NO_DATABASE if problem.code.startswith("database.") else REFUSED
        raise out.fail(code, problem.code, out.text(problem.say), **problem.data) from problem
    except StorageUnavailable as error:
        raise out.fail(NO_DATABASE, "database.away", out.text(away(error))) from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever reads has enough; Typer ends quietly
        say = T("The system refuses: {error}", error=str(error))
        raise out.fail(REFUSED, "system.refused", out.text(say)) from error


class Program(TyperGroup):
    """The whole program: with --json wrong usage is answered in JSON, too."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, complete_var: str | None = None,
             standalone_mode: bool = True, windows_expand_args: bool = True, **extra: Any) -> Any:  # fmt: skip
        """Run the command of the arguments, and exit."""
        given = sys.argv[1:] if args is None else list(args)
        speaks_json = "--json" in given
        try:
            code = super().main(
                given, prog_name, complete_var, standalone_mode and not speaks_json, windows_expand_args, **extra
            )
        except UsageError as error:
            if not speaks_json:
                raise
            _print(_json(ok=False, code="usage", detail=error.format_message()))
            code = MISUSED
        if standalone_mode:
            sys.exit(code)
        return code


def _print(text: str) -> None:
    """A line on stdout, there when this returns. Raises OSError when it cannot be written; nothing is tried again."""
    try:
        print(text, flush=True)
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _json(**data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
