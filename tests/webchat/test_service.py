"""Who sees what, numbering, repeats, edits, withdrawals, marks: operations of the web chat, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.communities.service import archive_workshop
from api.communities.tree import ensure_web_room
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from api.messaging.render import Reader, plain
from api.messaging.tree import Button, T, Words
from api.people.websessions import close_web_session, open_web_session
from api.times import zone_of
from api.webchat import posting, reading, speaking
from api.webchat.keeping import erase_webchat, export_webchat
from api.webchat.places import SignedOut, enter, list_places
from storage.base import new_pid
from storage.communities import Community
from storage.people import Person
from tests.support.browser import WebWorld, a_web_world
from tests.support.talk import Voice


class Seat:
    """Somebody's browser, as operations see it."""

    def __init__(self, world: WebWorld, person: Person | None, secret: str) -> None:
        self.world, self.person, self.secret = world, person, secret

    async def do(self, operation: Any, *args: Any, **named: Any) -> Any:
        """Run `operation(ctx, seat, ...)` as this browser."""

        def run(ctx: Context) -> Any:
            return operation(ctx, enter(ctx, self.secret), *args, **named)

        return await self.world.runtime.transact(run, via="web")

    async def names(self) -> list[str]:
        """The chats this browser sees; "" is the one with the bot."""
        return [place.community.name if place.community else "" for place in await self.do(list_places)]

    async def chat(self, name: str = "") -> str:
        """The public id of a chat."""
        places = await self.do(list_places)
        return next(p.chat.pid for p in places if (p.community.name if p.community else "") == name)

    async def say(self, text: str, chat: str = "", client: str = "", **more: Any) -> Any:
        """Say something."""
        return await self.do(posting.post_message, await self.chat(chat), client or new_pid(), text, **more)

    async def line(self, chat: str = "") -> Any:
        """The chat's line in the list."""
        lines = await self.do(reading.list_chats)
        return next(x for x in lines if (x.place.community.name if x.place.community else "") == chat)


def english(world: WebWorld) -> Reader:
    return Reader("en", zone_of("Asia/Shanghai"), world.runtime.now())


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[WebWorld]:
    async with a_web_world(database_url) as world:
        yield world


@pytest.fixture
async def county(world: WebWorld) -> Community:
    return await with_room(world, await world.region("清河县"))


async def with_room(world: WebWorld, community: Community) -> Community:
    await world.run(ensure_web_room, community)
    return community


async def sit(world: WebWorld, voice: Voice | None) -> Seat:
    person = voice.person if voice else None
    _, secret = await world.runtime.transact(open_web_session, person, "", via="web")
    return Seat(world, person, secret)


async def test_rooms_are_those_one_is_in(world: WebWorld, county: Community) -> None:
    school = await with_room(world, await world.school(county, "一小"))
    other = await with_room(world, await world.school(county, "二小"))
    workshop = await with_room(world, await world.workshop(county, "数学坊"))
    li, chen, admin = [await world.teacher(name, school) for name in ("李", "陈", "管")]
    await world.join(li, workshop)
    await world.join(chen, workshop, status="pending")
    await world.appoint(admin, other, "school_admin")
    assert await (await sit(world, li)).names() == ["", "数学坊", "一小", "清河县"]
    assert await (await sit(world, chen)).names() == ["", "一小", "清河县"]
    assert sorted(await (await sit(world, admin)).names()) == ["", "一小", "二小", "清河县"]
    assert await (await sit(world, None)).names() == [""]


