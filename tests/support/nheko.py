"""Nheko, a Matrix app from Debian, on a screen that nobody looks at: for pictures of what people see on Matrix.

Needs what NEEDED says, all of it in Debian: `apt-get install nheko xvfb xdotool dbus`.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageGrab

from tests.support.synapse import Registered

NEEDED = ("nheko", "Xvfb", "xdotool", "dbus-run-session")
SIZE = (1000, 700)
NOT_NOW = (SIZE[0] - 67, SIZE[1] - 40)  # "Cancel", where it offers to set up key backups
NO_HINT = (275, 85)  # the ✕ beside its reminder of that
# of Nheko's own: no keyring is here, and nothing should move or pop up on a picture. QSettings writes @ as @@.
SETTINGS = """
[General]
run_without_secure_secrets_service=true
[auth]
access_token={token}
device_id={device}
home_server={address}
user_id=@{user}
[user]
bubbles_enabled=true
desktop_notifications=false
reduced_motion=true
font_size=11
sidebar\\room_list_width=240
"""


@dataclass(frozen=True, slots=True)
class Nheko:
    """A running one. Its rooms are opened by their ids."""

    display: str
    env: dict[str, str]

    async def picture(self, room: str, path: Path) -> None:
        """What the room looks like now."""
        link = f"matrix:roomid/{room.removeprefix('!')}"
        await self.call("dbus-run-session", "--", "nheko", link)
        await asyncio.sleep(3)  # it draws when it likes
        self.grab().save(path)

    def grab(self) -> Image.Image:
        """The screen."""
        return ImageGrab.grab(xdisplay=self.display).convert("RGB")

    async def click(self, at: tuple[int, int]) -> None:
        """Press the mouse button there."""
        await self.call("xdotool", "mousemove", str(at[0]), str(at[1]), "sleep", "0.3", "click", "1")

    async def call(self, *command: str) -> None:
        """Run something on its screen."""
        done = await asyncio.create_subprocess_exec(
            *command, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert await asyncio.wait_for(done.wait(), 30) == 0, command


def missing() -> list[str]:
    """The programs that are not here."""
    return [name for name in NEEDED if shutil.which(name) is None]


@asynccontextmanager
async def a_nheko(account: Registered, address: str, folder: Path) -> AsyncIterator[Nheko]:
    """Signed in with a device that was made for it, its settings below `folder`."""
    read, write = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp"],
        pass_fds=[write], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with open(read) as number:
        display = f":{(await asyncio.to_thread(number.readline)).strip()}"
    settings = folder / ".config" / "nheko" / "nheko.conf"
    settings.parent.mkdir(parents=True)
    told = {"token": account.token, "device": account.device_id, "address": address, "user": account.user_id}
    settings.write_text(SETTINGS.format(**told))
    env = {
        **os.environ, "DISPLAY": display, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "LANG": "zh_CN.UTF-8",
        "QT_QUICK_BACKEND": "software", "TZ": "Asia/Shanghai",
    }  # fmt: skip
    app = subprocess.Popen(
        ["dbus-run-session", "--", "nheko"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    nheko = Nheko(display, env)
    try:
        await asyncio.sleep(10)
        await nheko.call("xdotool", "search", "--onlyvisible", "--name", "nheko", "windowmove", "0", "0", "windowsize",
                         str(SIZE[0]), str(SIZE[1]))  # fmt: skip
        for place in (NOT_NOW, NO_HINT):
            await asyncio.sleep(2)
            await nheko.click(place)
        yield nheko
    finally:
        for program in (app, screen):
            program.terminate()
            program.wait(20)
