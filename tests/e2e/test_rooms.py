"""Two people in a room, in two browsers at once: live words, badges, files, offline, signing out (issue 2)."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import expect

from api.communities.tree import ensure_web_room
from tests.support.served import PHONE, Served
from tests.support.talk import Voice

ROOM = "小学数学教师工作坊"


@pytest.fixture
async def members(world: Served) -> tuple[Voice, Voice]:
    school = await world.school(await world.region(), "第一小学")
    workshop = await world.workshop(school, ROOM)
    await world.run(ensure_web_room, workshop)
    li, wang = await world.teacher("李春华", school), await world.teacher("王建国", school)
    await world.join(li, workshop)
    await world.join(wang, workshop, "host")
    return li, wang


async def test_words_badges_replies_and_changes_arrive_live(world: Served, members: tuple[Voice, Voice]) -> None:
    li, wang = members
    desk, phone = await world.window(li), await world.window(wang, **PHONE)
    await desk.chat()
    await phone.chat(ROOM)
    await phone.say("周五的磨课改到三楼 <b>多功能厅</b>")
    badge = desk.page.locator(".row", has_text=ROOM).locator(".badge")
    await expect(badge).to_contain_text("1")
    await expect(desk.page).to_have_title(re.compile(r"^\(\d+\)"))
    await desk.chat(ROOM)
    await desk.hears("<b>多功能厅</b>", side="other")
    await expect(badge).to_have_count(0)
    theirs = desk.posts("other").last
    await theirs.hover()
    await theirs.locator("summary").click()
    await theirs.locator("[data-do=reply]").click()
    await desk.say("好的")
    answer = await phone.hears("好的", side="other")
    await expect(answer.locator(".quoted")).to_contain_text("磨课")
    mine = phone.posts("mine").last
    await mine.locator("summary").click()
    await mine.locator("[data-do=edit]").click()
    await phone.say("磨课改到二楼")
    await expect(theirs).to_contain_text("磨课改到二楼")
    await mine.locator("summary").click()
    await mine.locator("[data-do=withdraw]").click()
    await phone.page.click("#ask [value=yes]")
    await expect(theirs).to_contain_text("已撤回")
    for window in (desk, phone):
        await window.close()


async def test_photos_and_voice_are_sent_seen_and_played(
    world: Served, members: tuple[Voice, Voice], tmp_path: Path
) -> None:
    li, wang = members
    a, b = await world.window(li, permissions=["microphone"]), await world.window(wang)
    await b.chat(ROOM)
    await a.chat(ROOM)
    await a.page.set_input_files("#pick-photo", [_photo(tmp_path, name) for name in ("一.jpg", "二.jpg")])
    await a.page.set_input_files("#pick-file", [_program(tmp_path)])
    await expect(a.page.locator(".upload.failed .about")).to_contain_text("程序")
    await a.page.locator(".upload.failed [data-do=drop]").click()
    await expect(a.page.locator(".upload.done")).to_have_count(2)
    await a.say("板书")
    post = await b.hears("板书", side="other")
    await expect(post.locator("img")).to_have_count(2)
    await post.locator("a[data-photo]").first.click()
    large = b.page.locator("#viewer img")
    await expect(large).to_be_visible()
    assert await large.evaluate("image => image.decode().then(() => image.naturalWidth)") == 900
    await b.page.keyboard.press("Escape")
    await a.page.click("#record")
    await a.page.wait_for_timeout(1200)
    await a.page.click("#record")
    await expect(a.page.locator(".upload.done")).to_have_count(1)
    await a.page.click("#send")
    voice = b.posts("other").last.locator(".voice")
    await voice.locator(".play").click()
    await expect(voice).to_have_class(re.compile("playing"))
    for window in (a, b):
        await window.close()


async def test_what_is_said_offline_goes_out_once_when_the_network_is_back(
    world: Served, members: tuple[Voice, Voice]
) -> None:
    li, wang = members
    a, b = await world.window(li), await world.window(wang)
    await a.chat(ROOM)
    await b.chat(ROOM)
    await a.offline(True)
    for text in ("断网一", "断网二"):
        await a.say(text)
    await expect(a.page.locator(".pending")).to_have_count(2)
    await expect(a.page.locator("#link-state")).to_be_visible()
    await b.say("你在吗")
    await a.offline(False)
    await b.hears("断网二", side="other")
    await expect(b.posts("other")).to_have_text([re.compile("断网一"), re.compile("断网二")])
    await a.hears("你在吗", side="other")
    await expect(a.page.locator(".pending")).to_have_count(0)
    await expect(a.posts("mine")).to_have_count(2)
    await a.context.close()  # it complains about the network it had not
    await b.close()


async def test_a_device_signed_out_elsewhere_is_sent_to_the_door(world: Served, members: tuple[Voice, Voice]) -> None:
    li, _ = members
    here, there = await world.window(li), await world.window(li)
    await there.chat()
    await here.go("/web/devices")
    await here.page.locator(".device .danger").first.click()
    await expect(here.page.locator(".device")).to_have_count(1)
    await expect(there.page.locator("#code")).to_be_visible()
    for window in (here, there):
        await window.close()


def _photo(folder: Path, name: str) -> str:
    out = BytesIO()
    Image.new("RGB", (900, 600), (190, 210, 200)).save(out, "JPEG")
    (folder / name).write_bytes(out.getvalue())
    return str(folder / name)


def _program(folder: Path) -> str:
    (folder / "setup.exe").write_bytes(b"MZ" + b"x" * 30)
    return str(folder / "setup.exe")
