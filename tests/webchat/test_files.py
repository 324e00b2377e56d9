"""Files of the web chat: looked into, stripped, limited, shown to those who see their post (issue 2, Bad input)."""

import re
import sys
from io import BytesIO

import pytest
from PIL import Image

from api.communities.tree import ensure_web_room
from api.webchat.keeping import tidy_webchat
from storage.base import new_pid
from tests.support.browser import SCRIPT, Browser, WebWorld, posts_in

WEBM = b"\x1aE\xdf\xa3" + b"\0" * 400


def photo(form: str = "JPEG", size: tuple[int, int] = (1200, 900), **exif: str) -> bytes:
    image, out, tags = Image.new("RGB", size, (180, 200, 190)), BytesIO(), Image.Exif()
    tags[0x0112] = 6  # to be turned
    tags[0x010F] = "Camera 3000"
    gps = tags.get_ifd(0x8825)
    gps[1], gps[2] = "N", (31.0, 13.0, 0.0)
    image.save(out, form, exif=tags)
    return out.getvalue()


@pytest.fixture
async def browser(world: WebWorld) -> Browser:
    return await world.browser(await world.teacher("李春华"))


async def test_a_photo_loses_its_secrets_and_gets_a_thumbnail(world: WebWorld, browser: Browser) -> None:
    drawn = posts_in(await browser.send_file("板书.jpg", photo(), "image/jpeg", "看"))[0]
    assert 'width="900" height="1200"' in drawn.html, "turned upright"
    large = await browser.http.get(drawn.files[0])
    assert large.headers["content-type"] == "image/jpeg" and b"Camera 3000" not in large.content
    assert not Image.open(BytesIO(large.content)).getexif()
    small = await browser.http.get(f"{drawn.files[0].split('?')[0]}?thumb=1")
    assert max(Image.open(BytesIO(small.content)).size) == 640 and len(small.content) < len(large.content)
    for answer in (large, small):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-disposition"].startswith("attachment")


async def test_pictures_that_break_off_or_unfold_are_documents(browser: Browser) -> None:
    frames, still = BytesIO(), BytesIO()
    noise = [Image.effect_noise((60, 40), 50 + n) for n in range(3)]
    noise[0].save(frames, "GIF", save_all=True, append_images=noise[1:])
    noise[0].save(still, "GIF")
    Image.new("1", (9000, 9000)).save(bomb := BytesIO(), "PNG")
    for name, data in (
        ("断.gif", frames.getvalue()[:900]),
        ("断2.gif", still.getvalue()[:900]),
        ("大.png", bomb.getvalue()),
    ):
        drawn = posts_in(await browser.send_file(name, data, "image/gif"))[0]
        assert "<img" not in drawn.html, name
        assert (await browser.http.get(drawn.files[0])).content == data


