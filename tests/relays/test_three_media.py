"""Voice, files and albums over the bridge for real: sent on one platform, seen and heard on the other two."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.emulators.telegram.model import Message
from tests.support.browser import Drawn
from tests.support.lane import ROOM, Lane

pytestmark = pytest.mark.slow

OGG = b"OggS" + b"v" * 200  # what phones record
WEBM = b"\x1aE\xdf\xa3" + b"w" * 200  # what browsers record
PAPER = b"%PDF-1.7 " + b"p" * 300
COLOURS = ("red", "green", "blue")


def a_picture(colour: str) -> bytes:
    """A picture that is told from others after it was drawn anew."""
    out = BytesIO()
    Image.new("RGB", (16, 16), colour).save(out, "JPEG")
    return out.getvalue()


def colour_of(data: bytes) -> str:
    """Which of COLOURS a picture has."""
    red, green, blue = Image.open(BytesIO(data)).convert("RGB").getpixel((8, 8))  # type: ignore[misc]
    return max(zip((red, green, blue), COLOURS, strict=True))[1]


async def send_matrix(lane: Lane, kind: str, name: str, data: bytes, mime: str, **more: Any) -> str:
    """Chen sends a file as clients do; its event."""
    address = await lane.chen.upload(data, mime, name)
    content = {"msgtype": kind, "body": name, "filename": name, "url": address, **more}
    event = await lane.chen.send(lane.room, content | {"info": {"mimetype": mime, "size": len(data)}})
    await lane.world.settle()
    return event


async def send_web(lane: Lane, text: str, *files: tuple[str, bytes, str], **more: Any) -> None:
    """Wang sends files in one message."""
    assert lane.wang is not None
    pid, kept = await lane.wang.chat(ROOM), []
    for name, data, mime in files:
        upload = {"file": (name, data, mime)}
        answer = await lane.wang.script(f"/web/chats/{pid}/uploads", files=upload, client=name)
        kept.append(answer.json()["id"])
    await lane.wang.say(text, ROOM, file=kept, **more)
    await lane.world.settle()


async def send_album(lane: Lane, *captions: str, reply_to: Message | None = None) -> list[Message]:
    """Li sends a picture of each colour as one album, with words under some."""
    album = str(lane.emulator.world.new_user_id())
    words = [*captions, "", "", ""]
    sent = [
        lane.li.send(lane.group, "photo", a_picture(colour), caption=words[n], album=album, reply_to=reply_to)
        for n, colour in enumerate(COLOURS)
    ]
    await lane.world.settle()
    lane.world.pass_time(seconds=2)  # an album may have more parts
    await lane.world.settle()
    return sent


async def bytes_on_web(lane: Lane, post: Drawn) -> list[bytes]:
    """What Wang's browser loads for a post."""
    assert lane.wang is not None
    addresses = dict.fromkeys(url.partition("?")[0] for url in post.files)
    return [(await lane.wang.http.get(url)).content for url in addresses]


def bytes_on_phone(lane: Lane, message: Message, kind: str) -> bytes:
    """What Li's phone loads for a message."""
    held = message.content[kind]
    known = held[-1] if isinstance(held, list) else held
    return lane.emulator.world.files.get(known["file_id"]).data


async def bytes_on_matrix(lane: Lane, event: dict[str, Any]) -> bytes:
    """What Chen's client loads for an event."""
    return await lane.chen.download(event["content"]["url"])


def from_bot(lane: Lane) -> list[Message]:
    """What Li's phone shows of the others."""
    return [message for message in lane.messages() if message.sender is lane.bot]


async def carried(lane: Lane) -> list[dict[str, Any]]:
    """What Chen's client shows of the others."""
    return [event for event in await lane.events() if event["sender"] == lane.account.user_id]


async def all_words(lane: Lane) -> dict[str, list[str]]:
    """What each reads, without the names of files."""
    texts = await lane.texts()
    return {where: [one for one in said if ".jpg" not in one] for where, said in texts.items()}


async def edited(lane: Lane) -> None:
    """Let an edit be carried: they keep their distance in rooms."""
    await lane.world.settle()
    lane.world.pass_time(seconds=20)
    await lane.world.settle()


