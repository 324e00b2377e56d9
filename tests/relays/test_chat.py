"""Talk from room to room: what is carried, what is not, and who decides about it."""

from collections.abc import AsyncIterator

import pytest

from api.context import Context
from api.messaging.outbox import PERSONAL, say_in_chat
from api.messaging.receiving import Arrival, receive
from api.messaging.tree import Words
from bot.inbound import File
from bot.platforms.base import Transient
from storage.attachments import Attachment
from storage.messaging import Chat
from storage.records import Record
from tests.relays.conftest import Village, account_there
from tests.support.accounts import code_for
from tests.support.classroom import a_photo

LONG = "今天听了一节语文课，收获很大，回去要试一试新的导入。"


async def counted(village: Village) -> int:
    """How often Li's talk counts as participation."""

    def add(ctx: Context) -> int:
        rows = ctx.session.query(Record).filter_by(verb="discussion.posted")
        return sum(row.amount for row in rows)

    return await village.here.run(add)


async def test_what_is_said_in_one_room_is_heard_in_the_other(village: Village) -> None:
    await village.li.say("大家好", room=village.room)
    await village.wang.say("你好，春华", room=village.other)
    assert village.texts() == ["李春华: 大家好"]
    assert village.texts(there=False) == ["王芳: 你好，春华"], "never back to where it was said"
    assert await counted(village) == 0, "a word or two is no contribution"
    await village.li.say(LONG, room=village.room)
    assert village.texts()[-1] == f"李春华: {LONG}" and await counted(village) == 1


async def test_talk_counts_where_there_is_no_other_room(village: Village) -> None:
    alone = await village.here.workshop(await village.here.region("晴川县"), "独处工坊")
    await village.here.join(village.li, alone)
    room = await village.here.room(alone)
    await village.li.say(LONG, room=room, event="e-alone")
    await village.li.say("好的", room=room)
    assert await counted(village) == 1
    await village.here.arrive(village.li, room, "deleted", event="e-alone")
    assert await counted(village) == 0


@pytest.mark.parametrize("text", ["/help", "!help", "帮助", "/nothing of the kind", "／help"])
async def test_commands_are_not_carried(village: Village, text: str) -> None:
    await village.li.say(text, room=village.room)
    assert village.texts() == []


async def test_an_exclamation_is_no_command(village: Village) -> None:
    await village.li.say("!wow 真好", room=village.room)
    assert village.texts() == ["李春华: !wow 真好"]


async def test_received_and_polls_are_not_carried(village: Village) -> None:
    await village.host.say("通知 周五下午交教案", room=village.room)
    await village.host.press("确认发送")
    before = village.texts()
    await village.li.say("收到", room=village.room)
    await village.li.press("收到", room=village.room)
    assert village.texts() == before
    await village.li.say("收到", room=village.room)  # nothing waits for it any more: it is talk
    assert village.texts() == [*before, "李春华: 收到"]


async def test_strangers_former_members_and_observers_are_not_carried(village: Village) -> None:
    guest = await village.here.teacher("路人", bound=False)
    watcher, gone = await village.here.teacher("看客"), await village.here.teacher("旧人")
    await village.here.join(watcher, village.workshop, "observer")
    await village.here.join(gone, village.workshop, "member", "left")
    for who in (guest, watcher, gone):
        await who.say(LONG, room=village.room)
    assert village.texts() == [] and await counted(village) == 0


async def test_replies_find_their_copies(village: Village) -> None:
    await village.li.say("谁有教案？", room=village.room, event="e1")
    [copy] = village.heard()
    await village.wang.say("我有", room=village.other, event="e2", reply_to=copy.native)
    [answer] = village.heard(there=False)
    assert (answer.text, answer.reply_to) == ("王芳: 我有", "e1"), "the original is answered, where it was said"
    await village.li.say("太好了", room=village.room, event="e3", reply_to=answer.native)
    assert village.heard()[-1].reply_to == "e2"
    await village.li.say("谢谢", room=village.room, reply_to="nothing that anybody knows")
    assert village.heard()[-1].reply_to is None


async def test_a_reply_to_what_was_said_in_both_rooms(village: Village) -> None:
    await village.host.say("通知 周五下午交教案", room=village.room)
    await village.host.press("确认发送")
    notice, same = village.heard(there=False)[-1], village.heard()[-1]
    await village.li.say("几点之前？", room=village.room, reply_to=notice.native)
    assert village.heard()[-1].reply_to == same.native


async def test_a_thread_answers_what_it_began_with(village: Village) -> None:
    await village.li.say("先说一件事", room=village.room, event="$root")
    await village.li.say("补充一点", room=village.room, event="$e", payload={"thread": "$root $root"})
    first, second = village.heard()
    assert second.reply_to == first.native