async def test_large_pictures_have_thumbnails_too(browser: Browser) -> None:
    Image.new("RGBA", (4000, 3000), (200, 30, 30, 128)).save(large := BytesIO(), "PNG")
    drawn = posts_in(await browser.send_file("海报.png", large.getvalue(), "image/png"))[0]
    small = Image.open(BytesIO((await browser.http.get(f"{drawn.files[0].split('?')[0]}?thumb=1")).content))
    assert small.size == (640, 480) and abs(small.convert("RGBA").getpixel((9, 9))[3] - 128) < 4


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
async def test_a_photo_that_is_too_much_is_refused_in_words_and_the_next_one_is_shown(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("api.attachments.darkroom.MEMORY", 120 * 2**20)
        assert "缩小" in await browser.send_file("大.jpg", photo(size=(8000, 6000)), "image/jpeg", expect=422)
    assert "<img" in posts_in(await browser.send_file("小.jpg", photo(), "image/jpeg"))[0].html


async def test_pages_in_disguise_stay_documents(browser: Browser) -> None:
    html = b"<script>alert(document.cookie)</script>"
    disguises = {"a.html": "text/html", "a.svg": "image/svg+xml", "a.jpg": "image/jpeg", "a.mp3": "audio/mpeg"}
    for name, mime in disguises.items():
        drawn = posts_in(await browser.send_file(name, html, mime))[0]
        assert "<img" not in drawn.html and "<audio" not in drawn.html
        answer = await browser.http.get(drawn.files[0])
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.content == html


async def test_voice_plays_in_parts(browser: Browser) -> None:
    drawn = posts_in(await browser.send_file("语音.webm", WEBM, "audio/webm;codecs=opus"))[0]
    assert "<audio" in drawn.html
    part = await browser.http.get(drawn.files[0], headers={"Range": "bytes=4-9"})
    assert part.status_code == 206 and part.content == WEBM[4:10] and part.headers["content-type"] == "audio/webm"
    assert part.headers["content-range"] == f"bytes 4-9/{len(WEBM)}"


@pytest.mark.parametrize(
    ("name", "data", "status", "said"),
    [
        ("空.txt", b"", 422, "空"),
        ("病毒.exe", b"MZ" + b"x" * 50, 422, "exe"),
        ("图.txt", b"MZ" + b"x" * 50, 422, "程序"),
        ("大.zip", b"PK" + b"x" * (20 * 2**20), 413, "20 MB"),
        ("更大.zip", b"PK" + b"x" * (23 * 2**20), 413, "20 MB"),
    ],
)
async def test_what_cannot_be_sent_is_said_with_its_limit(
    browser: Browser, name: str, data: bytes, status: int, said: str
) -> None:
    assert said in await browser.send_file(name, data, "application/octet-stream", expect=status)


async def test_exactly_twenty_megabytes_fit(browser: Browser) -> None:
    data = b"PK" + b"x" * (20 * 2**20 - 2)
    drawn = posts_in(await browser.send_file("刚好.zip", data, "application/zip"))[0]
    assert len((await browser.http.get(drawn.files[0])).content) == len(data)


async def test_a_broken_photo_is_kept_as_a_document(browser: Browser) -> None:
    drawn = posts_in(await browser.send_file("坏.jpg", b"\xff\xd8\xff" + b"\0" * 99, "image/jpeg"))[0]
    assert "<img" not in drawn.html and "坏.jpg" in drawn.html


async def test_a_visitor_sends_no_files_and_is_offered_none(world: WebWorld, browser: Browser) -> None:
    assert 'id="pick-file"' in await browser.open(f"/web/chats/{await browser.chat()}")
    visitor = await world.browser()
    await visitor.open("/web")
    await visitor.submit("/web/visit")
    await world.settle()
    assert "请先输入绑定码" in await visitor.send_file("a.txt", b"abc", "text/plain", expect=403)
    html = await visitor.open(f"/web/chats/{await visitor.chat()}")
    assert 'id="text"' in html
    assert not any(f'id="{tool}"' in html for tool in ("pick-file", "pick-photo", "record", "tray"))


async def test_a_browser_asks_again_before_it_shows_what_it_kept(browser: Browser) -> None:
    drawn = posts_in(await browser.send_file("板书.jpg", photo(), "image/jpeg"))[0]
    large, small = drawn.files[0].split("?")[0], f"{drawn.files[0].split('?')[0]}?thumb=1"
    answers = [await browser.http.get(url) for url in (large, small)]
    assert {answer.headers["cache-control"] for answer in answers} == {"private, no-cache"}
    tags = [answer.headers["etag"] for answer in answers]
    assert len(set(tags)) == 2
    again = await browser.http.get(large, headers={"If-None-Match": tags[0]})
    assert (again.status_code, again.content) == (304, b"")
    await browser.script(f"/web/messages/{drawn.pid}/withdraw")
    asked = await browser.http.get(large, headers={"If-None-Match": tags[0], **SCRIPT})
    assert asked.status_code == 404, "asked each time, refused from now on"


async def test_a_repeated_upload_is_one_file_and_one_message_takes_it(browser: Browser) -> None:
    chat = await browser.chat()
    ids = set()
    for _ in range(3):
        answer = await browser.script(
            f"/web/chats/{chat}/uploads", files={"file": ("a.txt", b"abc", "text/plain")}, client="same"
        )
        ids.add(answer.json()["id"])
    (upload,) = ids
    await browser.say("有文件", file=upload)
    await browser.script(f"/web/chats/{chat}/messages", 409, client=new_pid(), text="再用一次", file=upload)


async def test_others_do_not_get_a_file_nor_its_upload(world: WebWorld, browser: Browser) -> None:
    drawn = posts_in(await browser.send_file("a.txt", b"abc", "text/plain"))[0]
    other = await world.browser(await world.teacher("王"))
    assert (await other.http.get(drawn.files[0], headers=SCRIPT)).status_code == 404
    assert (await (await world.browser()).http.get(drawn.files[0], headers=SCRIPT)).status_code == 401
    chat = await browser.chat()
    answer = await browser.script(
        f"/web/chats/{chat}/uploads", files={"file": ("b.txt", b"x", "text/plain")}, client="b"
    )
    theirs = await other.chat()
    await other.script(f"/web/chats/{theirs}/messages", 409, client="c", text="偷", file=answer.json()["id"])


async def test_a_room_shares_files_until_they_are_withdrawn(world: WebWorld, browser: Browser) -> None:
    workshop = await world.workshop(await world.region(), "数学坊")
    await world.run(ensure_web_room, workshop)
    li, wang = await world.teacher("李"), await world.teacher("王")
    await world.join(li, workshop)
    await world.join(wang, workshop)
    a, b = await world.browser(li), await world.browser(wang)
    drawn = posts_in(await a.send_file("a.txt", b"abc", "text/plain", chat="数学坊"))[0]
    assert (await b.http.get(drawn.files[0])).content == b"abc"
    assert (await browser.http.get(drawn.files[0], headers=SCRIPT)).status_code == 404
    await a.script(f"/web/messages/{drawn.pid}/withdraw")
    assert (await b.http.get(drawn.files[0], headers=SCRIPT)).status_code == 404


async def test_photos_stand_in_the_order_in_which_they_were_added(browser: Browser) -> None:
    chat = await browser.chat()
    ids = []
    for n in (2, 1, 3):
        files = {"file": (f"{n}.png", photo("PNG", (40, 40)), "image/png")}
        answer = await browser.script(f"/web/chats/{chat}/uploads", files=files, client=f"c{n}")
        ids.append((n, answer.json()["id"]))
    html = await browser.say("", file=[pid for _, pid in sorted(ids)])
    assert re.findall(r"照片：(\d)\.png", html) == ["1", "2", "3"]


async def test_files_nobody_sent_are_forgotten_with_their_bytes(world: WebWorld, browser: Browser) -> None:
    chat = await browser.chat()
    await browser.script(f"/web/chats/{chat}/uploads", files={"file": ("a.png", photo("PNG"), "image/png")}, client="a")
    drawn = posts_in(await browser.send_file("b.txt", b"kept", "text/plain"))[0]
    keys = [key async for batch in _blobs(world) for key in batch]
    assert len(keys) == 3
    world.pass_time(days=3)
    await world.run(tidy_webchat)
    await world.fetchers.drain()
    assert len([key async for batch in _blobs(world) for key in batch]) == 1
    assert (await browser.http.get(drawn.files[0])).content == b"kept"


async def test_uploads_without_room_are_not_taken(
    world: WebWorld, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await browser.chat()

    async def full(_self: object, _data: bytes) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(world.runtime.blobs), "put", full)
    files = {"file": ("a.txt", b"abc", "text/plain")}
    answer = await browser.script(f"/web/chats/{chat}/uploads", 503, files=files, client="a")
    assert answer.headers["retry-after"] and "稍" in answer.json()["detail"]
    monkeypatch.undo()
    await browser.script(f"/web/chats/{chat}/uploads", files=files, client="a")


async def _blobs(world: WebWorld):  # type: ignore[no-untyped-def]
    import obstore

    async for batch in obstore.list(world.runtime.blobs._store):
        yield batch
