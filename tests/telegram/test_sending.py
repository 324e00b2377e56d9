"""What the bot says as Telegram shows it: long texts, entities, files, edits; and every refusal in our words."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from api.attachments.service import store_bytes
from api.context import Context
from api.messaging.delivering import Work, claim_work
from api.messaging.outbox import delete_message, deliver_to_people, edit_message, say_in_chat, write_message
from api.messaging.polls import Poll
from api.messaging.tree import Bold, Button, Code, Lines, Link, Node, Quote, Rows, T, Words
from api.metrics import AMBIGUOUS_SENDS
from bot.platforms.base import Gone, Moved, Rejected, RetryAfter, SendError, Transient
from bot.platforms.telegram.adapter import TelegramPlatform
from bot.platforms.telegram.limits import Limits
from storage.messaging import Chat, Delivery
from storage.reach import Reach
from tests.emulators.telegram import bad, forbidden
from tests.support.telegram import TelegramVoice, TelegramWorld


@pytest.fixture
async def li(world: TelegramWorld) -> Any:
    return await world.teacher("李老师")


def _say(ctx: Context, native: str, tree: Node, rows: Rows | None, files: Sequence[str],
         poll: Poll | None = None) -> Any:  # fmt: skip
    chat = ctx.session.query(Chat).filter_by(platform="telegram", native=native).one()
    return say_in_chat(ctx, chat.id, tree, rows, files=files, live=True, poll=poll)


async def tell(world: TelegramWorld, who: TelegramVoice, tree: Node, rows: Rows | None = None,
               files: Sequence[str] = (), poll: Poll | None = None) -> Any:  # fmt: skip
    message = await world.run(_say, who.chat, tree, rows, files, poll)
    await world.deliverers.drain()
    return message


async def claimed(world: TelegramWorld, who: TelegramVoice, tree: Node, rows: Rows | None = None) -> Work:
    await world.run(_say, who.chat, tree, rows, ())
    (work,) = await world.run(claim_work, Reach(("telegram",)), 1, {})
    return work


async def test_entities_count_utf_16(world: TelegramWorld, li: TelegramVoice) -> None:
    link = Link("https://example.org/", Words("链"))
    tree = Lines(Words("👩🏽‍🏫𠮷"), Bold(Words("粗"), link), Code("/x"), Quote("引 "))
    await tell(world, li, tree)
    (message,) = li.messages()
    found = {}
    text = message.text.encode("utf-16-le")
    for one in message.content["entities"]:
        words = text[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16-le")
        found.setdefault(one["type"], []).append(words)
    assert found["bold"] and "".join(found["bold"]) == "粗链"
    assert (found["text_link"], found["code"], found["blockquote"]) == (["链"], ["/x"], ["引"])


async def test_long_texts_are_several_messages_with_the_buttons_under_the_last(
    world: TelegramWorld, li: TelegramVoice
) -> None:
    lines = [f"第{n}行：" + "字" * 90 for n in range(100)]
    await tell(world, li, Lines(*[Bold(line) for line in lines]), [[Button(Words("好"), "x:1")]])
    shown = li.messages()
    assert len(shown) == 3 and [bool(m.buttons) for m in shown] == [False, False, True]
    assert "\n".join(m.text for m in shown) == "\n".join(lines), "broken between lines"
    assert all(m.content["entities"] for m in shown)
    astral = "𠮷" * 5000
    await tell(world, li, Words(astral))
    assert "".join(m.text for m in li.messages()[3:]) == astral


async def test_a_button_that_telegram_cannot_carry_is_refused_loudly(world: TelegramWorld, li: TelegramVoice) -> None:
    work = await claimed(world, li, Words("选"), [[Button(Words("长"), "x:" + "a" * 70)]])
    with pytest.raises(Rejected, match="72 bytes"):
        await world.telegram.send(work)


async def a_file(world: TelegramWorld, name: str, kind: str, data: bytes) -> str:
    mime = {"photo": "image/png", "voice": "audio/ogg", "video": "video/mp4"}.get(kind, "application/pdf")

    def store(ctx: Context) -> str:
        return store_bytes(ctx, name, mime, data, kind=kind).pid

    return await world.run(store)


def picture(size: tuple[int, int] = (40, 30)) -> bytes:
    from io import BytesIO

    out = BytesIO()
    Image.new("RGB", size, "red").save(out, "PNG")
    return out.getvalue()


async def test_files_go_alone_with_their_words_or_as_albums(world: TelegramWorld, li: TelegramVoice) -> None:
    photos = [await a_file(world, f"{n}.png", "photo", picture()) for n in range(2)]
    voice, paper = await a_file(world, "说.ogg", "voice", b"OggS"), await a_file(world, "教案.pdf", "document", b"%PDF")
    rows: Rows = [[Button(Words("好"), "x:1")]]
    await tell(world, li, Bold(Words("一张")), rows, photos[:1])
    (one,) = li.messages()
    assert (one.text, one.labels, "photo" in one.content) == ("一张", ["好"], True)
    assert one.content["caption_entities"]
    await tell(world, li, Words("都在这里"), rows, [*photos, voice, paper])
    shown = li.messages()[1:]
    kinds = [next(k for k in ("photo", "voice", "document", "text") if k in m.content) for m in shown]
    assert kinds == ["photo", "photo", "voice", "document", "text"]
    assert shown[0].album == shown[1].album != "" and shown[-1].labels == ["好"]
    assert shown[3].content["document"]["file_name"] == "教案.pdf"
    await tell(world, li, Words("字" * 2000), None, photos[:1])
    assert ["photo" in m.content for m in li.messages()[-2:]] == [True, False], "too long for a caption"


async def test_a_file_is_uploaded_once(world: TelegramWorld, li: TelegramVoice) -> None:
    paper = await a_file(world, "教案.pdf", "document", b"%PDF" * 100)
    for words in "一二":
        await tell(world, li, Words(words), None, [paper])
    ids = [m.content["document"]["file_id"] for m in li.messages()]
    unique = [m.content["document"]["file_unique_id"] for m in li.messages()]
    assert len(ids) == 2 and len(set(unique)) == 1


async def test_a_picture_that_is_no_photo_for_telegram_goes_as_a_file(world: TelegramWorld, li: TelegramVoice) -> None:
    banner = await a_file(world, "横幅.png", "photo", picture((3000, 20)))
    await tell(world, li, Words("横幅"), None, [banner])
    (message,) = li.messages()
    assert message.content["document"]["file_name"] == "横幅.png" and message.text == "横幅"


async def test_edits_of_words_captions_and_several_messages(world: TelegramWorld, li: TelegramVoice) -> None:
    photo = await a_file(world, "图.png", "photo", picture())
    said = [await tell(world, li, Words("旧"), None, files) for files in ((), (photo,), (photo, photo))]
    for message in said:
        await world.run(_renew, message)
    world.pass_time(minutes=1)
    await world.deliverers.drain()
    assert [m.text for m in li.messages()] == ["新", "新", "", "", "新"]
    assert [bool(m.buttons) for m in li.messages()] == [True, True, False, False, True]
    for message in said:
        await world.run(lambda ctx, m=message: delete_message(ctx, ctx.session.merge(m)))
    await world.deliverers.drain()
    assert li.messages() == []


def _renew(ctx: Context, message: Any) -> None:
    edit_message(ctx, ctx.session.merge(message), Words("新"), [[Button(Words("好"), "x:1")]])


async def test_what_is_so_already_is_no_failure(world: TelegramWorld, li: TelegramVoice) -> None:
    message = await tell(world, li, Words("旧"))
    work = replace(await claimed(world, li, Words("旧")), kind="edit", targets=[li.sheets()[0].native])
    assert await world.telegram.send(work) == []
    li.messages()[0].chat.messages.clear()
    assert await world.telegram.send(replace(work, tree=Words("新"))) == []
    assert await world.telegram.send(replace(work, kind="delete")) == []
    assert await world.telegram.send(replace(work, kind="ack", handle="long ago")) == []
    assert message


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [(forbidden("bot was blocked by the user"), Gone), (forbidden("user is deactivated"), Gone),
     (forbidden("bot can't initiate conversation with a user"), Gone), (bad("chat not found"), Gone),
     (bad("message thread not found"), Gone), (bad("can't parse entities"), Rejected),
     (bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009), Moved)],
)  # fmt: skip
async def test_refusals(world: TelegramWorld, li: TelegramVoice, refusal: Any, expected: type[SendError]) -> None:
    work = await claimed(world, li, Words("好"))
    world.emulator.faults.refuse("sendMessage", refusal)
    with pytest.raises(expected) as raised:
        await world.telegram.send(work)
    if isinstance(raised.value, Moved):
        assert raised.value.native == "-1009"


async def test_a_refused_token_stops_the_bot_and_loses_nothing(world: TelegramWorld, li: TelegramVoice) -> None:
    work = await claimed(world, li, Words("好"))
    token, known = world.bot.token, world.emulator.world.bots
    del known[token]
    with pytest.raises(RetryAfter) as raised:
        await world.telegram.send(work)
    assert raised.value.whole_bot
    known[token] = world.bot
    assert await world.telegram.send(work)


async def test_waiting_when_told_to(world: TelegramWorld, li: TelegramVoice) -> None:
    work = await claimed(world, li, Words("好"))
    world.emulator.faults.flood("sendMessage", retry_after=7)
    with pytest.raises(RetryAfter) as raised:
        await world.telegram.send(work)
    assert (raised.value.seconds, raised.value.whole_bot) == (7.0, False)


def counted() -> float:
    return AMBIGUOUS_SENDS.labels("telegram")._value.get()


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
async def test_an_answer_that_is_never_heard_is_sent_again_and_counted(
    world: TelegramWorld, li: TelegramVoice, done: bool
) -> None:
    before = counted()
    world.emulator.faults.cut("sendMessage", after=done)
    await tell(world, li, Words("好"))
    world.pass_time(minutes=1)
    await world.deliverers.drain()
    assert [m.text for m in li.messages()] == ["好"] * (2 if done else 1)
    assert counted() - before == 1
    assert await world.run(lambda ctx: {row.state for row in ctx.session.query(Delivery)}) == {"sent"}


@pytest.mark.parametrize("status", [502, 504])
async def test_a_gateways_page_is_no_answer(world: TelegramWorld, li: TelegramVoice, status: int) -> None:
    work = await claimed(world, li, Words("好"))
    world.emulator.faults.fail("sendMessage", status)
    with pytest.raises(Transient):
        await world.telegram.send(work)


async def test_a_delivery_of_several_messages_goes_on_where_it_stopped(world: TelegramWorld, li: TelegramVoice) -> None:
    lines = Lines(*[f"{n}" + "字" * 3000 for n in range(3)])
    world.emulator.faults.flood("sendMessage", retry_after=2, nth=2)
    await tell(world, li, lines)
    assert len(li.messages()) == 1
    world.pass_time(seconds=3)
    await world.deliverers.drain()
    assert [m.text[0] for m in li.messages()] == ["0", "1", "2"]


async def test_it_goes_on_where_it_stopped_though_our_own_limits_made_it_wait_then(
    world: TelegramWorld, li: TelegramVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, asked = Limits.turn, []

    @asynccontextmanager
    async def full_the_third_time(limits: Limits, chat: int, messages: int, push: bool) -> AsyncIterator[None]:
        asked.append(messages)
        if len(asked) == 3:
            raise RetryAfter(1)
        async with turn(limits, chat, messages, push):
            yield

    monkeypatch.setattr(Limits, "turn", full_the_third_time)
    world.emulator.faults.flood("sendMessage", retry_after=2, nth=2)
    await tell(world, li, Lines(*[f"{n}" + "字" * 3000 for n in range(3)]))
    for _ in range(2):
        world.pass_time(seconds=3)
        await world.deliverers.drain()
    assert [m.text[0] for m in li.messages()] == ["0", "1", "2"] and asked == [1] * 5


async def test_where_polls_are_forbidden_it_is_said_with_buttons(world: TelegramWorld, li: TelegramVoice) -> None:
    world.emulator.faults.refuse("sendPoll", bad("not enough rights to send polls to the chat"))
    poll = Poll("probe:1", Words("几点？"), (Words("六点"), Words("七点")))
    await tell(world, li, Words("几点？"), [[Button(Words("六点"), "probe:0")]], poll=poll)
    assert (li.messages()[-1].poll, li.messages()[-1].labels) == (None, ["六点"])


async def test_nothing_is_sent_without_words(world: TelegramWorld, li: TelegramVoice) -> None:
    work = await claimed(world, li, Words("   "))
    with pytest.raises(Rejected):
        await world.telegram.send(work)
    wang: Any = await world.teacher("王老师")
    await tell(world, wang, Words(""), [[Button(Words("好"), "x:1")]])
    assert wang.messages()[-1].labels == ["好"]


async def test_windows() -> None:
    now = 0.0
    limits = Limits(clock=lambda: now)

    async def send(chat: int, count: int = 1) -> None:
        async with limits.turn(chat, count):
            pass

    for _ in range(4):
        await send(1)
    with pytest.raises(RetryAfter) as raised:
        await send(1)
    assert raised.value.seconds == pytest.approx(4.0)
    now = 4.0
    await send(1)
    for n in range(20):
        now += 4.0 * (n % 4 == 0)
        await send(-5)
    now += 4.0
    with pytest.raises(RetryAfter):
        await send(-5)
    now += 60.0
    await asyncio.wait_for(send(-5, 10), 1)


async def test_an_answer_newer_than_aiogram_counts_as_sent(world: TelegramWorld, li: TelegramVoice) -> None:
    newer = b'{"ok": true, "result": {"message_id": 77, "chat": {"kind": "of another year"}}}'
    world.emulator.faults.garbage("sendMessage", newer)
    await tell(world, li, Words("一次"))
    world.pass_time(hours=1)
    await world.deliverers.drain()
    assert [message.text for message in li.messages()] == ["一次"]


async def test_what_is_told_to_many_is_drawn_for_each_in_their_language(world: TelegramWorld) -> None:
    readers = [await world.teacher(f"老师{n}", language=("zh_CN", "en")[n % 2]) for n in range(4)]
    tree, people = T("There is nothing to cancel."), [reader.person.id for reader in readers]
    await world.run(lambda ctx: deliver_to_people(ctx, write_message(ctx, tree, [[Button(tree, "x:1")]]), people))
    await world.deliverers.drain()
    shown = [reader.messages()[-1] for reader in readers]
    assert [message.text for message in shown] == [shown[0].text, "There is nothing to cancel."] * 2
    assert [message.buttons[0][0]["text"] for message in shown] == [message.text for message in shown]
    assert shown[0].text != shown[1].text


async def test_who_opens_it_at_the_same_moment_gets_the_same_client(world: TelegramWorld) -> None:
    """Another one would never be closed."""
    platform = TelegramPlatform(world.runtime)
    assert len({id(client) for client in await asyncio.gather(*[platform._open() for _ in range(5)])}) == 1
    await platform.close()
