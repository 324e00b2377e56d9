"""Talking to the bot from a browser, over the real routes, inbox, handlers and outbox (issue 2, web chat)."""

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
