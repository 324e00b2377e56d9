"""The contract of a chat platform (bot/platforms/base.py), held against every one of them by its driver."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from api.attachments.service import store_bytes
from api.broadcasts import end_message
from api.context import Context
from api.messaging.delivering import Work, claim_work
from api.messaging.outbox import delete_message, edit_message
from api.messaging.polls import Poll
from api.messaging.tree import Bold, Bullets, Button, Code, Italic, Lines, Link, Quote, T, Words
from bot.platforms.base import Gone, Unreadable
from storage.reach import Reach
from tests.platforms.conftest import needs
from tests.platforms.driver import Driver, chat_id
from tests.platforms.drivers import DRIVERS

STRANGE = [
    "普通的一句话", "䶮龘𠮷", "👩🏽‍🏫🇨🇳 ❤️", "مرحبا בעולם", "零\u200b宽\u200d度", "一\n二\n\n三",
    "<b>&amp; *_`[x](y) @all /help2", "长" * 10_000,
]  # fmt: skip
PHOTO = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
WHERE = Poll("probe:1", Words("去哪儿"), (Words("一中"), Words("二中")))
FILES = {
    "photo": ("图.png", "image/png", PHOTO), "document": ("教案.docx", "application/octet-stream", b"PK" + b"d" * 99),
    "voice": ("语音.ogg", "audio/ogg", b"OggS" + b"v" * 99),
    "video": ("课.mp4", "video/mp4", b"\0\0\0\x18ftypmp42" + b"v" * 99),
}  # fmt: skip


def test_the_declared_capabilities_are_those_of_the_driver() -> None:
    from bot.platforms.matrix.adapter import MatrixPlatform
    from bot.platforms.telegram.adapter import TelegramPlatform
    from bot.platforms.web.adapter import WebPlatform

    for platform in (WebPlatform, TelegramPlatform, MatrixPlatform):
        assert platform.capabilities == DRIVERS[platform.name].capabilities


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
async def test_what_people_say_is_heard_as_it_is(driver: Driver, text: str) -> None:
    li = await driver.account()
    await driver.say(li, text)
    heard = driver.heard.last()
    assert (heard.kind, heard.sender) == ("said", li.native) and heard.event
    # clients send what is longer than a message in several
    assert "".join(inbound.text for _, inbound in driver.heard.inbounds) == text


@pytest.mark.parametrize("text", [t for t in STRANGE if len(t) < 4000], ids=range(len(STRANGE) - 1))
async def test_what_the_bot_says_is_seen_as_it_is(driver: Driver, text: str) -> None:
    li = await driver.account()
    await driver.tell(li.chat, Words(text))
    assert (await driver.seen(li))[-1].text == text


async def test_styles_never_become_words(driver: Driver) -> None:
    li = await driver.account()
    tree = Lines(
        Bold("粗<i>"), Italic("斜*"), Code("AB123456"), Quote("引"), Bullets("甲", "乙"),
        Link("https://example.org/", Words("链接")), Link("javascript:alert(1)", Words("坏链接")),
    )  # fmt: skip
    await driver.tell(li.chat, tree)
    seen = (await driver.seen(li))[-1]
    for words in ("粗<i>", "斜*", "AB123456", "引", "甲", "乙", "链接", "坏链接"):
        assert words in seen.text
    assert "javascript" not in seen.text and "<b>" not in seen.text and "**" not in seen.text
    if seen.styled:
        assert seen.styled == {"bold": ["粗<i>"], "italic": ["斜*"], "code": ["AB123456"]}


async def test_order_within_a_chat_is_kept_both_ways(driver: Driver) -> None:
    li = await driver.account()
    for n in range(8):
        await driver.say(li, f"说{n}")
    said = [inbound.text for _, inbound in driver.heard.inbounds if inbound.text.startswith("说")]
    assert said == [f"说{n}" for n in range(8)]
    for n in range(8):
        await driver.world.run(_queue, driver, li.chat, f"答{n}")
    await driver.world.settle()
    assert [one.text for one in (await driver.seen(li))[-8:]] == [f"答{n}" for n in range(8)]


@needs("rooms")
async def test_a_room_is_heard_by_its_id_and_read_by_all(driver: Driver) -> None:
    li, wang = await driver.account(), await driver.account("王建国")
    room = await driver.room(li, wang)
    await driver.say(li, "大家好", room)
    native, heard = driver.heard.inbounds[-1]
    assert (native, heard.text, heard.sender) == (room, "大家好", li.native)
    await driver.tell(room, Words("你们好"))
    for who in (li, wang):
        assert (await driver.seen(who, room))[-1].text == "你们好"


async def test_a_stranger_is_heard_and_answered(driver: Driver) -> None:
    someone = await driver.account("路人", bound=False)
    await driver.say(someone, "你好")
    assert driver.heard.last().sender == someone.native
    await driver.tell(someone.chat, Words("你好"))
    assert (await driver.seen(someone))[-1].text == "你好"


@needs("rooms")
async def test_a_reply_names_what_it_answers(driver: Driver) -> None:
    li = await driver.account()
    room = await driver.room(li)
    await driver.tell(room, Words("问题"))
    question = (await driver.seen(li, room))[-1]
    await driver.say(li, "回答", room, reply_to=question.event)
    assert driver.heard.last().reply_to == question.event


@needs("uploads")
@pytest.mark.parametrize("kind", FILES)
async def test_files_of_each_kind_are_fetched_as_they_were_sent(driver: Driver, kind: str) -> None:
    li = await driver.account()
    name, mime, data = FILES[kind]
    await driver.say(li, "附件", files=[(name, mime, data)])
    heard = driver.heard.last()
    (file,) = heard.files
    assert (file.kind, heard.text) == (kind, "附件")
    assert file.name == ("" if kind in driver.nameless else name)
    fetched = b"".join([piece async for piece in driver.platform.fetch(file)])
    assert fetched == data if kind != "photo" else len(fetched) == file.size
    with pytest.raises(Gone):
        gone = replace(file, ref={key: "nothing" for key in file.ref})
        b"".join([piece async for piece in driver.platform.fetch(gone)])


@needs("uploads", "albums")
async def test_several_files_are_one_message(driver: Driver) -> None:
    li = await driver.account()
    await driver.say(li, "", files=[FILES["photo"], FILES["photo"], FILES["document"]])
    assert [file.kind for file in driver.heard.last().files] == ["photo", "photo", "document"]


async def test_the_bots_files_are_shown(driver: Driver) -> None:
    li = await driver.account()
    pid = await driver.world.run(_stored)
    await driver.world.fetchers.drain()
    await driver.tell(li.chat, Words("表格"), files=[pid])
    assert (await driver.seen(li))[-1].files == 1


@needs("buttons")
async def test_a_pressed_button_is_heard_with_its_message(driver: Driver) -> None:
    li = await driver.account()
    await driver.tell(li.chat, Words("选一个"), [[Button(Words("甲"), "probe:1"), Button(T("help"), "probe:2")]])
    seen = (await driver.seen(li))[-1]
    assert seen.buttons[0] == "甲" and len(seen.buttons) == 2
    await driver.press(li, seen.event, "甲")
    pressed = driver.heard.last("pressed")
    assert (pressed.action, pressed.event, pressed.sender) == ("probe:1", seen.event, li.native) and pressed.handle


@needs("buttons")
async def test_two_presses_are_two_and_have_handles_of_their_own(driver: Driver) -> None:
    li = await driver.account()
    await driver.tell(li.chat, Words("选"), [[Button(Words("甲"), "probe:1")]])
    seen = (await driver.seen(li))[-1]
    await driver.press(li, seen.event, "甲")
    await driver.press(li, seen.event, "甲")
    handles = [inbound.handle for _, inbound in driver.heard.inbounds if inbound.kind == "pressed"]
    assert len(handles) == len(set(handles)) == 2


@needs("no buttons")
async def test_without_buttons_a_number_chooses(driver: Driver) -> None:
    li = await driver.account()
    await driver.tell(li.chat, Words("选一个"), [[Button(Words("甲"), "probe:1")], [Button(Words("乙"), "probe:2")]])
    await driver.say(li, "2")
    await driver.say(li, "3")
    assert driver.heard.pressed == ["2"]


@needs("buttons", "acks", "rooms")
async def test_the_answer_to_a_press_is_for_the_presser_alone(driver: Driver) -> None:
    li, wang = await driver.account(), await driver.account("王建国")
    room = await driver.room(li, wang)
    await driver.tell(room, Words("收到吗"), [[Button(Words("收到"), "probe:1")]])
    seen = (await driver.seen(li, room))[-1]
    await driver.press(li, seen.event, "收到", room)
    assert await driver.words_to(li) == ["👍 pressed"]
    assert await driver.words_to(wang) == []
    assert (await driver.seen(li, room))[-1] == seen, "nothing is said in the room"


@needs("polls")
async def test_votes_in_an_open_poll_are_heard_until_it_closes(driver: Driver) -> None:
    li = await driver.account()
    message = await driver.tell(li.chat, Words("去哪儿"), poll=WHERE)
    seen = (await driver.seen(li))[-1]
    assert (list(seen.options), seen.closed) == (["一中", "二中"], False) and "去哪儿" in seen.text
    for vote in ([1], [0], []):
        await driver.vote(li, seen.event, *vote)
        assert driver.heard.votes[-1] == (li.native, "1", vote)
    await driver.world.run(_edit, message, "定了", replace(WHERE, closed=True))
    driver.world.pass_time(minutes=1)
    await driver.world.settle()
    assert [(one.event, one.closed) for one in await driver.seen(li) if one.options] == [(seen.event, True)]


@needs("polls")
async def test_a_poll_that_is_taken_away_disappears(driver: Driver) -> None:
    li = await driver.account()
    message = await driver.tell(li.chat, Words("去哪儿"), poll=WHERE)
    await driver.world.run(_edit, message, "不去了")
    driver.world.pass_time(minutes=1)
    await driver.world.settle()
    assert not [one for one in await driver.seen(li) if one.options]


@needs("polls")
async def test_in_a_poll_for_several_one_chooses_several(driver: Driver) -> None:
    li = await driver.account()
    await driver.tell(li.chat, Words("去哪儿"), poll=replace(WHERE, multiple=True))
    await driver.vote(li, (await driver.seen(li))[-1].event, 0, 1)
    assert driver.heard.votes == [(li.native, "1", [0, 1])]


@needs("polls")
async def test_what_fits_into_no_poll_is_said(driver: Driver) -> None:
    li = await driver.account()
    many = replace(WHERE, options=tuple(Words(f"第{n}所学校") for n in range(30)))
    for poll in (many, replace(WHERE, closed=True)):
        await driver.tell(li.chat, Words("去哪儿，写给我"), poll=poll)
        seen = (await driver.seen(li))[-1]
        assert not seen.options and "写给我" in seen.text


@needs("edits")
async def test_an_edit_changes_the_message_in_place(driver: Driver) -> None:
    li = await driver.account()
    message = await driver.tell(li.chat, Words("一"), [[Button(Words("甲"), "probe:1")]], live=True)
    await driver.tell(li.chat, Words("后面的"))
    before = await driver.seen(li)
    await driver.world.run(_edit, message, "二")
    driver.world.pass_time(minutes=1)
    await driver.world.settle()
    after = await driver.seen(li)
    assert [one.event for one in after] == [one.event for one in before]
    assert (after[-2].text, list(after[-2].buttons), after[-1].text) == ("二", [], "后面的")


@needs("edits")
async def test_nothing_of_a_withdrawn_message_is_left(driver: Driver) -> None:
    li = await driver.account()
    pids = [await driver.world.run(_stored) for _ in range(2)]
    message = await driver.tell(li.chat, Words("密" * 9000), files=pids)
    await driver.world.run(_withdraw, message)
    driver.world.pass_time(minutes=1)
    await driver.world.settle()
    seen = [one for one in await driver.seen(li) if not one.deleted]
    assert "密" not in "".join(one.text for one in seen) and not sum(one.files for one in seen)
    assert [one.text for one in seen if one.text] == ["这条通知已撤回"]


@needs("deletes")
async def test_a_deleted_message_disappears(driver: Driver) -> None:
    li = await driver.account()
    message = await driver.tell(li.chat, Words("收回我"))
    await driver.world.run(_take_back, message)
    await driver.world.settle()
    assert "收回我" not in [one.text for one in await driver.seen(li)]


@needs("edits")
async def test_people_change_what_they_said(driver: Driver) -> None:
    li = await driver.account()
    await driver.say(li, "旧")
    event = driver.heard.last().event
    await driver.change(li, event, "新")
    edited = driver.heard.last("edited")
    assert (edited.event, edited.text) == (event, "新")
    await driver.change(li, event, None)
    if driver.tells_deletes:
        assert driver.heard.last("deleted").event == event


@needs("idempotent")
async def test_the_same_delivery_twice_is_seen_once(driver: Driver) -> None:
    li = await driver.account()
    await driver.world.run(_queue, driver, li.chat, "只此一次")
    work: Work
    (work,) = await driver.world.runtime.transact(claim_work, Reach((driver.platform.name,)), 1, {})
    natives = await asyncio.gather(*[driver.platform.send(work) for _ in range(3)])
    assert natives[0] and all(list(native) == list(natives[0]) for native in natives)
    assert [one.text for one in await driver.seen(li)].count("只此一次") == 1


async def test_a_chat_that_is_over_says_so(driver: Driver) -> None:
    li = await driver.account()
    await driver.world.run(_queue, driver, li.chat, "还在吗")
    (work,) = await driver.world.runtime.transact(claim_work, Reach((driver.platform.name,)), 1, {})
    await driver.lose(li)
    with pytest.raises(Gone):
        await driver.platform.send(work)


async def test_garbage_is_unreadable_and_stalls_nobody(driver: Driver) -> None:
    with pytest.raises(Unreadable):
        driver.platform.parse(driver.garbage())


async def test_parsing_asks_nobody_and_is_the_same_twice(driver: Driver) -> None:
    raw = driver.raw()
    heard = driver.platform.parse(raw)
    assert heard is not None and heard.text == "好"
    assert heard == driver.platform.parse(dict(raw))


async def test_the_platform_tells_how_it_is(driver: Driver) -> None:
    assert all(finding.subject and finding.note for finding in await driver.platform.check())


def _queue(ctx: Context, driver: Driver, native: str, text: str) -> None:
    from api.messaging.outbox import say_in_chat

    say_in_chat(ctx, chat_id(ctx, driver.platform.name, native), Words(text))


def _edit(ctx: Context, message: Any, text: str, poll: Poll | None = None) -> None:
    edit_message(ctx, ctx.session.merge(message), Words(text), poll=poll)


def _withdraw(ctx: Context, message: Any) -> None:
    end_message(ctx, ctx.session.merge(message), Words("这条通知已撤回"))


def _take_back(ctx: Context, message: Any) -> None:
    delete_message(ctx, ctx.session.merge(message))


def _stored(ctx: Context) -> str:
    return store_bytes(ctx, "名单.xlsx", "application/octet-stream", b"PK..").pid
