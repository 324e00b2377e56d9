"""What the service says of itself meanwhile (/metrics), and what its processes cost (/proc)."""

import asyncio
import os
import re
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from benchmarks.day.diary import Diary

EVERY = 2.0  # seconds
SAMPLE = re.compile(r"^gongfang_(inbox|outbox)_(waiting|oldest_seconds)\{(.*)\} (\S+)$", re.MULTILINE)
PEOPLE = "people and the emulated Telegram"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Moment:
    """One look: of each queue (inbox, or a lane of the outbox) how much is due, and the age of the oldest."""

    phase: str
    due: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    oldest: dict[str, float] = field(default_factory=lambda: defaultdict(float))


@dataclass
class Watch:
    """`trees` are the processes by what they are: the numbers of their roots."""

    address: str
    diary: Diary
    trees: dict[str, list[int]]
    moments: list[Moment] = field(default_factory=list)
    missed: int = 0  # looks that were not answered
    before: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    began: float = 0.0
    final: dict[str, tuple[float, float, float]] = field(default_factory=dict)  # `costs` at the end of the day

    async def run(self) -> None:
        """Look every two seconds until cancelled."""
        self.before, self.began = self._cpu(), time.monotonic()
        async with httpx2.AsyncClient(base_url=self.address, timeout=30) as http:
            while True:
                try:
                    self.moments.append(self._read((await http.get("/metrics")).text))
                except httpx2.TransportError:
                    self.missed += 1
                for what, roots in self.trees.items():
                    self.peaks[what] = max(self.peaks[what], sum(_resident(pid) for pid in _living(roots)))
                self.peaks[PEOPLE] = max(self.peaks[PEOPLE], _resident(os.getpid()))
                await asyncio.sleep(EVERY)

    def _read(self, shown: str) -> Moment:
        moment = Moment(self.diary.phase)
        for kind, what, labels, value in SAMPLE.findall(shown):
            if 'when="later"' in labels:
                continue
            lane = re.search(r'lane="(\w+)"', labels)
            queue = lane[1] if lane else kind
            if what == "waiting":
                moment.due[queue] += float(value)
            else:
                moment.oldest[queue] = max(moment.oldest[queue], float(value))
        return moment

    def _cpu(self) -> dict[str, float]:
        worked = {what: sum(_worked(pid) for pid in _living(roots)) for what, roots in self.trees.items()}
        return {**worked, PEOPLE: time.process_time()}

    def costs(self) -> dict[str, tuple[float, float, float]]:
        """By what the processes are: (CPU seconds, share of one core, peak of resident memory in MB)."""
        took, now = time.monotonic() - self.began, self._cpu()
        spent = {what: now[what] - self.before[what] for what in now}
        return {what: (spent[what], spent[what] / took, self.peaks[what]) for what in now}


def _living(roots: list[int]) -> list[int]:
    """These processes and all that came of them and still run."""
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            children[int(stat.read_text().rpartition(")")[2].split()[1])].append(int(stat.parent.name))
    found, looked = list(roots), 0
    while looked < len(found):
        found += children[found[looked]]
        looked += 1
    return found


def _worked(pid: int) -> float:
    """CPU seconds of a process and of its children that ended (proc(5): utime, stime, cutime, cstime)."""
    with suppress(OSError):
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15])) / TICKS
    return 0.0


def _resident(pid: int) -> float:
    """Memory of a process in MB; what several share is divided among them."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/smaps_rollup").read_text().split("\nPss:")[1].split()[0]) / 1024
    return 0.0


def process_of(folder: Path, word: str) -> int:
    """The process whose command line names a folder and this word."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = line.read_bytes().decode(errors="replace").split("\0")
            if any(word in one for one in words) and any(str(folder) in one for one in words) and words[0] != "sh":
                return int(line.parent.name)
    raise LookupError(f"no process {word} of {folder}")
