"""Live events: what changed reaches the pages that may see it, and only those (issue 2, web chat)."""

import asyncio
from typing import Any

import pytest

from api.communities.tree import ensure_web_room
from api.context import Context
from api.messaging.outbox import deliver_to_rooms, say_in_chat, write_message
from api.messaging.tree import Button, T, Words
from api.people.codes import issue_claim_code
from api.people.websessions import revoke_device
from api.runtime import Runtime
from api.webchat.speaking import forget_toasts
from bot.platforms.web import live
from storage.communities import Community
from storage.engine import StorageUnavailable
from storage.memberships import get_membership
from tests.support.browser import Browser, Drawn, WebWorld
from tests.support.talk import Voice


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights are asked again every half second here, so that tests need not wait for a quarter of a minute."""
    monkeypatch.setattr(live, "RECHECK_SECONDS", 0.5)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.3)


@pytest.fixture
async def room(world: WebWorld) -> Community:
    workshop = await world.workshop(await world.region(), "数学坊")
    await world.run(ensure_web_room, workshop)
    return workshop


async def member(world: WebWorld, room: Community, name: str) -> tuple[Voice, Browser]:
    voice = await world.teacher(name)
    await world.join(voice, room)
    browser = await world.browser(voice)
    await browser.open("/web")
    return voice, browser


async def test_words_reach_the_others_with_their_row_and_badge(world: WebWorld, room: Community) -> None:
    (_, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    async with b.listen() as stream:
        await a.say("大家好 <b>", "数学坊")
        _, html = await stream.next("post")
        post = Drawn(html)
        assert (post.side, post.text) == ("other", "大家好 <b>")
        _, row = await stream.next("chat")
        assert 'data-unread="1"' in row and "李：大家好" in row
        pid = b.chats()["数学坊"]
        await b.script(f"/web/chats/{pid}/read", 204, seq=str(post.seq))
        _, row = await stream.next("chat")
        assert 'data-unread="0"' in row, "one's other pages lose the badge too"


async def test_the_bots_answer_edit_and_removal_arrive(world: WebWorld) -> None:
    li = await world.teacher("李")
    browser = await world.browser(li)
    await browser.open("/web")
    async with browser.listen() as stream:
        message = await world.run(_say_to, li)
        await world.settle()
        _, html = await stream.next("post")
        post = Drawn(html)
        assert post.side == "bot" and post.rev == 0
        await world.run(_edit, message)
        world.pass_time(seconds=10)
        await world.settle()
        _, html = await stream.next("post")
        assert Drawn(html).rev == 1 and Drawn(html).seq == post.seq
        await world.run(_take_back, message)
        await world.settle()
        assert await stream.next("remove") == ("remove", f"p-{post.pid}")


async def test_pressing_is_answered_by_a_toast_to_the_presser(world: WebWorld, room: Community) -> None:
    (_, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    await world.run(_ask_room, room)
    await world.settle()
    post = (await a.read("数学坊"))[-1]
    async with a.listen() as mine, b.listen() as others:
        await a.script(f"/web/messages/{post.pid}/press", 204, value="nothing.known:1")
        await world.settle()
        assert await mine.next("toast") == ("toast", "这一项已经结束了。")
        assert not [event for event in await others.quiet() if event[0] == "toast"]


async def test_a_page_that_stays_open_hears_the_words_after_old_ones_were_forgotten(
    world: WebWorld, room: Community
) -> None:
    _, a = await member(world, room, "李")
    await world.run(_ask_room, room)
    await world.settle()
    post = (await a.read("数学坊"))[-1]
    async with a.listen() as mine:
        for _ in range(2):
            await a.script(f"/web/messages/{post.pid}/press", 204, value="nothing.known:1")
            await world.settle()
            assert await mine.next("toast") == ("toast", "这一项已经结束了。")
            world.pass_time(minutes=5)
            assert await world.run(forget_toasts) == 1


async def test_a_visitor_who_became_somebody_in_the_chat_goes_on_under_a_new_cookie(world: WebWorld) -> None:
    li = await world.teacher("李春华", await world.school(await world.region(), "第一小学"))
    page, before = await world.browser(), await world.browser()
    await page.open("/web")
    await page.submit("/web/visit")
    await world.settle()
    old = page.http.cookies["gongfang"]
    before.http.cookies.set("gongfang", old, domain="gongfang.test")
    await before.open("/web")
    code = (await world.run(issue_claim_code, li.person)).code
    await page.say(f"/start {code}")
    async with page.listen() as stream:
        await page.press("同意")
        assert await stream.next("signedout") == ("signedout", ""), "the page opens itself anew"
    await before.script("/web/me", 401, language="en")
    answer = await page.http.get("/web/me", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/web/me")
    assert page.http.cookies["gongfang"] != old
    assert "李春华" in await page.open("/web/me")
    assert 'name="code"' in await before.open("/web"), "once: who else knew the old one is nobody"


async def test_who_leaves_hears_nothing_more(world: WebWorld, room: Community) -> None:
    (li, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    pid = a.chats()["数学坊"]
    async with a.listen() as stream:
        await world.run(_leave, li, room)
        await b.say("他走了吗", "数学坊")
        assert await stream.next() == ("nochat", f"c-{pid}")
        await b.say("走了", "数学坊")
        assert await stream.quiet() == []


async def test_a_new_room_appears(world: WebWorld, room: Community) -> None:
    voice = await world.teacher("李")
    browser = await world.browser(voice)
    async with browser.listen() as stream:
        await world.join(voice, room)
        _, row = await stream.next("chat")
        assert "数学坊" in row and 'data-group="workshop"' in row


async def test_a_revoked_session_is_told_and_ends(world: WebWorld) -> None:
    voice = await world.teacher("李")
    here, there = await world.browser(voice), await world.browser(voice)
    await there.open("/web/devices")
    async with here.listen() as stream:
        devices = await world.run(_sessions, actor=voice)
        for device in devices:
            await world.run(revoke_device, device, actor=voice)
        assert await stream.next("signedout") == ("signedout", "")
    answer = await here.http.get("/web/events", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 401


async def test_nothing_is_missed_between_two_connections(world: WebWorld, room: Community) -> None:
    (_, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    for n in range(5):
        async with b.listen() as stream:
            await a.say(f"连着{n}", "数学坊")
            assert Drawn((await stream.next("post"))[1]).text == f"连着{n}"
            await stream.next("chat")
            cursor = stream.cursor
        await a.say(f"断着{n}", "数学坊")
        b.html = f'data-cursor="{cursor}"'
        async with b.listen() as stream:
            heard = [Drawn((await stream.next("post"))[1]).text]
            assert heard == [f"断着{n}"]
            cursor = stream.cursor
        b.html = f'data-cursor="{cursor}"'


async def test_too_much_to_replay_is_a_fresh_page(
    world: WebWorld, room: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.webchat.reading.MISSED", 3)
    (_, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    for n in range(5):
        await a.say(f"{n}", "数学坊")
    async with b.listen() as stream:
        assert (await stream.next())[0] == "reset"


async def test_a_damaged_position_is_survived(world: WebWorld) -> None:
    browser = await world.browser(await world.teacher("李"))
    for cursor in ("", "x", "1~~..~abc.1.1~" + "9" * 500, "0~a.b.c"):
        browser.html = f'data-cursor="{cursor}"'
        async with browser.listen() as stream:
            assert stream.status == 200


async def test_changes_of_another_process_are_found(world: WebWorld, room: Community) -> None:
    (_, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    async with b.listen() as stream:
        world.runtime.signals.send = lambda name: None  # type: ignore[method-assign]
        await a.say("从别处来", "数学坊")
        assert Drawn((await stream.next("post"))[1]).text == "从别处来"


async def test_news_that_were_drawn_and_not_read_to_the_end_are_told_again(
    world: WebWorld, room: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    read, failed = Runtime.read, asyncio.Event()

    async def read_and_lose(runtime: Runtime, operation: Any, *args: Any, **named: Any) -> Any:
        found = await read(runtime, operation, *args, **named)
        if isinstance(found, live.Told) and "丢不得" in found.text and not failed.is_set():
            failed.set()
            raise StorageUnavailable("cut off after the last query")
        return found

    monkeypatch.setattr(Runtime, "read", read_and_lose)
    async with b.listen() as stream:
        await a.say("丢不得", "数学坊")
        assert Drawn((await stream.next("post"))[1]).text == "丢不得"
        assert failed.is_set()


async def test_what_is_said_while_a_page_reads_its_first_news_comes_at_once(
    world: WebWorld, room: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK_SECONDS", 600.0)
    (_, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    read, said = Runtime.read, asyncio.Event()

    async def read_slowly(runtime: Runtime, operation: Any, *args: Any, **named: Any) -> Any:
        found = await read(runtime, operation, *args, **named)
        if isinstance(found, live.Told) and not said.is_set():
            said.set()
            await a.say("正好这时", "数学坊")
            await asyncio.sleep(2 * live.LOOK_SECONDS)  # the feed has looked
        return found

    monkeypatch.setattr(Runtime, "read", read_slowly)
    async with b.listen() as stream:
        assert Drawn((await stream.next("post"))[1]).text == "正好这时"


async def test_streams_end_when_the_service_stops(world: WebWorld) -> None:
    browser = await world.browser(await world.teacher("李"))
    async with browser.listen() as stream:
        world.runtime.stop()
        await asyncio.wait([stream._task], timeout=3)
        assert stream._task.done()


async def test_streams_go_on_when_everybody_is_woken(world: WebWorld, room: Community) -> None:
    """As after signals of other processes may have been lost."""
    (_, a), (_, b) = await member(world, room, "李"), await member(world, room, "王")
    async with b.listen() as stream:
        world.runtime.signals.wake_all()
        await stream.quiet()
        await a.say("还在吗", "数学坊")
        assert Drawn((await stream.next("post"))[1]).text == "还在吗"


async def test_of_very_many_pages_the_oldest_are_let_go(world: WebWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LINES_PER_ACCOUNT", 2)
    browser = await world.browser(await world.teacher("李"))
    async with browser.listen() as first, browser.listen(), browser.listen():
        await asyncio.wait([first._task], timeout=3)
        assert first._task.done()


def _say_to(ctx: Context, voice: Voice):  # type: ignore[no-untyped-def]
    from storage.accounts import identities_of

    assert voice.person is not None
    web = next(one for one in identities_of(ctx.session, voice.person.id) if one.platform == "web")
    assert web.chat_id is not None
    return say_in_chat(ctx, web.chat_id, T("Cancelled."), live=True)


def _ask_room(ctx: Context, community: Community) -> None:
    deliver_to_rooms(ctx, write_message(ctx, T("Cancelled."), [[Button(Words("?"), "nothing.known:1")]]), community.id)


def _edit(ctx: Context, message):  # type: ignore[no-untyped-def]
    from api.messaging.outbox import edit_message

    edit_message(ctx, ctx.session.merge(message), T("There is nothing to cancel."))


def _take_back(ctx: Context, message):  # type: ignore[no-untyped-def]
    from api.messaging.outbox import delete_message

    delete_message(ctx, ctx.session.merge(message))


def _leave(ctx: Context, voice: Voice, community: Community) -> None:
    assert voice.person is not None
    row = get_membership(ctx.session, voice.person.id, community.id)
    assert row is not None
    row.status = "left"


def _sessions(ctx: Context) -> list[str]:
    from api.people.websessions import list_devices

    return [row.pid for row in list_devices(ctx)]
