"""Join links and push links: a confirming POST acts, a GET never does; after signing in one is taken there (C4)."""

from api.communities.tree import ensure_web_room
from api.context import Context
from api.people.codes import issue_claim_code
from api.people.texts import PRIVACY_VERSION
from tests.support.browser import Browser, WebWorld
from tests.support.talk import Voice

AGREED = str(PRIVACY_VERSION)


async def _workshop(world: WebWorld) -> tuple[str, Voice]:
    school = await world.school(await world.region(), "第一小学")
    workshop = await world.workshop(school, "数学坊", policy="open")
    await world.run(ensure_web_room, workshop)

    def give_code(ctx: Context) -> str:
        ctx.session.merge(workshop).join_code = "AB234567"
        return "AB234567"

    return await world.run(give_code), await world.teacher("李春华", school)


async def test_a_join_link_asks_before_it_joins(world: WebWorld) -> None:
    code, li = await _workshop(world)
    browser = await world.browser(li)
    for _ in range(2):
        assert "数学坊" in await browser.open(f"/j/{code}")
    assert "数学坊" not in browser_chats(await browser.open("/web"), browser)
    await browser.open(f"/j/{code}")
    assert "数学坊" in browser_chats(await browser.submit(f"/j/{code}"), browser)
    await browser.open("/j/ZZ999999", 404)


async def test_a_join_link_waits_until_one_has_signed_in(world: WebWorld) -> None:
    code, li = await _workshop(world)
    browser = await world.browser()
    assert 'name="code"' in await browser.open(f"/j/{code}")
    claim = (await world.run(issue_claim_code, li.person)).code
    await browser.open(f"/c/{claim}")
    assert "数学坊" in await browser.submit(f"/c/{claim}", privacy_version=AGREED), "straight to the question"


async def test_visitors_are_asked_for_their_code_first(world: WebWorld) -> None:
    code, _ = await _workshop(world)
    browser = await world.browser()
    await browser.open("/web")
    await browser.submit("/web/visit")
    await browser.open(f"/j/{code}", 409)


async def test_unknown_push_links_say_so(world: WebWorld) -> None:
    browser = await world.browser()
    await browser.open("/o/nothing", 404)


def browser_chats(_html: str, browser: Browser) -> list[str]:
    """The names in the chat list of the page that is open."""
    return list(browser.chats())
