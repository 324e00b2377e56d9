"""The process: how soon it is ready, how much memory it holds; with pages alone, and with all platforms idle."""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks.service import python, running, set_up
from tests.support.synapse import running_synapse

QUIET_SECONDS = 25  # the sample county is made, everything is imported that will be


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    total = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            if int(fields["Pid"]) == pid or int(fields["PPid"]) == pid:
                total += int(fields.get("VmRSS", "0 kB").split()[0]) / 1024
    return total


def floor_seconds() -> float:
    """How long this machine needs now to start Python and import the web framework and the database library."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fastapi, uvicorn, sqlalchemy.orm"], check=True)
    return time.perf_counter() - began


def measure(env: dict[str, str]) -> tuple[float, float, float]:
    """(seconds until a page answers, until /readyz does, resident MB) of `run --sample` with these settings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        set_up(folder, env)
        with running(folder, env, "--sample") as service:
            page = service.seconds_until("/web", 200, 401)
            ready = service.seconds_until("/readyz", 200)
            time.sleep(QUIET_SECONDS)
            return page, ready, resident_mb(service.pid)


def all_platforms(stack: ExitStack) -> dict[str, str]:
    """An emulated Telegram and a real Matrix homeserver, and the settings that name them."""
    _, line = stack.enter_context(python("-m", "tests.emulators.telegram", "--port", "0"))
    matrix = stack.enter_context(running_synapse())
    account = matrix.register("gongfang")
    return {
        "GONGFANG_TELEGRAM__TOKEN": "7000000001:AAemulatedTokenOfNoUseAnywhereElse0",
        "GONGFANG_TELEGRAM__API_BASE": line.split()[2].rstrip("/"),
        "GONGFANG_MATRIX__HOMESERVER": matrix.url, "GONGFANG_MATRIX__USER_ID": account.user_id,
        "GONGFANG_MATRIX__PASSWORD": account.password,
    }  # fmt: skip


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    rows = []
    with ExitStack() as stack:
        cases = [("pages alone", {}, 8.0, 150.0), ("all platforms", all_platforms(stack), 30.0, 350.0)]
        for what, env, soonest, most in cases:
            floor = floor_seconds()
            page, ready, memory = measure(env)
            print(f"{what}: a page after {page:.1f} s (wanted < 8), /readyz after {ready:.1f} s "
                  f"(wanted < {soonest:.0f}), floor (bare imports) {floor:.1f} s, {memory:.0f} MB")  # fmt: skip
            rows += [
                (f"a page after start, {what}", "of 8 s", page / 8),
                (f"ready after start, {what}", f"of {soonest:.0f} s", ready / soonest),
                (f"ready after start, {what}", "times bare imports of FastAPI and SQLAlchemy", ready / floor),
                (f"resident memory, {what}", f"of {most:.0f} MB", memory / most),
            ]
    return rows
