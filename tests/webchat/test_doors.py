"""The page of a claim code leads to Telegram, too, where the bot is there."""

from pydantic import SecretStr

from api.people.codes import issue_claim_code
from api.people.doors import keep_username
from tests.support.browser import WebWorld


async def test_a_claim_page_leads_to_telegram(world: WebWorld) -> None:
    teacher = await world.teacher("李春华", await world.school(await world.region(), "第一小学"))
    code = (await world.run(issue_claim_code, teacher.person)).code.replace("-", "")
    await world.run(keep_username, "42", "gongfang_bot")
    browser = await world.browser()
    assert "t.me" not in await browser.open(f"/c/{code}"), "its token was taken out of the configuration"
    section = world.runtime.config.telegram.model_copy(update={"token": SecretStr("42:secret")})
    world.runtime.config = world.runtime.config.model_copy(update={"telegram": section})
    html = await browser.open(f"/c/{code}")
    assert f'href="https://t.me/gongfang_bot?start={code}"' in html and "secret" not in html
