"""Where the configuration comes from: `config.toml`, over it the environment, over that the command line.

Every key is also a variable: `[web] port` is GONGFANG_WEB__PORT. What is wrong or unknown stops the start.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from api.config import Config, keys

FILE = "config.toml"
PREFIX = "GONGFANG_"
# read by the command line and by the tests, not keys of the configuration
OTHER_VARIABLES = re.compile(r"GONGFANG_(CONFIG|TEST_\w+)")

Values = dict[str, dict[str, Any]]


class ConfigError(Exception):
    """The configuration cannot be used; the text names file or variable, key and what is allowed, a line each."""


def load_config(path: Path | None = None, options: Mapping[str, Mapping[str, Any]] | None = None) -> Config:
    """The configuration of a file (default: `config.toml` of this folder, where there is one), the environment and
    `options` (table -> key -> value, from the command line), later ones over earlier ones.

    Raises ConfigError.
    """
    file = path or Path(FILE)
    values = _read(file, required=path is not None)
    for table, changes in [*_from_environment().items(), *(options or {}).items()]:
        if isinstance(values.setdefault(table, {}), dict):
            values[table] = {**values[table], **changes}
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(file, fault) for fault in error.errors())) from error


def variable(table: str, key: str) -> str:
    """The environment variable of a key."""
    return f"{PREFIX}{table}__{key}".upper()


def example() -> str:
    """The text of config.example.toml: every key with its default and what it means."""
    lines = [
        "# Copy to config.toml and keep what you change. Every key is also an environment variable:",
        f"# [web] port is {variable('web', 'port')}. A wrong or unknown key stops the start and is named.",
    ]
    last = ""
    for table, key, field in keys():
        if table != last:
            section = Config.model_fields[table].annotation
            lines += ["", f"# {section.__doc__}", f"[{table}]"]
            last = table
        lines += [f"# {field.description}", f"{key} = {_toml(default_of(field))}"]
    return "\n".join(lines) + "\n"


def default_of(field: Any) -> Any:
    """A key's default as plain data."""
    value = field.get_default(call_default_factory=True)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _read(file: Path, required: bool) -> Values:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if required:
            raise ConfigError(f"{file}: there is no such file") from error
        return {}
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not readable as TOML: {error}") from error


def _from_environment() -> Values:
    known = {variable(table, key): (table, key) for table, key, _ in keys()}
    values: Values = {}
    unknown = []
    for name, value in os.environ.items():
        if not name.upper().startswith(PREFIX) or OTHER_VARIABLES.fullmatch(name.upper()):
            continue
        if name.upper() in known:
            table, key = known[name.upper()]
            values.setdefault(table, {})[key] = value
        else:
            unknown.append(f"environment: {name} is not a key; allowed: {', '.join(known)}")
    if unknown:
        raise ConfigError("\n".join(unknown))
    return values


def _explain(file: Path, fault: Any) -> str:
    table, key = (*(str(part) for part in fault["loc"]), "", "")[:2]
    where = f"{file}: [{table}] {key}".rstrip()
    if key and variable(table, key) in (name.upper() for name in os.environ):
        where = f"environment {variable(table, key)}: [{table}] {key}"
    if fault["type"] == "extra_forbidden":
        allowed = [known for at, known, _ in keys() if at == table] or list(Config.model_fields)
        return f"{where} is not a key; allowed here: {', '.join(allowed)}"
    meaning = next((f" ({field.description})" for at, known, field in keys() if (at, known) == (table, key)), "")
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}{meaning}"


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