async def test_who_left_sees_nothing_more_and_cannot_fetch(world: WebWorld, county: Community) -> None:
    workshop = await with_room(world, await world.workshop(county, "数学坊"))
    li, wang = await world.teacher("李"), await world.teacher("王")
    await world.join(li, workshop)
    await world.join(wang, workshop, "host")
    a, b = await sit(world, li), await sit(world, wang)
    room = await a.chat("数学坊")
    first = await b.say("一", "数学坊")
    known = {room: (0, 0)}
    assert (await a.do(reading.read_news, known, 0)).posts
    await world.run(_set_status, li, workshop, "left")
    second = await b.say("二", "数学坊")
    news = await a.do(reading.read_news, known, 0)
    assert news.gone == [room] and not news.posts
    for operation, args in (
        (reading.open_chat, (room,)), (reading.open_before, (room, 99)), (posting.post_message, (room, "c", "我")),
        (reading.mark_read, (room, 2)), (reading.read_post, (second.pid,)), (posting.withdraw_post, (first.pid,)),
        (posting.press, (second.pid, "x", "h")),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await a.do(operation, *args)


async def test_one_private_chat_is_nobody_elses(world: WebWorld) -> None:
    a, b = await sit(world, await world.teacher("李")), await sit(world, await world.teacher("王"))
    post = await a.say("悄悄话")
    for operation, args in ((reading.open_chat, (await a.chat(),)), (reading.read_post, (post.pid,))):
        with pytest.raises(NotFound):
            await b.do(operation, *args)


async def test_a_repeated_send_is_one_post_and_arrives_once(world: WebWorld) -> None:
    seat = await sit(world, await world.teacher("李"))
    chat = await seat.chat()
    sends = [seat.do(posting.post_message, chat, "same", f"第{n}次") for n in range(6)]
    posts = await asyncio.gather(*sends)
    assert len({post.pid for post in posts}) == 1
    opened = await seat.do(reading.open_chat, chat)
    assert len([one for one in opened.posts.said if one.post.identity_id]) == 1
    assert await world.run(_count_arrivals, posts[0].pid) == 1


async def test_posts_are_numbered_without_gaps_whoever_writes_at_once(world: WebWorld, county: Community) -> None:
    workshop = await with_room(world, await world.workshop(county, "数学坊"))
    seats = []
    for n in range(4):
        voice = await world.teacher(f"老师{n}")
        await world.join(voice, workshop)
        seats.append(await sit(world, voice))
    await asyncio.gather(*[seat.say(f"{n}", "数学坊") for n, seat in enumerate(seats * 5)])
    opened = await seats[0].do(reading.open_chat, await seats[0].chat("数学坊"))
    assert [one.post.seq for one in opened.posts.said] == list(range(1, 21))
    assert sorted(one.post.change for one in opened.posts.said) == list(range(1, 21))


async def test_texts_and_their_limit(world: WebWorld) -> None:
    seat = await sit(world, await world.teacher("李"))
    strange = "䶮👩🏽‍🏫\u200b\u202eabc\x00 <b>&amp;</b>\n" + "长" * 10_000
    post = await seat.say(strange.replace("\x00", ""))
    assert post.text.startswith("䶮👩🏽‍🏫\u200b")
    with pytest.raises(TooLarge) as refused:
        await seat.say("x" * (posting.MAX_TEXT + 1))
    assert refused.value.data["limit"] == posting.MAX_TEXT
    with pytest.raises(Invalid):
        await seat.say(" \n ")


async def test_regions_are_written_by_those_who_look_after_them(world: WebWorld, county: Community) -> None:
    school = await world.school(county, "一小")
    teacher, admin = await world.teacher("李", school), await world.teacher("管", school)
    await world.appoint(admin, county, "region_admin")
    with pytest.raises(Forbidden):
        await (await sit(world, teacher)).say("我也说一句", "清河县")
    assert await (await sit(world, admin)).say("通知", "清河县")


async def test_observers_read_along(world: WebWorld, county: Community) -> None:
    workshop = await with_room(world, await world.workshop(county, "数学坊"))
    guest = await world.teacher("客")
    await world.join(guest, workshop, "observer")
    seat = await sit(world, guest)
    with pytest.raises(Forbidden) as refused:
        await seat.say("我说", "数学坊")
    assert "observer" in plain(refused.value.say, english(world))
    assert (await seat.do(reading.open_chat, await seat.chat("数学坊"))).silent is not None


async def test_an_archived_room_is_read_by_its_own_and_written_by_nobody(world: WebWorld, county: Community) -> None:
    workshop = await with_room(world, await world.workshop(county, "数学坊"))
    host, li, former = [await world.teacher(name) for name in ("坊主", "李", "离开的人")]
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    await world.join(former, workshop, status="left")
    seats = [await sit(world, voice) for voice in (host, li)]
    post = await seats[1].say("说过的话", "数学坊")
    await world.run(archive_workshop, workshop.pid, actor=host)
    for seat in seats:
        opened = await seat.do(reading.open_chat, await seat.chat("数学坊"))
        assert [one.post.text for one in opened.posts.said] == ["说过的话"] and opened.silent is not None
        with pytest.raises(Forbidden) as refused:
            await seat.say("还想说", "数学坊")
        assert "archived" in plain(refused.value.say, english(world))
    with pytest.raises(Forbidden):
        await seats[1].do(posting.edit_post, post.pid, "改一改")
    assert "数学坊" not in await (await sit(world, former)).names()
    await world.join(li, await with_room(world, await world.workshop(county, "阅读坊")))
    assert (await seats[1].names())[-1] == "数学坊", "what is over comes last"


async def test_editing_is_for_ones_own_and_for_a_day(world: WebWorld, county: Community) -> None:
    workshop = await with_room(world, await world.workshop(county, "数学坊"))
    li, wang = await world.teacher("李"), await world.teacher("王")
    await world.join(li, workshop)
    await world.join(wang, workshop, "host")
    a, b = await sit(world, li), await sit(world, wang)
    post = await a.say("旧", "数学坊")
    edited = await a.do(posting.edit_post, post.pid, "新")
    assert (edited.text, edited.rev, edited.seq, edited.change) == ("新", 1, 1, 2)
    with pytest.raises(Conflict):
        await b.do(posting.edit_post, post.pid, "别人的")
    with pytest.raises(Conflict):
        member = await b.say("坊主的话", "数学坊")
        await a.do(posting.withdraw_post, member.pid)
    withdrawn = await b.do(posting.withdraw_post, post.pid)  # a moderator
    assert withdrawn.removed_at is not None and withdrawn.text == ""
    with pytest.raises(NotFound):
        await a.do(posting.edit_post, post.pid, "又来")
    late = await a.say("明天再改", "数学坊")
    world.pass_time(hours=25)
    with pytest.raises(Conflict):
        await a.do(posting.edit_post, late.pid, "晚了")


async def test_unread_counts_what_others_said_since_one_looked(world: WebWorld, county: Community) -> None:
    workshop = await with_room(world, await world.workshop(county, "数学坊"))
    li, wang = await world.teacher("李"), await world.teacher("王")
    await world.join(li, workshop)
    await world.join(wang, workshop, "host")
    a, b = await sit(world, li), await sit(world, wang)
    await b.say("以前的", "数学坊")
    assert (await a.line("数学坊")).unread == 0, "what was there before one came is read"
    await a.do(reading.begin_reading)
    for text in "一二三":
        await b.say(text, "数学坊")
    assert (await a.line("数学坊")).unread == 3
    assert (await b.line("数学坊")).unread == 0, "one's own words are read"
    await a.do(reading.mark_read, await a.chat("数学坊"), 3)
    assert (await a.line("数学坊")).unread == 1
    await a.do(reading.mark_read, await a.chat("数学坊"), 2)
    assert (await a.line("数学坊")).unread == 1, "marks never go back"
    await a.do(reading.mark_read, await a.chat("数学坊"), 10**9)
    assert (await a.line("数学坊")).unread == 0
    await b.say("四", "数学坊")
    assert (await a.line("数学坊")).unread == 1, "a mark beyond the end would hide what comes"


async def test_a_delivery_is_shown_once_and_changes_in_place(world: WebWorld) -> None:
    seat = await sit(world, await world.teacher("李"))
    await world.settle()
    chat_id = (await seat.do(list_places))[0].chat.id
    delivery = await world.run(_a_delivery, chat_id)
    buttons = [[Button(T("OK"), "x.ok:1")]]
    tell = (speaking.write_bot_post, chat_id, delivery, Words("一"), buttons, ("file",))
    pids = await asyncio.gather(*[world.run(*tell) for _ in range(4)])
    assert len(set(pids)) == 1
    await seat.do(posting.press, pids[0], "x.ok:1", new_pid())
    with pytest.raises(Conflict):
        await seat.do(posting.press, pids[0], "x.everything:1", new_pid())
    post = (await seat.do(reading.read_post, pids[0])).said[0].post
    assert post.pressed == "x.ok:1"
    await world.run(speaking.edit_bot_post, chat_id, pids[:1], Words("二"), [], ())
    post = (await seat.do(reading.read_post, pids[0])).said[0].post
    assert (post.tree, post.buttons, post.files, post.pressed, post.rev) == ("二", [], [], None, 2)
    await world.run(speaking.remove_bot_post, chat_id, pids[:1])
    with pytest.raises((Conflict, NotFound)):
        await seat.do(posting.press, pids[0], "x.ok:1", new_pid())
    opened = await seat.do(reading.open_chat, await seat.chat())
    assert pids[0] not in [one.post.pid for one in opened.posts.said]


async def test_pages_go_back_to_the_beginning(world: WebWorld) -> None:
    seat = await sit(world, await world.teacher("李"))
    chat = await seat.chat()
    for n in range(95):
        await seat.say(f"{n}")
    opened = await seat.do(reading.open_chat, chat)
    texts = [one.post.text for one in opened.posts.said]
    while opened.older is not None:
        opened = await seat.do(reading.open_before, chat, opened.older)
        texts = [one.post.text for one in opened.posts.said] + texts
    assert texts == [str(n) for n in range(95)]


async def test_a_session_that_ended_opens_nothing(world: WebWorld) -> None:
    seat = await sit(world, await world.teacher("李"))
    await world.run(close_web_session, seat.secret)
    with pytest.raises(SignedOut):
        await seat.names()
    with pytest.raises(SignedOut):
        await Seat(world, None, "made up").names()


async def test_what_is_kept_is_handed_out_and_forgotten(world: WebWorld) -> None:
    li = await world.teacher("李")
    seat = await sit(world, li)
    await seat.say("我的话")
    assert [post["text"] for post in (await world.run(export_webchat, li.person))["web_posts"]] == ["我的话"]
    await world.run(erase_webchat, li.person)
    assert [post["text"] for post in (await world.run(export_webchat, li.person))["web_posts"]] == [""]


def _set_status(ctx: Context, voice: Voice, community: Community, status: str) -> None:
    from storage.memberships import get_membership

    assert voice.person is not None
    row = get_membership(ctx.session, voice.person.id, community.id)
    assert row is not None
    row.status = status


def _count_arrivals(ctx: Context, pid: str) -> int:
    from sqlalchemy import func, select

    from storage.messaging import Incoming

    return ctx.session.execute(select(func.count()).where(Incoming.event_id == pid)).scalar_one()


def _a_delivery(ctx: Context, chat_id: int) -> int:
    from api.messaging.outbox import write_message
    from storage.messaging import Delivery

    message = write_message(ctx, Words("x"))
    row = Delivery(message_id=message.id, chat_id=chat_id, not_before=ctx.now, created_at=ctx.now, state="sent")
    ctx.session.add(row)
    ctx.session.flush()
    return row.id
