"""The real program in a folder of its own: commands that end, and services that run until the test is over.

Commands run in this process, which is ten times faster than starting another one; `outside` starts one all the same.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from typer.testing import CliRunner

from bot.cli import app

GONGFANG = [sys.executable, "-c", "from bot.cli import main; main()"]


@dataclass
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The object that --json printed."""
        return json.loads(self.out)


@dataclass
class Running:
    """A started service."""

    process: "subprocess.Popen[str]"
    started: dict[str, Any]  # what `run --json` printed
    seconds: float  # from its start until pages could be opened
    work: float  # the same in CPU seconds, its children's too: what it would take on a machine of its own
    log: Path

    @property
    def address(self) -> str:
        return self.started["address"]

    def get(self, path: str, **how: Any) -> httpx2.Response:
        """GET a path of it."""
        return httpx2.get(self.address + path, timeout=20, **how)

    def memory(self) -> int:
        """Resident memory, MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) // 1024

    def stop(self, number: int = signal.SIGTERM) -> float:
        """End it; returns after how many seconds it was gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - began


def cpu_seconds(process: int) -> float:
    """What a process and its ended children have worked so far (proc(5): utime, stime, cutime, cstime)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Program:
    """gongfang in one folder. `env` is added to a clean environment."""

    folder: Path
    env: dict[str, str] = field(default_factory=lambda: {"LANG": "C.UTF-8"})
    services: list[Running] = field(default_factory=list)

    def __call__(self, *arguments: str, stdin: str = "") -> Answer:
        """Run a command to its end, in this process."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name in set(os.environ) - set(self._environment()):
                patch.delenv(name)
            for name, value in self._environment().items():
                patch.setenv(name, value)
            done = CliRunner().invoke(app, arguments, input=stdin)
        structlog.reset_defaults()
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Answer(done.exit_code, done.stdout, done.stderr)

    def outside(self, *arguments: str, stdin: str = "") -> Answer:
        """Run a command to its end as a process of its own."""
        done = subprocess.run(
            [*GONGFANG, *arguments], cwd=self.folder, env=self._environment(), input=stdin, capture_output=True,
            text=True, timeout=60,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str) -> dict[str, Any]:
        """What a command that ends well prints with --json."""
        answer = self(*arguments, "--json")
        assert answer.code == 0, (arguments, answer)
        return answer.data

    def run(self, *arguments: str) -> Running:
        """Start `gongfang run --json` on a free port and wait until its pages can be opened."""
        log = self.folder / f"log-{len(self.services)}"
        began = time.monotonic()
        with log.open("w") as errors:
            process = subprocess.Popen(
                [*GONGFANG, "run", "--json", "--port", "0", *arguments], cwd=self.folder, env=self._environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log.read_text()
        service = Running(process, json.loads(line), time.monotonic() - began, cpu_seconds(process.pid), log)
        self.services.append(service)
        return service

    def close(self) -> None:
        """End what still runs."""
        for service in self.services:
            if service.process.poll() is None:
                service.process.kill()
            service.process.wait(20)
            assert service.process.stdout is not None
            service.process.stdout.close()

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GONGFANG_", "LC_", "LANG"))}
        root = str(Path(__file__).parents[2])
        return {**kept, "PYTHONPATH": root, **self.env}
