"""The running program stays below 150 MB resident whatever people send (issue 2, Speed and memory)."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from tests.faults.page import Page
from tests.support.metrics import sum_of
from tests.support.program import Program, Running

MOST = 150  # MB
TEACHER = "YX-1005"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")


@pytest.fixture
async def page(program: Program) -> AsyncIterator[Page]:
    service = await asyncio.to_thread(program.run, "--sample")
    page = Page(service.address, "teacher", Random(1))
    await page.enter(str(program.json("person", "claim-code", TEACHER)["code"]).replace("-", ""))
    yield page
    await page.http.aclose()


def peak(service: Running) -> int:
    """The most memory it ever held, MB."""
    return int(Path(f"/proc/{service.process.pid}/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


def photo() -> bytes:
    """As large as phones make them, held sideways."""
    exif, out = Image.Exif(), BytesIO()
    exif[0x0112] = 6
    Image.effect_noise((1040, 780), 60).resize((8320, 6240)).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


def slow_photo() -> bytes:
    """One that takes longer to write anew than a service that stops has time."""
    out = BytesIO()
    Image.effect_noise((5000, 4000), 90).convert("RGB").save(out, "WEBP", quality=40, method=0)
    return out.getvalue()


async def settled(service: Running) -> None:
    """Wait until what was sent is handled, and its files are where they belong."""
    files = service.log.parent / "blobs"
    async with asyncio.timeout(60):
        while sum_of((await asyncio.to_thread(service.get, "/metrics")).text, "gongfang_inbox_waiting"):
            await asyncio.sleep(0.2)
        before = -1
        while before != (before := sum(1 for _ in files.rglob("*"))):
            await asyncio.sleep(3)


async def test_photos_and_files_of_any_size_pass_through(program: Program, page: Page) -> None:
    service = program.services[-1]
    data = photo()
    ids = await asyncio.gather(*[page.upload(f"{n}.jpg", data, "image/jpeg") for n in range(3)])
    await page.say("照片", files=ids)
    large = b"PK" + os.urandom(20 * 2**20 - 2)
    ids = await asyncio.gather(*[page.upload(f"{n}.zip", large, "application/zip") for n in range(3)])
    await page.say("课件", files=ids)
    await settled(service)
    assert peak(service) < MOST, "decoded here, one of these photos takes 400 MB"
    assert service.memory() < MOST


async def test_stopped_while_it_looks_into_a_photo(program: Program, page: Page) -> None:
    process, data = program.services[-1].process, slow_photo()
    uploading = asyncio.ensure_future(page.http.post(
        f"/web/chats/{page.chats['工坊助手']}/uploads", data={"client": "one"}, files={"file": ("a.webp", data)},
        headers={"X-Requested-With": "fetch", "X-CSRF-Token": page.csrf},
    ))  # fmt: skip
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    async with asyncio.timeout(20):
        while not (found := children.read_text().split()):
            await asyncio.sleep(0.01)
    assert await asyncio.to_thread(program.services[-1].stop, signal.SIGTERM) < 5
    assert process.returncode == 0
    async with asyncio.timeout(5):  # it leaves nobody behind: whose parent is gone is buried by the system
        while any(Path(f"/proc/{pid}").exists() for pid in found):
            await asyncio.sleep(0.05)
    answer = await uploading
    assert answer.status_code == 503 and answer.headers["retry-after"], "its page sends it again"
    assert "Traceback" not in program.services[-1].log.read_text()