async def test_voice(lane: Lane) -> None:
    lane.li.send(lane.group, "voice", OGG, duration=3)
    await lane.world.settle()
    await send_matrix(lane, "m.audio", "语音.ogg", OGG, "audio/ogg", **{"org.matrix.msc3245.voice": {}})
    await send_web(lane, "听听", ("语音.ogg", OGG, "audio/ogg"))
    await send_web(lane, "", ("语音.webm", WEBM, "audio/webm"))
    heard = [post for post in await lane.posts() if post.side == "other"]
    assert ["<audio" in post.html for post in heard] == [True, True]
    assert [await bytes_on_web(lane, post) for post in heard] == [[OGG], [OGG]]
    phone = from_bot(lane)
    assert ["voice" in one.content for one in phone] == [True, True, False]
    assert [one.text for one in phone] == ["陈静", "王芳: 听听", "王芳"]
    assert [bytes_on_phone(lane, one, "voice") for one in phone[:2]] == [OGG, OGG]
    assert bytes_on_phone(lane, phone[2], "document") == WEBM, "Telegram plays no WebM: it is a file there"
    shown = await carried(lane)
    assert [one["content"]["body"] for one in shown[::2]] == ["李春华", "王芳: 听听", "王芳"]
    assert [await bytes_on_matrix(lane, one) for one in shown[1::2]] == [OGG, OGG, WEBM]
    assert all(one["content"]["msgtype"] == "m.audio" for one in shown[1::2])
    assert all("org.matrix.msc3245.voice" in one["content"] for one in shown[1::2])


async def test_files(lane: Lane) -> None:
    lane.li.send(lane.group, "document", PAPER, name="教案.pdf", caption="改好了", mime="application/pdf")
    await lane.world.settle()
    await send_matrix(lane, "m.file", "听课.pdf", PAPER, "application/pdf")
    await send_matrix(lane, "m.file", "评课.pdf", PAPER, "application/pdf", body="请看第二页")
    await send_web(lane, "", ("课件.zip", b"PK" + PAPER, "application/zip"))
    heard = [post for post in await lane.posts() if post.side == "other"]
    names = ("教案.pdf", "听课.pdf", "评课.pdf")
    assert [(post.text, name in post.html) for post, name in zip(heard, names, strict=True)] == [
        ("改好了", True), ("", True), ("请看第二页", True),
    ]  # fmt: skip
    assert [await bytes_on_web(lane, post) for post in heard] == [[PAPER]] * 3
    phone = from_bot(lane)
    assert [(one.text, one.content["document"]["file_name"]) for one in phone] == [
        ("陈静", "听课.pdf"), ("陈静: 请看第二页", "评课.pdf"), ("王芳", "课件.zip"),
    ]  # fmt: skip
    assert [bytes_on_phone(lane, one, "document") for one in phone] == [PAPER, PAPER, b"PK" + PAPER]
    shown = await carried(lane)
    assert [(one["content"]["msgtype"], one["content"]["body"]) for one in shown] == [
        ("m.text", "李春华: 改好了"), ("m.file", "教案.pdf"), ("m.text", "王芳"), ("m.file", "课件.zip"),
    ]  # fmt: skip
    assert [await bytes_on_matrix(lane, one) for one in shown[1::2]] == [PAPER, b"PK" + PAPER]


async def test_an_album_said_on_telegram(lane: Lane) -> None:
    await send_album(lane, "三张板书")
    [post] = await lane.posts()
    assert post.text == "三张板书" and [colour_of(data) for data in await bytes_on_web(lane, post)] == [*COLOURS]
    words, *pictures = await carried(lane)
    assert words["content"]["body"] == "李春华: 三张板书"
    assert [colour_of(await bytes_on_matrix(lane, one)) for one in pictures] == [*COLOURS]


async def test_an_album_said_on_the_web(lane: Lane) -> None:
    await send_web(lane, "三张板书", *[(f"{one}.jpg", a_picture(one), "image/jpeg") for one in COLOURS])
    *album, words = from_bot(lane)
    assert [colour_of(bytes_on_phone(lane, one, "photo")) for one in album] == [*COLOURS]
    assert len({one.album for one in album}) == 1 and album[0].album, "they are one album there, too"
    assert (words.text, words.album) == ("王芳: 三张板书", "")
    text, *pictures = await carried(lane)
    assert text["content"]["body"] == "王芳: 三张板书"
    assert [colour_of(await bytes_on_matrix(lane, one)) for one in pictures] == [*COLOURS]


