"""Attachments: kept as rows, fetched by a worker, cleaned, shown to those who may, purged."""

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image

from api.attachments.fetching import FETCH_ATTEMPTS, Fetched, lease_files, settle_file
from api.attachments.service import (
    FILE_LIMIT,
    attachments_of,
    clean_name,
    forget_made,
    get_attachment_for,
    keep_bytes,
    keep_file,
    read_attachment,
    remove_attachments,
    store_bytes,
    take_attachments,
)
from api.attachments.texts import reason
from api.context import Context
from api.errors import Forbidden, Invalid, NotFound, TooLarge, TooMany
from bot.fetch import Fetchers
from bot.inbound import File
from bot.platforms.base import RetryAfter, Transient
from storage.attachments import Attachment
from storage.messaging import Chat
from storage.reach import Reach
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.fixture
async def li(world: World) -> Voice:
    county = await world.region()
    return await world.teacher("李老师", await world.school(county, "第一小学"))


def photo_with_place(form: str = "JPEG", orientation: int = 6) -> bytes:
    """A 40 x 20 picture taken at a place, with the camera's thumbnail data, held sideways."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 0.0), 3: "E", 4: (121.0, 28.0, 0.0)})
    out = BytesIO()
    Image.new("RGB", (40, 20), "teal").save(out, form, exif=exif, comment=b"secret comment")
    return out.getvalue()


async def sent(world: World, li: Voice, data: bytes, kind: str = "photo", mime: str = "image/jpeg",
               **more: Any) -> Attachment:  # fmt: skip
    """A file that Li sent on paper, kept and worked through."""
    world.paper.files["k"] = data
    file = File(kind, more.pop("name", "a.jpg"), mime, len(data), {"key": "k"})
    row = await world.run(keep_here, file, li.chat, actor=li)
    await world.fetchers.drain()
    return await reload(world, row)


def keep_here(ctx: Context, file: File, native: str, holder: str = "") -> Attachment:
    """keep_file in the paper chat with this id."""
    return keep_file(ctx, file, Chat(platform="paper", account="", native=native, kind="private"), holder)


async def reload(world: World, row: Attachment) -> Attachment:
    return await world.run(lambda ctx: ctx.session.get(Attachment, row.id))


async def content(world: World, row: Attachment, actor: Voice | None = None) -> bytes:
    found = await world.run(read_attachment, row.pid, {}, actor=actor)
    return found.data if found.data is not None else await world.runtime.blobs.get(found.blob_key)


async def test_a_photo_loses_its_place_and_stands_upright(world: World, li: Voice) -> None:
    for form, mime in [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]:
        data = photo_with_place(form)
        assert b"PhoneMaker" in data
        row = await sent(world, li, data, mime=mime)
        assert (row.state, row.kind, row.mime) == ("stored", "photo", mime)
        kept = await content(world, row, li)
        assert row.size == len(kept)
        for secret in (b"Exif", b"eXIf", b"EXIF", b"PhoneMaker", b"secret comment"):
            assert secret not in kept, (form, secret)
        with Image.open(BytesIO(kept)) as picture:
            assert picture.size == (20, 40)
            assert not picture.getexif()


async def test_a_picture_sent_as_a_file_is_cleaned_too(world: World, li: Voice) -> None:
    row = await sent(world, li, photo_with_place(orientation=1), kind="document", name="现场.jpg")
    kept = await content(world, row, li)
    assert b"PhoneMaker" not in kept and b"secret comment" not in kept
    assert row.kind == "document"
    with Image.open(BytesIO(kept)) as picture:
        assert picture.size == (40, 20)


async def test_what_cannot_be_cleaned_is_kept_only_when_it_hides_nothing(world: World, li: Voice) -> None:
    heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
    kept = await sent(world, li, heic, mime="image/heic", name="a.heic")
    assert (kept.state, kept.kind, kept.mime) == ("stored", "document", "image/heic")
    hiding = await sent(world, li, heic + b"infe\x00\x00Exif\x00", mime="image/heic", name="b.heic")
    assert (hiding.state, hiding.error) == ("failed", "hidden_place")
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    plain, marked = BytesIO(), BytesIO()
    frames[0].save(plain, "WEBP", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    frames[0].save(marked, "WEBP", save_all=True, append_images=frames[1:], exif=exif)
    moving = await sent(world, li, plain.getvalue(), mime="image/webp")
    assert (moving.state, moving.kind) == ("stored", "photo")
    assert await content(world, moving, li) == plain.getvalue()
    assert (await sent(world, li, marked.getvalue(), mime="image/webp")).error == "hidden_place"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
async def test_a_picture_that_is_too_much_fails_with_its_reason_and_the_next_one_is_kept(
    world: World, li: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (8000, 6000)).save(large := BytesIO(), "JPEG")
    with monkeypatch.context() as patch:
        patch.setattr("api.attachments.darkroom.MEMORY", 120 * 2**20)
        row = await sent(world, li, large.getvalue())
    assert (row.state, row.error) == ("failed", "unreadable")
    assert "make it smaller" in reason(row).key
    assert (await sent(world, li, photo_with_place())).state == "stored"


async def test_a_picture_waits_while_the_machine_has_too_much_to_do(
    world: World, li: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("api.attachments.darkroom.PATIENCE", 0.01)
        row = await sent(world, li, photo_with_place())
    assert row.state == "pending"
    world.pass_time(minutes=1)
    await world.fetchers.drain()
    assert (await reload(world, row)).state == "stored"


async def test_other_files_stay_byte_for_byte(world: World, li: Voice) -> None:
    data = bytes(range(256)) * 50
    row = await sent(world, li, data, kind="document", mime="application/pdf", name="教案.pdf")
    assert await content(world, row, li) == data
    broken = await sent(world, li, b"not a picture at all", kind="photo")
    assert (broken.state, broken.kind) == ("stored", "document")


async def test_limits_are_named(world: World, li: Voice) -> None:
    with pytest.raises(TooLarge) as large:
        await world.run(keep_here, File("video", "课.mp4", "video/mp4", FILE_LIMIT + 1, {}), li.chat, actor=li)
    assert large.value.data["limit"] == FILE_LIMIT
    with pytest.raises(Invalid):
        await world.run(keep_here, File("sticker", "a", "image/webp", 9, {}), li.chat, actor=li)
    with pytest.raises(Invalid):
        await world.run(keep_bytes, "a.txt", "text/plain", b"", actor=li)
    # a platform that understates the size is stopped while it hands over
    world.paper.files["huge"] = b"x" * (FILE_LIMIT + 1)
    row = await world.run(keep_here, File("video", "课.mp4", "video/mp4", 0, {"key": "huge"}), li.chat, actor=li)
    await world.fetchers.drain()
    assert ((await reload(world, row)).state, (await reload(world, row)).error) == ("failed", "too_large")


async def test_a_day_has_a_quota_per_person(world: World, li: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.attachments.service.FILES_PER_DAY", 2)
    for name in "ab":
        await world.run(keep_bytes, name, "text/plain", b"1", actor=li)
    with pytest.raises(TooMany) as many:
        await world.run(keep_bytes, "c", "text/plain", b"1", actor=li)
    assert many.value.data["retry_after"] > 0
    world.pass_time(hours=25)
    await world.run(keep_bytes, "c", "text/plain", b"1", actor=li)


async def test_strangers_files_are_never_kept(world: World) -> None:
    stranger = await world.teacher("路人", bound=False)
    with pytest.raises(Forbidden):
        await world.run(keep_here, File("photo", "a.jpg", "image/jpeg", 9, {"key": "k"}), stranger.chat)


async def test_what_holds_a_file_decides_who_sees_it(world: World, li: Voice) -> None:
    other = await world.teacher("王老师")
    row = await world.run(store_bytes, "a.txt", "text/plain", b"words", "journal_entry:abc", actor=li)
    asked = []

    def may_see(ctx: Context, pid: str) -> bool:
        asked.append(pid)
        return ctx.me.name == "王老师"

    holders = {"journal_entry": may_see}
    assert (await world.run(get_attachment_for, row.pid, holders, actor=other)).id == row.id
    assert asked == ["abc"]
    third = await world.teacher("赵老师")
    for who, rules in [(third, holders), (other, {})]:
        with pytest.raises(NotFound):
            await world.run(get_attachment_for, row.pid, rules, actor=who)
    assert (await world.run(get_attachment_for, row.pid, {}, actor=li)).id == row.id


async def test_only_ones_own_free_uploads_can_be_given_to_a_thing(world: World, li: Voice) -> None:
    other = await world.teacher("王老师")
    row = await world.run(keep_bytes, "a.txt", "text/plain", b"1", actor=li)
    with pytest.raises(NotFound):
        await world.run(take_attachments, [row.pid], "journal_entry:x", actor=other)
    await world.run(take_attachments, [row.pid], "journal_entry:x", actor=li)
    with pytest.raises(NotFound):
        await world.run(take_attachments, [row.pid], "journal_entry:y", actor=li)
    assert [one.pid for one in await world.run(attachments_of, "journal_entry:x")] == [row.pid]


async def test_our_own_bytes_can_be_read_at_once_and_move_to_the_blob_store(world: World, li: Voice) -> None:
    row = await world.run(store_bytes, "名单.xlsx", "application/vnd.ms-excel", b"sheet", actor=li)
    assert row.state == "stored" and row.blob_key is None
    assert await content(world, row, li) == b"sheet"
    await world.fetchers.drain()
    moved = await reload(world, row)
    assert moved.blob_key is not None and moved.next_at is None
    assert await world.runtime.blobs.get(moved.blob_key) == b"sheet"
    assert await content(world, row, li) == b"sheet"


async def test_a_platform_that_is_away_is_asked_again(world: World, li: Voice, monkeypatch: Any) -> None:
    tries = 0

    async def fetch(_file: File) -> AsyncIterator[bytes]:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Transient("away")
        yield b"words"

    monkeypatch.setattr(world.paper, "fetch", fetch)
    row = await sent(world, li, b"words", kind="document", mime="text/plain")
    assert (row.state, tries) == ("pending", 1)
    await world.fetchers.drain()
    assert tries == 1, "it waits before it asks again"
    for _ in range(2):
        world.pass_time(hours=1)
        await world.fetchers.drain()
    assert (await reload(world, row)).state == "stored"
    tries = -100
    row = await sent(world, li, b"words", kind="document", mime="text/plain")
    for _ in range(FETCH_ATTEMPTS):
        world.pass_time(hours=1)
        await world.fetchers.drain()
    assert (await reload(world, row)).state == "failed"


async def test_a_platform_says_when_to_come_back(world: World, li: Voice, monkeypatch: Any) -> None:
    asked: list[Any] = []

    async def fetch(_file: File) -> AsyncIterator[bytes]:
        asked.append(world.runtime.now())
        if len(asked) <= FETCH_ATTEMPTS:
            raise RetryAfter(7)
        yield b"words"

    monkeypatch.setattr(world.paper, "fetch", fetch)
    row = await sent(world, li, b"words", kind="document", mime="text/plain")
    for _ in range(2 * FETCH_ATTEMPTS):
        world.pass_time(seconds=3.5)
        await world.fetchers.drain()
    assert {later - one for one, later in pairwise(asked)} == {timedelta(seconds=7)}
    assert len(asked) == FETCH_ATTEMPTS + 1, "waiting is not failing"
    assert (await reload(world, row)).state == "stored"


async def test_a_platform_that_only_puts_off_is_given_up(world: World, li: Voice, monkeypatch: Any) -> None:
    async def fetch(_file: File) -> AsyncIterator[bytes]:
        raise RetryAfter(3600)
        yield b""

    monkeypatch.setattr(world.paper, "fetch", fetch)
    row = await sent(world, li, b"words", kind="document", mime="text/plain")
    world.pass_time(hours=23)
    await world.fetchers.drain()
    assert (await reload(world, row)).state == "pending"
    world.pass_time(hours=2)
    await world.fetchers.drain()
    assert (await reload(world, row)).state == "failed"


async def test_followers_hear_once_and_a_failing_one_loses_nothing(world: World, li: Voice) -> None:
    heard: list[tuple[str, str]] = []

    def broken(_ctx: Context, _row: Attachment) -> None:
        raise RuntimeError("boom")

    def listening(_ctx: Context, row: Attachment) -> None:
        heard.append((row.name, row.state))

    world.fetchers = Fetchers(world.runtime, world.fetchers.bots, [broken, listening])
    assert (await sent(world, li, b"words", kind="document", mime="text/plain", name="a.txt")).state == "stored"
    row = await world.run(keep_here, File("document", "b.txt", "text/plain", 3, {"key": "missing"}), li.chat, actor=li)
    await world.fetchers.drain()
    assert (await reload(world, row)).error == "gone"
    assert heard == [("a.txt", "stored"), ("b.txt", "failed")]


async def test_a_worker_that_was_too_slow_changes_nothing(world: World, li: Voice) -> None:
    row = await world.run(keep_bytes, "a.txt", "text/plain", b"1", actor=li)
    [slow] = await world.run(lease_files, Reach(("paper",)), 5)
    assert await world.run(lease_files, Reach(("paper",)), 5) == [], "leased to one only"
    world.pass_time(minutes=10)
    [quick] = await world.run(lease_files, Reach(("paper",)), 5)
    done = Fetched("key/quick", "document", "text/plain", 1)
    assert await world.run(settle_file, quick, done, ()) is True
    assert await world.run(settle_file, slow, Fetched("key/slow", "document", "text/plain", 1), ()) is False
    assert (await reload(world, row)).blob_key == "key/quick"


async def test_removed_files_are_seen_by_nobody_and_purged_later(world: World, li: Voice) -> None:
    row = await sent(world, li, b"words", kind="document", mime="text/plain")
    await world.run(lambda ctx: remove_attachments(ctx, [ctx.session.get(Attachment, row.id)], timedelta(days=30)))
    with pytest.raises(NotFound):
        await world.run(get_attachment_for, row.pid, {}, actor=li)
    await world.fetchers.drain()
    assert await world.runtime.blobs.get(row.blob_key) == b"words"
    world.pass_time(days=31)
    await world.fetchers.drain()
    assert await reload(world, row) is None
    with pytest.raises(FileNotFoundError):
        await world.runtime.blobs.get(row.blob_key)


async def test_files_we_made_are_gone_after_two_weeks(world: World, li: Voice) -> None:
    made = await world.run(store_bytes, "codes.xlsx", "application/zip", b"codes", actor=li)
    held = await world.run(store_bytes, "kept.txt", "text/plain", b"kept", "resource:x", actor=li)
    await world.fetchers.drain()
    world.pass_time(days=13)
    assert await world.run(forget_made) is False
    assert (await reload(world, made)).state == "stored"
    world.pass_time(days=2)
    assert await world.run(forget_made) is False
    with pytest.raises(NotFound):
        await world.run(get_attachment_for, made.pid, {}, actor=li)
    await world.fetchers.drain()
    assert await reload(world, made) is None and (await reload(world, held)).state == "stored"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("教案\u202exslx.exe", "教案_xslx.exe"),
        ("", "photo.jpg"),
        ("字" * 300 + ".docx", "字" * 195 + ".docx"),
        ("a\x00b\n.txt", "a_b_.txt"),
    ],
)
def test_names_are_safe(given: str, kept: str) -> None:
    assert clean_name(given, "photo") == kept
