"""A full disk while people talk: it is said, what they send is refused and tried again, and nothing is lost."""

import asyncio
import os
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.page import BOT
from tests.faults.school import School, a_school
from tests.faults.site import Site
from tests.support.browser import Drawn

DISK = "160m"
FULL_SECONDS = 5.0

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


class SmallDisk:
    """A disk of its own that is filled to the last byte; the service's log is on it too."""

    names = frozenset({"database", "blobs", "disk"})

    def __init__(self, folder: Path) -> None:
        self.folder, self.ballast = folder, folder / "ballast"

    def fill(self, _process: int) -> None:
        piece = 1 << 20
        with self.ballast.open("wb", buffering=0) as ballast:
            while piece >= 1:
                try:
                    ballast.write(bytes(piece))
                except OSError:
                    piece //= 2

    def empty(self, _process: int) -> None:
        self.ballast.unlink()


class Limit:
    """No file may grow: what every process can have done to it, without a disk to fill."""

    names = frozenset({"database", "blobs"})

    def fill(self, process: int) -> None:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def empty(self, process: int) -> None:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk of its own can be mounted by root only; the limit below shows the same")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
async def site_on_small_disk(small_disk: SmallDisk) -> AsyncIterator[Site]:
    made = Site(small_disk.folder)
    yield made
    await made.close()


async def test_full_disk(site_on_small_disk: Site, small_disk: SmallDisk, chance: Random) -> None:
    await fill_and_empty(site_on_small_disk, small_disk, chance)


async def test_files_that_cannot_grow(site: Site, chance: Random) -> None:
    await fill_and_empty(site, Limit(), chance)


async def fill_and_empty(site: Site, disk: SmallDisk | Limit, chance: Random) -> None:
    async with a_school(site, chance) as school:
        async with school.at_work():
            await school.wait_for_news(20)
            assert site.process is not None
            for number in range(2):
                disk.fill(site.process.pid)
                saying = await full_for_a_while(school, disk, number)
                disk.empty(site.process.pid)
                await site.is_ready()
                await saying
                await school.wait_for_news(30)
        account = await school.close_the_day()
    assert (account.lost, account.doubled, account.odd) == ([], [], [])
    assert "Traceback" not in site.logs()


async def full_for_a_while(school: School, disk: SmallDisk | Limit, number: int) -> "asyncio.Task[Drawn]":
    """Everything that the service says meanwhile; what somebody is saying."""
    async with asyncio.timeout(30):
        while (said := await school.site.ready())[0] == 200:
            await asyncio.sleep(0.1)
    assert set(said[1]) <= disk.names, said
    assert "database" in said[1], said
    await school.is_refused()
    page = school.people[1].page
    read = await page.http.get(f"/web/chats/{page.chats[BOT]}")
    assert read.status_code == 200, "what is there can be read"
    saying = await school.say_meanwhile(f"磁盘满了{number}")
    await asyncio.sleep(FULL_SECONDS)
    return saying
