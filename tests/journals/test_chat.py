"""Writing logs, as teachers do it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.context import Context
from api.records.service import my_counts
from bot.platforms.base import Capabilities, Transient
from storage.journals import JournalEntry
from tests.support.classroom import LONG, Classroom, a_classroom, a_photo, hand_in


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Classroom]:
    async with a_classroom(database_url) as room:
        yield room


async def counted(room: Classroom, voice: Any, verb: str = "journal.submitted") -> int:
    counts = await room.world.run(my_counts, voice.person.id)
    return counts.get((room.workshop.id, verb), 0)


async def entries(room: Classroom) -> list[tuple[str, str]]:
    def all_of(ctx: Context) -> list[tuple[str, str]]:
        return [(entry.state, entry.body) for entry in ctx.session.query(JournalEntry).order_by(JournalEntry.id)]

    return await room.world.run(all_of)


async def test_words_photos_and_voice_in_many_messages(room: Classroom) -> None:
    li = room.li
    await li.say("日志")
    li.expect("识字工作坊", "文字、照片、语音、文件")
    await li.say("今天听了王老师的识字课")
    first = li.expect("已收到", "11 字")
    await li.send_file("a.jpg", a_photo(), "photo", "image/jpeg")
    await li.send_file("b.jpg", a_photo(), "photo", "image/jpeg", text="孩子们很投入，我学到很多办法")
    await li.send_file("v.ogg", b"OggS", "voice", "audio/ogg")
    li.expect("25 字 · 2 张照片 · 1 段语音")
    cards = [heard for heard in li.sheets() if "已收到" in heard.text and not heard.deleted]
    assert len(cards) == 1 and cards[0] is not first, "one card, and it stands below what was sent last"
    await li.press("预览")
    shown = li.expect("预览", "李老师 · 识字工作坊", "今天听了王老师的识字课\n孩子们很投入")
    assert len(shown.files) == 3
    await li.press("提交")
    li.expect("已交到识字工作坊", "今天听了")
    assert await counted(room, li) == 1
    await li.say("你好呀")
    assert "已收到" not in li.expect("没听懂").text, "the dialogue is over"


async def test_one_long_message_is_previewed_at_once(room: Classroom) -> None:
    await room.li.say(f"日志 {LONG}")
    room.li.expect("预览", LONG)
    await room.li.press("提交")
    room.li.expect("已交到识字工作坊")
    assert await counted(room, room.li) == 1


async def test_too_short_says_how_much_is_missing_and_goes_on(room: Classroom) -> None:
    li = room.li
    await li.say("日志 今天很好😀")
    await li.press("提交")
    li.expect("至少要 21 字", "还差 16 字")
    assert await counted(room, li) == 0
    await li.say("。" + LONG)
    li.expect("已收到")
    await li.say("提交")
    li.expect("已交到")
    assert await counted(room, li) == 1


async def test_an_empty_log_cannot_be_handed_in(room: Classroom) -> None:
    await room.li.say("日志")
    await room.li.say("提交")
    room.li.expect("还是空的")
    await room.li.say("取消")
    room.li.expect("已取消")
    assert await entries(room) == []


async def test_handing_in_twice_counts_once_and_says_so(room: Classroom) -> None:
    li = room.li
    await li.say(f"日志 {LONG}")
    await li.press("提交")
    assert "已经交过" in (await li.press("提交"))[0]
    assert await counted(room, li) == 1


async def test_cancel_keeps_the_draft_and_says_how_to_go_on(room: Classroom) -> None:
    li = room.li
    await li.say("日志 刚写了个开头")
    await li.say("取消")
    li.expect("草稿还在", "日志")
    await li.say("日志")
    li.expect("没交的草稿", "刚写了个开头")
    await li.press("继续写")
    li.expect("预览", "刚写了个开头")
    await li.say(LONG)
    await li.say("提交")
    li.expect("已交到")
    assert [state for state, _ in await entries(room)] == ["submitted"]


async def test_a_draft_can_be_thrown_away_or_left_for_another(room: Classroom) -> None:
    li = room.li
    await li.say("日志 第一篇")
    await li.say("取消")
    await li.say("日志")
    await li.say("随便说说")
    li.expect("没交的草稿")
    await li.press("另写一篇")
    await li.say("第二篇")
    await li.press("取消")
    await li.press("删掉草稿")
    li.expect("删掉了")
    assert await entries(room) == [("draft", "第一篇")]


async def test_several_workshops_ask_which(room: Classroom) -> None:
    li, other = room.li, await room.world.workshop(room.county, "数学工作坊")
    await room.world.join(li, other)
    await li.say(f"日志 {LONG}")
    li.expect("哪个工作坊")
    await li.say("数学的")
    li.expect("哪个工作坊")
    li.expect_button("个人日志")
    await li.press("数学工作坊")
    li.expect("预览", "数学工作坊", LONG)
    await li.press("提交")
    li.expect("已交到数学工作坊")


async def test_no_workshop_means_a_personal_log_of_any_length(room: Classroom) -> None:
    await room.lu.say("日志 记一笔")
    room.lu.expect("个人日志", "记一笔")
    await room.lu.press("提交")
    room.lu.expect("已存为个人日志")


async def test_from_a_room_it_goes_on_privately(room: Classroom) -> None:
    place = await room.world.room(room.workshop)
    await room.li.say("日志", room=place)
    room.li.expect("文字、照片")
    room.li.expect_nothing(room=place)
    await room.li.say(LONG)
    room.li.expect("已收到")


async def test_files_that_fail_are_named_and_can_be_left_out(room: Classroom) -> None:
    li = room.li
    await li.say(f"日志 {LONG}")
    missing = {"kind": "photo", "name": "a.jpg", "mime": "image/jpeg", "size": 9, "ref": {"key": "nowhere"}}
    await li.say("", files=[missing])
    li.expect("没收到", "照片：已经取不到了")
    await li.say("提交")
    li.expect("没收到", "照片")
    assert await counted(room, li) == 0
    await li.press("去掉它")
    await li.say("提交")
    li.expect("已交到")
    assert await counted(room, li) == 1


async def test_it_waits_for_its_files_and_hands_itself_in(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    li, fetch, away = room.li, room.world.paper.fetch, [True]

    async def slow(file: Any) -> AsyncIterator[bytes]:
        if away[0]:
            raise Transient("away")
        async for piece in fetch(file):
            yield piece

    monkeypatch.setattr(room.world.paper, "fetch", slow)
    await li.say(f"日志 {LONG}")
    await li.send_file("a.jpg", a_photo(), "photo", "image/jpeg")
    await li.say("提交")
    li.expect("文件还在传")
    assert await counted(room, li) == 0
    away[0] = False
    room.world.pass_time(minutes=5)
    await room.world.settle()
    li.expect("已交到识字工作坊")
    assert await counted(room, li) == 1


async def test_a_refused_file_names_the_limit_and_takes_nothing_along(room: Classroom) -> None:
    li = room.li
    room.world.paper.files["ok"] = b"words"
    good = {"kind": "document", "name": "教案.docx", "mime": "application/msword", "size": 5, "ref": {"key": "ok"}}
    huge = {**good, "name": "录像.mp4", "kind": "video", "size": 900 * 2**20}
    await li.say("日志")
    await li.say("今天的课", files=[huge, good])
    assert any("20 MB" in sheet.text and "录像.mp4" in sheet.text for sheet in li.sheets())
    assert any("1 个文件" in sheet.text and "4 字" in sheet.text for sheet in li.sheets())


async def test_change_withdraw_and_list(room: Classroom) -> None:
    li = room.li
    await hand_in(room, li)
    await li.say("我的日志")
    li.expect("我的日志", "识字工作坊", "已交")
    await li.press("今天听了")
    li.expect(LONG)
    await li.press("修改")
    li.expect("新内容")
    await li.say("太短")
    li.expect("还差 19 字")
    await li.say("改过以后的日志，" + LONG)
    li.expect("改好了")
    await li.say("我的日志")
    await li.press("改过以后")
    li.expect("已修改", "改过以后的日志，")
    await li.press("撤回")
    li.expect("要撤回", "吗")
    await li.press("不撤回")
    assert await counted(room, li) == 1
    await li.press("改过以后")
    await li.press("撤回")
    toasts = await li.press("撤回")
    assert toasts == ["已撤回。"]
    assert await counted(room, li) == 0
    assert await li.press("撤回") != toasts
    assert await counted(room, li) == 0, "a second press takes nothing more back"
    await li.say("我的日志")
    li.expect("还没有写过")


async def test_markup_rare_characters_and_length(room: Classroom) -> None:
    li = room.li
    body = "<b>*䶮*</b> [x](javascript:1) \u202egnp.exe\u200b 👩‍👩‍👧 " + "字" * 9900
    await li.say(f"日志 {body}")
    shown = li.sheets()[-1].text
    assert "<b>*䶮*</b> [x](javascript:1)" in shown and "\u202e" not in shown
    await li.press("提交")
    li.expect("已交到")
    await li.say("日志 " + "字" * 20_001)
    li.expect("最多 20000 字")


async def test_other_peoples_buttons_do_nothing(room: Classroom) -> None:
    await room.li.say("日志 只是草稿")
    [action] = [b.action for sheet in room.li.sheets() for label, b in sheet.buttons if label == "提交"]
    pid = action.partition(":")[2]
    for verb in ("submit", "preview", "discard", "show", "takeback", "edit", "answer", "go", "drop", "page"):
        toasts = await room.zhao.press_action(f"log.{verb}:{pid}")
        assert "没有找到" in toasts[0], verb
    assert await entries(room) == [("draft", "只是草稿")]


async def test_strangers_are_shown_the_way_in(room: Classroom) -> None:
    someone = await room.world.teacher("路人", bound=False)
    await someone.say("日志 你好")
    someone.expect("绑定")
    assert await entries(room) == []


async def test_without_buttons_numbers_do(database_url: str) -> None:
    async with a_classroom(database_url) as room:
        room.world.paper.capabilities = Capabilities(buttons=False)
        await room.li.say("日志")
        await room.li.say(LONG)
        room.li.expect("已收到")
        await room.li.say("2")
        room.li.expect("已交到识字工作坊")
        assert await counted(room, room.li) == 1
