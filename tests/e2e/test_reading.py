"""Reading on a phone: the page stays in place, days have names, answers come into sight (issue 2, web chat)."""

import asyncio
import re
from contextlib import suppress

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Route, expect

from api.communities.tree import ensure_web_room
from api.messaging.outbox import tell_person
from api.messaging.tree import Button, T, Words
from tests.support.served import PHONE, Served, Window
from tests.support.talk import Voice

HELP = [[Button(T("What can I do?"), "run:help")]]
SCROLLED = "() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollTop]"
TWO_TAPS = "() => { document.querySelector('.pane .back').click(); document.querySelector('.row a').click(); }"


@pytest.fixture
async def li(world: Served) -> Voice:
    return await world.teacher("李春华", await world.school(await world.region(), "第一小学"))


async def greeted(window: Window) -> None:
    """The assistant has greeted: from now on personal messages come to this account's chat."""
    await window.chat()
    await window.hears("你好")


async def fill(world: Served, li: Voice, window: Window, n: int = 30) -> None:
    """Many messages with buttons from the assistant."""
    await greeted(window)
    assert li.person is not None
    for number in range(n):
        await world.run(tell_person, li.person.id, Words(f"第{number}条"), HELP)
    await window.hears(f"第{n - 1}条")


async def test_only_the_conversation_scrolls_never_the_page(world: Served, li: Voice) -> None:
    phone = await world.window(li, **PHONE)
    await phone.chat()
    await fill(world, li, phone)
    assert await phone.page.evaluate(SCROLLED) == [0, 0]
    await phone.page.locator(".bar .back").click()
    await expect(phone.page.locator("#chat")).to_have_count(0)  # what comes while it is there counts as read
    assert li.person is not None
    await world.run(tell_person, li.person.id, Words("又一条"))
    await expect(phone.page.locator(".badge")).to_be_visible()
    await phone.chat()
    await expect(phone.page.locator(".unread-from")).to_be_visible()
    assert await phone.page.evaluate(SCROLLED) == [0, 0]
    await expect(phone.page.locator(".bar .back")).to_be_in_viewport()
    await phone.close()


async def test_what_is_typed_while_the_page_loads_is_kept(world: Served, li: Voice) -> None:
    phone = await world.window(li, **PHONE)
    await greeted(phone)
    held = asyncio.Event()

    async def late(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await phone.page.route("**/composer.js", late)
    await phone.page.reload(wait_until="commit")
    await phone.page.fill("#text", "进度")
    held.set()
    await expect(phone.page.locator("#composer:not(.blank)")).to_be_visible()
    await phone.page.click("#send")
    await phone.hears("你的进度")
    await phone.close()


async def test_the_last_tap_wins(world: Served, li: Voice) -> None:
    """Back, and at once a chat: what was asked for first must not take its place when it comes late."""
    phone = await world.window(li, **PHONE)
    await greeted(phone)

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await asyncio.sleep(0.6)
        with suppress(PlaywrightError):  # the page no longer waits for it
            await route.fulfill(response=answer)

    await phone.page.route("**/web", late)
    await phone.page.evaluate(TWO_TAPS)
    await phone.page.wait_for_timeout(1000)
    await expect(phone.page.locator("#chat")).to_have_attribute("data-title", "工坊助手")
    await phone.close()


async def test_the_answer_to_a_button_far_above_comes_into_sight(world: Served, li: Voice) -> None:
    phone = await world.window(li, **PHONE)
    await phone.chat()
    await fill(world, li, phone, 15)
    old = phone.posts("bot").filter(has_text="第1条").locator(".key")
    await old.scroll_into_view_if_needed()
    await old.click()
    answer = await phone.hears("/help")
    await expect(answer.locator(".key").last).to_be_in_viewport()
    await phone.close()


async def test_today_is_the_readers_today(world: Served, li: Voice) -> None:
    """A browser whose own clock stands in another zone shows the reader's days all the same."""
    assert li.person is not None
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # they never have the same day
        window = await world.window(li, timezone_id=zone)
        await window.chat()
        await window.say("进度")
        await window.hears("你的进度")
        await expect(window.page.locator(".day")).to_have_text("今天")
        await expect(window.page.locator(".row time").first).to_have_text(re.compile(r"^\d\d:\d\d$"))
        await window.close()


async def test_what_the_assistant_says_privately_is_announced_in_the_room(world: Served, li: Voice) -> None:
    workshop = await world.workshop(await world.region("云溪县"), "识字工坊")
    await world.run(ensure_web_room, workshop)
    await world.join(li, workshop)
    phone = await world.window(li, **PHONE)
    await greeted(phone)
    await phone.chat("识字工坊")
    await phone.say("进度")
    note = phone.page.locator("button.toast", has_text="工坊助手 · 你的进度")
    await expect(note).to_be_visible()
    bar, toast, foot = [await phone.page.locator(part).bounding_box() for part in (".chat > .bar", ".toast", ".foot")]
    assert bar and toast and foot
    assert bar["y"] + bar["height"] <= toast["y"] < foot["y"] / 2, "it covers neither what one presses nor writes"
    await expect(phone.page.locator(".bar .back")).to_have_attribute("data-unread", re.compile("[1-9]"))
    await expect(phone.posts("bot")).to_have_count(0)
    await note.click()
    await phone.hears("你的进度", "识字工坊")
    await phone.close()
