"""The real service as a process of its own that can be killed, stopped and started again at the same address."""

import asyncio
import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx2

from api.times import utcnow
from tests.support.metrics import sum_of
from tests.support.program import GONGFANG, Program

ROOT = Path(__file__).parents[2]
GONE_SECONDS = 20.0
NOW: dict[str, str] = {"when": "now"}
# it may be night when the tests run, and those who talk in them are faster than people
QUIET = {"GONGFANG_TIME__QUIET_HOURS": "", "GONGFANG_BOT__MOST_A_MINUTE": "0"}


@dataclass
class Site:
    """gongfang in a folder, with the sample county; `env` are further settings, `role` what the process does."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    address: str = ""
    role: str = "all"
    starts: int = 0
    process: "subprocess.Popen[str] | None" = None

    def __post_init__(self) -> None:
        self.commands = Program(self.folder, {"LANG": "C.UTF-8", **QUIET, **self.env})

    def prepare(self) -> None:
        """Make the database and the county."""
        for command in (("db", "upgrade"), ("sample", "load")):
            self.commands.json(*command)

    def claim_code(self, number: str) -> str:
        """A claim code for the person with this staff number."""
        return str(self.commands.json("person", "claim-code", number)["code"]).replace("-", "")

    def spawn(self) -> None:
        """Begin to start it, at the address it had before."""
        self.starts += 1
        port = self.address.rpartition(":")[2] or "0"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GONGFANG_")}
        with (self.folder / f"log-{self.starts}").open("w") as log:
            self.process = subprocess.Popen(
                [*GONGFANG, "run", "--json", "--port", port, "--role", self.role], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**kept, "PYTHONPATH": str(ROOT), **self.commands.env},
            )  # fmt: skip

    async def start(self) -> None:
        """Start it and wait until its pages can be opened."""
        self.spawn()
        await self.wait_until_open()

    async def wait_until_open(self) -> None:
        """Wait for a spawned one."""
        assert self.process is not None and self.process.stdout is not None
        line = await asyncio.to_thread(self.process.stdout.readline)
        assert line, self.log()
        self.address = json.loads(line)["address"]

    async def end(self, number: int = signal.SIGKILL) -> int | None:
        """End it by a signal; returns how it ended."""
        assert self.process is not None and self.process.stdout is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        await asyncio.to_thread(self.process.wait, GONE_SECONDS)
        self.process.stdout.close()
        return self.process.returncode

    async def ready(self) -> tuple[int, dict[str, str]]:
        """(status, what is wrong by name) of /readyz."""
        async with httpx2.AsyncClient(timeout=30) as http:
            answer = await http.get(f"{self.address}/readyz", headers={"Accept-Language": "en"})
        return answer.status_code, {one["name"]: one["detail"] for one in answer.json()["checks"] if not one["ok"]}

    async def is_ready(self, seconds: float = 30) -> None:
        """Wait until it says that it is ready."""
        async with asyncio.timeout(seconds):
            while (await self.ready())[0] != 200:
                await asyncio.sleep(0.2)

    async def settle(self, seconds: float = 60, later: bool = False) -> datetime:
        """Wait until nothing waits to be handled or to be sent now, or `later`. Returns until when all that was due is
        done."""
        async with asyncio.timeout(seconds), httpx2.AsyncClient(timeout=30) as http:
            while True:
                until = utcnow()
                shown = (await http.get(f"{self.address}/metrics")).text
                to_send = sum_of(shown, "gongfang_outbox_waiting", **({} if later else NOW))
                if sum_of(shown, "gongfang_inbox_waiting") == 0 and to_send == 0:
                    return until
                await asyncio.sleep(0.2)

    def log(self) -> str:
        """What the last one that was started wrote."""
        return (self.folder / f"log-{self.starts}").read_text(errors="replace")

    def logs(self) -> str:
        """What all of them wrote."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log-*")))

    async def close(self) -> None:
        """End what still runs."""
        if self.process is not None and self.process.poll() is None:
            await self.end()

    @property
    def database(self) -> str:
        """Where its database is."""
        return self.env.get("GONGFANG_DATABASE__URL") or f"sqlite:///{self.folder / 'gongfang.db'}"