async def test_pictures_said_one_by_one_on_matrix(lane: Lane) -> None:
    for colour in COLOURS:  # there are no albums
        await send_matrix(lane, "m.image", f"{colour}.jpg", a_picture(colour), "image/jpeg")
    assert [colour_of(bytes_on_phone(lane, one, "photo")) for one in from_bot(lane)] == [*COLOURS]
    pictures = [data for post in await lane.posts() for data in await bytes_on_web(lane, post)]
    assert [colour_of(data) for data in pictures] == [*COLOURS]


async def test_any_picture_of_an_album_can_be_answered(lane: Lane) -> None:
    first, second, _ = await send_album(lane, "三张板书")
    words, _, picture, _ = await carried(lane)
    lane.li.say(lane.group, "看第二张", reply_to=second)
    await lane.world.settle()
    assert "<strong>李春华</strong><span>三张板书</span>" in (await lane.posts())[-1].html
    answer = (await carried(lane))[-1]
    assert answer["content"]["body"] == "李春华: 看第二张"
    assert answer["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == words["event"]
    await lane.chen.say(lane.room, "第二张很清楚", reply_to=picture["event"])
    await lane.world.settle()
    assert (from_bot(lane)[-1].text, from_bot(lane)[-1].reply_to) == ("陈静: 第二张很清楚", first.id)
    assert "<strong>李春华</strong><span>三张板书</span>" in (await lane.posts())[-1].html


async def test_any_picture_of_a_carried_album_can_be_answered(lane: Lane) -> None:
    await send_web(lane, "三张板书", *[(f"{one}.jpg", a_picture(one), "image/jpeg") for one in COLOURS])
    first, second, _, words = from_bot(lane)
    for number, answered in enumerate((first, second, words)):
        lane.li.say(lane.group, f"看 {number}", reply_to=answered)
        await lane.world.settle()
        assert "<strong>王芳</strong><span>三张板书</span>" in (await lane.posts())[-1].html
    text = (await carried(lane))[0]
    answers = [one["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] for one in (await carried(lane))[-3:]]
    assert answers == [text["event"]] * 3


async def test_the_words_of_an_album_change(lane: Lane) -> None:
    first, second, _ = await send_album(lane, "板书一", "板书二")
    lines = {"web": ["李春华: 板书一\n板书二"], "telegram": [], "matrix": ["李春华: 板书一\n板书二"]}
    assert await all_words(lane) == lines, "nothing that was said is left out"
    lane.li.edit(second, "板书二（订正）")
    await edited(lane)
    lines["web"] = lines["matrix"] = ["李春华: 板书一\n板书二（订正）"]
    assert await all_words(lane) == lines
    lane.li.edit(first, "第一课")
    await edited(lane)
    lines["web"] = lines["matrix"] = ["李春华: 第一课\n板书二（订正）"]
    assert await all_words(lane) == lines
    assert len([one for one in await carried(lane) if one["content"]["msgtype"] == "m.image"]) == 3
    [post] = await lane.posts()
    assert [colour_of(data) for data in await bytes_on_web(lane, post)] == [*COLOURS]


async def test_the_words_of_a_carried_album_change(lane: Lane) -> None:
    assert lane.wang is not None
    await send_web(lane, "三张板书", *[(f"{one}.jpg", a_picture(one), "image/jpeg") for one in COLOURS])
    [own] = await lane.posts()
    await lane.wang.script(f"/web/messages/{own.pid}/edit", text="三张订正过的板书")
    await lane.world.settle()
    *album, text = from_bot(lane)
    assert text.text == "王芳: 三张订正过的板书" and len(album) == 3
    text_there, *pictures = [one["content"] for one in await carried(lane)]
    assert text_there["body"] == "王芳: 三张订正过的板书"
    assert [one["msgtype"] for one in pictures] == ["m.image"] * 3


async def test_an_album_goes_whole_whichever_picture_of_it_is_deleted(lane: Lane) -> None:
    await lane.make_host("陈静")
    await send_album(lane, "三张板书")
    await send_web(lane, "还有三张", *[(f"{one}.jpg", a_picture(one), "image/jpeg") for one in COLOURS])
    shown = await carried(lane)
    assert len(shown) == 8 and len(from_bot(lane)) == 4 and len(await lane.posts()) == 2
    await lane.chen.redact(lane.room, shown[2]["event"])
    await lane.world.settle()
    assert await carried(lane) == shown[4:] and len(await lane.posts()) == 1
    await lane.chen.redact(lane.room, shown[7]["event"])
    await lane.world.settle()
    assert (await carried(lane), from_bot(lane)) == ([], [])