async def test_changes_and_deletions_follow(village: Village) -> None:
    await village.li.say(LONG, room=village.room, event="e1")
    await village.here.arrive(village.wang, village.room, "edited", event="e1", text="别人改的")
    await village.here.arrive(village.li, village.room, "edited", event="e1", text="改短了")
    assert village.texts() == ["李春华: 改短了"] and await counted(village) == 0
    village.here.pass_time(minutes=1)
    await village.here.arrive(village.li, village.room, "edited", event="e1", text=LONG)
    assert village.texts() == [f"李春华: {LONG}"] and await counted(village) == 1
    await village.here.arrive(village.li, village.room, "deleted", event="e1")
    assert village.texts() == [] and await counted(village) == 0
    await village.here.arrive(village.li, village.room, "deleted", event="e1")
    await village.here.arrive(village.li, village.room, "edited", event="e1", text=LONG)
    assert village.texts() == [] and await counted(village) == 0


async def say_album(village: Village, *captions: str, reply_to: str = "") -> None:
    """Li says an album whose messages have the events a0, a1, ..."""
    parts = [{"event": f"a{n}", "text": text} for n, text in enumerate(captions)]
    text = "\n".join(text for text in captions if text)
    await village.li.say(text, room=village.room, event="a0", parts=parts, reply_to=reply_to)


async def test_every_message_of_an_album_is_known(village: Village) -> None:
    await say_album(village, "三张板书", "", "")
    [copy] = village.heard()
    await village.li.say("看第二张", room=village.room, reply_to="a1")
    assert village.heard()[-1].reply_to == copy.native
    await village.wang.say("看到了", room=village.other, reply_to=copy.native)
    assert village.heard(there=False)[-1].reply_to == "a0"
    await village.here.arrive(village.li, village.room, "deleted", event="a2")
    assert village.texts() == ["李春华: 看第二张"]


async def test_the_words_under_each_message_of_an_album_change(village: Village) -> None:
    await say_album(village, LONG, "", "第三张")
    assert village.texts() == [f"李春华: {LONG}\n第三张"] and await counted(village) == 1
    for event, text, shown in (
        ("a2", "第三张，订正", f"{LONG}\n第三张，订正"),
        ("a0", "短", "短\n第三张，订正"),
        ("a2", "", "短"),
        ("a1", "中间这张", "短\n中间这张"),
    ):
        await village.here.arrive(village.li, village.room, "edited", event=event, text=text)
        village.here.pass_time(seconds=20)
        await village.there.settle()
        assert village.texts() == [f"李春华: {shown}"]
    assert await counted(village) == 0, "what is left is a word or two"


async def test_who_deletes_a_copy(village: Village) -> None:
    await village.li.say("不该说的话", room=village.room, event="e1")
    [copy] = village.heard()
    await village.there.arrive(village.wang, village.other, "deleted", event=copy.native)
    assert village.texts(), "somebody else took away one copy: the platform's business"
    host = await account_there(village.there, village.host.person, "沈坊主")  # type: ignore[arg-type]
    await village.there.arrive(host, village.other, "deleted", event=copy.native)
    assert village.texts() == []


async def test_a_claim_code_that_is_added_later_goes_nowhere(village: Village) -> None:
    code = await code_for(village.here, village.li)
    await village.li.say("我的码是", room=village.room, event="e1")
    await village.here.arrive(village.li, village.room, "edited", event="e1", text=f"我的码是 {code}")
    assert village.texts() == ["李春华: 我的码是"]


def say_soon(ctx: Context, village: Village) -> None:
    """An answer, and something that comes after the photo."""
    chat = ctx.session.query(Chat).filter_by(platform="other", native=village.other).one()
    say_in_chat(ctx, chat.id, Words("later"), lane=PERSONAL)
    say_in_chat(ctx, chat.id, Words("answer"))


async def test_files_that_do_not_come_are_said(village: Village) -> None:
    world = village.here
    gone = {"kind": "document", "name": "教案.docx", "mime": "a/b", "size": 5, "ref": {"key": "gone"}}
    large = {"kind": "video", "name": "课堂.mp4", "mime": "video/mp4", "size": 10**9, "ref": {"key": "large"}}
    await village.li.say("看教案", room=village.room, files=[gone, large], event="e1")
    assert village.texts()[0].startswith("李春华: 看教案")
    assert "教案.docx" in village.texts()[0] and "课堂.mp4" in village.texts()[0] and not village.heard()[0].files
    world.pass_time(minutes=1)
    await world.arrive(village.li, village.room, "edited", event="e1", text="看看教案")
    [text] = village.texts()
    assert "看看教案" in text and "教案.docx" in text, "an edit keeps what was said of files"


