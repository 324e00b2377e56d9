"""`gongfang status` beside the running service, and without it."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from api.queues import Leases
from api.runtime import Runtime, StorageUnavailable
from api.status import Status
from bot.cli import figures, status
from bot.cli.figures import Figures, read_figures
from tests.support.databases import Databases
from tests.support.program import GONGFANG, Program

ONE = """# TYPE gongfang_arrivals_total counter
gongfang_arrivals_total{platform="web"} 3.0
# TYPE gongfang_job_lag_seconds gauge
gongfang_job_lag_seconds{job="a"} 2.0
# TYPE gongfang_send_seconds histogram
gongfang_send_seconds_sum{platform="web"} 1.5
gongfang_send_seconds_count{platform="web"} 3.0
"""


def when_seen(program: Program) -> dict[str, Any]:
    """What `status --json` says once the service was there for a moment."""
    deadline = time.monotonic() + 20
    while not (data := program.json("status"))["processes"] and time.monotonic() < deadline:
        time.sleep(0.2)
    return data


def test_without_the_service(migrated: Program) -> None:
    shown = migrated("status")
    assert shown.code == 0, shown
    for part in ("gongfang.db", "schema 0", "No process says that it is running.", "Nothing waits to be sent."):
        assert part in shown.out
    data = migrated.json("status")
    assert (data["processes"], data["queues"], data["answered"]) == ([], [], 0)
    assert data["database_bytes"] > 100_000


def test_in_chinese(migrated: Program) -> None:
    migrated.env["LANG"] = "zh_CN.UTF-8"
    shown = migrated("status").out
    assert "没有进程在运行。" in shown and "待处理" in shown


def test_a_database_of_another_version_is_said(program: Program) -> None:
    answer = program("status", "--json")
    assert (answer.code, answer.data["code"]) == (3, "database.empty")


def test_beside_the_service_and_after_it(migrated: Program) -> None:
    service = migrated.run()
    data = when_seen(migrated)
    (process,) = data["processes"]
    assert process["name"].endswith(f":{service.process.pid}")
    assert (process["role"], process["address"], process["running"]) == ("all", service.address, True)
    assert data["answered"] == 1
    assert "reminders.ring" in data["job_lag"] and all(lag < 60 for lag in data["job_lag"].values())
    assert set(data["failures"].values()) == {0}
    assert "Since the start: 0 handlers failed" in migrated("status").out
    service.stop()
    assert migrated.json("status")["processes"] == []


def test_several_processes_are_told_of_together(program: Program, databases: Databases) -> None:
    with databases.fresh("postgres") as url:
        program.env["GONGFANG_DATABASE__URL"] = url
        services = [program.run("--role", role) for role in ("worker", "bot")]
        deadline = time.monotonic() + 20
        while len((data := program.json("status"))["processes"]) < 2 and time.monotonic() < deadline:
            time.sleep(0.2)
        found = {process["role"]: process["address"] for process in data["processes"]}
        shown = program("status").out
        for service in services:
            service.stop()
        assert program.json("status")["processes"] == []
    assert found == {"worker": services[0].address, "bot": services[1].address}
    assert data["answered"] == 2 and "reminders.ring" in data["job_lag"]
    assert "worker" in shown and "bot" in shown


def test_one_that_was_killed_is_still_told_of(migrated: Program) -> None:
    service = migrated.run()
    when_seen(migrated)
    service.stop(signal.SIGKILL)
    data = migrated.json("status")
    assert [process["role"] for process in data["processes"]] == ["all"]
    assert data["answered"] == 0
    assert "No process of this machine answers" in migrated("status").out


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_it_looks_again_until_it_is_interrupted(migrated: Program, arguments: list[str]) -> None:
    with watching(migrated, *arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        looks = 0
        while looks < 2:
            line = process.stdout.readline()
            assert line
            looks += json.loads(line)["ok"] if arguments else str(migrated.folder) in line
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_in_a_terminal_the_screen_is_drawn_anew(migrated: Program) -> None:
    ours, theirs = pty.openpty()
    with watching(migrated, stdout=theirs) as process:
        os.close(theirs)
        seen = b""
        while seen.count(b"gongfang.db") < 2:
            seen += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # the other side is closed
            while piece := os.read(ours, 65536):
                seen += piece
        assert process.wait(20) == 0
    os.close(ours)
    assert b"\x1b[?1049h" in seen and b"\x1b[?1049l" in seen, "a screen of its own, left at the end"


@pytest.mark.parametrize("how", ["--json", "file", "terminal"])
def test_who_watches_goes_on_while_the_database_restarts(
    migrated: Program, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    looks, look = iter([1, StorageUnavailable("it restarts"), 1, KeyboardInterrupt()]), status._look

    def sometimes(runtime: Runtime) -> tuple[Status, Figures]:
        happens = next(looks)
        if isinstance(happens, BaseException):
            raise happens
        return look(runtime)

    monkeypatch.setattr(status, "_look", sometimes)
    monkeypatch.setattr(status, "EVERY_SECONDS", 0)
    if how == "terminal":
        monkeypatch.setattr(status, "_console", lambda: Console(force_terminal=True, width=200))
    shown = migrated("status", "--watch", *(["--json"] if how == "--json" else []))
    assert shown.code == 0 and "it restarts" in shown.out
    if how == "--json":
        assert [json.loads(line)["ok"] for line in shown.out.splitlines()] == [True, False, True]
    else:
        assert shown.out.count("No process says that it is running.") == 2


@contextlib.contextmanager
def watching(program: Program, *arguments: str, **how: Any) -> Iterator["subprocess.Popen[Any]"]:
    """`gongfang status --watch`, ended whatever happens."""
    environment = {**program._environment(), "TERM": "xterm", "COLUMNS": "200"}
    command = [*GONGFANG, "status", "--watch", *arguments]
    with subprocess.Popen(command, cwd=program.folder, env=environment, stderr=subprocess.DEVNULL, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def test_figures_of_several_processes_are_put_together() -> None:
    samples: dict[object, float] = {}
    figures._add(samples, ONE)
    figures._add(samples, ONE.replace("2.0", "1.0"))
    found = Figures(samples, 2)
    assert found.total("gongfang_arrivals_total", platform="web") == 6
    assert found.by("gongfang_job_lag_seconds", "job") == {"a": 2}
    assert found.mean("gongfang_send_seconds", platform="web") == 0.5
    assert found.mean("gongfang_send_seconds", platform="telegram") is None


def test_of_several_bots_the_one_heard_of_least_lately_is_told_of() -> None:
    name = "gongfang_last_read_timestamp_seconds"
    reads = {"7": 100.0, "8": 90.0}
    samples = {(name, frozenset({("platform", "telegram"), ("account", bot)})): at for bot, at in reads.items()}
    found = Status(datetime.now(UTC), 5, [], [], Leases(0, 0), {}, {}, {}, 0, [], [], 0)
    assert status._as_data(found, Figures(samples, 1))["last_read"] == {"telegram": 90}


def test_who_does_not_answer_is_left_out() -> None:
    assert read_figures(["http://127.0.0.1:1", "no address"]) == Figures({}, 0)
