"""The web room in the bridge: posts stand under the speaker's name, photos are photos, both ways."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from api.communities.tree import ensure_web_room
from api.context import Context
from storage.communities import Community
from storage.people import Person
from tests.support.browser import Browser, WebWorld, a_web_world
from tests.support.classroom import a_photo
from tests.support.talk import Voice

ROOM = "识字工坊"


@dataclass(slots=True)
class Place:
    """A workshop with a room on paper and one on the web, where a host, Li and Wang look at it."""

    world: WebWorld
    room: str
    li: Voice
    host: Browser
    own: Browser
    wang: Browser

    def texts(self) -> list[str]:
        return [sheet.text for sheet in self.world.paper.chats[self.room] if not sheet.deleted]


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    async with a_web_world(database_url) as world:
        county = await world.region()
        school = await world.school(county, "第一小学")
        workshop: Community = await world.workshop(county, ROOM)
        host, li, wang = [await world.teacher(name, school) for name in ("沈坊主", "李春华", "王芳")]
        for voice, role in ((host, "host"), (li, "member"), (wang, "member")):
            await world.join(voice, workshop, role)
        await world.run(ensure_web_room, workshop)
        room = await world.room(workshop)
        browsers = [await world.browser(voice) for voice in (host, li, wang)]
        yield Place(world, room, li, *browsers)


async def test_a_post_stands_under_the_speakers_name(place: Place) -> None:
    await place.li.say("看 https://example.org/a", room=place.room, event="e1")
    [post] = await place.wang.read(ROOM)
    assert (post.side, post.text) == ("other", "看 https://example.org/a")
    assert 'class="author">李春华<' in post.html and 'href="https://example.org/a"' in post.html
    assert "李春华: 看" in await place.wang.open("/web"), "in the list the name stands in front"


async def test_answers_both_ways(place: Place) -> None:
    await place.li.say("谁有教案？", room=place.room, event="e1")
    [question] = await place.wang.read(ROOM)
    await place.wang.say("我有", ROOM, reply=question.pid)
    sheet = place.world.paper.chats[place.room][-1]
    assert (sheet.text, sheet.reply_to) == ("王芳: 我有", "e1")
    await place.li.say("谢谢", room=place.room, event="e2", reply_to=sheet.native)
    answer = (await place.wang.read(ROOM))[-1]
    assert "<strong>王芳</strong><span>我有</span>" in answer.html
    assert "<strong>李春华</strong><span>谁有教案？</span>" in (await place.host.read(ROOM))[1].html


async def test_photos_are_photos(place: Place) -> None:
    await place.li.send_file("板书.jpg", a_photo(), "photo", "image/jpeg", "板书", place.room)
    [post] = await place.wang.read(ROOM)
    assert "data-photo" in post.html and post.text == "板书"
    assert (await place.wang.http.get(post.files[0])).status_code == 200
    await place.wang.send_file("合影.jpg", a_photo(), "image/jpeg", chat=ROOM)
    sheet = place.world.paper.chats[place.room][-1]
    assert sheet.text == "王芳" and len(sheet.files) == 1


async def test_what_is_withdrawn_goes_everywhere(place: Place) -> None:
    drawn = await place.wang.say("写错了", ROOM)
    post = drawn.split('id="p-')[1][:12]
    await place.wang.script(f"/web/messages/{post}/edit", text="写对了")
    await place.world.settle()
    assert place.texts() == ["王芳: 写对了"]
    await place.wang.script(f"/web/messages/{post}/withdraw")
    await place.world.settle()
    assert place.texts() == []
    other = (await place.wang.say("再写一次", ROOM)).split('id="p-')[1][:12]
    await place.host.read(ROOM)
    await place.host.script(f"/web/messages/{other}/withdraw")
    await place.world.settle()
    assert place.texts() == [], "a host withdrew it"


async def test_a_copy_is_withdrawn_by_its_author_or_a_host(place: Place) -> None:
    for event, browser in (("e1", place.own), ("e2", place.host)):
        await place.li.say("群里说的", room=place.room, event=event)
        post = (await place.wang.read(ROOM))[-1]
        assert "withdraw" not in post.html
        await place.wang.script(f"/web/messages/{post.pid}/withdraw", expect=409)
        mine = (await browser.read(ROOM))[-1]
        assert 'data-do="withdraw"' in mine.html and 'data-do="edit"' not in mine.html
        await browser.script(f"/web/messages/{post.pid}/withdraw")
        await place.world.settle()
        assert post.pid not in [one.pid for one in await place.wang.read(ROOM)]


async def test_one_decides_on_the_page_about_me(place: Place) -> None:
    await place.own.open("/web/me")
    assert 'value="yes" selected' in place.own.html
    await place.own.submit("/web/me", relayed="no")
    await place.own.say("只在这里说", ROOM)
    assert place.texts() == []

    def is_relayed(ctx: Context) -> bool:
        assert place.li.person is not None
        return ctx.session.get_one(Person, place.li.person.id).relayed

    assert not await place.world.run(is_relayed)
