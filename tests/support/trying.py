"""`make emulator` and `make homeserver` as somebody has them who tries gongfang: programs that print and go on."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.laws.source import ROOT

PATIENCE = 60  # seconds for an end: two cores, and everybody starts something
HOMESERVER = ("tests.support.homeserver", "password = ")
EMULATOR = ("tests.emulators.telegram", "api_base = ")


@contextmanager
def printing(module: str, until: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A program on a free port, and what it printed up to the line with `until`. Ctrl-C ends it."""
    command = [sys.executable, "-m", module, "--port", "0"]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    try:
        said = ""
        while until not in said:
            line = started.stdout.readline()
            assert line, said
            said += line
        yield started, said
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(PATIENCE)
        started.stdout.close()


def configured(said: str) -> str:
    """The lines of configuration that were printed."""
    return said.partition("For config.toml:")[2]


def address_in(said: str) -> str:
    """The first address that was printed."""
    return next(word for word in said.split() if word.startswith("http://")).rstrip("/")
