"""Pictures are decoded in a child process: the service stays small, and lives whatever becomes of the child."""

import ast
import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from PIL import Image

from api.attachments import darkroom
from api.attachments.darkroom import Darkroom, Photo, Unreadable
from api.attachments.photos import HidesPlace

ROOT = Path(__file__).parents[2]
LARGEST = (8320, 6240)  # 52 million pixels
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory, /proc and PR_SET_PDEATHSIG are Linux'")


def picture(size: tuple[int, int], form: str = "JPEG", **how: object) -> bytes:
    """A picture held sideways, taken at a place."""
    exif, out = Image.Exif(), BytesIO()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 0.0)})
    Image.new("RGB", size, "teal").save(out, form, exif=exif, **how)
    return out.getvalue()


def slow_picture() -> bytes:
    """One that takes seconds to write anew."""
    out = BytesIO()
    Image.effect_noise((3000, 3000), 90).convert("RGB").save(out, "WEBP", quality=60, method=0)
    return out.getvalue()


async def clean(data: bytes, room: Darkroom | None = None) -> tuple[Photo, bytes]:
    """What becomes of a photo, and its bytes then."""
    with TemporaryFile() as source, TemporaryFile(buffering=0) as into:
        source.write(data)
        photo = await (room or Darkroom()).clean(source, into, "photo", "", thumb=True)
        into.seek(0)
        return photo, into.read()


def peak() -> int:
    """The most memory this process held since `forget_peak`, in MB."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def children(of: int) -> list[int]:
    """Children that do their work (a fork is none yet)."""
    found = Path(f"/proc/{of}/task/{of}/children").read_text().split()
    return [int(pid) for pid in found if b"photos.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def started() -> int:
    """The child of this process, as soon as it has got to decoding."""
    async with asyncio.timeout(20):
        while True:
            for pid in children(os.getpid()):
                if b"PIL" in Path(f"/proc/{pid}/maps").read_bytes():
                    return pid
            await asyncio.sleep(0.01)


@on_linux
async def test_the_largest_photo_takes_no_memory_here() -> None:
    data = picture(LARGEST)
    forget_peak()
    before = peak()
    photo, kept = await clean(data)
    assert (photo.kind, photo.mime, photo.width, photo.height) == ("photo", "image/jpeg", *reversed(LARGEST))
    assert peak() - before < 30, "decoded here it takes more than 400"
    with Image.open(BytesIO(kept)) as upright:
        assert upright.size == (6240, 8320) and not upright.getexif()
    assert photo.thumb is not None and max(Image.open(BytesIO(photo.thumb)).size) == 640


@on_linux
async def test_too_much_memory_is_refused_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Darkroom()
    with monkeypatch.context() as patch:
        patch.setattr(darkroom, "MEMORY", 120 * 2**20)
        with pytest.raises(Unreadable):
            await clean(picture(LARGEST), room)
    assert (await clean(picture((40, 20)), room))[0].kind == "photo"


async def test_too_much_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "CPU_SECONDS", 1)
    with pytest.raises(Unreadable, match=str(-signal.SIGXCPU)):
        await clean(slow_picture())


async def test_a_machine_with_too_much_to_do_is_not_the_pictures_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "PATIENCE", 0.01)
    with pytest.raises(OSError):  # said as "try again shortly", and tried again
        await clean(picture((40, 20)))


@on_linux
async def test_a_child_that_is_killed_is_survived() -> None:
    room, data = Darkroom(), slow_picture()
    working = asyncio.ensure_future(clean(data, room))
    os.kill(await started(), signal.SIGKILL)
    with pytest.raises(Unreadable):
        await working
    assert (await clean(picture((40, 20)), room))[0].kind == "photo"


@on_linux
async def test_what_stops_the_service_lets_it_decide() -> None:
    working = asyncio.ensure_future(clean(slow_picture()))
    child = await started()
    for number in (signal.SIGTERM, signal.SIGINT):  # as a service manager sends it to all processes
        os.kill(child, number)
    assert (await working)[0].kind == "photo"
    working = asyncio.ensure_future(clean(slow_picture()))
    await started()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert children(os.getpid()) == []


@on_linux
def test_a_child_ends_with_a_service_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(slow_picture())
    service = """if True:
        import asyncio
        from api.attachments.darkroom import Darkroom
        with open("photo", "rb") as source, open("clean", "wb") as into:
            asyncio.run(Darkroom().clean(source, into, "photo", ""))
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", service], cwd=tmp_path, env=environment) as process:
        ends = time.monotonic() + 20
        while not (found := children(process.pid)) or b"PIL" not in Path(f"/proc/{found[0]}/maps").read_bytes():
            assert time.monotonic() < ends and process.poll() is None
            time.sleep(0.01)
        process.kill()
    while any(_lives(pid) for pid in found):
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert not (tmp_path / "clean").stat().st_size, "it had not been ready"


async def test_bombs_stay_folded() -> None:
    side = 40_000  # 1,600 million pixels in 200 KB
    for parts, hides in (((), False), (((b"eXIf", b"Exif of some camera"),), True)):
        header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
        chunks = [(b"IHDR", header), *parts, (b"IDAT", zlib.compress(bytes(side // 8 + 1) * side)), (b"IEND", b"")]
        data = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
            for name, body in chunks
        )
        began = time.monotonic()
        if hides:
            with pytest.raises(HidesPlace):
                await clean(data)
        else:
            photo, kept = await clean(data)
            assert (photo.kind, photo.thumb) == ("document", None) and kept == data
        assert time.monotonic() - began < 10


async def test_what_cannot_be_opened_is_not_kept_with_its_place() -> None:
    for form, first in (("WEBP", b"VP8 "), ("PNG", b"IDAT")):
        data = bytearray(picture((400, 300), form))
        at = data.index(first) + 8
        data[at : at + 40] = bytes(40)  # where they say where it was is whole
        with pytest.raises(HidesPlace):
            await clean(bytes(data))


async def test_a_child_knows_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "photos.py"
    program.write_text("import json, os; print(json.dumps({'kind': ' '.join(os.environ), 'mime': ''}))")
    monkeypatch.setattr(darkroom, "CHILD", program)
    monkeypatch.setenv("GONGFANG_WEB__SECRET", "secret")
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    told = (await clean(b"x"))[0].kind.split()
    assert "SOMETHING_ELSE" in told and "GONGFANG_WEB__SECRET" not in told


def test_a_child_is_small() -> None:
    """It imports Pillow and the standard library: with the program it would be as large as the service."""
    modules = set[str]()
    for node in ast.walk(ast.parse(darkroom.CHILD.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").partition(".")[0] if node.level == 0 else ".")
    assert modules <= {"PIL", *sys.stdlib_module_names}


def _lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
