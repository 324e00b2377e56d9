"""Talking to the bot from a browser, over the real routes, inbox, handlers and outbox (issue 2, web chat)."""

from api.communities.service import archive_workshop
from api.communities.tree import ensure_web_room
from storage.communities import Community
from tests.support.browser import WebWorld


async def test_a_person_says_something_and_reads_the_answer(world: WebWorld) -> None:
    county = await world.region()
    li = await world.teacher("李老师", await world.school(county, "第一小学"))
    browser = await world.browser(li)
    assert "工坊助手" in browser.html
    mine = await browser.say("帮助")
    assert 'class="post mine' in mine and "帮助" in mine
    posts = await browser.read()
    assert [post.side for post in posts][-2:] == ["mine", "bot"]
    assert "/help" in posts[-1].text


async def test_observers_and_members_of_what_is_archived_read_and_are_told_why_they_only_read(world: WebWorld) -> None:
    county = await world.region()
    workshop = await world.workshop(county, "数学坊")
    await world.run(lambda ctx: ensure_web_room(ctx, ctx.session.get_one(Community, workshop.id)))
    host, li, guest = [await world.teacher(name) for name in ("坊主", "李", "客")]
    for voice, role in ((host, "host"), (li, "member"), (guest, "observer")):
        await world.join(voice, workshop, role)
    page, visitor = await world.browser(li), await world.browser(guest)
    await page.say("说过的话", "数学坊")
    assert "说过的话" in (await visitor.read("数学坊"))[0].html
    assert "观察员" in visitor.html and "<textarea" not in visitor.html
    assert "观察员" in await visitor.say("我也说", "数学坊", expect=403)
    await page.read("数学坊")
    assert "<textarea" in page.html and "已归档" not in page.html
    await world.run(archive_workshop, workshop.pid, actor=host)
    assert "说过的话" in (await page.read("数学坊"))[0].html
    assert "已经归档" in page.html and "<textarea" not in page.html and "已归档" in page.html
    assert "已经归档" in await page.say("还想说", "数学坊", expect=403)
