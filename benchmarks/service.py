"""The real program as a process of its own, and what it talks to, for as long as a block lasts."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

ROOT = Path(__file__).parents[1]
GONGFANG = ["-c", "from bot.cli import main; main()"]
LONGEST_START = 90.0


def environment(env: dict[str, str]) -> dict[str, str]:
    """Ours without anybody's settings, and these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GONGFANG_")}
    return {**kept, "PYTHONPATH": str(ROOT), **env}


@contextmanager
def python(*arguments: str, env: dict[str, str] | None = None, folder: Path = ROOT) -> Iterator[tuple[int, str]]:
    """Another Python; (its process id, the first line that it printed). It ends with the block."""
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=environment(env or {}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def null_telegram() -> Iterator[str]:
    """The address of a Bot API server that says yes and does nothing."""
    with python("-m", "tests.emulators.telegram", "--null", "--port", "0") as (_, address):
        yield address


@dataclass(frozen=True, slots=True)
class Service:
    """A running gongfang. `began`: perf_counter when it was started."""

    pid: int
    address: str
    began: float

    def seconds_until(self, path: str, *statuses: int) -> float:
        """Seconds from the start until GET `path` answered with one of these. Raises TimeoutError."""
        while (waited := time.perf_counter() - self.began) < LONGEST_START:
            if _status(self.address + path) in statuses:
                return time.perf_counter() - self.began
            time.sleep(0.05)
        raise TimeoutError(f"{path} after {waited:.0f} s")


def set_up(folder: Path, env: dict[str, str]) -> None:
    """Give a service in a folder its empty database."""
    command = [sys.executable, *GONGFANG, "db", "upgrade"]
    subprocess.run(command, cwd=folder, env=environment(env), check=True, capture_output=True)


@contextmanager
def running(folder: Path, env: dict[str, str], *arguments: str) -> Iterator[Service]:
    """`gongfang run` in a folder, once it printed where its pages are."""
    began = time.perf_counter()
    with python(*GONGFANG, "run", "--json", "--port", "0", *arguments, env=env, folder=folder) as (pid, line):
        yield Service(pid, json.loads(line)["address"], began)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0
