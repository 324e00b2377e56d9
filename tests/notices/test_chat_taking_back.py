"""What was taken back is gone for everybody it reached: words, files, reminders, in the web chat and over /v1."""

from collections.abc import AsyncIterator

import pytest

from api.attachments.service import keep_bytes
from api.communities.tree import ensure_web_room
from api.context import Context
from api.notices import service
from api.people.websessions import find_web_identity
from storage.notices import Notice
from storage.people import Person
from tests.support.browser import SCRIPT, Browser, WebWorld, a_web_world
from tests.support.calling import client_of
from tests.support.talk import Voice

SECRET = "张某某的体检结果"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[WebWorld]:
    async with a_web_world(database_url) as world:
        yield world


async def at_home_on_the_web(world: WebWorld, voice: Voice) -> Browser:
    """Somebody's browser, where they are told what is private."""
    browser = await world.browser(voice)

    def move(ctx: Context) -> None:
        assert voice.person is not None
        person = ctx.session.get_one(Person, voice.person.id)
        account = find_web_identity(ctx, person)
        assert account is not None
        person.home_chat_id = account.chat_id

    await world.run(move)
    return browser


async def a_notice(world: WebWorld, author: Voice, community: str) -> tuple[Notice, str]:
    """A notice with a file, in the room and to each; and the file's pid."""
    file = await world.run(keep_bytes, "名单.txt", "text/plain", b"names", actor=author)
    await world.fetchers.drain()
    named = {"place": "both", "urgent": True, "actor": author}
    notice = await world.run(service.send_notice, community, SECRET, [file.pid], **named)
    await world.settle()
    return notice, file.pid


async def test_its_words_and_files_are_gone_also_from_reminders(world: WebWorld) -> None:
    workshop = await world.workshop(await world.region(), "数学坊")
    await world.run(ensure_web_room, workshop)
    host, li = await world.teacher("沈老师"), await world.teacher("李老师")
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    browser = await at_home_on_the_web(world, li)
    notice, file = await a_notice(world, host, workshop.pid)
    assert await world.run(service.remind_missing, notice.pid, actor=host) == 1
    assert await world.run(service.remind_missing, notice.pid, actor=host) == 0
    await world.settle()
    chats = ("数学坊", "工坊助手")
    posts = [post for chat in chats for post in await browser.read(chat) if SECRET in post.text]
    assert len(posts) == 3 and all(file in post.html for post in posts), "in the room, in private, and once more"
    for post in posts:
        assert (await browser.http.get(post.files[0])).content == b"names"

    await world.run(service.withdraw_notice, notice.pid, actor=host)
    await world.settle()
    for chat in chats:
        html = await browser.open(f"/web/chats/{await browser.chat(chat)}")
        assert SECRET not in html and file not in html and "这条通知已撤回" in html
    for post in posts:
        assert (await browser.http.get(post.files[0], headers=SCRIPT)).status_code == 404


async def test_over_v1_only_its_author_still_reads_it(world: WebWorld) -> None:
    school = await world.school(await world.region(), "第一小学")
    await world.run(ensure_web_room, school)
    author, head, li = [await world.teacher(name, school) for name in ("王校长", "赵主任", "李老师")]
    await world.appoint(author, school, "principal")
    await world.appoint(head, school, "school_admin")
    notice, file = await a_notice(world, author, school.pid)
    async with (
        await client_of(world, author) as mine,
        await client_of(world, head) as boss,
        await client_of(world, li) as member,
    ):
        assert (await member.get(f"/notices/{notice.pid}")).json()["text"] == SECRET
        assert (await member.get(f"/attachments/{file}/content")).content == b"names"
        taken_back = (await boss.post(f"/notices/{notice.pid}/withdrawal")).json()
        assert (taken_back["text"], taken_back["files"]) == ("", []) and taken_back["withdrawn_at"]
        for path in (f"/notices/{notice.pid}", f"/attachments/{file}", f"/attachments/{file}/content"):
            assert (await member.get(path)).status_code == 404, path
        assert (await mine.get(f"/notices/{notice.pid}")).json()["text"] == SECRET
        assert (await mine.get(f"/attachments/{file}/content")).content == b"names"
