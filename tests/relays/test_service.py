"""Relays as operations: once, with files and rights; encrypted rooms; what is handed out and forgotten."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from api.context import Context
from api.errors import Conflict, Forbidden, NotFound
from api.messaging.tree import Bold, Bullets, Lines, Quote, Seq, T, Words, pack, unpack
from api.people.settings import set_relayed
from api.privacy import erase_person, export_person
from api.relays.bridge import keep_encrypted, set_bridge, view_bridge
from api.relays.service import Speech, find_answered, relay, take_back
from api.relays.texts import as_said, missing_in, with_missing, without_speaker
from api.topics.service import open_topic
from storage.attachments import Attachment
from storage.communities import Community
from storage.messaging import Chat, Delivery, Message
from storage.records import Record
from storage.relays import Relay, RelayPart, bridged_rooms, discussing_rooms, rooms_of_bridge
from storage.rooms import Room
from tests.relays.conftest import Village
from tests.support.classroom import a_photo

LONG = "今天听了一节语文课，收获很大，回去要试一试新的导入。"


def chat_of(ctx: Context, village: Village, platform: str = "paper") -> Chat:
    native = village.room if platform == "paper" else village.other
    return ctx.session.query(Chat).filter_by(platform=platform, native=native).one()


async def said(village: Village, event: str, text: str = LONG, **more: Any) -> Relay | None:
    """Li says something in the first room."""

    def say(ctx: Context) -> Relay | None:
        answers = more.pop("answers", "")
        return relay(ctx, chat_of(ctx, village), village.workshop, Speech(event, text, answers=answers), **more)

    return await village.here.run(say, actor=village.li)


async def count(village: Village, table: Any, **where: Any) -> int:
    return await village.here.run(lambda ctx: ctx.session.query(table).filter_by(**where).count())


async def test_a_repeat_changes_nothing(village: Village) -> None:
    first = await said(village, "e1")
    again = await said(village, "e1", "something else")
    assert first is not None and again is not None and first.id == again.id
    assert await count(village, Delivery) == 1 and await count(village, Record, verb="discussion.posted") == 1
    await village.here.settle()
    assert village.texts() == [f"李春华: {LONG}"]


async def test_one_delivery_for_each_other_room(village: Village) -> None:
    third = await village.here.workshop(village.workshop, "不相干的工坊")
    await village.here.room(third)

    def more(ctx: Context) -> None:
        for n in range(3):
            chat = Chat(pid=f"more{n:08}", platform="paper", native=f"more-{n}", kind="room", created_at=ctx.now)
            chat.state = "gone" if n == 2 else "active"
            ctx.session.add(chat)
            ctx.session.flush()
            ctx.session.add(Room(chat_id=chat.id, community_id=village.workshop.id, created_at=ctx.now))

    await village.here.run(more)
    await said(village, "e1")
    assert await count(village, Delivery) == 3 and await count(village, Message) == 1


async def test_a_space_is_no_room_to_speak_in(village: Village) -> None:
    await village.change_room("other", village.other, part="space")
    row = await said(village, "e1")
    assert row is not None and row.message_id is None
    assert await village.here.run(lambda ctx: len(bridged_rooms(ctx.session, village.workshop.id))) == 1


async def test_what_is_said_goes_to_the_rooms_that_are_named(village: Village) -> None:
    elsewhere = await village.there.workshop(village.workshop, "别的工坊")
    await village.there.room(elsewhere)

    def say(ctx: Context) -> Relay | None:
        rooms = discussing_rooms(ctx.session, [village.workshop.id, elsewhere.id])
        return relay(ctx, chat_of(ctx, village), village.workshop, Speech("e1", "好"), rooms=rooms, topic_id=7)

    row = await village.here.run(say, actor=village.li)
    assert row is not None and row.topic_id == 7 and await count(village, Delivery) == 2

    def apart(ctx: Context) -> Relay | None:
        rooms = bridged_rooms(ctx.session, elsewhere.id)
        return relay(ctx, chat_of(ctx, village), village.workshop, Speech("e2", "好"), rooms=rooms)

    assert await village.here.run(apart, actor=village.li) is None, "nothing leaves a room that is not among them"


async def test_an_archived_workshop_is_quiet(village: Village) -> None:
    def say(ctx: Context) -> Relay | None:
        workshop = ctx.session.merge(village.workshop)
        workshop.archived_at = ctx.now
        ctx.session.flush()
        assert bridged_rooms(ctx.session, workshop.id) == []
        return relay(ctx, chat_of(ctx, village), workshop, Speech("e1", LONG))

    assert await village.here.run(say, actor=village.li) is None


async def test_a_sticker_says_nothing(village: Village) -> None:
    assert await said(village, "e1", " ") is None


async def test_who_opted_out_counts_and_is_not_carried(village: Village) -> None:
    await village.here.run(set_relayed, False, actor=village.li)
    row = await said(village, "e1")
    assert row is not None and row.counted and row.message_id is None and await count(village, Delivery) == 0
    assert await village.here.run(lambda ctx: find_answered(ctx, chat_of(ctx, village), "e1")) is None


async def test_files_are_kept_under_the_persons_quota_and_go_with_what_was_said(village: Village) -> None:
    await village.li.send_file("板书.jpg", a_photo(), "photo", "image/jpeg", "板书", village.room)
    assert len(village.heard()[0].files) == 1
    assert await count(village, Attachment, owner_id=village.li.person.id, state="stored") == 1  # type: ignore[union-attr]

    def back(ctx: Context) -> bool:
        row = ctx.session.query(Relay).one()
        return take_back(ctx, chat_of(ctx, village), row.native)

    assert await village.here.run(back, actor=village.li)
    await village.here.settle()
    assert village.texts() == [] and await count(village, Attachment, state="stored") == 0


async def test_who_may_connect_rooms(village: Village) -> None:
    rooms = await village.here.run(view_bridge, village.workshop.pid, actor=village.host)
    assert [(one.chat.native, one.open) for one in rooms] == [(village.room, True), (village.other, True)]
    pid = rooms[0].room.pid
    with pytest.raises(Forbidden):
        await village.here.run(view_bridge, village.workshop.pid, actor=village.li)
    with pytest.raises(Forbidden):
        await village.here.run(set_bridge, pid, False, actor=village.li)
    with pytest.raises(NotFound):
        await village.here.run(set_bridge, "nothing", False, actor=village.host)
    await village.here.run(set_bridge, pid, False, actor=village.host)
    await village.here.run(set_bridge, pid, False, actor=village.host)
    await village.here.settle()
    assert len(village.texts(there=False)) == 1, "what is so already is not said again"


async def test_an_encrypted_room_takes_a_confirmation(village: Village) -> None:
    await village.change_room("paper", village.room, encrypted=True)
    [mine, _] = await village.here.run(view_bridge, village.workshop.pid, actor=village.host)
    assert not mine.open
    with pytest.raises(Conflict, match=r"bridge\.encrypted"):
        await village.here.run(set_bridge, mine.room.pid, True, actor=village.host)
    assert (await village.here.run(set_bridge, mine.room.pid, True, True, actor=village.host)).open


@pytest.mark.parametrize("before", ["", "on", "off"])
async def test_a_room_that_becomes_encrypted_is_disconnected_and_told(village: Village, before: str) -> None:
    def change(ctx: Context) -> str:
        chat = chat_of(ctx, village)
        chat.platform, chat.account = "matrix", "@bot:x"
        room = ctx.session.query(Room).filter_by(chat_id=chat.id).one()
        room.bridge = before
        ctx.session.flush()
        for _ in range(2):
            keep_encrypted(ctx, "@bot:x", [village.room, "!other"])
        assert room.encrypted
        return room.bridge

    assert await village.here.run(change) == ("off" if before == "off" else "")
    assert await count(village, Delivery) == (0 if before == "off" else 1)
    assert await village.here.run(lambda ctx: len(bridged_rooms(ctx.session, village.workshop.id))) == 1


async def test_what_a_person_said_is_handed_out_and_forgotten(village: Village) -> None:
    await village.li.say(LONG, room=village.room)
    await village.wang.say("王老师的话", room=village.other)
    export = await village.here.run(export_person, village.li.person, actor=village.li)
    data = json.loads(ZipFile(BytesIO(export)).read("relays.json"))
    assert [(one["text"], one["counted"]) for one in data["relays"]] == [(LONG, True)] and data["relayed"]
    parts = [{"event": "a0", "text": LONG}, {"event": "a1", "text": ""}]
    await village.li.say(LONG, room=village.room, event="a0", parts=parts)
    await village.here.run(erase_person, village.li.person)
    await village.here.settle()
    assert village.texts() == [] and village.texts(there=False) == ["王芳: 王老师的话"]
    left = await village.here.run(
        lambda ctx: [str(row.tree) for table in (Message, RelayPart) for row in ctx.session.query(table)]
    )
    assert not any("语文课" in tree for tree in left)


def test_names_stand_before_what_was_said_and_can_be_taken_off() -> None:
    assert as_said("李", Words("好")) == Seq(Bold("李"), ": ", "好")
    quoted = as_said("李", Seq(Quote("引"), "答"))
    assert quoted == Seq(Bold("李"), ": ", "\n", Seq(Quote("引"), "答")), "a quotation stands on lines of its own"
    assert as_said("李", Bullets("甲")) == Seq(Bold("李"), ": ", "\n", Bullets("甲"))
    gone = T("member")
    both = with_missing(as_said("李", None, [gone]), gone)
    assert both == Lines(Seq(Bold("李")), gone, gone) and missing_in(both) == (gone, gone)
    assert without_speaker(both) == Lines(Seq(), gone, gone)
    assert without_speaker(as_said("李", Words("好"))) == Seq("好")
    assert unpack(pack(quoted)) == quoted


async def a_region_with_two_rooms(village: Village) -> tuple[Any, str]:
    """The county has a room on both platforms; Li speaks in the first."""
    school = await village.here.run(lambda ctx: ctx.session.get_one(Community, village.li.person.school_id))  # type: ignore[union-attr]
    county = await village.here.run(lambda ctx: ctx.session.get_one(Community, school.parent_id))
    room, other = await village.here.room(county), await village.there.room(county)

    def connected(ctx: Context) -> list[bool]:
        return [one.open for one in rooms_of_bridge(ctx.session, county.id) if one.chat.native in (room, other)]

    assert await village.here.run(connected) == [False, False]
    return county, room


async def test_talk_in_a_regions_rooms_stays_there_until_somebody_connects_them(village: Village) -> None:
    """Thousands are at home in a region."""
    county, room = await a_region_with_two_rooms(village)
    await village.li.say(LONG, room=room)
    assert await count(village, Delivery) == 0 and await count(village, Record, verb="discussion.posted") == 1
    admin = await village.here.teacher("林主任")
    await village.here.appoint(admin, county, "region_admin")
    rooms = await village.here.run(view_bridge, county.pid, actor=admin)
    for one in rooms:
        await village.here.run(set_bridge, one.room.pid, True, actor=admin)
    before = await count(village, Delivery)
    await village.li.say(LONG, room=room)
    assert await count(village, Delivery) == before + len(rooms) - 1


async def test_a_topic_of_a_region_is_discussed_in_all_its_rooms(village: Village) -> None:
    """That is what somebody opened it for."""
    county, room = await a_region_with_two_rooms(village)
    admin = await village.here.teacher("林主任")
    await village.here.appoint(admin, county, "region_admin")
    await village.here.run(open_topic, county.pid, "怎么教古诗", actor=admin)
    await village.here.settle()
    await village.there.settle()
    topic = village.here.paper.chats[room][-1]
    before = await count(village, Delivery)
    await village.li.say(LONG, room=room, reply_to=topic.native)
    assert await count(village, Delivery) > before and await count(village, Relay) == 1
