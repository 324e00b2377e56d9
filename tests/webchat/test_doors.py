"""Pages that let people in lead to Telegram, too, where the bot is there."""

from pydantic import SecretStr

from api.people.codes import issue_claim_code
from api.people.doors import keep_username
from tests.support.browser import WebWorld


def turn_on(world: WebWorld) -> None:
    section = world.runtime.config.telegram.model_copy(update={"token": SecretStr("42:secret")})
    world.runtime.config = world.runtime.config.model_copy(update={"telegram": section})


async def test_a_claim_page_leads_to_telegram(world: WebWorld) -> None:
    teacher = await world.teacher("李春华", await world.school(await world.region(), "第一小学"))
    code = (await world.run(issue_claim_code, teacher.person)).code.replace("-", "")
    await world.run(keep_username, "42", "gongfang_bot")
    browser = await world.browser()
    assert "t.me" not in await browser.open(f"/c/{code}"), "its token was taken out of the configuration"
    turn_on(world)
    html = await browser.open(f"/c/{code}")
    assert f'href="https://t.me/gongfang_bot?start={code}"' in html and "secret" not in html


async def test_whoever_comes_by_the_link_of_a_workshop_can_join_on_telegram(world: WebWorld) -> None:
    await world.run(keep_username, "42", "gongfang_bot")
    browser = await world.browser()
    assert "t.me" not in await browser.open("/web")
    turn_on(world)
    assert 'href="https://t.me/gongfang_bot"' in await browser.open("/web")
    assert 'href="https://t.me/gongfang_bot?start=AB234567"' in await browser.open("/j/AB234567")
    assert "t.me" not in await (await world.browser(await world.teacher("李春华"))).open("/web")