async def test_a_room_does_not_wait_for_ever_for_a_file(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(file: File) -> AsyncIterator[bytes]:
        raise Transient("away")
        yield b""

    world = village.here
    monkeypatch.setattr(world.paper, "fetch", away)
    file = {"kind": "photo", "name": "板书.jpg", "mime": "image/jpeg", "size": 5, "ref": {"key": "k"}}
    await village.li.say("看板书", room=village.room, files=[file])
    await village.li.say("看到了吗", room=village.room)
    assert village.texts() == []
    world.pass_time(minutes=1)
    await world.settle()
    assert "板书.jpg" in village.texts()[0] and village.texts()[1] == "李春华: 看到了吗"


async def test_nothing_is_kept_where_it_goes_nowhere(village: Village) -> None:
    await village.change_room("other", village.other, bridge="off")
    await village.li.send_file("板书.jpg", a_photo(), "photo", "image/jpeg", LONG, village.room)
    assert await village.here.run(lambda ctx: ctx.session.query(Attachment).count()) == 0


async def test_a_photo_comes_along_once_it_is_stored(village: Village) -> None:
    world, photo = village.here, a_photo()
    world.paper.files["k"] = photo
    file = {"kind": "photo", "name": "板书.jpg", "mime": "image/jpeg", "size": len(photo), "ref": {"key": "k"}}
    raw = {"kind": "said", "sender": village.li.native, "name": "李", "event": "e1", "text": "板书", "files": [file]}
    await world.runtime.transact(receive, "paper", "", [Arrival("e1", village.room, "room", raw)])
    await world.handlers.drain()
    await village.li.world.run(say_soon, village)
    await world.deliverers.drain()
    assert village.texts() == ["answer"], "it waits for its photo, what comes after it too, but no answer does"
    world.pass_time(seconds=2)
    await world.deliverers.drain()
    assert village.texts() == ["answer"]
    await world.fetchers.drain()
    await world.deliverers.drain()
    assert village.texts() == ["answer", "李春华: 板书", "later"]
    assert len(village.heard()[1].files) == 1


async def test_people_keep_their_words_in_their_room(village: Village) -> None:
    await village.li.say("/carry")
    village.li.expect("会转到同一个工坊的其他群")
    await village.li.press("只留在本群")
    await village.li.say(LONG, room=village.room)
    assert village.texts() == [] and await counted(village) == 1, "it counts all the same"
    await village.li.say("转到各群")
    await village.li.press("也转到其他群")
    await village.li.say("现在可以了", room=village.room)
    assert village.texts() == ["李春华: 现在可以了"]


async def test_a_host_disconnects_a_room(village: Village) -> None:
    await village.li.say("/bridge", room=village.room)
    village.li.expect("你在这里没有这个权限")
    await village.host.say("互通", room=village.room)
    village.host.expect("识字工坊", "本群")
    village.host.expect_nothing(room=village.room)
    await village.host.press("断开")
    assert "只留在这里" in village.texts(there=False)[-1]
    await village.li.say("有人吗", room=village.room)
    await village.wang.say("有人吗", room=village.other)
    assert not any("有人吗" in text for text in [*village.texts(), *village.texts(there=False)])
    assert "接通" in village.host.sheets()[-1].buttons[0][0], "the message shows how it is now"


async def test_an_encrypted_room_asks_first(village: Village) -> None:
    await village.change_room("paper", village.room, encrypted=True)
    await village.li.say("群里的秘密", room=village.room)
    assert village.texts() == []
    await village.host.say("/bridge", room=village.room)
    village.host.expect("加密")
    await village.host.press("接通")
    village.host.expect("不加密")
    await village.li.say("还是秘密", room=village.room)
    assert village.texts() == []
    await village.host.press("接通")
    assert "不加密" in village.texts(there=False)[-1], "everybody in the room is told"
    await village.li.say("大家好", room=village.room)
    assert village.texts() == ["李春华: 大家好"]


async def test_restored_order(village: Village) -> None:
    for n in range(12):
        await village.li.say(f"第 {n} 句", room=village.room)
    assert village.texts() == [f"李春华: 第 {n} 句" for n in range(12)]


async def test_what_is_changed_or_deleted_before_it_was_sent(village: Village) -> None:
    world, chat = village.here, village.room
    told = (("e1", "said", "写错"), ("e1", "edited", "写对"), ("e2", "said", "不要了"), ("e2", "deleted", ""))
    for event, kind, text in told:
        raw = {"kind": kind, "sender": village.li.native, "name": "李", "event": event, "text": text}
        await world.runtime.transact(receive, "paper", "", [Arrival(f"{event}{kind}", chat, "room", raw)])
    await world.handlers.drain()
    await world.deliverers.drain()
    assert [(sheet.text, sheet.edits) for sheet in village.heard()] == [("李春华: 写对", 0)]
