"""A mail about a push carries a link that opens it without signing in: once for its person, never by a GET (G9, C4)."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from api.attachments.service import keep_bytes
from api.config import Config
from api.mail.sender import Mailer
from api.records.service import counts
from api.reminders.service import create_reminder
from api.resources import pushes
from api.resources.service import add_resource, remove_resource
from api.runtime import Runtime
from storage.attachments import Attachment
from storage.blobs import Blobs
from storage.communities import Community
from storage.engine import Database
from storage.people import Person
from storage.pushes import Push
from storage.resources import Resource
from tests.mail.test_mail import looks, on_the_web
from tests.support.browser import ADDRESS, WebWorld
from tests.support.clock import tick
from tests.support.postbox import Postbox
from tests.support.talk import NOW, Voice


@pytest.fixture
async def world(database_url: str, postbox: tuple[Postbox, int]) -> AsyncIterator[WebWorld]:
    mail = {"url": SecretStr(f"smtp://127.0.0.1:{postbox[1]}"), "from": "gongfang@example.org"}
    config = Config(mail=mail, web={"secret": SecretStr("for tests only"), "base_url": ADDRESS})
    runtime = Runtime(config, Database(database_url), Blobs("memory:"), now=lambda: NOW)
    yield WebWorld(runtime)
    runtime.signals.send("stopping")
    await runtime.close()


async def a_workshop(world: WebWorld) -> tuple[Community, Voice, Person]:
    """A workshop, its host, and a member whose home is the web chat."""
    workshop = await world.workshop(await world.region(), "语文工坊")
    host, member = await world.teacher("周坊主"), await on_the_web(world)
    await world.join(host, workshop, "host")
    await world.join(Voice(world, "张老师", member), workshop)
    return workshop, host, member


async def push(world: WebWorld, workshop: Community, host: Voice, title: str = "草船借箭", **how: str) -> Push:
    """Push a text with a file to each member."""
    file = await world.run(keep_bytes, "教案.docx", "application/octet-stream", b"plan", actor=host)
    row = await world.run(
        add_resource, workshop.pid, title, text="<b>神机妙算</b>", files=[file.pid], actor=host
    )  # fmt: skip
    await world.settle()
    sent = await world.run(pushes.push_resource, row.pid, workshop.pid, place="people", actor=host)
    await world.settle()
    return sent


def links(text: str) -> list[str]:
    """The paths of the links in a mail that open something."""
    return re.findall(re.escape(ADDRESS) + r"(/o/\w+)", text)


async def test_the_link_of_a_mail_opens_once_and_only_when_confirmed(
    world: WebWorld, postbox: tuple[Postbox, int]
) -> None:
    workshop, host, member = await a_workshop(world)
    sent = await push(world, workshop, host)
    world.pass_time(minutes=3)
    assert await Mailer(world.runtime).send_due() == 1
    [letter] = postbox[0].letters
    text = letter.get_content()
    [path] = links(text)
    assert "有人推荐给你 1 份资源" in text and "草船" not in text, "no contents in a mail"
    opened = ["resource.opened"]
    browser = await world.browser()
    for _ in range(3):
        assert "草船借箭" in await browser.open(path)
        assert "神机妙算" not in browser.html
    assert await world.run(counts, workshop.id, opened) == {}
    for _ in range(2):
        assert "&lt;b&gt;神机妙算" in await browser.submit(path)
    assert await world.run(counts, workshop.id, opened) == {member.id: {"resource.opened": 1}}
    [file] = re.findall(rf'href="{ADDRESS}({path}/files/\w+)"', browser.html)
    assert (await browser.http.get(file)).content == b"plan"
    world.pass_time(seconds=20)
    await world.run(pushes.refresh_pushes)
    await world.settle()
    assert any("已打开 1/1" in sheet.text for sheet in host.sheets())
    await world.run(pushes.withdraw_push, sent.pid, actor=host)
    await browser.open(path, 404)
    assert (await browser.http.get(file)).status_code == 404


async def test_files_wait_for_the_confirmation(world: WebWorld, postbox: tuple[Postbox, int]) -> None:
    workshop, host, _ = await a_workshop(world)
    await push(world, workshop, host)
    world.pass_time(minutes=3)
    await Mailer(world.runtime).send_due()
    [path] = links(postbox[0].letters[0].get_content())
    browser = await world.browser()
    [pid] = await world.run(lambda ctx: [row.pid for row in ctx.session.query(Attachment)])
    assert (await browser.http.get(f"{path}/files/{pid}")).status_code == 404
    assert (await browser.http.get(f"{path}/files/nothing")).status_code == 404


async def test_only_what_stands_and_was_not_opened(world: WebWorld, postbox: tuple[Postbox, int]) -> None:
    workshop, host, member = await a_workshop(world)
    await push(world, workshop, host, "留着的")
    opened = await push(world, workshop, host, "打开过的")
    gone = await push(world, workshop, host, "撤回的")
    removed = await push(world, workshop, host, "删掉的")
    await world.run(pushes.open_push, opened.pid, actor=member)
    await world.run(pushes.withdraw_push, gone.pid, actor=host)
    await world.run(lambda ctx: remove_resource(ctx, ctx.session.get_one(Resource, removed.resource_id).pid))
    world.pass_time(minutes=3)
    await Mailer(world.runtime).send_due()
    [path] = links(postbox[0].letters[0].get_content())
    assert "留着的" in await (await world.browser()).open(path)
    for n in range(6):
        await push(world, workshop, host, f"第{n}份")
    world.pass_time(minutes=61)
    await Mailer(world.runtime).send_due()
    text = postbox[0].letters[1].get_content()
    assert len(links(text)) == 5 and "有人推荐给你 5 份资源" in text and path not in links(text)


async def test_a_mail_about_something_else_has_no_link(world: WebWorld, postbox: tuple[Postbox, int]) -> None:
    workshop, host, member = await a_workshop(world)
    await push(world, workshop, host)
    world.pass_time(minutes=1)
    await looks(world, member)
    world.pass_time(minutes=2)
    assert await Mailer(world.runtime).send_due() == 0, "the page was open meanwhile"
    await world.run(create_reminder, "看病历本", NOW + timedelta(hours=1), actor=member)
    world.pass_time(hours=1)
    await tick(world)
    world.pass_time(minutes=3)
    await Mailer(world.runtime).send_due()
    [letter] = postbox[0].letters
    assert links(letter.get_content()) == []


@pytest.mark.both_databases
async def test_links_on_both_databases(world: WebWorld, postbox: tuple[Postbox, int]) -> None:
    workshop, host, member = await a_workshop(world)
    await push(world, workshop, host)
    world.pass_time(minutes=3)
    await Mailer(world.runtime).send_due()
    [path] = links(postbox[0].letters[0].get_content())
    assert re.fullmatch(r"/o/[0-9a-f]{12}", path)
    browser = await world.browser()
    await browser.open(path)
    await browser.submit(path)
    assert await world.run(counts, workshop.id, ["resource.opened"]) == {member.id: {"resource.opened": 1}}
