"""Take the pictures of the README from the real program with its sample county: `make screenshots`."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.async_api import expect

from tests.support.product import AWAKE, Product, a_product
from tests.support.served import PHONE, Window

TO = Path(__file__).parents[2] / "docs" / "screenshots"
MOST = 200_000  # bytes
READING = "小学语文阅读教学工坊"
LOG = "今天带孩子们去操场听秋天，回来写“声音日记”。平时最怕写作文的小哲，第一个交了满满一页。"


async def main() -> int:
    """Take all of them; 1 when one is too large."""
    TO.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        AWAKE["GONGFANG_TIME__ZONE"] = afternoon()
        async with a_product(Path(folder)) as product:
            of_teacher, of_host, of_admin = product.links
            await signin(product)
            await teacher(await product.window(of_teacher, **PHONE), Path(folder))
            await host(await product.window(of_host, device_scale_factor=1.25))
            await admin(await product.window(of_admin, device_scale_factor=1.25))
    sizes = {path.name: path.stat().st_size for path in sorted(TO.glob("*.png"))}
    for name, size in sizes.items():
        print(f"{name:24} {size // 1000:4} kB")
    return int(max(sizes.values()) > MOST)


def afternoon() -> str:
    """A zone in which it is about four in the afternoon: nobody looks at a school's chat at midnight."""
    ahead = (16 - datetime.now(UTC).hour) % 24
    return f"Etc/GMT{-ahead if ahead <= 14 else 24 - ahead:+}"


async def signin(product: Product) -> None:
    window = await product.window(**PHONE)
    await window.go("/web")
    await keep(window, "signin")


async def teacher(window: Window, folder: Path) -> None:
    await expect(window.page.locator(".row")).to_have_count(4)
    await keep(window, "chat-list")
    await window.chat()
    await window.say("提醒我 明天下午3点 交教案")
    await window.press("对")
    await window.say("日志")
    await window.hears("写日志")
    await window.say(LOG)
    await window.hears("已收到")
    with drawn(folder) as photos:
        await window.page.set_input_files("#pick-photo", photos)
        await window.say("")
    await window.hears("已收到", "2 张照片")
    await window.press("预览")
    await window.hears("看的人会看到", "2 张照片")
    await keep(window, "teacher-phone")


async def host(window: Window) -> None:
    await window.chat()
    await window.hears("申请加入")
    await window.press("同意加入")
    await window.told("已同意")
    await window.chat(READING)
    await window.say("谢谢大家！资源已经发到群里，周四见。")
    await keep(window, "host-room")


async def admin(window: Window) -> None:
    await window.chat()
    await window.say("通知")
    await window.hears("要通知什么")
    await window.say("请各校在本周五前核对教师名册，有调动的老师请告诉我。")
    await window.press("完成")
    await window.hears("发给谁")
    await window.press("云溪县", whole=True)
    await window.hears("预览", "发给：云溪县")
    await keep(window, "admin-desktop")


async def keep(window: Window, name: str) -> None:
    """One picture, as small as it goes: it is loaded by everybody who reads the README."""
    path = TO / f"{name}.png"
    await window.page.evaluate("document.activeElement?.blur()")
    await expect(window.page.locator(".toast")).to_have_count(0, timeout=20_000)
    await window.page.wait_for_timeout(400)
    await window.shot(path)
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.save(path, optimize=True)


@contextmanager
def drawn(folder: Path) -> Iterator[list[Path]]:
    """Two small pictures that nobody has rights in: a hill with a sun, and a page of lines."""
    hill, page = Image.new("RGB", (800, 600), "#cfe3ea"), Image.new("RGB", (800, 600), "#fbf7ea")
    pen = ImageDraw.Draw(hill)
    pen.ellipse((560, 70, 680, 190), fill="#f3c66b")
    pen.ellipse((-200, 330, 620, 1000), fill="#7fa37a")
    pen.ellipse((280, 380, 1100, 1100), fill="#5f8a68")
    for x in (150, 330, 470):
        pen.rectangle((x - 6, 300, x + 6, 400), fill="#6d5540")
        pen.ellipse((x - 55, 200, x + 55, 330), fill="#d98a4a")
    pen = ImageDraw.Draw(page)
    for n, width in enumerate((620, 560, 640, 480, 600, 300)):
        pen.line((80, 110 + 80 * n, 80 + width, 104 + 80 * n), fill="#4a6a8a", width=9)
    paths = [folder / "秋天.jpg", folder / "日记.jpg"]
    hill.save(paths[0])
    page.save(paths[1])
    yield paths


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
