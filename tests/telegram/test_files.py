"""Files the bot sends: each arrives once, whatever is refused or not heard; words are never lost with them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from api.context import Context
from api.messaging.delivering import MOST_UNHEARD
from api.messaging.outbox import deliver_to_people, write_message
from api.messaging.polls import Poll
from api.messaging.tree import Button, Rows, Words
from bot.platforms.telegram import uploads
from storage.messaging import Delivery
from storage.people import Identity
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.faults import Fault
from tests.support.telegram import TelegramVoice, TelegramWorld, a_telegram_world
from tests.telegram.test_sending import a_file, counted, picture, tell

NEWER = b'{"ok": true, "result": {"message_id": 77, "chat": {"kind": "of another year"}}}'
ROWS: Rows = [[Button(Words("好"), "x:1")]]


@pytest.fixture
async def li(world: TelegramWorld) -> Any:
    return await world.teacher("李老师")


async def some_photos(world: TelegramWorld, count: int, *sizes: tuple[int, int]) -> list[str]:
    every = [(40, 30 + n) for n in range(count)] + list(sizes)
    return [await a_file(world, f"{n}.png", "photo", picture(size)) for n, size in enumerate(every)]


def outcomes(ctx: Context) -> list[tuple[str, str | None]]:
    return [(row.state, row.error) for row in ctx.session.query(Delivery).order_by(Delivery.id)]


def kinds(voice: TelegramVoice, room: str | None = None) -> list[str]:
    every = ("photo", "document", "voice", "video", "text")
    return [next(kind for kind in every if kind in message.content) for message in voice.messages(room)]


async def later(world: TelegramWorld, times: int = 1) -> None:
    for _ in range(times):
        world.pass_time(minutes=20)
        await world.deliverers.drain()


@pytest.mark.parametrize("where", ["private", "group"])
async def test_an_album_with_a_picture_that_is_no_photo_arrives_once(database_url: str, where: str) -> None:
    """The limits are on: calls that are refused in the middle must not begin anew."""
    async with a_telegram_world(database_url, limited=True) as world:
        clock = world.emulator.world.clock
        world.telegram.limits.clock = clock.time
        world.runtime.now = lambda: datetime.fromtimestamp(clock.time(), UTC)
        li: Any = await world.teacher("李老师")
        if where == "group":
            li.chat = await world.room(await world.workshop(await world.region(), "识字工坊"))
            li.where(li.chat)
        await tell(world, li, Words("看图"), ROWS, await some_photos(world, 7, (100, 9950)))
        for _ in range(120):
            clock.advance(1)
            await world.deliverers.drain()
        room = li.chat if where == "group" else None
        assert kinds(li, room) == ["photo"] * 7 + ["document", "text"]
        assert ("ready", None) not in await world.run(outcomes)
        assert world.emulator.limits.refused <= 3


async def test_what_is_no_photo_is_known_for_the_next_reader(world: TelegramWorld, li: TelegramVoice) -> None:
    files = await some_photos(world, 2, (1080, 12000))
    await tell(world, li, Words("一"), None, files)
    before = len(world.emulator.calls)
    await tell(world, li, Words("二"), None, files)
    assert [call for call in world.emulator.calls[before:] if call[0].startswith("send")] == [
        ("sendMediaGroup", 200), ("sendDocument", 200), ("sendMessage", 200),
    ]  # fmt: skip


@pytest.mark.parametrize("fault", ["502", "429", "cut before"])
async def test_files_that_are_sent_one_by_one_go_on_where_they_stopped(
    world: TelegramWorld, li: TelegramVoice, fault: str
) -> None:
    faults = world.emulator.faults
    {
        "502": lambda: faults.fail("sendPhoto", 502, nth=2),
        "429": lambda: faults.flood("sendPhoto", 3, nth=2),
        "cut before": lambda: faults.cut("sendPhoto", nth=2),
    }[fault]()
    await tell(world, li, Words("看图"), None, await some_photos(world, 3, (1080, 12000)))
    await later(world)
    assert kinds(li) == ["photo"] * 3 + ["document", "text"]


async def test_another_process_goes_on_where_the_first_one_stopped(world: TelegramWorld, li: TelegramVoice) -> None:
    world.emulator.faults.flood("sendMessage", 3)
    await tell(world, li, Words("字" * 1200), None, await some_photos(world, 2))
    await world.telegram.close()
    await world.telegram.start()  # it remembers nothing
    await later(world)
    assert kinds(li) == ["photo", "photo", "text"]


@pytest.mark.parametrize("method", ["sendPhoto", "sendMediaGroup", "sendPoll"])
async def test_an_answer_newer_than_aiogram_counts_as_sent(
    world: TelegramWorld, li: TelegramVoice, method: str
) -> None:
    newer = NEWER if method != "sendMediaGroup" else NEWER.replace(b'{"m', b'[{"m').replace(b"}}}", b"}}]}")
    world.emulator.faults.garbage(method, newer, times=99)
    poll = Poll("probe:1", Words("几点？"), (Words("六点"), Words("七点"))) if method == "sendPoll" else None
    files = await some_photos(world, 2 if method == "sendMediaGroup" else 1) if poll is None else []
    await tell(world, li, Words("图"), None, files, poll)
    await later(world, 5)
    assert len(li.messages()) == (3 if method == "sendMediaGroup" else 1)
    assert await world.run(outcomes) == [("sent", None)]


async def test_what_is_never_answered_is_given_up_soon(world: TelegramWorld, li: TelegramVoice) -> None:
    before = counted()
    world.emulator.faults.garbage("sendPhoto", b'{"ok":tru', times=99)
    await tell(world, li, Words("图"), None, await some_photos(world, 1))
    await later(world, 20)
    assert len(li.messages()) == MOST_UNHEARD and counted() - before == MOST_UNHEARD
    ((state, error),) = await world.run(outcomes)
    assert state == "dead" and "no answer was heard 3 times, it may have been sent" in (error or "")


async def test_an_outage_in_which_nothing_is_done_loses_nothing(world: TelegramWorld, li: TelegramVoice) -> None:
    world.emulator.faults.fail("sendMessage", 502, times=9)
    await tell(world, li, Words("好"))
    await later(world, 12)
    assert [message.text for message in li.messages()] == ["好"]


async def test_a_slow_line_has_longer_for_a_large_file(
    world: TelegramWorld, li: TelegramVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.platforms.telegram import uploads

    monkeypatch.setattr(uploads, "CALL_SECONDS", 0.3)
    monkeypatch.setattr(uploads, "SLOWEST_UPLOAD", 1000)
    world.emulator.faults.slow("sendVideo", 1.0)
    await tell(world, li, Words("课"), None, [await a_file(world, "课.mp4", "video", b"v" * 5000)])
    assert await world.run(outcomes) == [("sent", None)]


@pytest.mark.parametrize(
    "words", ["wrong file_id or the file is temporarily unavailable", "wrong file identifier/HTTP URL specified"]
)
async def test_a_file_id_that_telegram_forgot_is_uploaded_again(
    world: TelegramWorld, li: TelegramVoice, words: str
) -> None:
    wang: Any = await world.teacher("王老师")
    paper = await a_file(world, "教案.pdf", "document", b"%PDF")
    await tell(world, li, Words("一"), None, [paper])
    world.emulator.faults.refuse("sendDocument", bad(words))
    people = [wang.person.id]
    await world.run(lambda ctx: deliver_to_people(ctx, write_message(ctx, Words("二"), files=[paper]), people))
    await world.deliverers.drain()
    assert (kinds(wang), wang.messages()[0].text) == (["document"], "二")
    assert await world.run(lambda ctx: {row.state for row in ctx.session.query(Identity)}) == {"active"}


async def test_a_file_id_that_was_forgotten_is_made_anew_by_one_upload(world: TelegramWorld) -> None:
    """However many of a push are on their way with the old one."""
    people = [await world.teacher(f"老师{n}") for n in range(4)]
    paper = await a_file(world, "教案.pdf", "document", b"%PDF")
    await tell(world, people[0], Words("一"), None, [paper])
    world.emulator.world.files.forget()
    given, uploaded = uploads.as_upload, []

    async def counted(*args: Any) -> Any:
        uploaded.append(args)
        await asyncio.sleep(0.1)  # the others are refused meanwhile
        return await given(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "as_upload", counted)
        ids = [one.person.id for one in people[1:] if one.person is not None]
        await world.run(lambda ctx: deliver_to_people(ctx, write_message(ctx, Words("二"), files=[paper]), ids))
        await world.deliverers.drain()
    assert [kinds(one) for one in people[1:]] == [["document"]] * 3
    assert len(uploaded) == 1


FORBIDDEN_VOICE = bad("user restricted receiving of voice note messages")
NO_PHOTOS = bad("not enough rights to send photos to the chat")
NO_PAPERS = bad("not enough rights to send documents to the chat")


async def test_where_voice_is_not_taken_it_is_a_document(world: TelegramWorld, li: TelegramVoice) -> None:
    world.emulator.faults.refuse("sendVoice", FORBIDDEN_VOICE)
    await tell(world, li, Words("听"), ROWS, [await a_file(world, "说.ogg", "voice", b"OggS")])
    assert (kinds(li), li.messages()[0].text, li.messages()[0].labels) == (["document"], "听", ["好"])


async def test_where_files_are_forbidden_the_words_and_buttons_are_said(
    world: TelegramWorld, li: TelegramVoice
) -> None:
    for method, refusal in (("sendMediaGroup", NO_PHOTOS), ("sendPhoto", NO_PHOTOS), ("sendDocument", NO_PAPERS)):
        world.emulator.faults.refuse(method, refusal, times=99)
    await tell(world, li, Words("重要的话"), ROWS, await some_photos(world, 2))
    await tell(world, li, Words("再说一句"), ROWS, [await a_file(world, "", "document", b"%PDF")])
    first, second = li.messages()
    assert first.text == "重要的话\n（“0.png”在这里发不出来）\n（“1.png”在这里发不出来）" and first.labels == ["好"]
    assert second.text.startswith("再说一句\n（") and second.labels == ["好"]


async def test_one_file_that_is_refused_takes_no_other_with_it_nor_sends_one_twice(
    world: TelegramWorld, li: TelegramVoice
) -> None:
    first, second = [await a_file(world, f"{n}.pdf", "document", b"%PDF" + bytes([n])) for n in (1, 2)]
    voice = await a_file(world, "说.ogg", "voice", b"OggS")
    faults = world.emulator.faults
    for method in ("sendVoice", "sendDocument", "sendMediaGroup"):
        faults.add(Fault(method, times=9, refusal=NO_PAPERS, where=lambda call: "说.ogg" in _names(call)))
    faults.flood("sendMessage", 3)
    await tell(world, li, Words("看"), None, [voice, first, second])
    await later(world)
    assert kinds(li) == ["document", "document", "text"]
    assert li.messages()[-1].text == "看\n（“说.ogg”在这里发不出来）"


async def test_where_nothing_is_taken_trying_ends(world: TelegramWorld, li: TelegramVoice) -> None:
    banner, voice = (await some_photos(world, 0, (3000, 20)))[0], await a_file(world, "说.ogg", "voice", b"OggS")
    await tell(world, li, Words("一"), None, [banner])  # known as no photo from now on
    for method in ("sendVoice", "sendDocument", "sendMediaGroup"):
        world.emulator.faults.refuse(method, NO_PAPERS, times=99)
    paper = await a_file(world, "教案.pdf", "document", b"%PDF")
    await tell(world, li, Words("二"), ROWS, [voice, banner, paper])
    assert li.messages()[-1].text.count("发不出来") == 3 and li.messages()[-1].labels == ["好"]


def _names(call: Call) -> list[str]:
    return [upload.name for upload in call.uploads.values()]


async def test_a_recording_of_a_browser_is_a_document(world: TelegramWorld, li: TelegramVoice) -> None:
    webm = await world.run(_store_webm)
    await tell(world, li, Words("听"), None, [webm])
    assert kinds(li) == ["document"] and "sendDocument" in [name for name, _ in world.emulator.calls]


def _store_webm(ctx: Context) -> str:
    from api.attachments.service import store_bytes

    return store_bytes(ctx, "说.webm", "audio/webm", b"\x1aE\xdf\xa3webm", kind="voice").pid


async def test_whoever_waits_for_an_upload_holds_up_no_answer(world: TelegramWorld) -> None:
    """Of a push with a new file one is uploaded; the others wait outside of what may be on its way."""
    people = [await world.teacher(f"老师{n}") for n in range(6)]
    photo = await some_photos(world, 1)
    uploads, flow = world.telegram._sender.uploads, world.telegram.limits.whole  # type: ignore[union-attr]
    ids = [one.person.id for one in people if one.person is not None]
    await world.run(lambda ctx: deliver_to_people(ctx, write_message(ctx, Words("看"), files=photo), ids))
    async with uploads._uploading:  # somebody's large file is on its way
        sending = asyncio.ensure_future(world.deliverers.drain())
        await asyncio.sleep(0.3)
        assert (flow.flying, flow.pushes) == (0, 0)
    await sending
    assert [kinds(one) for one in people] == [["photo"]] * 6  # type: ignore[arg-type]
