"""Take the pictures of docs/*/three-platforms.md, walking what they tell with the real programs: `make screenshots`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, expect

from tests.e2e.take_screenshots import TO, afternoon, drawn
from tests.support.nheko import Nheko, a_nheko, missing
from tests.support.product import AWAKE
from tests.support.three import Three, play, three_platforms

COLOURS = 200  # enough for pages, a photo included


async def main() -> int:
    """Take all of them; 1 when a program for those of Matrix is missing."""
    if lacking := missing():
        print(f"The pictures of Matrix lack {', '.join(lacking)} (apt-get install nheko xvfb xdotool)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name, drawn(Path(name)) as photos:
        folder = Path(name)
        AWAKE["GONGFANG_TIME__ZONE"] = afternoon()
        async with three_platforms(folder) as three:
            cheng = three.cheng
            async with a_nheko(cheng.account, str(cheng.http.base_url).rstrip("/"), folder / "nheko") as nheko:
                await play(three, photos[0], lambda what, three: keep(what, three, nheko))
    for path in sorted(TO.glob("three-*.png")):
        print(f"{path.name:28} {path.stat().st_size // 1000:4} kB")
    return 0


async def keep(what: str, three: Three, nheko: Nheko) -> None:
    """The picture of one moment, on the platform it is about."""
    path, cheng = TO / f"three-{what}.png", three.cheng
    if what.startswith("matrix"):
        await nheko.picture(cheng.room if what == "matrix-room" else cheng.private, path)
    elif what.startswith("telegram"):
        await of_page(three.telegram.page, path)
    else:
        await expect(three.host.page.locator(".toast")).to_have_count(0)
        await of_page(three.host.page, path)
    smaller(path)


def smaller(path: Path) -> None:
    """Keep a picture in few colours."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


async def of_page(page: Page, path: Path) -> None:
    """A page as it looks when nobody types."""
    await page.evaluate("document.activeElement?.blur()")
    await page.wait_for_timeout(400)
    await page.screenshot(path=str(path))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
